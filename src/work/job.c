/*
 * The road of one target, from state to state. Each state is one conversation of this floor; this file knows what comes after
 * which, and nothing of how a conversation is held.
 */
#include "work/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "job_inside.h"

static void start_wait(struct job *job, enum rung until);
static void start_lock(struct job *job);

void job_finish(struct job *job, const struct fault *fault)
{
    if (job->state == JOB_OVER)
        return;
    job->state = JOB_OVER;
    if (fault != NULL)
        job->run->outcome.fault = *fault;
    timer_stop(job->stopping);
    timer_stop(job->rest);
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
    return plan_is_complete(job->shelf, &reading->ledger, fault);
}

/* --- applying --------------------------------------------------------------------------------------------------------- */

static void close_session(struct job *job)
{
    session_free(job->session);
    job->session = NULL;
}

void job_end_conversations(struct job *job)
{
    wait_free(job->wait);
    lock_free(job->lock);
    apply_free(job->apply);
    job->wait = NULL;
    job->lock = NULL;
    job->apply = NULL;
    close_session(job);
}

static void on_rested(void *owner)
{
    struct job *job = owner;
    if (job->state == JOB_RESTING)
        start_wait(job, RUNG_WRITABLE);
    else
        start_lock(job);
}

/* Something was pending, so it is a primary that is waited for: a standby cannot say whether the last COMMIT survived. */
static void wait_again(struct job *job, enum phase rests_in)
{
    int64_t rest_ms = job_rest_ms(job);
    if (rest_ms == 0) {
        start_wait(job, RUNG_WRITABLE);
        return;
    }
    job->run->waited_ms += rest_ms;
    job->run->outcome.phase_us[rests_in] += rest_ms * 1000;
    job->state = JOB_RESTING;
    timer_start(job->rest, rest_ms);
}

/* The connection broke: wait for the server again, with a fresh set of attempts, and look at what was done. */
static void begin_again(struct job *job, const char *migration, enum phase rests_in, const struct fault *loss)
{
    struct fault fault;
    journal_note(job->run->journal, EVENT_CONNECTION_LOST, job->run->target,
                 FIELDS(TEXT(SQLSTATE, loss->sqlstate), TEXT(MESSAGE, loss->what), TEXT(MIGRATION, migration)),
                 "the connection was lost: %s", loss->what);
    close_session(job);
    if (job_may_go_on(job, migration, loss, &fault))
        wait_again(job, rests_in);
    else
        job_finish(job, &fault);
}

/* The server is there, but a look at the ledger failed as it may at any time: the wait goes on as if it had failed in it. */
static void look_again(struct job *job, const struct fault *failure)
{
    struct fault fault;
    journal_note(job->run->journal, EVENT_READING_FAILED, job->run->target,
                 FIELDS(TEXT(SQLSTATE, failure->sqlstate), TEXT(MESSAGE, failure->what)), "the ledger could not be read: %s",
                 failure->what);
    close_session(job);
    if (job_may_go_on(job, NULL, failure, &fault))
        wait_again(job, PHASE_LOCK);
    else
        job_finish(job, &fault);
}

/* The server takes no writes any more: it was demoted, or somebody made it read-only. Another one may take them. */
static void look_for_primary(struct job *job, bool in_recovery, const char *migration)
{
    struct fault fault;
    struct fault loss;
    const char *role = in_recovery ? "standby" : "read-only";
    journal_note(job->run->journal, EVENT_SERVER_READ_ONLY, job->run->target,
                 FIELDS(TEXT(ROLE, role), TEXT(MIGRATION, migration)),
                 "the server is %s now: waiting for one that takes writes", in_recovery ? "a standby" : "read-only");
    close_session(job);
    fault_set(&loss, FAULT_LOST, "the server is %s", role);
    if (job_may_go_on(job, NULL, &loss, &fault))
        wait_again(job, PHASE_WAIT);
    else
        job_finish(job, &fault);
}

/* The migration was rolled back whole; the lock is still ours. */
static void try_again(struct job *job, const struct fault *fault)
{
    const int64_t most = job->run->settings->lock_retries;
    int64_t delay_ms = job_count_try(job, fault->source);
    journal_note(job->run->journal, EVENT_MIGRATION_RETRIED, job->run->target,
                 FIELDS(TEXT(MIGRATION, fault->source), TEXT(SQLSTATE, fault->sqlstate), TEXT(MESSAGE, fault->what),
                        NUMBER(ATTEMPT, most - job->tries_left), NUMBER(ATTEMPTS, most), NUMBER(WAITED_MS, delay_ms)),
                 "%s was rolled back (%s) and is tried again", fault->source, fault->what);
    job->state = JOB_BACKING_OFF;
    timer_start(job->rest, delay_ms);
}

/* It was rolled back whole, and would not have been but for a courtesy; nobody is notified from now on. */
static void try_untold(struct job *job, const struct fault *fault)
{
    job->notifies_nobody = true;
    journal_note(job->run->journal, EVENT_MIGRATION_RETRIED, job->run->target,
                 FIELDS(TEXT(MIGRATION, fault->source), TEXT(SQLSTATE, fault->sqlstate), TEXT(MESSAGE, fault->what),
                        NUMBER(ATTEMPT, 1), NUMBER(ATTEMPTS, 1), NUMBER(WAITED_MS, 0)),
                 "%s was rolled back (%s) and is tried again, without a notification", fault->source, fault->what);
    start_lock(job);
}

/* Its row is in the ledger now, so the next reading has it as applied; or something else is unique there. */
static void go_on_after_race(struct job *job, const char *migration)
{
    struct fault fault;
    if (job_may_race_on(job, migration, &fault))
        start_lock(job);
    else
        job_finish(job, &fault);
}

static void on_applied(void *owner, enum apply_end end)
{
    struct job *job = owner;
    struct apply *apply = job->apply;
    struct fault fault = *apply_fault(apply);
    char migration[256];
    bool in_recovery = apply_in_recovery(apply);
    const char *current = apply_current(apply);
    text_cut(migration, sizeof migration, current != NULL ? current : "");
    job->tried_us = apply_current_us(apply);
    if (end == APPLY_LOST)
        job_keep_doubt(job);
    job->apply = NULL;
    apply_free(apply);
    switch (end) {
    case APPLY_DONE:
        job_finish(job, NULL);
        break;
    case APPLY_STOPPED:
        job_finish(job, &job->run->outcome.fault);
        break;
    case APPLY_FAILED:
        job_finish(job, &fault);
        break;
    case APPLY_BLOCKED:
        try_again(job, &fault);
        break;
    case APPLY_UNTOLD:
        try_untold(job, &fault);
        break;
    case APPLY_READ_ONLY:
        look_for_primary(job, in_recovery, migration);
        break;
    case APPLY_RACED:
        go_on_after_race(job, migration);
        break;
    case APPLY_LOST:
        begin_again(job, current != NULL ? migration : NULL, PHASE_WAIT, &fault);
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
        job_finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    if (!job_may_try(job, &fault)) {
        job_finish(job, &fault);
        return;
    }
    job->state = JOB_APPLYING;
    job->reading.server.may_notify &= !job->notifies_nobody;
    job->apply = apply_start(job->run, job->session, &job->plan, &job->reading, job->key, job->has_lock,
                             &(struct apply_tries){ job->blocked_in, job->tries_left }, on_applied, job, &fault);
    if (job->apply == NULL)
        job_finish(job, &fault);
}

/* --- locking ---------------------------------------------------------------------------------------------------------- */

static void end_without_work(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!job_make_plan(job, &fault)) {
        job_finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    job_finish(job, NULL);
}

/* The session may be in the middle of a question of the lock's. */
static void end_locked(struct job *job, const struct fault *fault)
{
    close_session(job);
    job_finish(job, fault);
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
    const struct server_state *server = &job->reading.server;
    if (end == LOCK_OURS && (server->in_recovery || server->read_only))
        look_for_primary(job, server->in_recovery, NULL);
    else if (end == LOCK_OURS)
        start_apply(job);
    else if (end == LOCK_NOT_NEEDED)
        end_without_work(job);
    else if (fault.class == FAULT_LOST)
        begin_again(job, NULL, PHASE_LOCK, &fault);
    else if (fault.class == FAULT_NOT_READY)
        look_again(job, &fault);
    else
        end_locked(job, &fault);
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
        job_finish(job, &fault);
}

/* --- waiting ---------------------------------------------------------------------------------------------------------- */

/* The first reading decides: nothing pending means no lock, no DDL, no write. */
static void decide_up(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    const struct server_state *server = &job->reading.server;
    if (!job_make_plan(job, &fault)) {
        job_finish(job, &fault);
    } else if (job->plan.pending == 0) {
        job_note_planned(job, since_us);
        job_finish(job, NULL);
    } else if (!job_read_pending(job, &fault)) { /* what must be refused is refused before anything runs */
        job_finish(job, &fault);
    } else if (server->in_recovery || server->read_only) {
        close_session(job);
        start_wait(job, RUNG_WRITABLE);
    } else {
        start_lock(job);
    }
}

/* A plan refuses what would be refused for its text or for its history. */
static bool look_ahead(struct job *job, struct fault *fault)
{
    return job_read_pending(job, fault) && plan_check_progress(&job->plan, &job->reading.ledger, fault);
}

static void decide_status(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!job_make_plan(job, &fault) || (job->kind == JOB_PLAN && !look_ahead(job, &fault))) {
        job_finish(job, &fault);
        return;
    }
    job_note_planned(job, since_us);
    job_finish(job, NULL);
}

static void on_waited(void *owner, enum wait_end end)
{
    struct job *job = owner;
    struct wait *wait = job->wait;
    struct fault fault = *wait_fault(wait);
    job->wait = NULL;
    ahead_free(job->ahead);
    job->ahead = NULL;
    if (end == WAIT_READY) {
        job->session = wait_take_session(wait);
        job_count_session(job);
        wait_take_reading(wait, &job->reading);
    }
    wait_free(wait);
    if (end == WAIT_FAILED)
        job_finish(job, &fault);
    else if (job->kind == JOB_UP)
        decide_up(job);
    else if (job->kind == JOB_WAIT)
        job_finish(job, NULL);
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
        job_finish(job, &fault);
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
    job->stopping = job->ending == NULL ? NULL : timer_new(run->loop, job_on_stopping, job, fault);
    job->rest = job->stopping == NULL ? NULL : timer_new(run->loop, on_rested, job, fault);
    if (job->rest != NULL && shelf != NULL)
        job->ahead = ahead_start(run->loop, shelf, fault);
    if (job->rest == NULL || (shelf != NULL && job->ahead == NULL)) {
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
    job_end_conversations(job);
    ahead_free(job->ahead);
    timer_free(job->ending);
    timer_free(job->stopping);
    timer_free(job->rest);
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
