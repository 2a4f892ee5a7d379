/*
 * What all conversations of one run share, and how its time is kept.
 */
#ifndef PGUSHER_WORK_RUN_H
#define PGUSHER_WORK_RUN_H

#include "base/journal.h"
#include "plan/outcome.h"
#include "plan/settings.h"
#include "wire/loop.h"

struct run {
    struct loop *loop;
    const struct journal *journal;
    const struct settings *settings;
    const char *target; /* its label, for events */
    struct outcome outcome;
    int64_t begun_us;    /* when the process began its work */
    int64_t waited_ms;   /* by all waits that are over: --timeout bounds them together */
    int64_t resolved_us; /* time of the last wait in which only names were being looked up */
};

#endif
