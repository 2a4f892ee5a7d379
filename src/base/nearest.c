/*
 * Edit distance between short words, bytes for letters. It knows nothing of options or commands.
 */
#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 64, PREFIX_MIN = 3 };

static size_t smallest(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Steps from one word to the other, two neighbours swapped counting as one step. Both are at most WORD_MAX bytes. */
static size_t distance_between(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t exchanged = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smallest(exchanged, smallest(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smallest(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_size];
}

static size_t distance_worth_a_guess(size_t word_size)
{
    return word_size < 3 ? 1 : (word_size + 2) / 3;
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    size_t known_size = strlen(known);
    if (nearest->word_size > WORD_MAX || known_size > WORD_MAX)
        return;
    size_t distance = distance_between(nearest->word, nearest->word_size, known, known_size);
    bool begins_it = nearest->word_size >= PREFIX_MIN && nearest->word_size < known_size &&
                     memcmp(nearest->word, known, nearest->word_size) == 0;
    if (begins_it)
        distance = 1;
    if (distance > distance_worth_a_guess(nearest->word_size) || distance >= known_size)
        return;
    if (nearest->found == NULL || distance < nearest->distance) {
        nearest->found = known;
        nearest->distance = distance;
    }
}
