/*
 * A growing string that knows its maximum. A failure (out of memory, too long) sticks: the adding functions become no-ops and
 * buf_ok() answers false, so that a caller checks once, at the end.
 */
#ifndef PGUSHER_BASE_BUF_H
#define PGUSHER_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *bytes; /* NUL-terminated once anything was added; use buf_text() */
    size_t size; /* without the NUL */
    size_t room;
    size_t max;
    bool failed;
};

/* max_bytes bounds the size; nothing is allocated yet. */
void buf_init(struct buf *buf, size_t max_bytes);

/* Accepts NULL; the buffer may be used again after buf_init(). */
void buf_finish(struct buf *buf);

/* Empties it, keeps the room, forgets a failure. */
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t size_bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_args(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

bool buf_ok(const struct buf *buf);

/* The text so far, never NULL, owned by the buffer and valid until the next change. */
const char *buf_text(const struct buf *buf);

#endif
