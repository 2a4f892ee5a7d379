/*
 * The lives of scripted servers, drawn from a seed, and what must come of waiting for them: the model. It knows the scripts and the
 * need, and nothing of the code that waits.
 */
#ifndef PGUSHER_TESTS_CHAOS_LIFE_H
#define PGUSHER_TESTS_CHAOS_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fake_server.h"

enum { LIVES = 500, LIFE_MOST_VISITS = 12 };

enum stage {
    STAGE_STARTING, /* 57P03 */
    STAGE_GONE,     /* hangs up */
    STAGE_PRIMARY,
    STAGE_STANDBY,
    STAGE_REFUSING, /* 28P01: only as the last one */
};

/*
 * A server refuses connections at first, then each visit meets the next stage, and the last one for ever. A keystone does not listen
 * before all others have come to their last stage, and without it nothing can be met: so the outcome is in the scripts alone, however
 * fast or slow anybody is.
 */
struct life {
    bool is_keystone;
    int64_t listens_after_ms;
    enum stage stages[LIFE_MOST_VISITS];
    struct fake_visit visits[LIFE_MOST_VISITS];
    size_t count;
};

enum outcome_expected { EXPECT_READY, EXPECT_NOT_READY, EXPECT_REFUSED };

struct scenario {
    struct life lives[LIVES];
    char need[64];
    enum outcome_expected expected;
};

void scenario_draw(struct scenario *scenario, unsigned seed);

/* The last stage of a life. */
enum stage life_end(const struct life *life);

#endif
