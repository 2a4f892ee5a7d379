/*
 * JSON, written piece by piece, with the commas put in. Whatever bytes a text holds, the result is valid JSON in valid UTF-8 and
 * harmless on a terminal.
 */
#ifndef PGUSHER_FACE_JSON_WRITE_H
#define PGUSHER_FACE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
    struct buf *buf;
    bool comma; /* the next element has one before it */
};

void json_init(struct json *json, struct buf *buf);

/* bracket is '{' or '[', and '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);

/* The next element, or the closing bracket, stands on a line of its own, so many spaces in. */
void json_line(struct json *json, size_t indent);
void json_close_line(struct json *json, char bracket, size_t indent);

/* The name of what comes next: a value or an opening bracket. */
void json_name(struct json *json, const char *name);

/* Values; NULL becomes null. */
void json_text(struct json *json, const char *text);
void json_number(struct json *json, int64_t number);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

/*
 * One string with its quotes: control characters as \n or \u001b, the harmful rest of Unicode as \u202e, bytes that are no
 * UTF-8 as U+FFFD; a text that is too long is cut as in face/safe_text.h.
 */
void json_string_add(struct buf *buf, const char *text);

#endif
