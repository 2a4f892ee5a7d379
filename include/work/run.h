/*
 * What all conversations of one run share, and how its time is kept.
 */
#ifndef PGUSHER_WORK_RUN_H
#define PGUSHER_WORK_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/journal.h"
#include "plan/outcome.h"
#include "plan/settings.h"
#include "wire/loop.h"

/* How far a primary was when it was last asked. */
struct wal_head {
    char system_identifier[24];
    int64_t position;
};

enum { RUN_MOST_HEADS = 64 }; /* clusters; of those beyond, what a standby knows itself has to do */

struct run {
    struct loop *loop;
    const struct journal *journal;
    const struct settings *settings;
    const char *target; /* its label, for events */
    struct outcome outcome;
    int64_t begun_us;                      /* when the process began its work */
    int64_t waited_ms;                     /* by all waits that are over: --timeout bounds them together */
    int64_t resolved_us;                   /* time of the last wait in which only names were being looked up */
    struct wal_head heads[RUN_MOST_HEADS]; /* with --max-lag */
    size_t head_count;
};

#endif
