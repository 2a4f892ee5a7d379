/*
 * The sender: from notes to acts, stage by stage. It walks ahead of the answers and stops only at barriers; the order of the notes
 * is score.c's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apply_inside.h"
#include "base/clock.h"
#include "base/journal.h"
#include "statements.h"

/* --- the sender: single acts ------------------------------------------------------------------------------------------ */

static enum next say(struct apply *apply, struct act *act, enum say what, const char *sql, size_t statement)
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

static enum next say_sync(struct apply *apply, struct act *act)
{
    act->kind = ACT_SYNC;
    act->tag = (struct act_tag){ SAY_SYNC, (uint32_t) apply->step, 0 };
    apply->unsynced = false;
    apply->syncs_said++;
    return NEXT_ACT;
}

static bool all_syncs_heard(const struct apply *apply)
{
    return apply->syncs_heard == apply->syncs_said;
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
    say(apply, act, SAY_ROW, apply->texts.add_row, 0);
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
    say(apply, act, SAY_LOG, apply->texts.log_applied, 0);
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
    say(apply, act, SAY_LOG, apply->texts.log_statement, statement);
    snprintf(apply->number, sizeof apply->number, "%zu", statement + 1);
    apply->params[0] = apply_step(apply, apply->step)->name;
    apply->params[1] = apply->unit_checksum;
    apply->params[2] = apply->runner;
    apply->params[3] = event;
    apply->params[4] = apply->number;
    return say_with(apply, act, 5);
}

static enum next say_guard(struct apply *apply, struct act *act)
{
    say(apply, act, SAY_GUARD, apply->texts.guard, 0);
    apply->params[0] = apply_step(apply, apply->step)->name;
    apply->params[1] = apply->has_key ? apply->key : NULL;
    return say_with(apply, act, 2);
}

static enum next say_commit(struct apply *apply, struct act *act, bool is_whole)
{
    say(apply, act, is_whole ? SAY_COMMIT : SAY_COMMIT_PART, "COMMIT", 0);
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
    return say(apply, act, SAY_BEGIN, buf_text(&apply->sql), 0);
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
    return say(apply, act, SAY_STATEMENT, buf_text(&apply->sql), index);
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
    return say(apply, act, SAY_RESUME_ROLE, index == 0 ? "RESET SESSION AUTHORIZATION" : "RESET ROLE", 0);
}

static enum next say_role_local(struct apply *apply, struct act *act, size_t index)
{
    return say(apply, act, SAY_RESUME_ROLE,
               index == 0 ? "SET LOCAL session_authorization TO DEFAULT" : "SET LOCAL role TO DEFAULT", 0);
}

/* What a file says of itself goes before what the settings say of all. */
static int64_t lock_timeout_ms(const struct apply *apply)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    return script->lock_timeout_ms >= 0 ? script->lock_timeout_ms : apply->run->settings->lock_timeout_ms;
}

static int64_t statement_timeout_ms(const struct apply *apply)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    return script->statement_timeout_ms >= 0 ? script->statement_timeout_ms : apply->run->settings->statement_timeout_ms;
}

static enum next say_timeout(struct apply *apply, struct act *act, const char *set, int64_t timeout_ms)
{
    buf_clear(&apply->sql);
    buf_add_format(&apply->sql, "%s = %" PRId64, set, timeout_ms);
    if (!buf_ok(&apply->sql))
        return fail_out_of_memory(apply);
    return say(apply, act, SAY_TIMEOUT, buf_text(&apply->sql), 0);
}

/* Session-wide, because there is no transaction; the next migration starts from a reset session anyway. */
static enum next say_timeout_alone(struct apply *apply, struct act *act, size_t which)
{
    const struct script *script = &apply_step(apply, apply->step)->script;
    int64_t timeout_ms = which == 0 ? script->lock_timeout_ms : script->statement_timeout_ms;
    apply->session_is_changed = true;
    return say_timeout(apply, act, which == 0 ? "SET lock_timeout" : "SET statement_timeout",
                       timeout_ms > 0 ? timeout_ms : 0);
}

static void note_skipped(const struct apply *apply, size_t statement, const char *reason)
{
    const struct step *step = apply_step(apply, apply->step);
    journal_note(apply->run->journal, EVENT_STATEMENT_SKIPPED, apply->run->target,
                 FIELDS(TEXT(MIGRATION, step->name), NUMBER(STATEMENT, statement + 1), TEXT(REASON, reason)),
                 "%s: statement %zu is skipped: %s", step->name, statement + 1, reason);
}

static enum next say_trace(struct apply *apply, struct act *act, size_t statement)
{
    struct trace *asked = &apply->asked;
    apply->trace = TRACE_UNDONE;
    trace_find(asked, &apply_step(apply, apply->step)->script, statement);
    say(apply, act, SAY_TRACE, sql_trace, statement);
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
    return say(apply, act, SAY_STATEMENT, buf_text(&apply->sql), statement);
}

/* --- the sender: stages ----------------------------------------------------------------------------------------------- */

static enum next say_note(struct apply *apply, struct act *act, const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return say(apply, act, SAY_RESET, score_reset_statement(note->index), 0);
    case NOTE_PIN_STRINGS:
        return say(apply, act, SAY_RESET, "SET LOCAL standard_conforming_strings = on", 0);
    case NOTE_CHECK_CLIENT:
        return say(apply, act, SAY_RESET, sql_check_client, 0);
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
        return say_timeout(apply, act, "SET LOCAL lock_timeout", apply->run->settings->lock_wait_ms);
    case NOTE_LOCK_TIMEOUT:
        return say_timeout(apply, act, "SET LOCAL lock_timeout", lock_timeout_ms(apply));
    case NOTE_STATEMENT_TIMEOUT:
        return say_timeout(apply, act, "SET LOCAL statement_timeout", statement_timeout_ms(apply));
    case NOTE_TIMEOUTS_ALONE:
        return say_timeout_alone(apply, act, note->index);
    case NOTE_GUARD:
        return say_guard(apply, act);
    case NOTE_COMMIT:
        return say_commit(apply, act, true);
    case NOTE_COMMIT_UNIT:
        return say_commit(apply, act, false);
    case NOTE_BARRIER:
        return say_sync(apply, act);
    case NOTE_SKIPPED:
        break;
    }
    return NEXT_WAIT;
}

static struct score_wishes wishes_for(const struct apply *apply, const struct step *step)
{
    const struct ledger *ledger = &apply->reading->ledger;
    struct score_wishes wishes = {
        .session_is_changed = apply->session_is_changed,
        .with_log = apply->with_log,
        .log_identifier = ledger->log_identifier,
        .is_pooled = !apply->has_key,
        .pins_strings = !apply->reading->server.strings_conform,
        .checks_client = apply->reading->server.checks_client,
        .bounds_row = apply->run->settings->lock_wait_ms >= 0,
        .lock_timeout_ms = lock_timeout_ms(apply),
        .statement_timeout_ms = statement_timeout_ms(apply),
    };
    for (size_t i = 0; i < ledger->progress_count; i++) {
        if (strcmp(ledger->progress[i].migration_name, step->name) != 0)
            continue;
        if (wishes.progress_count == 0)
            wishes.progress = &ledger->progress[i];
        wishes.progress_count++;
    }
    return wishes;
}

static bool refuse_without_log(const struct step *step, struct fault *fault)
{
    fault_set(fault, FAULT_REFUSED, "%s runs outside a transaction, which needs the log, and there is none", step->name);
    fault_detail(fault, "Only the log can tell a later run how far an interrupted one got.");
    fault_hint(fault, "Let this role create the log's table beside the ledger, or grant it SELECT and INSERT there.");
    return false;
}

/* Moves on to the next pending migration and writes its score; false when there is none, or on a failure. */
static bool begin_next_step(struct apply *apply)
{
    size_t next = apply->next_step;
    while (next < apply->plan->count && apply_step(apply, next)->state != STEP_PENDING)
        next++;
    if (next == apply->plan->count)
        return false;
    struct fault fault;
    const struct step *step = apply_step(apply, next);
    apply->step = next;
    apply->next_step = next + 1;
    apply->note = 0;
    struct score_wishes wishes = wishes_for(apply, step);
    bool loggable = apply->with_log || step->script.mode == SCRIPT_TRANSACTION || refuse_without_log(step, &fault);
    if (!loggable || !score_write(&apply->score, step, &wishes, &fault)) {
        apply->score.count = 0;
        apply_fail(apply, &fault, next, 0);
        return false;
    }
    apply->session_is_changed = step->script.changes_session;
    return true;
}

/* The ledger's tables, where they are missing, in a transaction of their own under the same Sync as the migrations. */
static enum next say_prepare(struct apply *apply, struct act *act)
{
    const struct reading *reading = apply->reading;
    const struct {
        const char *sql;
        bool needed;
    } acts[PREPARE_COUNT] = {
        [PREPARE_BEGIN] = { "BEGIN", true },
        [PREPARE_LOCK] = { apply->texts.lock_preparation, !apply->has_key },
        [PREPARE_SCHEMA] = { apply->texts.create_schema, !reading->schema_exists },
        [PREPARE_LEDGER] = { apply->texts.create_ledger, !reading->ledger.exists },
        [PREPARE_LOG] = { apply->texts.create_log, apply_makes_log(apply) },
        [PREPARE_COMMIT] = { "COMMIT", true },
    };
    bool any = !reading->schema_exists || !reading->ledger.exists || apply_makes_log(apply);
    while (any && apply->prepared < PREPARE_COUNT) {
        size_t index = apply->prepared++;
        if (acts[index].needed)
            return say(apply, act, SAY_PREPARE, acts[index].sql, index);
    }
    apply->stage = STAGE_PERFORMING;
    return NEXT_WAIT;
}

/* Also when it was the last note of its migration: a COMMIT before it may yet fail, and then the next one must not begin. */
static bool is_behind_barrier(const struct apply *apply)
{
    return apply->note > 0 && apply->score.notes[apply->note - 1].kind == NOTE_BARRIER;
}

/* Whether there is anything to say for a note, now that everything before its barrier was heard. */
static bool is_due(const struct apply *apply, const struct note *note)
{
    switch (note->kind) {
    case NOTE_SKIPPED:
        note_skipped(apply, note->index, "an earlier run did it");
        return false;
    case NOTE_DROP:
        return apply->trace == TRACE_INVALID;
    case NOTE_AGAIN:
        if (apply->trace == TRACE_DONE)
            note_skipped(apply, note->index,
                         "an earlier run was interrupted in it, but the catalogue shows that it took effect");
        return apply->trace != TRACE_DONE;
    default:
        return true;
    }
}

static enum next say_performance(struct apply *apply, struct act *act)
{
    while (true) {
        if (is_behind_barrier(apply) && !all_syncs_heard(apply))
            return NEXT_WAIT;
        if (apply->note == apply->score.count && !begin_next_step(apply)) {
            if (!apply_has_failed(apply))
                apply->stage = STAGE_CLOSING;
            return NEXT_WAIT;
        }
        const struct note *note = &apply->score.notes[apply->note];
        apply->note++;
        if (is_due(apply, note))
            return say_note(apply, act, note);
    }
}

static enum next say_closing(struct apply *apply, struct act *act)
{
    if (apply->unsynced)
        return say_sync(apply, act);
    if (!all_syncs_heard(apply))
        return NEXT_WAIT;
    apply->stage = STAGE_OVER;
    return NEXT_END;
}

static bool wants_failure_row(const struct apply *apply)
{
    return apply->log_is_there && apply_has_failed(apply) && apply->fault.class == FAULT_MIGRATION && !apply->stopping;
}

static enum next say_failure(struct apply *apply, struct act *act)
{
    const struct step *step = apply_step(apply, apply->failed_step);
    say(apply, act, SAY_FAILURE, apply->texts.log_failed, 0);
    snprintf(apply->number, sizeof apply->number, "%" PRIu32, apply->failed_statement);
    apply->params[0] = step->name;
    apply->params[1] = step->migration->checksum;
    apply->params[2] = apply->runner;
    apply->params[3] = apply->fault.sqlstate[0] != '\0' ? apply->fault.sqlstate : NULL;
    apply->params[4] = apply->fault.what;
    apply->params[5] = apply->failed_statement > 0 ? apply->number : NULL;
    return say_with(apply, act, 6);
}

/*
 * What a file SETs outside a transaction outlives its failure. The row about it is the runner's own, and so is the session in which
 * the next try looks for the ledger.
 */
static const char *next_reset(struct apply *apply)
{
    bool outlives = apply_has_failed(apply) && apply_step(apply, apply->failed_step)->script.mode == SCRIPT_STATEMENTS;
    return outlives && apply->has_key ? score_reset_statement(apply->resets_said++) : NULL;
}

/* First the Sync that is owed, then, when all is heard, what is left to put right. */
static enum next say_cleaning(struct apply *apply, struct act *act)
{
    const char *reset = apply->cleaned == 1 ? next_reset(apply) : NULL;
    if (reset != NULL)
        return say(apply, act, SAY_RESET, reset, 0);
    if (apply->unsynced)
        return say_sync(apply, act);
    if (!all_syncs_heard(apply))
        return NEXT_WAIT;
    switch (apply->cleaned++) {
    case 0:
        return session_in_transaction(apply->session) ? say(apply, act, SAY_ROLLBACK, "ROLLBACK", 0) : NEXT_WAIT;
    case 1:
        return wants_failure_row(apply) ? say_failure(apply, act) : NEXT_WAIT;
    default:
        apply->stage = STAGE_OVER;
        return NEXT_END;
    }
}

static enum next say_stage(struct apply *apply, struct act *act)
{
    switch (apply->stage) {
    case STAGE_PREPARING:
        return say_prepare(apply, act);
    case STAGE_PERFORMING:
        return say_performance(apply, act);
    case STAGE_CLOSING:
        return say_closing(apply, act);
    case STAGE_CLEANING:
        return say_cleaning(apply, act);
    case STAGE_OVER:
        break;
    }
    return NEXT_END;
}

/* A stage that has nothing to say may have made way for one that has. */
enum next apply_say_next(void *owner, struct act *act)
{
    struct apply *apply = owner;
    enum next next;
    enum stage stage;
    int cleaned;
    do {
        if ((apply_has_failed(apply) || apply->raced || apply->stopping) && apply->stage < STAGE_CLEANING)
            apply->stage = STAGE_CLEANING;
        stage = apply->stage;
        cleaned = apply->cleaned;
        next = say_stage(apply, act);
    } while (next == NEXT_WAIT &&
             (apply->stage != stage || apply->cleaned != cleaned || (apply_has_failed(apply) && stage < STAGE_CLEANING)));
    return next;
}
