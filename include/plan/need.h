/*
 * What a cluster must look like for the wait to end: how many targets, and in which role. Pure: counts go in, a verdict comes out.
 */
#ifndef PGUSHER_PLAN_NEED_H
#define PGUSHER_PLAN_NEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum need_kind {
    NEED_ALL,   /* every target */
    NEED_ANY,   /* so many of them, whichever */
    NEED_ROLES, /* so many primaries and standbys */
};

struct need_range {
    int64_t least;
    int64_t most; /* NEED_NO_LIMIT for ">=" */
};

#define NEED_NO_LIMIT INT64_MAX

struct need {
    enum need_kind kind;
    int64_t any; /* NEED_ANY: at least so many */
    struct need_range primary;
    struct need_range standby;
    const char *text; /* as the user wrote it, "all" */
};

/* The default. */
struct need need_all(void);

/*
 * "all", "any" (of at least one), "any=3" (at least three), "primary=1,standby>=2" (exactly one, at least two; a role that is not named
 * may be there in any number). False with FAULT_CONFIG. The text must outlive the need.
 */
bool need_read(struct need *need, const char *text, const char *origin, struct fault *fault);

/* Whether it can be met by so many targets at all. False with FAULT_CONFIG. */
bool need_fits(const struct need *need, int64_t targets, struct fault *fault);

/* Whether one more can be one too many. */
bool need_has_upper_bound(const struct need *need);

/* What is known of the targets. One that was good at its last look is ready, and has a role where roles are asked for. */
struct need_counts {
    int64_t targets;
    int64_t ready;
    int64_t primaries;
    int64_t standbys;
    int64_t lost;    /* will never be ready */
    int64_t unasked; /* not one answer yet, not even a refused connection */
    bool is_open;    /* more targets may turn up */
};

enum need_verdict {
    NEED_MET,
    NEED_OPEN,
    NEED_IMPOSSIBLE, /* whatever the targets that are not lost will become */
};

/* An exact number is not met before each target has answered once: the one more may be among the others. */
enum need_verdict need_judge(const struct need *need, const struct need_counts *counts);

/* "2 of 3", or with roles "primary 1 of 1, standby 0 of 2": what is there of what is needed. */
void need_progress(const struct need *need, const struct need_counts *counts, char *text, int size);

#endif
