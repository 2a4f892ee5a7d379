/*
 * Memory that is given back all at once. What is built in an arena is frozen afterwards and shared by pointer.
 */
#ifndef PGUSHER_BASE_ARENA_H
#define PGUSHER_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *newest;
};

void arena_init(struct arena *arena);

/* Gives everything back. Accepts NULL and may be called twice. */
void arena_finish(struct arena *arena);

/* Zeroed memory, aligned for any type, owned by the arena; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size_bytes);

/* Room for count elements; NULL also when count * element_bytes overflows. */
void *arena_array(struct arena *arena, size_t count, size_t element_bytes);

/*
 * A list with room for one element more than count: list itself, or one with twice as much room, which *room then tells, and which takes
 * the place of the old one. NULL when out of memory; list and *room stay as they are.
 */
void *arena_grow(struct arena *arena, void *list, size_t count, size_t *room, size_t element_bytes);

/* A NUL-terminated copy of size_bytes bytes; NULL when out of memory. */
char *arena_copy(struct arena *arena, const void *bytes, size_t size_bytes);

/* A copy of a NUL-terminated text; NULL for NULL and when out of memory. */
char *arena_text(struct arena *arena, const char *text);

/* A formatted text; NULL when out of memory. */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
