/*
 * A job from the inside: job.c walks from state to state, job_plan.c makes the plan and tells what is in it, job_again.c says how
 * often something is begun again, job_doubt.c which migrations may be applied without our knowledge, and job_stop.c what a signal does.
 */
#ifndef PGUSHER_WORK_JOB_INSIDE_H
#define PGUSHER_WORK_JOB_INSIDE_H

#include "work/ahead.h"
#include "work/apply.h"
#include "work/job.h"
#include "work/lock.h"
#include "work/wait.h"

/*
 *     WAITING    a wait runs; no session is ours
 *     LOCKING    the session is ours, a lock is being asked for
 *     APPLYING   the lock is ours, migrations run
 *     BACKING_OFF  a migration was blocked and rolled back; the rest timer rings for its next try
 *     RESTING    the connection broke again; no session is ours; the rest timer rings for the next wait
 *     STOPPING   a signal came while APPLYING; the server has not confirmed yet
 *     OVER       nothing runs; the outcome is final
 */
enum job_state { JOB_WAITING, JOB_LOCKING, JOB_APPLYING, JOB_BACKING_OFF, JOB_RESTING, JOB_STOPPING, JOB_OVER };

struct job {
    struct run *run;
    enum job_kind kind;
    struct shelf *shelf;
    void (*on_over)(void *owner);
    void *owner;
    enum job_state state;
    struct arena arena;
    struct timer *ending;   /* rings at once: on_over is never called from under a conversation's callback */
    struct timer *stopping; /* STOPPING: looks whether the server may still be waited for */
    int64_t stopped_us;     /* when the signal came */
    struct ahead *ahead;
    struct wait *wait;
    struct session *session;
    struct lock *lock;
    struct apply *apply;
    int64_t key;
    bool has_lock; /* behind a pooler there is none */
    bool told_of_pooler;
    bool notifies_nobody; /* a migration failed because it notified */
    char raced_in[256];   /* the migration that another runner recorded first */
    int races;            /* in a row, in that migration */
    struct reading reading;
    struct plan plan;
    bool has_plan;
    struct script *scripts; /* of pending files that were read once, by their place on the shelf */
    bool *in_doubt;         /* by the same place: a COMMIT was sent and not answered */
    bool warned_of_history;
    struct timer *rest;
    char blocked_in[256]; /* the migration that waits for another try */
    int64_t tries_left;
    char lost_in[256]; /* the migration during which the connection was lost last */
    int losses;        /* in a row, in that migration */
    struct fault last_loss;
    int64_t tried_us; /* for how long the migration under way had been, when the last apply ended */
    int64_t session_since_us;
    size_t applied_before; /* the session began */
    int64_t short_lives;   /* of sessions in a row: broken within an interval, and nothing was applied */
};

/* It is over; with no fault it went well, or as the outcome says already. Only the first end counts. */
void job_finish(struct job *job, const struct fault *fault);

/* Ends whatever conversation is held, and the session with it. */
void job_end_conversations(struct job *job);

/* The timer of the state STOPPING rings. */
void job_on_stopping(void *owner);

/* Makes the plan out of the last reading. False with FAULT_HISTORY under --strict, or what the planner says. */
bool job_make_plan(struct job *job, struct fault *fault);

/* Reads and splits the pending files of the plan, each of them once in a job. */
bool job_read_pending(struct job *job, struct fault *fault);

/* A session has become the job's. */
void job_count_session(struct job *job);

/*
 * The session broke, in a migration or (NULL) outside of any, or with FAULT_NOT_READY was of no use. False with FAULT_MIGRATION when
 * that migration lost it too often in a row and cannot have been committed, which is told then, or with FAULT_NOT_READY when no session lasts.
 */
bool job_may_go_on(struct job *job, const char *migration, const struct fault *loss, struct fault *fault);

/*
 * A plan was made under the lock. False with FAULT_MIGRATION, which is told then: the migration that lost the session too often in a row is
 * still pending, so what was in doubt of it was not committed.
 */
bool job_may_try(const struct job *job, struct fault *fault);

/* How long to rest before the next wait; --timeout bounds that too. */
int64_t job_rest_ms(const struct job *job);

/* The migration was blocked and rolled back: counts the try, and answers how long to rest before the next one. */
int64_t job_count_try(struct job *job, const char *migration);

/* The migration's row was a duplicate. False with FAULT_MIGRATION, which is told then, when it is one for ever. */
bool job_may_race_on(struct job *job, const char *migration, struct fault *fault);

/* The connection of the apply broke: keeps in mind what it may have committed. */
void job_keep_doubt(struct job *job);

/* Whether that migration may have been committed. */
bool job_doubts(const struct job *job, const char *migration);

/* The plan is made anew: tells of what was committed after all. */
void job_settle_doubt(struct job *job);

/* Tells what was planned, and what is remarkable in the files; since_us is when the planning began. */
void job_note_planned(struct job *job, int64_t since_us);

#endif
