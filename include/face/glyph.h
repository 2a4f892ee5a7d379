/*
 * Characters as a terminal shows them, out of bytes that nobody vouches for: names of files, a server's messages.
 */
#ifndef PGUSHER_FACE_GLYPH_H
#define PGUSHER_FACE_GLYPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct glyph {
    uint32_t code; /* U+FFFD where valid is false */
    size_t bytes;  /* how many were read: at least 1 */
    bool valid;    /* else these bytes are no UTF-8 */
};

/* The first character of size bytes; size must not be 0. */
struct glyph glyph_read(const char *bytes, size_t size);

/* True for what could move a cursor, change a colour or turn the direction of writing: it is never printed as it is. */
bool glyph_is_harmful(uint32_t code);

/* How many columns a terminal gives it: 0 for combining marks, 2 for wide East Asian characters and emoji, else 1. */
size_t glyph_columns(uint32_t code);

#endif
