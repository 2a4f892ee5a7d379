/* How a run ended and where its time went. */
#ifndef PGUSHER_PLAN_OUTCOME_H
#define PGUSHER_PLAN_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "base/event.h"
#include "base/fault.h"

struct outcome {
    struct fault fault;            /* class FAULT_NONE: it went well */
    size_t applied;                /* migrations this run applied */
    int64_t phase_us[PHASE_COUNT]; /* time spent in each phase, 0 where it was not entered */
};

#endif
