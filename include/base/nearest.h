/* The known word that a mistyped one was probably meant to be. */
#ifndef PGUSHER_BASE_NEAREST_H
#define PGUSHER_BASE_NEAREST_H

#include <stddef.h>

/*
 * Offers one known word after the other and keeps the nearest: few letters left out, added, exchanged or swapped, or the
 * known word's own beginning. Start with { .word = ... }; `found` is NULL as long as nothing is near enough to be worth
 * a guess. The words offered must outlive it.
 */
struct nearest {
    const char *word;
    size_t word_size;
    const char *found;
    size_t distance; /* of found */
};

void nearest_offer(struct nearest *nearest, const char *known);

#endif
