/*
 * Every allocation of our own code passes through this door, so that a test can make the n-th one fail.
 */
#ifndef PGUSHER_BASE_MEMORY_H
#define PGUSHER_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory of size_bytes, owned by the caller; NULL when there is none. */
void *memory_alloc(size_t size_bytes);

/* Like realloc: on NULL the old block is untouched and still the caller's. */
void *memory_realloc(void *block, size_t size_bytes);

/* Accepts NULL. */
void memory_free(void *block);

/* Asks for no memory, but is counted as if: for an arena, whose requests rarely reach the heap. True: a test wants this one to fail. */
bool memory_refuses(void);

/* For tests: the nth allocation from now (1 is the next) fails, once; 0 means none does. */
void memory_fail_at(long nth);

/* For tests: how many allocations were asked for since the last memory_fail_at(). */
long memory_count(void);

#endif
