/*
 * Doubling growth up to the maximum. It knows bytes, not characters.
 */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_ROOM = 128 };

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){ .max = max_bytes };
}

void buf_finish(struct buf *buf)
{
    if (buf == NULL)
        return;
    memory_free(buf->bytes);
    buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    if (buf->bytes != NULL)
        buf->bytes[0] = '\0';
}

static bool grow_for(struct buf *buf, size_t more)
{
    if (buf->failed || more > buf->max - buf->size) {
        buf->failed = true;
        return false;
    }
    size_t needed = buf->size + more + 1;
    if (needed <= buf->room)
        return true;
    size_t room = buf->room > 0 ? buf->room : FIRST_ROOM;
    while (room < needed)
        room *= 2;
    char *bytes = memory_realloc(buf->bytes, room);
    if (bytes == NULL) {
        buf->failed = true;
        return false;
    }
    buf->bytes = bytes;
    buf->room = room;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t size_bytes)
{
    if (!grow_for(buf, size_bytes))
        return;
    if (size_bytes > 0)
        memcpy(buf->bytes + buf->size, bytes, size_bytes);
    buf->size += size_bytes;
    buf->bytes[buf->size] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_add_args(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0 || !grow_for(buf, (size_t) size)) {
        buf->failed = true;
        return;
    }
    vsnprintf(buf->bytes + buf->size, (size_t) size + 1, format, args);
    buf->size += (size_t) size;
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_add_args(buf, format, args);
    va_end(args);
}

bool buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

const char *buf_text(const struct buf *buf)
{
    return buf->bytes != NULL ? buf->bytes : "";
}
