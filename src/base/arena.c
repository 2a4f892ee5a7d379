/*
 * Blocks in a list, filled from the front. The first is small, because there may be thousands of arenas that hold little, and each is
 * twice as large as the one before it up to a maximum. A request larger than a block gets a block of its own, put behind the newest one,
 * so that the newest keeps its free room; a list that has one grows in it.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_BLOCK_BYTES = 2 * 1024, BLOCK_BYTES = 32 * 1024, FIRST_ROOM = 8 };

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena)
{
    arena->newest = NULL;
}

void arena_finish(struct arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->newest != NULL) {
        struct arena_block *older = arena->newest->older;
        memory_free(arena->newest);
        arena->newest = older;
    }
}

static struct arena_block *new_block(size_t size)
{
    struct arena_block *block = memory_alloc(sizeof *block + size);
    if (block != NULL)
        block->size = size;
    return block;
}

static void *take(struct arena_block *block, size_t size)
{
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}

static void *take_own_block(struct arena *arena, size_t size)
{
    struct arena_block *block = new_block(size);
    if (block == NULL)
        return NULL;
    if (arena->newest == NULL) {
        arena->newest = block;
    } else {
        block->older = arena->newest->older;
        arena->newest->older = block;
    }
    return take(block, size);
}

static size_t round_up(size_t size)
{
    const size_t unit = _Alignof(max_align_t);
    return (size + unit - 1) / unit * unit;
}

static size_t next_block_size(const struct arena *arena, size_t size)
{
    size_t next = arena->newest == NULL ? FIRST_BLOCK_BYTES : 2 * arena->newest->size;
    while (next < size)
        next *= 2;
    return next < BLOCK_BYTES ? next : BLOCK_BYTES;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2 || memory_refuses())
        return NULL;
    size_t size = round_up(size_bytes > 0 ? size_bytes : 1);
    if (size > BLOCK_BYTES / 4)
        return take_own_block(arena, size);
    if (arena->newest == NULL || arena->newest->size - arena->newest->used < size) {
        struct arena_block *block = new_block(next_block_size(arena, size));
        if (block == NULL)
            return NULL;
        block->older = arena->newest;
        arena->newest = block;
    }
    return take(arena->newest, size);
}

void *arena_array(struct arena *arena, size_t count, size_t element_bytes)
{
    if (element_bytes > 0 && count > SIZE_MAX / element_bytes)
        return NULL;
    return arena_alloc(arena, count * element_bytes);
}

/* The link to the block that a list has for itself, or NULL: one that it fills, because it was too large for the others. */
static struct arena_block **find_own_block(struct arena *arena, const void *list, size_t size)
{
    for (struct arena_block **at = &arena->newest; list != NULL && *at != NULL; at = &(*at)->older)
        if ((*at)->bytes == list && (*at)->size == size)
            return at;
    return NULL;
}

static void *grow_block(struct arena_block **at, size_t size)
{
    struct arena_block *block = memory_realloc(*at, sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->used = size;
    *at = block;
    return block->bytes;
}

void *arena_grow(struct arena *arena, void *list, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return list;
    size_t more = *room > 0 ? *room * 2 : FIRST_ROOM;
    if (more > SIZE_MAX / 2 / element_bytes)
        return NULL;
    struct arena_block **own = find_own_block(arena, list, round_up(*room * element_bytes));
    void *grown = own != NULL ? grow_block(own, round_up(more * element_bytes)) : arena_array(arena, more, element_bytes);
    if (grown == NULL)
        return NULL;
    if (own == NULL && count > 0)
        memcpy(grown, list, count * element_bytes);
    *room = more;
    return grown;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size_bytes)
{
    char *copy = arena_alloc(arena, size_bytes + 1);
    if (copy != NULL && size_bytes > 0)
        memcpy(copy, bytes, size_bytes);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t) size + 1);
    if (text != NULL)
        vsnprintf(text, (size_t) size + 1, format, again);
    va_end(again);
    return text;
}
