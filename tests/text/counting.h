/*
 * Put before every source of the text floor in a second build of it, which counts its own work: the compiler calls
 * __sanitizer_cov_trace_pc() in every branch of the code, and the functions of the C library that look at many bytes are
 * replaced by ones that count them. The sum is the same on every machine and in every run.
 */
#ifndef PGUSHER_TESTS_TEXT_COUNTING_H
#define PGUSHER_TESTS_TEXT_COUNTING_H

#include <stddef.h>
#include <string.h>
#include <strings.h>

extern size_t counted_work;

void __sanitizer_cov_trace_pc(void);

static inline void *counted_memchr(const void *bytes, int byte, size_t size)
{
    char *found = memchr(bytes, byte, size);
    counted_work += found != NULL ? (size_t) (found - (const char *) bytes) + 1 : size;
    return found;
}

static inline void *counted_memmem(const void *bytes, size_t size, const void *part, size_t part_size)
{
    char *found = memmem(bytes, size, part, part_size);
    counted_work += found != NULL ? (size_t) (found - (const char *) bytes) + part_size : size;
    return found;
}

static inline int counted_memcmp(const void *one, const void *other, size_t size)
{
    counted_work += size;
    return memcmp(one, other, size);
}

static inline void *counted_memcpy(void *to, const void *from, size_t size)
{
    counted_work += size;
    return memcpy(to, from, size);
}

#define memchr counted_memchr
#define memmem counted_memmem
#define memcmp counted_memcmp
#define memcpy counted_memcpy

#endif
