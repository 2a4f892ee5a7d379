/*
 * One disturbed run, the run after it, and the judgement.
 */
#ifndef PGUSHER_TESTS_TORTURE_TRIAL_H
#define PGUSHER_TESTS_TORTURE_TRIAL_H

#include "stage.h"

enum fault_kind {
    KIND_CLOSE,
    KIND_RESET,
    KIND_SILENCE,
    KIND_DELAY,
    KIND_KILL,
    KIND_KILL_ANY_TIME,
    KINDS,
};

struct point {
    enum fault_kind kind;
    enum story_name story;
    bool at_client;
    size_t at; /* bytes for a cut, messages for the others, permille of an undisturbed run's time for the last kind */
    bool
        goes_on; /* after a cut the same run meets the server again, else it is refused, and ends; what a killed one has sent ahead
                     arrives, else it is lost */
};

struct verdict {
    const char *complaint; /* NULL: what is promised was kept */
    bool struck;           /* the run came as far as the point */
    int64_t stopped_in_us; /* from SIGTERM to the run's end, where it was sent */
    bool dump_was_compared;
};

/* with_dump: pg_dump has its say too. */
struct verdict trial_hold(struct stage *stage, const struct point *point, bool with_dump);

#endif
