/*
 * What the harness cannot go on without, and memory that is not the subject's: nothing here passes through base/memory.h, so
 * that memory_fail_at() counts only what is under test, and so that it may be used from any thread.
 *
 *     must(fd >= 0, "cannot open %s: %s", path, strerror(errno));
 *     return must_format("host=%s port=%d", host, port);
 */
#ifndef PGUSHER_SUPPORT_MUST_H
#define PGUSHER_SUPPORT_MUST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* How long the harness waits for anything before it fails the test: far more than any machine needs. */
enum { PATIENCE_MS = 60000 };

/* Fails the running test with a message; on another thread than the first it ends the process instead. */
#define must(condition, ...)                                                                                                \
    do {                                                                                                                    \
        if (!(condition))                                                                                                   \
            must_fail(__FILE__, __LINE__, __VA_ARGS__);                                                                     \
    } while (0)
void must_fail(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));

/* Zeroed memory, given back with free(). */
void *must_alloc(size_t size_bytes);

/* Texts that nobody has to free: they live as long as the process. */
const char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *must_keep(const void *bytes, size_t size_bytes);

/* For programs that repeat a thing many thousand times: gives back the texts that came since the mark. */
const void *must_mark(void);
void must_forget(const void *mark);

/* A growing byte string; `struct bytes x = { 0 };` is an empty one. */
struct bytes {
    char *at; /* NUL-terminated once anything was added */
    size_t size;
    size_t room;
};
void bytes_add(struct bytes *bytes, const void *more, size_t size);
void bytes_add_format(struct bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_add_args(struct bytes *bytes, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void bytes_drop(struct bytes *bytes, size_t size); /* from the front */
void bytes_finish(struct bytes *bytes);

/* Appends all that can be read from fd up to its end. */
void bytes_add_fd(struct bytes *bytes, int fd);

/* A point in time to be patient until, and how many milliseconds are left of it (0 when it has passed). */
int64_t patience_begin(void);
int patience_left_ms(int64_t begun);

#endif
