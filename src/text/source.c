/*
 * Bytes as characters and lines. It knows UTF-8 (by PostgreSQL's own rule of what is valid) and line ends; it does not know that
 * the text is SQL.
 */
#include "text/source.h"

#include <stdint.h>
#include <string.h>

static const char byte_order_mark[] = "\xEF\xBB\xBF";
enum { BYTE_ORDER_MARK_SIZE = 3 };

static bool starts_with(const struct source *source, const char *bytes, size_t size)
{
    return source->size >= size && memcmp(source->bytes, bytes, size) == 0;
}

size_t source_begin(const struct source *source)
{
    return starts_with(source, byte_order_mark, BYTE_ORDER_MARK_SIZE) ? BYTE_ORDER_MARK_SIZE : 0;
}

static bool begins_character(char byte)
{
    return ((unsigned char) byte & 0xC0) != 0x80;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct position source_position(const struct source *source, size_t offset_bytes)
{
    size_t offset = smaller(offset_bytes, source->size);
    size_t line_start = source_begin(source);
    struct position position = { .line = 1, .column = 1 };
    while (line_start < offset) {
        const char *line_end = memchr(source->bytes + line_start, '\n', offset - line_start);
        if (line_end == NULL)
            break;
        line_start = (size_t) (line_end - source->bytes) + 1;
        position.line++;
    }
    for (size_t i = line_start; i < offset; i++) {
        bool half_of_line_end = source->bytes[i] == '\r' && i + 1 < source->size && source->bytes[i + 1] == '\n';
        if (begins_character(source->bytes[i]) && !half_of_line_end)
            position.column++;
    }
    return position;
}

size_t source_forward(const struct source *source, size_t offset_bytes, size_t characters)
{
    size_t offset = smaller(offset_bytes, source->size);
    while (characters > 0 && offset < source->size) {
        offset++;
        while (offset < source->size && !begins_character(source->bytes[offset]))
            offset++;
        characters--;
    }
    return offset;
}

static bool continues(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return false;
    return true;
}

/* The size of the valid character at bytes, of which left are there; 0 when it is not valid. */
static size_t character_size(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    if (lead < 0x80)
        return lead == 0 ? 0 : 1;
    size_t size = lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    if (size == 0 || size > left || !continues(bytes + 1, size - 1))
        return 0;
    unsigned char second = bytes[1];
    bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool surrogate = lead == 0xED && second > 0x9F;
    bool beyond_unicode = lead == 0xF4 && second > 0x8F;
    return overlong || surrogate || beyond_unicode ? 0 : size;
}

static bool is_plain_ascii(const unsigned char *eight_bytes)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t highs = 0x8080808080808080U;
    uint64_t word;
    memcpy(&word, eight_bytes, sizeof word);
    bool has_zero = ((word - ones) & ~word & highs) != 0;
    return !has_zero && (word & highs) == 0;
}

/* The offset of the first byte that is not part of a valid character; the size when all are. */
static size_t valid_size(const struct source *source)
{
    const unsigned char *bytes = (const unsigned char *) source->bytes;
    size_t offset = 0;
    while (offset < source->size) {
        if (source->size - offset >= 8 && is_plain_ascii(bytes + offset)) {
            offset += 8;
            continue;
        }
        size_t size = character_size(bytes + offset, source->size - offset);
        if (size == 0)
            return offset;
        offset += size;
    }
    return offset;
}

static bool refuse(const struct source *source, size_t offset, struct fault *fault, const char *what, const char *hint)
{
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, source->name, offset);
    fault_hint(fault, "%s", hint);
    return false;
}

static bool refuse_byte(const struct source *source, size_t offset, struct fault *fault)
{
    unsigned byte = (unsigned char) source->bytes[offset];
    if (byte == 0)
        return refuse(source, offset, fault, "the file has a NUL byte, which PostgreSQL cannot take",
                      "Is it a text file? Save it as UTF-8.");
    fault_set(fault, FAULT_CONFIG, "the file is not valid UTF-8: byte 0x%02x", byte);
    fault_place(fault, source->name, offset);
    fault_hint(fault, "Save the file as UTF-8; from LATIN1, for one: iconv -f LATIN1 -t UTF-8.");
    return false;
}

bool source_check(const struct source *source, struct fault *fault)
{
    if (starts_with(source, "\xFF\xFE", 2) || starts_with(source, "\xFE\xFF", 2))
        return refuse(source, 0, fault, "the file is UTF-16, not UTF-8",
                      "Save the file as UTF-8: iconv -f UTF-16 -t UTF-8.");
    if (starts_with(source, "PGDMP", 5))
        return refuse(source, 0, fault, "the file is a custom-format dump, not SQL text",
                      "Turn it into SQL text with pg_restore -f FILE.sql.");
    size_t valid = valid_size(source);
    return valid == source->size || refuse_byte(source, valid, fault);
}
