/*
 * The road of one target, from state to state. Each state is one conversation of this floor; this file knows what comes after
 * which, and nothing of how a conversation is held.
 */
#include "work/job.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "job_inside.h"

enum { MOST_LOSSES = 3, STOP_WITHIN_MS = 1800 };

static void start_wait(struct job *job, enum rung until);
static void start_lock(struct job *job);

static void finish(struct job *job, const struct fault *fault)
{
    if (job->state == JOB_OVER)
        return;
    job->state = JOB_OVER;
    if (fault != NULL)
        job->run->outcome.fault = *fault;
    timer_stop(job->stopping);
    timer_stop(job->backoff);
    timer_start(job->ending, 0);
}

static void on_ending(void *owner)
{
    struct job *job = owner;
    session_free(job->session);
    job->session = NULL;
    job->on_over(job->owner);
}

/* Whether a reading shows every file of the folder in the ledger. */
static bool is_migrated(void *owner, struct reading *reading, struct fault *fault)
{
    struct job *job = owner;
    struct plan plan;
    struct arena arena;
    arena_init(&arena);
    bool made = plan_make(&plan, &arena, job->shelf, &reading->ledger, fault);
    bool migrated = made && plan.pending == 0;
    arena_finish(&arena);
    return migrated;
}

/* --- applying --------------------------------------------------------------------------------------------------------- */

static void close_session(struct job *job)
{
    session_free(job->session);
    job->session = NULL;
}

/* The connection broke: wait for the server again, with a fresh set of attempts, and look at what was done. */
static void begin_again(struct job *job, const char *migration, const struct fault *fault)
{
    const char *name = migration != NULL ? migration : "";
    journal_note(job->run->journal, EVENT_CONNECTION_LOST, job->run->target,
                 FIELDS(TEXT(MESSAGE, fault->what), TEXT(MIGRATION, migration)), "the connection was lost: %s", fault->what);
    close_session(job);
    job->losses = strcmp(job->lost_in, name) == 0 ? job->losses + 1 : 1;
    text_cut(job->lost_in, sizeof job->lost_in, name);
    if (migration != NULL && job->losses >= MOST_LOSSES) {
        struct fault lost;
        fault_set(&lost, FAULT_MIGRATION, "the connection was lost %d times in a row during %s", job->losses, name);
        fault_detail(&lost, "%s", fault->what);
        fault_hint(&lost, "The migration may be what brings the server down: look at the server's log.");
        finish(job, &lost);
        return;
    }
    start_wait(job, RUNG_LOGIN);
}

/* Twice as long each time, and a part of it left to chance, so that two that block each other do not meet again. */
static int64_t backoff_ms(const struct job *job)
{
    enum { FIRST_MS = 100, LONGEST_MS = 5000, MOST_DOUBLINGS = 6 };
    int64_t tried = job->run->settings->lock_retries - job->tries_left;
    int64_t longest = (int64_t) FIRST_MS << (tried < MOST_DOUBLINGS ? tried : MOST_DOUBLINGS);
    if (longest > LONGEST_MS)
        longest = LONGEST_MS;
    return longest / 2 + random() % (longest / 2 + 1);
}

/* The migration was rolled back whole; the lock is still ours. */
static void try_again(struct job *job, const struct fault *fault)
{
    const struct settings *settings = job->run->settings;
    bool is_first = strcmp(job->blocked_in, fault->source) != 0;
    text_cut(job->blocked_in, sizeof job->blocked_in, fault->source);
    job->tries_left = (is_first ? settings->lock_retries : job->tries_left) - 1;
    int64_t delay_ms = backoff_ms(job);
    journal_note(job->run->journal, EVENT_MIGRATION_RETRIED, job->run->target,
                 FIELDS(TEXT(MIGRATION, fault->source), TEXT(SQLSTATE, fault->sqlstate), TEXT(MESSAGE, fault->what),
                        NUMBER(ATTEMPT, settings->lock_retries - job->tries_left), NUMBER(ATTEMPTS, settings->lock_retries),
                        NUMBER(WAITED_MS, delay_ms)),
                 "%s was rolled back (%s) and is tried again", fault->source, fault->what);
    job->state = JOB_BACKING_OFF;
    timer_start(job->backoff, delay_ms);
}

static void on_backed_off(void *owner)
{
    start_lock(owner);
}

/* Its row is in the ledger now, so the next reading has it as applied; or something else is unique there. */
static void go_on_after_race(struct job *job, const char *migration)
{
    job->races = strcmp(job->raced_in, migration) == 0 ? job->races + 1 : 1;
    text_cut(job->raced_in, sizeof job->raced_in, migration);
    if (job->races < MOST_LOSSES) {
        start_lock(job);
        return;
    }
    struct fault fault;
    fault_set(&fault, FAULT_MIGRATION, "the row of %s cannot be added to the ledger: it is a duplicate, but it is not there",
              migration);
    fault_hint(&fault, "The ledger must have no unique constraint but its primary key on migration_name.");
    finish(job, &fault);
}

static void on_applied(void *owner, enum apply_end end)
{
    struct job *job = owner;
    struct apply *apply = job->apply;
    struct fault fault = *apply_fault(apply);
    char migration[256];
    const char *current = apply_current(apply);
    text_cut(migration, sizeof migration, current != NULL ? current : "");
    job->apply = NULL;
    apply_free(apply);
    switch (end) {
    case APPLY_DONE:
        finish(job, NULL);
        break;
    case APPLY_STOPPED:
        finish(job, &job->run->outcome.fault);
        break;
    case APPLY_FAILED:
        finish(job, &fault);
        break;
    case APPLY_BLOCKED:
        try_again(job, &fault);
        break;
    case APPLY_RACED:
        go_on_after_race(job, migration);
        break;
    case APPLY_LOST:
        begin_again(job, current != NULL ? migration : NULL, &fault);
        break;
    }
}

/* What runs outside a transaction needs the lock for longer than a transaction, and so a session of its own. */
static bool check_units(const struct job *job, struct fault *fault)
{
    for (size_t i = 0; i < job->plan.count && !job->has_lock; i++) {
        const struct step *step = &job->plan.steps[i];
        if (step->state != STEP_PENDING || step->script.mode != SCRIPT_STATEMENTS)
            continue;
        fault_set(fault, FAULT_CONFIG, "%s cannot run through a pooler that changes the server connection", step->name);
        fault_detail(fault, "It runs outside a transaction: %s.", step->script.mode_reason);
        fault_hint(fault,
                   "Connect to the server itself; or, if the pooler is in session mode, say so with --pooler=session.");
        return false;
    }
    return true;
}

static void start_apply(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!job_make_plan(job, &fault) || !job_read_pending(job, &fault) || !check_units(job, &fault)) {
        finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    job->state = JOB_APPLYING;
    job->apply = apply_start(job->run, job->session, &job->plan, &job->reading, job->key, job->has_lock,
                             &(struct apply_tries){ job->blocked_in, job->tries_left }, on_applied, job, &fault);
    if (job->apply == NULL)
        finish(job, &fault);
}

/* --- locking ---------------------------------------------------------------------------------------------------------- */

static void end_without_work(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!job_make_plan(job, &fault)) {
        finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    finish(job, NULL);
}

static void on_locked(void *owner, enum lock_end end)
{
    struct job *job = owner;
    struct lock *lock = job->lock;
    struct fault fault = *lock_fault(lock);
    job->lock = NULL;
    job->has_plan = false; /* it points into the reading that is replaced now */
    lock_take_reading(lock, &job->reading);
    lock_free(lock);
    if (end == LOCK_OURS)
        start_apply(job);
    else if (end == LOCK_NOT_NEEDED)
        end_without_work(job);
    else if (fault.class == FAULT_LOST)
        begin_again(job, NULL, &fault);
    else
        finish(job, &fault);
}

/* A pooler gives itself away by a backend that is not the one of the login; in which mode it runs cannot be seen. */
static bool is_pooled(const struct job *job)
{
    return job->run->settings->pooler == POOLER_AUTO && session_backend_pid(job->session) != job->reading.server.pid;
}

static void note_pooler(struct job *job)
{
    if (!job->told_of_pooler)
        journal_note(job->run->journal, EVENT_POOLER_SEEN, job->run->target,
                     FIELDS(TEXT(REASON, "the server process is not the one of the login")),
                     "there is a pooler in between: no session lock is used, runners meet at the ledger's rows");
    job->told_of_pooler = true;
}

static void start_lock(struct job *job)
{
    struct fault fault;
    job->state = JOB_LOCKING;
    job->has_lock = !is_pooled(job);
    if (!job->has_lock)
        note_pooler(job);
    if (lock_key(&job->key, &job->reading.ledger, &fault))
        job->lock =
            lock_start(job->run, job->session, job->has_lock ? &job->key : NULL, is_migrated, on_locked, job, &fault);
    if (job->lock == NULL)
        finish(job, &fault);
}

/* --- waiting ---------------------------------------------------------------------------------------------------------- */

/* The first reading decides: nothing pending means no lock, no DDL, no write. */
static void decide_up(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    const struct server_state *server = &job->reading.server;
    if (!job_make_plan(job, &fault)) {
        finish(job, &fault);
    } else if (job->plan.pending == 0) {
        job_note_planned(job, since_us);
        finish(job, NULL);
    } else if (!job_read_pending(job, &fault)) { /* what must be refused is refused before anything runs */
        finish(job, &fault);
    } else if (server->in_recovery || server->read_only) {
        close_session(job);
        start_wait(job, RUNG_WRITABLE);
    } else {
        start_lock(job);
    }
}

static void decide_status(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!job_make_plan(job, &fault) || (job->kind == JOB_PLAN && !job_read_pending(job, &fault))) {
        finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    finish(job, NULL);
}

static void on_waited(void *owner, enum wait_end end)
{
    struct job *job = owner;
    struct wait *wait = job->wait;
    struct fault fault = *wait_fault(wait);
    job->wait = NULL;
    if (end == WAIT_READY) {
        job->session = wait_take_session(wait);
        wait_take_reading(wait, &job->reading);
    }
    wait_free(wait);
    if (end == WAIT_FAILED)
        finish(job, &fault);
    else if (job->kind == JOB_UP)
        decide_up(job);
    else if (job->kind == JOB_WAIT)
        finish(job, NULL);
    else
        decide_status(job);
}

static void start_wait(struct job *job, enum rung until)
{
    struct fault fault;
    bool for_migrations = until == RUNG_MIGRATED;
    struct wait_goal goal = {
        .until = until,
        .with_ledger = job->kind != JOB_WAIT || for_migrations,
        .is_met = for_migrations ? is_migrated : NULL,
    };
    job->state = JOB_WAITING;
    job->wait = wait_start(job->run, &goal, on_waited, job, &fault);
    if (job->wait == NULL)
        finish(job, &fault);
}

/* --- signals ---------------------------------------------------------------------------------------------------------- */

static void end_conversations(struct job *job)
{
    wait_free(job->wait);
    lock_free(job->lock);
    apply_free(job->apply);
    job->wait = NULL;
    job->lock = NULL;
    job->apply = NULL;
    close_session(job);
}

/* The server does not answer the cancel: closing the connection is all that is left. */
static void on_stop_unanswered(void *owner)
{
    struct job *job = owner;
    end_conversations(job);
    finish(job, &job->run->outcome.fault);
}

void job_stop(struct job *job, int signal_number)
{
    if (job->state == JOB_OVER)
        return;
    bool is_second = job->state == JOB_STOPPING;
    fault_set(&job->run->outcome.fault, FAULT_SIGNAL, "stopped by %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    job->run->outcome.fault.signal_number = signal_number;
    journal_note(job->run->journal, EVENT_STOPPING, job->run->target,
                 FIELDS(TEXT(SIGNAL, signal_number == SIGINT ? "SIGINT" : "SIGTERM")), "%s: stopping",
                 signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    if (job->state == JOB_APPLYING && !is_second) {
        job->state = JOB_STOPPING;
        timer_start(job->stopping, STOP_WITHIN_MS);
        apply_stop(job->apply);
    } else {
        on_stop_unanswered(job);
    }
}

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

struct job *job_start(struct run *run, enum job_kind kind, struct shelf *shelf, void (*on_over)(void *owner), void *owner,
                      struct fault *fault)
{
    struct job *job = memory_alloc(sizeof *job);
    if (job == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *job = (struct job){ .run = run, .kind = kind, .shelf = shelf, .on_over = on_over, .owner = owner };
    arena_init(&job->arena);
    job->ending = timer_new(run->loop, on_ending, job, fault);
    job->stopping = job->ending == NULL ? NULL : timer_new(run->loop, on_stop_unanswered, job, fault);
    job->backoff = job->stopping == NULL ? NULL : timer_new(run->loop, on_backed_off, job, fault);
    if (job->backoff == NULL) {
        job_free(job);
        return NULL;
    }
    start_wait(job, kind == JOB_WAIT ? run->settings->until : RUNG_LOGIN);
    return job;
}

void job_free(struct job *job)
{
    if (job == NULL)
        return;
    end_conversations(job);
    timer_free(job->ending);
    timer_free(job->stopping);
    timer_free(job->backoff);
    reading_finish(&job->reading);
    arena_finish(&job->arena);
    memory_free(job);
}

const struct plan *job_plan(const struct job *job)
{
    return job->has_plan ? &job->plan : NULL;
}

const struct ledger *job_ledger(const struct job *job)
{
    return &job->reading.ledger;
}
