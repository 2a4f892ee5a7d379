/*
 * How soon it is kind to come again after which answer. Pure: what was seen goes in, a rest comes out.
 *
 * After a new kind of answer it is a short rest, and then a longer one each time, up to the longest for that kind.
 */
#ifndef PGUSHER_WORK_KINDNESS_H
#define PGUSHER_WORK_KINDNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/sighting.h"

/* What is remembered of one address. All zero before the first look. */
struct kindness {
    int64_t rest_ms;   /* the last one */
    int64_t looked_ms; /* how long the last look took that somebody let in who waits for others */
};

/* One that is over. */
struct look {
    enum seen seen;
    bool is_news;       /* another answer than the one before */
    bool for_others;    /* what is missing is somebody else's work, and there may be a thousand who wait for it */
    bool keeps_session; /* the next one needs no login */
    int64_t took_ms;
    int64_t interval_ms; /* of the attempts */
};

int64_t kindness_rest_ms(struct kindness *kindness, const struct look *look);

/* A little less than the rest, by chance (any number from 0), so that many do not come in step; but never less than the least. */
int64_t kindness_spread_ms(int64_t rest_ms, int64_t least_ms, long chance);

#endif
