/*
 * The bytes of one file and the ways to point into them. Positions are kept as byte offsets from the first byte of the file;
 * lines and columns exist only where somebody prints them.
 */
#ifndef PGUSHER_TEXT_SOURCE_H
#define PGUSHER_TEXT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

struct source {
    const char *name;  /* the file's name, without its folder */
    const char *bytes; /* size bytes and a NUL after them; not owned */
    size_t size;
};

/* Both count from 1; a column is a character, not a byte. The byte-order mark has no column; CRLF is one line end. */
struct position {
    size_t line;
    size_t column;
};

struct position source_position(const struct source *source, size_t offset_bytes);

/* Where the text begins: 3 after a UTF-8 byte-order mark, else 0. */
size_t source_begin(const struct source *source);

/* The offset of the character that is `characters` characters after offset_bytes (at most the end of the source). */
size_t source_forward(const struct source *source, size_t offset_bytes, size_t characters);

/* False for a NUL byte, invalid UTF-8 or UTF-16 (FAULT_CONFIG, with the position and a hint). */
bool source_check(const struct source *source, struct fault *fault);

#endif
