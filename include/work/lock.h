/*
 * The runners' lock: one advisory lock per ledger, polled with pg_try_advisory_lock from an idle session outside any transaction, so
 * that nobody's CREATE INDEX CONCURRENTLY waits for a waiter. Each poll reads the ledger as well: a runner whose work was done by
 * another needs no lock any more.
 */
#ifndef PGUSHER_WORK_LOCK_H
#define PGUSHER_WORK_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/session.h"
#include "work/reading.h"
#include "work/run.h"

struct lock;

enum lock_end {
    LOCK_OURS,       /* until the session closes; the reading was made under it. Without a key: only read */
    LOCK_NOT_NEEDED, /* another runner has done everything */
    LOCK_FAILED,     /* FAULT_LOCKED after --lock-wait, FAULT_LOST, or what the server or is_needless said */
};

/*
 * Behind a pooler a session lock would be stranded: with a NULL key nothing is locked, and the ledger only read again.
 * is_needless is asked after each reading made without the lock. on_over is called once, never from within lock_start();
 * lock_free() may be called in it, and after FAULT_LOCKED the session has to be freed in it too: a question may be under way, which
 * somebody's lock on the ledger blocks. NULL on failure.
 */
struct lock *lock_start(struct run *run, struct session *session, const int64_t *key,
                        bool (*is_needless)(void *owner, struct reading *reading, struct fault *fault),
                        void (*on_over)(void *owner, enum lock_end end), void *owner, struct fault *fault);

/* Accepts NULL. The session stays the caller's. */
void lock_free(struct lock *lock);

const struct fault *lock_fault(const struct lock *lock);

/* The last reading; moved out of the lock into to, which is overwritten. */
void lock_take_reading(struct lock *lock, struct reading *to);

/*
 * The key of a ledger's lock. Advisory locks are each database's own, so the ledger's qualified name is all that has to go into it:
 * tenants with a schema each do not meet. False: libcrypto failed.
 */
bool lock_key(int64_t *key, const struct ledger *ledger, struct fault *fault);

#endif
