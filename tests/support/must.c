/*
 * Failing, allocating and keeping for the harness. It knows cmocka's way of failing a test and nothing of PostgreSQL.
 */
#include "support/must.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/testing.h"

struct kept {
    struct kept *next;
    char text[];
};

static struct kept *all_kept;
static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;

/* cmocka cuts what is longer than 1 kB, and the end of a log is what tells most. */
static void print_whole(const char *format, va_list args)
{
    enum { PIECE = 1000 };
    char *text = NULL;
    int size = vasprintf(&text, format, args);
    for (int at = 0; at < size; at += PIECE)
        print_error("%.*s", PIECE, text + at);
    print_error("\n");
    free(text);
}

void must_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (gettid() == getpid()) {
        print_whole(format, args);
        _fail(file, line);
    }
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void *must_alloc(size_t size_bytes)
{
    void *block = calloc(1, size_bytes > 0 ? size_bytes : 1);
    must(block != NULL, "the harness is out of memory");
    return block;
}

const char *must_keep(const void *bytes, size_t size_bytes)
{
    struct kept *kept = must_alloc(sizeof *kept + size_bytes + 1);
    if (size_bytes > 0)
        memcpy(kept->text, bytes, size_bytes);
    pthread_mutex_lock(&kept_mutex);
    kept->next = all_kept;
    all_kept = kept;
    pthread_mutex_unlock(&kept_mutex);
    return kept->text;
}

const void *must_mark(void)
{
    return all_kept;
}

void must_forget(const void *mark)
{
    pthread_mutex_lock(&kept_mutex);
    while (all_kept != mark) {
        struct kept *next = all_kept->next;
        free(all_kept);
        all_kept = next;
    }
    pthread_mutex_unlock(&kept_mutex);
}

__attribute__((destructor)) static void free_kept(void)
{
    must_forget(NULL);
}

static void make_room(struct bytes *bytes, size_t more)
{
    size_t needed = bytes->size + more + 1;
    if (needed <= bytes->room)
        return;
    size_t room = bytes->room > 0 ? bytes->room : 256;
    while (room < needed)
        room *= 2;
    char *at = realloc(bytes->at, room);
    must(at != NULL, "the harness is out of memory");
    bytes->at = at;
    bytes->room = room;
}

void bytes_add_args(struct bytes *bytes, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    make_room(bytes, strlen(format)); /* often enough; if not, the second writing fits */
    int size = vsnprintf(bytes->at + bytes->size, bytes->room - bytes->size, format, again);
    va_end(again);
    must(size >= 0, "a text cannot be formatted");
    if ((size_t) size >= bytes->room - bytes->size) {
        make_room(bytes, (size_t) size);
        vsnprintf(bytes->at + bytes->size, bytes->room - bytes->size, format, args);
    }
    bytes->size += (size_t) size;
}

const char *must_format(const char *format, ...)
{
    struct bytes text = { 0 };
    va_list args;
    va_start(args, format);
    bytes_add_args(&text, format, args);
    va_end(args);
    const char *kept = must_keep(text.at, text.size);
    bytes_finish(&text);
    return kept;
}

void bytes_add(struct bytes *bytes, const void *more, size_t size)
{
    make_room(bytes, size);
    if (size > 0)
        memcpy(bytes->at + bytes->size, more, size);
    bytes->size += size;
    bytes->at[bytes->size] = '\0';
}

void bytes_add_format(struct bytes *bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bytes_add_args(bytes, format, args);
    va_end(args);
}

void bytes_drop(struct bytes *bytes, size_t size)
{
    must(size <= bytes->size, "more bytes dropped than there are");
    if (size == 0)
        return;
    bytes->size -= size;
    memmove(bytes->at, bytes->at + size, bytes->size + 1);
}

void bytes_finish(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){ 0 };
}

void bytes_add_fd(struct bytes *bytes, int fd)
{
    char chunk[16384];
    ssize_t got = 0;
    do {
        got = read(fd, chunk, sizeof chunk);
        must(got >= 0 || errno == EINTR, "cannot read: %s", strerror(errno));
        if (got > 0)
            bytes_add(bytes, chunk, (size_t) got);
    } while (got != 0);
}

int64_t patience_begin(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int patience_left_ms(int64_t begun)
{
    int64_t left = begun + PATIENCE_MS - patience_begin();
    return left > 0 ? (int) left : 0;
}
