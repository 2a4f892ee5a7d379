/* Rendering into a text that a test can compare; it lives until the next rendering. */
#ifndef PGUSHER_TESTS_RENDERED_H
#define PGUSHER_TESTS_RENDERED_H

#include "support/testing.h"

#include "base/buf.h"
#include "base/fault.h"

static char rendered_text[256 * 1024];

static inline const char *rendered_finish(struct buf *buf)
{
    assert_true(buf_ok(buf));
    assert_true(buf->size < sizeof rendered_text);
    memcpy(rendered_text, buf_text(buf), buf->size + 1);
    buf_finish(buf);
    return rendered_text;
}

/* RENDERED(safe_line_add, "a") is what safe_line_add(&buf, "a") adds. */
#define RENDERED(add, ...)                                                                                                  \
    __extension__({                                                                                                         \
        struct buf rendered_buf;                                                                                            \
        buf_init(&rendered_buf, sizeof rendered_text);                                                                      \
        add(&rendered_buf, __VA_ARGS__);                                                                                    \
        rendered_finish(&rendered_buf);                                                                                     \
    })

/* For acts of starve(): true when there was memory enough. */
static inline bool rendered_ok(struct buf *buf, struct fault *fault)
{
    bool ok = buf_ok(buf);
    buf_finish(buf);
    return ok || fault_out_of_memory(fault);
}

#endif
