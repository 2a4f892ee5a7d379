/*
 * The one door to the heap. It knows how to count and to refuse; it does not know who asks.
 */
#include "base/memory.h"

#include <stdlib.h>

static long asked;
static long failing;

bool memory_refuses(void)
{
    asked++;
    return asked == failing;
}

void *memory_alloc(size_t size_bytes)
{
    return memory_refuses() ? NULL : calloc(1, size_bytes > 0 ? size_bytes : 1);
}

void *memory_realloc(void *block, size_t size_bytes)
{
    return memory_refuses() ? NULL : realloc(block, size_bytes > 0 ? size_bytes : 1);
}

void memory_free(void *block)
{
    free(block);
}

void memory_fail_at(long nth)
{
    asked = 0;
    failing = nth;
}

long memory_count(void)
{
    return asked;
}
