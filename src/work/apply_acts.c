/*
 * From a note to an act: what is said for each, with which parameters. When it is said is apply_say.c's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apply_inside.h"
#include "base/clock.h"
#include "statements.h"

enum next apply_say(struct apply *apply, struct act *act, enum say what, const char *sql, size_t statement)
{
    act->kind = ACT_SQL;
    act->tag = (struct act_tag){ what, (uint32_t) apply->step, (uint32_t) statement };
    act->sql = sql;
    act->sql_bytes = strlen(sql);
    act->params = apply->params;
    act->param_count = 0;
    apply->unsynced = true;
    return NEXT_ACT;
}

enum next apply_say_sync(struct apply *apply, struct act *act)
{
    act->kind = ACT_SYNC;
    act->tag = (struct act_tag){ SAY_SYNC, (uint32_t) apply->step, 0 };
    apply->unsynced = false;
    apply->syncs_said++;
    return NEXT_ACT;
}

static enum next say_with(struct apply *apply, struct act *act, int param_count)
{
    act->params = apply->params;
    act->param_count = param_count;
    (void) apply;
    return NEXT_ACT;
}

static enum next say_row(struct apply *apply, struct act *act)
{
    apply_say(apply, act, SAY_ROW, apply->texts.add_row, 0);
    apply->params[0] = apply_step(apply, apply->step)->name;
    return say_with(apply, act, 1);
}

/* A file that ran unit by unit took longer than its last transaction; everything before that one has been heard. */
static const char *duration_in_units(struct apply *apply)
{
    if (apply_step(apply, apply->step)->script.mode != SCRIPT_STATEMENTS)
        return NULL;
    snprintf(apply->number, sizeof apply->number, "%" PRId64, clock_monotonic_us() - apply->step_began_us);
    return apply->number;
}

static enum next say_log(struct apply *apply, struct act *act)
{
    apply_say(apply, act, SAY_LOG, apply->texts.log_applied, 0);
    apply->params[0] = apply_step(apply, apply->step)->name;
    apply->params[1] = apply_step(apply, apply->step)->migration->checksum;
    apply->params[2] = apply->runner;
    apply->params[3] = duration_in_units(apply);
    return say_with(apply, act, 4);
}

static enum next say_progress(struct apply *apply, struct act *act, const char *event, size_t statement)
{
    struct fault fault;
    if (!score_unit_checksum(apply->unit_checksum, apply_step(apply, apply->step), statement, &fault)) {
        apply_fail(apply, &fault, apply->step, 0);
        return NEXT_WAIT;
    }
    apply_say(apply, act, SAY_LOG, apply->texts.log_statement, statement);
    snprintf(apply->number, sizeof apply->number, "%zu", statement + 1);
    apply->params[0] = apply_step(apply, apply->step)->name;
    apply->params[1] = apply->unit_checksum;
    apply->params[2] = apply->runner;
    apply->params[3] = event;
    apply->params[4] = apply->number;
    return say_with(apply, act, 5);
}

/* The server's list of locks is the dearest part of the guard; a file that leaves the session alone has released none. */
static enum next say_guard(struct apply *apply, struct act *act)
{
    bool asks_for_lock = apply->has_key && apply_step(apply, apply->step)->script.changes_session;
    apply_say(apply, act, SAY_GUARD, apply->texts.guard, 0);
    apply->params[0] = apply_step(apply, apply->step)->name;
    apply->params[1] = asks_for_lock ? apply->key : NULL;
    apply->params[2] = apply->reading->ledger.table;
    return say_with(apply, act, apply->reading->server.may_notify ? 3 : 2);
}

static enum next say_commit(struct apply *apply, struct act *act, bool is_whole)
{
    apply_say(apply, act, is_whole ? SAY_COMMIT : SAY_COMMIT_PART, "COMMIT", 0);
    if (is_whole)
        apply->committed_to = apply->step + 1;
    act->flush = true; /* so that progress is seen when it happens */
    return NEXT_ACT;
}

static enum next fail_out_of_memory(struct apply *apply)
{
    struct fault fault;
    fault_out_of_memory(&fault);
    apply_fail(apply, &fault, apply->step, 0);
    return NEXT_WAIT;
}

static enum next say_begin(struct apply *apply, struct act *act, bool is_whole)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    buf_clear(&apply->sql);
    buf_add_text(&apply->sql, "BEGIN");
    if (is_whole && script->begin_options[0] != '\0')
        buf_add_format(&apply->sql, " %s", script->begin_options);
    if (!buf_ok(&apply->sql))
        return fail_out_of_memory(apply);
    return apply_say(apply, act, SAY_BEGIN, buf_text(&apply->sql), 0);
}

/* libpq wants a NUL at the end, and copies. */
static enum next say_statement(struct apply *apply, struct act *act, size_t index)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    const struct statement *statement = &script->statements[index];
    buf_clear(&apply->sql);
    buf_add(&apply->sql, script->source->bytes + statement->offset_bytes, statement->size_bytes);
    if (!buf_ok(&apply->sql))
        return fail_out_of_memory(apply);
    return apply_say(apply, act, SAY_STATEMENT, buf_text(&apply->sql), index);
}

static enum next say_copy(struct apply *apply, struct act *act, size_t index)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    const struct statement *statement = &script->statements[index];
    if (say_statement(apply, act, index) != NEXT_ACT)
        return NEXT_WAIT;
    act->kind = statement->kind == STATEMENT_COPY_FROM_STDIN ? ACT_COPY_IN : ACT_COPY_OUT;
    act->data = script->source->bytes + statement->data_offset_bytes;
    act->data_bytes = statement->data_size_bytes;
    apply->unsynced = false; /* a COPY is a simple query, which is its own Sync */
    return NEXT_ACT;
}

static enum next say_role(struct apply *apply, struct act *act, size_t index)
{
    return apply_say(apply, act, SAY_RESUME_ROLE, index == 0 ? "RESET SESSION AUTHORIZATION" : "RESET ROLE", 0);
}

static enum next say_role_local(struct apply *apply, struct act *act, size_t index)
{
    return apply_say(apply, act, SAY_RESUME_ROLE,
                     index == 0 ? "SET LOCAL session_authorization TO DEFAULT" : "SET LOCAL role TO DEFAULT", 0);
}

/* What a file says of itself goes before what the settings say of all. */
int64_t apply_lock_timeout_ms(const struct apply *apply, size_t step)
{
    const struct script *script = &apply_step(apply, step)->script;
    return script->lock_timeout_ms >= 0 ? script->lock_timeout_ms : apply->run->settings->lock_timeout_ms;
}

int64_t apply_statement_timeout_ms(const struct apply *apply, size_t step)
{
    const struct script *script = &apply_step(apply, step)->script;
    return script->statement_timeout_ms >= 0 ? script->statement_timeout_ms : apply->run->settings->statement_timeout_ms;
}

/* Longer than the server can count is as long as it can count: 24 days. */
static int64_t countable(int64_t timeout_ms)
{
    return timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX;
}

/* To the server 0 is no timeout at all; to us it is not to wait. */
int64_t apply_lock_wait_ms(const struct apply *apply)
{
    int64_t lock_wait_ms = apply->run->settings->lock_wait_ms;
    return lock_wait_ms < 0 ? 0 : lock_wait_ms > 0 ? countable(lock_wait_ms) : 1;
}

static enum next say_timeout(struct apply *apply, struct act *act, const char *set, int64_t timeout_ms)
{
    buf_clear(&apply->sql);
    buf_add_format(&apply->sql, "%s = %" PRId64, set, countable(timeout_ms));
    if (!buf_ok(&apply->sql))
        return fail_out_of_memory(apply);
    return apply_say(apply, act, SAY_TIMEOUT, buf_text(&apply->sql), 0);
}

/* Session-wide, because there is no transaction; the next migration starts from a reset session anyway. */
static enum next say_timeout_alone(struct apply *apply, struct act *act, const char *set, int64_t timeout_ms)
{
    apply->session_is_changed = true;
    return say_timeout(apply, act, set, timeout_ms);
}

static enum next say_row_timeout(struct apply *apply, struct act *act)
{
    return say_timeout(apply, act, "SET LOCAL lock_timeout", apply_lock_wait_ms(apply));
}

static enum next say_trace(struct apply *apply, struct act *act, size_t statement)
{
    struct trace *asked = &apply->asked;
    apply->trace = TRACE_UNDONE;
    trace_find(asked, &apply_step(apply, apply->step)->script, statement);
    apply_say(apply, act, SAY_TRACE, sql_trace, statement);
    apply->params[0] = trace_kind_name(asked->kind);
    apply->params[1] = asked->name;
    apply->params[2] = asked->relation[0] != '\0' ? asked->relation : NULL;
    return say_with(apply, act, 3);
}

static enum next say_drop(struct apply *apply, struct act *act, size_t statement)
{
    buf_clear(&apply->sql);
    buf_add_format(&apply->sql, "DROP INDEX CONCURRENTLY IF EXISTS %s", apply->invalid_index);
    if (!buf_ok(&apply->sql))
        return fail_out_of_memory(apply);
    return apply_say(apply, act, SAY_STATEMENT, buf_text(&apply->sql), statement);
}

static enum next say_restore_client(struct apply *apply, struct act *act)
{
    apply_say(apply, act, SAY_RESET, sql_restore_client, 0);
    apply->params[0] = apply->client.application_name;
    apply->params[1] = apply->client.time_zone;
    apply->params[2] = apply->client.date_style;
    apply->params[3] = apply->client.interval_style;
    return say_with(apply, act, 4);
}

enum next apply_say_note(struct apply *apply, struct act *act, const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return apply_say(apply, act, SAY_RESET, score_reset_statement(note->index), 0);
    case NOTE_UNLOCK:
        return apply_say(apply, act, SAY_RESET, "SELECT pg_catalog.pg_advisory_unlock_all()", 0);
    case NOTE_SETTLE:
        return apply_say(apply, act, SAY_RESET, "SET CONSTRAINTS ALL IMMEDIATE", 0);
    case NOTE_ROLLBACK:
        return apply_say(apply, act, SAY_ROLLBACK, "ROLLBACK", 0);
    case NOTE_ROLLBACK_AND_CHAIN:
        return apply_say(apply, act, SAY_ROLLBACK, "ROLLBACK AND CHAIN", 0);
    case NOTE_PIN_STRINGS:
        return apply_say(apply, act, SAY_RESET, "SET LOCAL standard_conforming_strings = on", 0);
    case NOTE_RESTORE_CLIENT:
        return say_restore_client(apply, act);
    case NOTE_CHECK_CLIENT:
        return apply_say(apply, act, SAY_RESET, sql_check_client, 0);
    case NOTE_BEGIN:
        return say_begin(apply, act, true);
    case NOTE_BEGIN_UNIT:
        return say_begin(apply, act, false);
    case NOTE_ROW:
        return say_row(apply, act);
    case NOTE_ASK:
        return say_trace(apply, act, note->index);
    case NOTE_DROP:
        return say_drop(apply, act, note->index);
    case NOTE_STATEMENT:
    case NOTE_AGAIN:
        return say_statement(apply, act, note->index);
    case NOTE_COPY:
        return say_copy(apply, act, note->index);
    case NOTE_ROLE:
        return say_role(apply, act, note->index);
    case NOTE_ROLE_LOCAL:
        return say_role_local(apply, act, note->index);
    case NOTE_LOG:
        return say_log(apply, act);
    case NOTE_STARTED:
        return say_progress(apply, act, "started", note->index);
    case NOTE_DONE:
        return say_progress(apply, act, "done", note->index);
    case NOTE_ROW_TIMEOUT:
        return say_row_timeout(apply, act);
    case NOTE_ROW_UNBOUND:
        return apply_say(apply, act, SAY_TIMEOUT, "SET LOCAL statement_timeout = 0", 0);
    case NOTE_OWN_STATEMENT_TIMEOUT:
        return apply_say(apply, act, SAY_TIMEOUT, "SET LOCAL statement_timeout TO DEFAULT", 0);
    case NOTE_LOCK_TIMEOUT:
        return say_timeout(apply, act, "SET LOCAL lock_timeout", apply_lock_timeout_ms(apply, apply->step));
    case NOTE_STATEMENT_TIMEOUT:
        return say_timeout(apply, act, "SET LOCAL statement_timeout", apply_statement_timeout_ms(apply, apply->step));
    case NOTE_LOCK_TIMEOUT_ALONE:
        return say_timeout_alone(apply, act, "SET lock_timeout", apply_lock_timeout_ms(apply, apply->step));
    case NOTE_STATEMENT_TIMEOUT_ALONE:
        return say_timeout_alone(apply, act, "SET statement_timeout", apply_statement_timeout_ms(apply, apply->step));
    case NOTE_GUARD:
        return say_guard(apply, act);
    case NOTE_COMMIT:
        return say_commit(apply, act, true);
    case NOTE_COMMIT_UNIT:
        return say_commit(apply, act, false);
    case NOTE_BARRIER:
        return apply_say_sync(apply, act);
    case NOTE_SKIPPED:
        break;
    }
    return NEXT_WAIT;
}

enum next apply_say_read_only(struct apply *apply, struct act *act)
{
    return apply_say(apply, act, SAY_READ_ONLY, sql_read_only, 0);
}

enum next apply_say_failure(struct apply *apply, struct act *act)
{
    const struct step *step = apply_step(apply, apply->failed_step);
    apply_say(apply, act, SAY_FAILURE, apply->texts.log_failed, 0);
    snprintf(apply->number, sizeof apply->number, "%" PRIu32, apply->failed_statement);
    apply->params[0] = step->name;
    apply->params[1] = step->migration->checksum;
    apply->params[2] = apply->runner;
    apply->params[3] = apply->fault.sqlstate[0] != '\0' ? apply->fault.sqlstate : NULL;
    apply->params[4] = apply->fault.what;
    apply->params[5] = apply->failed_statement > 0 ? apply->number : NULL;
    return say_with(apply, act, 6);
}
