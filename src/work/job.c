/*
 * The road of one target, from state to state. Each state is one conversation of this floor; this file knows what comes after
 * which, and nothing of how a conversation is held.
 *
 *     WAITING    a wait runs; no session is ours
 *     LOCKING    the session is ours, a lock is being asked for
 *     APPLYING   the lock is ours, migrations run
 *     STOPPING   a signal came while APPLYING; the server has not confirmed yet
 *     OVER       nothing runs; the outcome is final
 */
#include "work/job.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "work/apply.h"
#include "work/lock.h"
#include "work/wait.h"

enum { MOST_LOSSES = 3, STOP_WITHIN_MS = 1800 };

enum job_state { JOB_WAITING, JOB_LOCKING, JOB_APPLYING, JOB_STOPPING, JOB_OVER };

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
    struct reading reading;
    struct plan plan;
    bool has_plan;
    struct script *scripts; /* of pending files that were read once, by their place on the shelf */
    bool warned_of_history;
    char lost_in[256]; /* the migration during which the connection was lost */
    int losses;        /* in a row, in that migration */
};

static void start_wait(struct job *job, enum rung until);

static void finish(struct job *job, const struct fault *fault)
{
    if (job->state == JOB_OVER)
        return;
    job->state = JOB_OVER;
    if (fault != NULL)
        job->run->outcome.fault = *fault;
    timer_stop(job->stopping);
    timer_start(job->ending, 0);
}

static void on_ending(void *owner)
{
    struct job *job = owner;
    session_free(job->session);
    job->session = NULL;
    job->on_over(job->owner);
}

/* --- the plan --------------------------------------------------------------------------------------------------------- */

/* A file that was read and understood once is not read again when the ledger is. */
static void reuse_scripts(struct job *job)
{
    for (size_t i = 0; i < job->plan.count; i++) {
        struct step *step = &job->plan.steps[i];
        if (step->state == STEP_PENDING && step->migration->source.bytes != NULL)
            step->script = job->scripts[step->migration - job->shelf->migrations];
    }
}

static void keep_scripts(struct job *job)
{
    for (size_t i = 0; i < job->plan.count; i++) {
        const struct step *step = &job->plan.steps[i];
        if (step->state == STEP_PENDING)
            job->scripts[step->migration - job->shelf->migrations] = step->script;
    }
}

static bool read_pending(struct job *job, struct fault *fault)
{
    if (job->scripts == NULL)
        job->scripts = arena_array(&job->arena, job->shelf->count + 1, sizeof *job->scripts);
    if (job->scripts == NULL)
        return fault_out_of_memory(fault);
    reuse_scripts(job);
    if (!plan_read_pending(&job->plan, &job->arena, fault))
        return false;
    keep_scripts(job);
    return true;
}

static void note_history(const struct job *job, const struct step *step)
{
    bool changed = step->state == STEP_CHANGED;
    journal_note(job->run->journal, changed ? EVENT_HISTORY_CHANGED : EVENT_HISTORY_MISSING, job->run->target,
                 FIELDS(TEXT(MIGRATION, step->name)),
                 changed ? "%s has changed since it was applied" : "%s was applied, but there is no such file", step->name);
}

static void warn_of_history(struct job *job)
{
    for (size_t i = 0; i < job->plan.count && !job->warned_of_history; i++)
        if (job->plan.steps[i].state == STEP_CHANGED || job->plan.steps[i].state == STEP_MISSING)
            note_history(job, &job->plan.steps[i]);
    job->warned_of_history = true;
}

static void note_step(const struct job *job, const struct step *step)
{
    const struct journal *journal = job->run->journal;
    const struct script *script = &step->script;
    if (script->statement_count == 0)
        journal_note(journal, EVENT_MIGRATION_EMPTY, job->run->target, FIELDS(TEXT(MIGRATION, step->name)),
                     "%s holds no statement: it will only be recorded", step->name);
    if (script->mode == SCRIPT_STATEMENTS)
        journal_note(journal, EVENT_OUTSIDE_TRANSACTION, job->run->target,
                     FIELDS(TEXT(MIGRATION, step->name), TEXT(REASON, script->mode_reason)),
                     "%s will run statement by statement: %s", step->name, script->mode_reason);
    for (size_t i = 0; i < script->remark_count; i++) {
        const struct remark *remark = &script->remarks[i];
        struct position position = source_position(script->source, remark->offset_bytes);
        if (remark->kind == REMARK_COMMAND_IGNORED)
            journal_note(journal, EVENT_PSQL_COMMAND_IGNORED, job->run->target,
                         FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line), TEXT(MESSAGE, remark->text)),
                         "%s:%zu: %s", step->name, position.line, remark->text);
        else if (remark->kind == REMARK_TRANSACTION_ABSORBED)
            journal_note(journal, EVENT_TRANSACTION_ABSORBED, job->run->target,
                         FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line), TEXT(REASON, remark->text)),
                         "%s: %s", step->name, remark->text);
    }
}

static void note_planned(struct job *job, int64_t since_us)
{
    const struct plan *plan = &job->plan;
    int64_t duration_us = clock_monotonic_us() - since_us;
    job->run->outcome.phase_us[PHASE_PLAN] += duration_us;
    warn_of_history(job);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].state == STEP_PENDING && plan->steps[i].script.source != NULL)
            note_step(job, &plan->steps[i]);
    journal_note(job->run->journal, EVENT_PLANNED, job->run->target,
                 FIELDS(TEXT(LEDGER, job->reading.ledger.name), NUMBER(APPLIED, plan->applied),
                        NUMBER(PENDING, plan->pending), NUMBER(CHANGED, plan->changed), NUMBER(MISSING, plan->missing),
                        NUMBER(DURATION_US, duration_us)),
                 plan->pending == 0 ? "nothing to do: all %zu migrations are applied" : "%zu pending, %zu applied",
                 plan->pending == 0 ? plan->applied : plan->pending, plan->applied);
}

static bool refuse_conflict(const struct plan *plan, struct fault *fault)
{
    const struct step *first = plan->steps;
    while (first->state != STEP_CHANGED && first->state != STEP_MISSING)
        first++;
    fault_set(fault, FAULT_HISTORY, "%s: %s", first->name, first->reason);
    fault_detail(fault, "%zu changed, %zu missing; with --strict nothing is run then.", plan->changed, plan->missing);
    fault_hint(fault, "Put the file back as it was and write the change as a new migration.");
    return false;
}

static bool make_plan(struct job *job, struct fault *fault)
{
    job->has_plan = plan_make(&job->plan, &job->arena, job->shelf, &job->reading.ledger, fault);
    if (!job->has_plan)
        return false;
    if (job->run->settings->strict && job->plan.changed + job->plan.missing > 0) {
        warn_of_history(job);
        return refuse_conflict(&job->plan, fault);
    }
    return true;
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
    case APPLY_RACED:
        fault_set(&fault, FAULT_LOST, "another runner, one that takes no lock, has recorded the same migration");
        begin_again(job, migration, &fault);
        break;
    case APPLY_LOST:
        begin_again(job, current != NULL ? migration : NULL, &fault);
        break;
    }
}

static void start_apply(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!make_plan(job, &fault) || !read_pending(job, &fault)) {
        finish(job, &fault);
        return;
    }
    note_planned(job, since_us);
    job->state = JOB_APPLYING;
    job->apply = apply_start(job->run, job->session, &job->plan, &job->reading, &job->key, on_applied, job, &fault);
    if (job->apply == NULL)
        finish(job, &fault);
}

/* --- locking ---------------------------------------------------------------------------------------------------------- */

static void end_without_work(struct job *job)
{
    struct fault fault;
    int64_t since_us = clock_monotonic_us();
    if (!make_plan(job, &fault)) {
        finish(job, &fault);
        return;
    }
    note_planned(job, since_us);
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

static void start_lock(struct job *job)
{
    struct fault fault;
    job->state = JOB_LOCKING;
    if (lock_key(&job->key, &job->reading.ledger, &fault))
        job->lock = lock_start(job->run, job->session, job->key, is_migrated, on_locked, job, &fault);
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
    if (!make_plan(job, &fault)) {
        finish(job, &fault);
    } else if (job->plan.pending == 0) {
        note_planned(job, since_us);
        finish(job, NULL);
    } else if (!read_pending(job, &fault)) { /* what must be refused is refused before anything runs */
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
    if (!make_plan(job, &fault) || (job->kind == JOB_PLAN && !read_pending(job, &fault))) {
        finish(job, &fault);
        return;
    }
    note_planned(job, since_us);
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
    if (job->stopping == NULL) {
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
