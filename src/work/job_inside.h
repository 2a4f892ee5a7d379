/*
 * A job from the inside: job.c walks from state to state, job_plan.c makes the plan and tells what is in it.
 */
#ifndef PGUSHER_WORK_JOB_INSIDE_H
#define PGUSHER_WORK_JOB_INSIDE_H

#include "work/apply.h"
#include "work/job.h"
#include "work/lock.h"
#include "work/wait.h"

/*
 *     WAITING    a wait runs; no session is ours
 *     LOCKING    the session is ours, a lock is being asked for
 *     APPLYING   the lock is ours, migrations run
 *     BACKING_OFF  a migration was blocked and rolled back; the backoff timer rings for its next try
 *     STOPPING   a signal came while APPLYING; the server has not confirmed yet
 *     OVER       nothing runs; the outcome is final
 */
enum job_state { JOB_WAITING, JOB_LOCKING, JOB_APPLYING, JOB_BACKING_OFF, JOB_STOPPING, JOB_OVER };

struct job {
    struct run *run;
    enum job_kind kind;
    struct shelf *shelf;
    void (*on_over)(void *owner);
    void *owner;
    enum job_state state;
    struct arena arena;
    struct timer *ending; /* rings at once: on_over is never called from under a conversation's callback */
    struct timer *stopping;
    struct wait *wait;
    struct session *session;
    struct lock *lock;
    struct apply *apply;
    int64_t key;
    bool has_lock; /* behind a pooler there is none */
    bool told_of_pooler;
    char raced_in[256]; /* the migration that another runner recorded first */
    int races;          /* in a row, in that migration */
    struct reading reading;
    struct plan plan;
    bool has_plan;
    struct script *scripts; /* of pending files that were read once, by their place on the shelf */
    bool warned_of_history;
    char lost_in[256];    /* the migration during which the connection was lost */
    char blocked_in[256]; /* the migration that waits for another try */
    int64_t tries_left;
    struct timer *backoff;
    int losses; /* in a row, in that migration */
};

/* Makes the plan out of the last reading. False with FAULT_HISTORY under --strict, or what the planner says. */
bool job_make_plan(struct job *job, struct fault *fault);

/* Reads and splits the pending files of the plan, each of them once in a job. */
bool job_read_pending(struct job *job, struct fault *fault);

/* Tells what was planned, and what is remarkable in the files; since_us is when the planning began. */
void job_note_planned(struct job *job, int64_t since_us);

#endif
