/*
 * One target's whole road: wait, read, plan, lock, apply; and back to the wait when the connection breaks.
 */
#ifndef PGUSHER_WORK_JOB_H
#define PGUSHER_WORK_JOB_H

#include <stdbool.h>

#include "plan/planner.h"
#include "plan/shelf.h"
#include "work/reading.h"
#include "work/run.h"

struct job;

enum job_kind {
    JOB_UP,     /* wait, and apply what is pending */
    JOB_WAIT,   /* wait up to settings->until */
    JOB_STATUS, /* wait for a login and compare the folder with the ledger */
    JOB_PLAN,   /* the same, and read the pending files */
};

/*
 * shelf is discovered already, or NULL where the job needs none. on_over is called once, never from within job_start(); the run's
 * outcome then says how it went. NULL on failure.
 */
struct job *job_start(struct run *run, enum job_kind kind, struct shelf *shelf, void (*on_over)(void *owner), void *owner,
                      struct fault *fault);

/*
 * A signal came: stops waiting, or stops the queue, cancels what runs and rolls back. The job is over within two seconds; a second
 * call ends it at once.
 */
void job_stop(struct job *job, int signal_number);

/* Closes everything. Accepts NULL. */
void job_free(struct job *job);

/* After a job that read the ledger: what follows from it. They live as long as the job. */
const struct plan *job_plan(const struct job *job);
const struct ledger *job_ledger(const struct job *job);

#endif
