/*
 * Applying the pending migrations of a plan over one session: strictly in sequence, each in its own transaction, through the
 * pipeline.
 */
#ifndef PGUSHER_WORK_APPLY_H
#define PGUSHER_WORK_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "plan/planner.h"
#include "wire/session.h"
#include "work/reading.h"
#include "work/run.h"

struct apply;

/* A migration that was tried before, and how often it still may be. */
struct apply_tries {
    const char *migration; /* "" for none */
    int64_t left;          /* for that one; any other has --lock-retries */
};

enum apply_end {
    APPLY_DONE,
    APPLY_FAILED,  /* apply_fault() says why; what was committed stays, nothing after it was begun */
    APPLY_BLOCKED, /* a lock timeout, a deadlock or a serialization failure: worth another try; apply_fault() says which */
    APPLY_UNTOLD,  /* those who wait could not be notified, and it was rolled back: worth another try that notifies nobody */
    APPLY_RACED,   /* a runner that takes no lock has recorded the same migration: read the ledger again */
    APPLY_LOST,    /* the connection broke; whether the last COMMIT happened has to be looked up */
    APPLY_READ_ONLY, /* the server takes no writes: it is a standby, or read-only by default; the migration was rolled back */
    APPLY_STOPPED,   /* apply_stop(), and the server has confirmed that nothing runs any more */
};

/*
 * reading is what was read last; key is the lock's, and has_lock says whether this session holds it (behind a pooler it cannot); tries is copied. Every pending step of the plan
 * has its script. on_over is called once; apply_free() may be called in it. NULL on failure.
 */
struct apply *apply_start(struct run *run, struct session *session, struct plan *plan, const struct reading *reading,
                          int64_t key, bool has_lock, const struct apply_tries *tries,
                          void (*on_over)(void *owner, enum apply_end end), void *owner, struct fault *fault);

/* Queues nothing more, cancels what runs on the server until that is confirmed, and rolls back. */
void apply_stop(struct apply *apply);

/* Accepts NULL. The session stays the caller's. */
void apply_free(struct apply *apply);

const struct fault *apply_fault(const struct apply *apply);

/* After APPLY_READ_ONLY: whether it is a standby. */
bool apply_in_recovery(const struct apply *apply);

/*
 * After APPLY_LOST: whether the COMMIT of that step of the plan was sent, and no answer to it heard. Then the ledger has to tell.
 */
bool apply_may_have_committed(const struct apply *apply, size_t step);

/* The migration that was under way when the connection was lost, or NULL. */
const char *apply_current(const struct apply *apply);

/* For how long it had been. */
int64_t apply_current_us(const struct apply *apply);

#endif
