/*
 * Beginning and ending the application of a plan. What is said and heard in between is in the files beside this one.
 */
#include "work/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "apply_inside.h"
#include "base/clock.h"
#include "base/memory.h"

enum { STATEMENT_MOST_BYTES = 1000 * 1000 * 1000 };

static void name_runner(struct apply *apply)
{
    char host[256] = "?";
    gethostname(host, sizeof host - 1);
    snprintf(apply->runner, sizeof apply->runner, "pgusher %s on %s", PGUSHER_VERSION, host);
}

static void note_no_log(const struct apply *apply)
{
    const struct reading *reading = apply->reading;
    const char *reason = !reading->log_exists    ? "this role may not create it"
                         : !reading->log_is_ours ? "a table of that name belongs to something else"
                                                 : "this role may not read and write it";
    journal_note(apply->run->journal, EVENT_LOG_UNAVAILABLE, apply->run->target,
                 FIELDS(TEXT(LEDGER, reading->ledger.name), TEXT(REASON, reason)), "going on without the log %s_log: %s",
                 reading->ledger.name, reason);
}

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

static void end(struct apply *apply, enum apply_end how)
{
    int64_t duration_us = clock_monotonic_us() - apply->began_us;
    apply->run->outcome.phase_us[PHASE_APPLY] += duration_us;
    if (how == APPLY_DONE)
        journal_note(apply->run->journal, EVENT_APPLIED, apply->run->target,
                     FIELDS(NUMBER(APPLIED, apply->applied), NUMBER(DURATION_US, duration_us)),
                     "%" PRId64 " migration%s applied", apply->applied, apply->applied == 1 ? "" : "s");
    apply->on_over(apply->owner, how);
}

static enum apply_end failure(const struct apply *apply)
{
    return apply->blocked ? APPLY_BLOCKED : apply->untold ? APPLY_UNTOLD : apply->read_only ? APPLY_READ_ONLY : APPLY_FAILED;
}

static void hear_end(void *owner)
{
    struct apply *apply = owner;
    if (apply->stopping)
        end(apply, APPLY_STOPPED);
    else if (apply_has_failed(apply))
        end(apply, failure(apply));
    else
        end(apply, apply->raced ? APPLY_RACED : APPLY_DONE);
}

/* What a pooler said before it hung up tells more than that it did. */
static struct fault last_words(const struct apply *apply, const struct fault *loss)
{
    struct fault words = *loss;
    if (apply->in_doubt && apply_is_connection_error(&apply->fault) && loss->class == FAULT_LOST) {
        fault_set(&words, FAULT_LOST, "%s", apply->fault.what);
        fault_sqlstate(&words, apply->fault.sqlstate);
    }
    return words;
}

static void hear_lost(void *owner, const struct fault *fault)
{
    struct apply *apply = owner;
    bool failed_before = apply_has_failed(apply) && !apply->in_doubt && failure(apply) == APPLY_FAILED;
    bool is_lost = !failed_before && fault->class == FAULT_LOST;
    if (!failed_before)
        apply->fault = last_words(apply, fault);
    end(apply, apply->stopping ? APPLY_STOPPED : is_lost ? APPLY_LOST : APPLY_FAILED);
}

static void on_time(void *owner)
{
    static const struct talker talker = {
        .say_next = apply_say_next,
        .hear_row = apply_hear_row,
        .hear_done = apply_hear_done,
        .hear_error = apply_hear_error,
        .hear_notice = apply_hear_notice,
        .hear_end = hear_end,
        .hear_lost = hear_lost,
    };
    struct apply *apply = owner;
    if (!apply->with_log)
        note_no_log(apply);
    apply_announce(apply, 0);
    talk_begin(apply->session, &talker, apply);
}

/* False without memory. A parameter that was not reported has nothing to go back to. */
static bool keep_parameter(struct apply *apply, const char **kept, const char *name)
{
    const char *value = session_parameter(apply->session, name);
    *kept = value != NULL ? arena_text(&apply->arena, value) : NULL;
    return value == NULL || *kept != NULL;
}

static bool keep_client_parameters(struct apply *apply)
{
    struct client_parameters *client = &apply->client;
    apply->is_behind_pooler = session_backend_pid(apply->session) != apply->reading->server.pid;
    return !apply->is_behind_pooler || (keep_parameter(apply, &client->application_name, "application_name") &&
                                        keep_parameter(apply, &client->time_zone, "TimeZone") &&
                                        keep_parameter(apply, &client->date_style, "DateStyle") &&
                                        keep_parameter(apply, &client->interval_style, "IntervalStyle"));
}

static bool set_up(struct apply *apply, int64_t key, bool has_lock, struct fault *fault)
{
    apply->with_log = apply->reading->ledger.has_log || apply_makes_log(apply);
    apply->log_is_there = apply->reading->ledger.has_log;
    apply->has_key = has_lock;
    snprintf(apply->key, sizeof apply->key, "%" PRId64, key);
    name_runner(apply);
    apply->begin = timer_new(apply->run->loop, on_time, apply, fault);
    if (apply->begin == NULL)
        return false;
    if (has_lock) /* behind a pooler the backend may be another one for each migration */
        apply->witness = witness_new(apply->run, apply->session, apply->reading->server.pid, fault);
    if (has_lock && apply->witness == NULL)
        return false;
    if (!score_prepare(&apply->score, fault))
        return false;
    if (!apply_fill_texts(apply) || !keep_client_parameters(apply))
        return fault_out_of_memory(fault);
    timer_start(apply->begin, 0);
    return true;
}

struct apply *apply_start(struct run *run, struct session *session, struct plan *plan, const struct reading *reading,
                          int64_t key, bool has_lock, const struct apply_tries *tries,
                          void (*on_over)(void *owner, enum apply_end end), void *owner, struct fault *fault)
{
    struct apply *apply = memory_alloc(sizeof *apply);
    if (apply == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *apply = (struct apply){
        .run = run, .session = session, .plan = plan, .reading = reading, .on_over = on_over, .owner = owner
    };
    apply->tries = *tries;
    arena_init(&apply->arena);
    score_init(&apply->score);
    buf_init(&apply->sql, STATEMENT_MOST_BYTES);
    apply->began_us = clock_monotonic_us();
    if (!set_up(apply, key, has_lock, fault)) {
        apply_free(apply);
        return NULL;
    }
    return apply;
}

void apply_stop(struct apply *apply)
{
    struct fault fault;
    if (apply->stopping)
        return;
    apply->stopping = true;
    session_cancel(apply->session, &fault); /* without memory for a cancel, closing the connection has to do */
    talk_resume(apply->session);
}

void apply_free(struct apply *apply)
{
    if (apply == NULL)
        return;
    timer_free(apply->begin);
    witness_free(apply->witness);
    score_finish(&apply->score);
    buf_finish(&apply->sql);
    arena_finish(&apply->arena);
    memory_free(apply);
}

const struct fault *apply_fault(const struct apply *apply)
{
    return &apply->fault;
}

bool apply_in_recovery(const struct apply *apply)
{
    return apply->in_recovery;
}

bool apply_may_have_committed(const struct apply *apply, size_t step)
{
    return apply_step(apply, step)->state == STEP_PENDING && step >= apply->heard_step && step < apply->committed_to;
}

const char *apply_current(const struct apply *apply)
{
    return apply->heard_step < apply->plan->count ? apply_step(apply, apply->heard_step)->name : NULL;
}

int64_t apply_current_us(const struct apply *apply)
{
    return clock_monotonic_us() - apply->step_began_us;
}
