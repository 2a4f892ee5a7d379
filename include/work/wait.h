/*
 * Waiting until a server of the target has reached a rung of readiness.
 *
 * All addresses of all hosts are knocked at concurrently, each with a session of its own. An attempt is a window of --interval; in it
 * a server is knocked at again soon after it said no. The first address in list order that satisfies the goal wins, and its session
 * is handed over; one that is earlier in the list and still answering gets a short courtesy before a later one is taken.
 */
#ifndef PGUSHER_WORK_WAIT_H
#define PGUSHER_WORK_WAIT_H

#include <stdbool.h>

#include "base/fault.h"
#include "wire/session.h"
#include "work/reading.h"
#include "work/run.h"

struct wait;

struct wait_goal {
    enum rung until;
    bool with_ledger; /* read it together with the login's SELECT */
    /* For RUNG_MIGRATED: whether this reading satisfies. A fault that is set ends the wait. */
    bool (*is_met)(void *owner, struct reading *reading, struct fault *fault);
};

enum wait_end { WAIT_READY, WAIT_FAILED };

/* on_over is called once, never from within wait_start(); wait_free() may be called in it. NULL on failure. */
struct wait *wait_start(struct run *run, const struct wait_goal *goal, void (*on_over)(void *owner, enum wait_end end),
                        void *owner, struct fault *fault);

/* Closes everything, look-ups included. Accepts NULL. */
void wait_free(struct wait *wait);

/*
 * After WAIT_FAILED: FAULT_NOT_READY, FAULT_REFUSED, FAULT_PENDING, FAULT_CONFIG for a secret that cannot be read or a table that is no
 * ledger, FAULT_INTERNAL without memory or descriptors.
 */
const struct fault *wait_fault(const struct wait *wait);

/* After WAIT_READY: the winner's session (NULL for the rungs below a login), now the caller's. */
struct session *wait_take_session(struct wait *wait);

/* After WAIT_READY: what the winner's database said; moved out of the wait into to, which is overwritten. */
void wait_take_reading(struct wait *wait, struct reading *to);

#endif
