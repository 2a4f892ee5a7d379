/*
 * UTF-8, strictly, and what terminals make of it. It knows single characters; what stands in for a bad one is the business of
 * each output form. The C library's own functions are of no use here: they ask the locale, which is never set.
 */
#include "face/glyph.h"

enum { REPLACEMENT = 0xFFFD };

struct range {
    uint32_t first;
    uint32_t last;
};

static const struct range harmful[] = {
    { 0x0000, 0x001F }, { 0x007F, 0x009F }, { 0x061C, 0x061C }, { 0x200E, 0x200F },
    { 0x2028, 0x202E }, { 0x2066, 0x2069 }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
};

/* The marks that people meet, not all of Unicode: a wrong guess only misaligns a column. */
static const struct range narrowest[] = {
    { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x0610, 0x061A }, { 0x064B, 0x065F },
    { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
    { 0x200B, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F },
};

static const struct range wide[] = {
    { 0x1100, 0x115F },   { 0x2E80, 0x303E },   { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },
    { 0xA000, 0xA4CF },   { 0xA960, 0xA97F },   { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE4F },
    { 0xFF00, 0xFF60 },   { 0xFFE0, 0xFFE6 },   { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF },
    { 0x20000, 0x2FFFD }, { 0x30000, 0x3FFFD },
};

#define IN_RANGES(code, ranges) in_ranges((code), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && ranges[i].first <= code; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}

static size_t length_after_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

/* The lead bytes C0, C1 and F5 and above were refused before. */
static bool is_encodable(uint32_t code, size_t length)
{
    if (length == 3)
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
    if (length == 4)
        return code >= 0x10000 && code <= 0x10FFFF;
    return true;
}

struct glyph glyph_read(const char *bytes, size_t size)
{
    const struct glyph bad = { .code = REPLACEMENT, .bytes = 1, .valid = false };
    unsigned char lead = (unsigned char) bytes[0];
    size_t length = length_after_lead(lead);
    if (length == 0 || length > size)
        return bad;
    uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char) bytes[i];
        if ((next & 0xC0) != 0x80)
            return bad;
        code = code << 6 | (next & 0x3Fu);
    }
    if (!is_encodable(code, length))
        return bad;
    return (struct glyph){ .code = code, .bytes = length, .valid = true };
}

bool glyph_is_harmful(uint32_t code)
{
    return IN_RANGES(code, harmful);
}

size_t glyph_columns(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (IN_RANGES(code, narrowest))
        return 0;
    return IN_RANGES(code, wide) ? 2 : 1;
}
