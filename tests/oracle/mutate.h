/* Inputs for the comparison that nobody would write: real text cut up, put together again and damaged, always the same way. */
#ifndef PGUSHER_TESTS_ORACLE_MUTATE_H
#define PGUSHER_TESTS_ORACLE_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "support/must.h"

struct mutator {
    uint64_t state;
    const struct bytes *texts; /* to cut from */
    size_t count;
};

void mutator_init(struct mutator *mutator, uint64_t seed, const struct bytes *texts, size_t count);

/* Replaces what is in input: a few hundred bytes without a NUL, which need not be UTF-8. */
void mutator_next(struct mutator *mutator, struct bytes *input);

#endif
