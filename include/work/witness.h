/*
 * A second session beside the one that migrates: while a migration takes long, it looks whether a lock keeps it waiting, and tells
 * whose. It is opened only then, and what goes wrong with it is nobody's concern.
 */
#ifndef PGUSHER_WORK_WITNESS_H
#define PGUSHER_WORK_WITNESS_H

#include "base/fault.h"
#include "wire/session.h"
#include "work/run.h"

struct witness;

/* watched is the migrating session and pid its backend; it must outlive the witness. NULL on failure. */
struct witness *witness_new(struct run *run, const struct session *watched, int pid, struct fault *fault);

/*
 * A migration begins, which waits for a lock that long, or for ever with 0: look after a while, and again and again until the next call.
 * NULL: none is under way. Accepts no witness.
 */
void witness_attend(struct witness *witness, const char *migration, int64_t lock_timeout_ms);

/* Accepts NULL. */
void witness_free(struct witness *witness);

#endif
