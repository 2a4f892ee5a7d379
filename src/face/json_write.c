/*
 * The grammar of JSON and the escapes of its strings. It does not know what is written.
 */
#include "face/json_write.h"

#include <inttypes.h>

#include "face/glyph.h"
#include "face/safe_text.h"

void json_init(struct json *json, struct buf *buf)
{
    *json = (struct json){ .buf = buf };
}

static void begin_element(struct json *json)
{
    if (json->comma)
        buf_add_char(json->buf, ',');
    json->comma = true;
}

void json_open(struct json *json, char bracket)
{
    begin_element(json);
    buf_add_char(json->buf, bracket);
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    buf_add_char(json->buf, bracket);
    json->comma = true;
}

static void begin_line(struct json *json, size_t indent)
{
    json->comma = false;
    buf_add_char(json->buf, '\n');
    spaces_add(json->buf, indent);
}

void json_line(struct json *json, size_t indent)
{
    if (json->comma)
        buf_add_char(json->buf, ',');
    begin_line(json, indent);
}

void json_close_line(struct json *json, char bracket, size_t indent)
{
    begin_line(json, indent);
    json_close(json, bracket);
}

void json_name(struct json *json, const char *name)
{
    begin_element(json);
    json_string_add(json->buf, name);
    buf_add_char(json->buf, ':');
    json->comma = false;
}

void json_text(struct json *json, const char *text)
{
    if (text == NULL) {
        json_null(json);
        return;
    }
    begin_element(json);
    json_string_add(json->buf, text);
}

void json_number(struct json *json, int64_t number)
{
    begin_element(json);
    buf_add_format(json->buf, "%" PRId64, number);
}

void json_bool(struct json *json, bool value)
{
    begin_element(json);
    buf_add_text(json->buf, value ? "true" : "false");
}

void json_null(struct json *json)
{
    begin_element(json);
    buf_add_text(json->buf, "null");
}

static char short_escape(uint32_t code)
{
    switch (code) {
    case '"':
    case '\\':
        return (char) code;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void add_character(struct buf *buf, struct glyph glyph, const char *bytes)
{
    char escape = short_escape(glyph.code);
    if (escape != 0)
        buf_add_format(buf, "\\%c", escape);
    else if (!glyph.valid || glyph_is_harmful(glyph.code))
        buf_add_format(buf, "\\u%04" PRIx32, glyph.code);
    else
        buf_add(buf, bytes, glyph.bytes);
}

void json_string_add(struct buf *buf, const char *text)
{
    size_t size = safe_text_size(text);
    buf_add_char(buf, '"');
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(text + at, size - at);
        add_character(buf, glyph, text + at);
        at += glyph.bytes;
    }
    buf_add_text(buf, text[size] != '\0' ? "...\"" : "\"");
}
