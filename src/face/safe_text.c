/*
 * From bytes to something that can stand on a terminal. It knows which sign stands for which control character; it does not
 * know what the text is about.
 */
#include "face/safe_text.h"

#include <string.h>

#include "face/glyph.h"

static const char ellipsis[] = "...";
static const char replacement[] = "\xEF\xBF\xBD";

enum { ELLIPSIS_COLUMNS = 3 };

size_t safe_text_size(const char *text)
{
    size_t size = strnlen(text, SAFE_TEXT_BYTES + 1);
    if (size <= SAFE_TEXT_BYTES)
        return size;
    size = SAFE_TEXT_BYTES;
    while (size > SAFE_TEXT_BYTES - 4 && ((unsigned char) text[size] & 0xC0) == 0x80)
        size--;
    return size;
}

/* The signs of U+2400 and after look like their control characters' names. */
static void add_sign(struct buf *buf, uint32_t code)
{
    if (code < 0x20)
        buf_add_format(buf, "\xE2\x90%c", (int) (0x80 + code));
    else if (code == 0x7F)
        buf_add_text(buf, "\xE2\x90\xA1");
    else
        buf_add_text(buf, replacement);
}

static void add_glyph(struct buf *buf, struct glyph glyph, const char *bytes)
{
    if (glyph.code == '\t')
        buf_add_char(buf, ' ');
    else if (!glyph.valid)
        buf_add_text(buf, replacement);
    else if (glyph_is_harmful(glyph.code))
        add_sign(buf, glyph.code);
    else
        buf_add(buf, bytes, glyph.bytes);
}

void safe_line_add(struct buf *buf, const char *text)
{
    if (text == NULL)
        return;
    size_t size = safe_text_size(text);
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(text + at, size - at);
        add_glyph(buf, glyph, text + at);
        at += glyph.bytes;
    }
    if (text[size] != '\0')
        buf_add_text(buf, ellipsis);
}

static size_t safe_glyph_columns(uint32_t code)
{
    return glyph_is_harmful(code) ? 1 : glyph_columns(code);
}

size_t safe_columns(const char *text)
{
    if (text == NULL)
        return 0;
    size_t size = safe_text_size(text);
    size_t columns = text[size] != '\0' ? ELLIPSIS_COLUMNS : 0;
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(text + at, size - at);
        columns += safe_glyph_columns(glyph.code);
        at += glyph.bytes;
    }
    return columns;
}

void safe_line_add_cut(struct buf *buf, const char *text, size_t columns)
{
    if (safe_columns(text) <= columns) {
        safe_line_add(buf, text);
        return;
    }
    size_t dots = columns < ELLIPSIS_COLUMNS ? columns : ELLIPSIS_COLUMNS;
    size_t left = columns - dots;
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(text + at, size - at);
        size_t wanted = safe_glyph_columns(glyph.code);
        if (wanted > left)
            break;
        add_glyph(buf, glyph, text + at);
        left -= wanted;
        at += glyph.bytes;
    }
    buf_add(buf, ellipsis, dots);
}

static size_t without_line_ends(const char *text, size_t size)
{
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    return size;
}

void safe_lines_add(struct buf *buf, const char *text, size_t indent)
{
    if (text == NULL)
        return;
    size_t shown = safe_text_size(text);
    size_t size = without_line_ends(text, shown);
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(text + at, size - at);
        if (glyph.code == '\n') {
            buf_add_char(buf, '\n');
            spaces_add(buf, indent);
        } else if (glyph.code != '\r' || text[at + 1] != '\n') {
            add_glyph(buf, glyph, text + at);
        }
        at += glyph.bytes;
    }
    if (text[shown] != '\0')
        buf_add_text(buf, ellipsis);
}

void spaces_add(struct buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_char(buf, ' ');
}
