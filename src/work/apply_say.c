/*
 * The sender: stage by stage, and note by note. It walks ahead of the answers and stops only at barriers; the order of the notes is
 * score.c's, and what is said for each apply_acts.c's.
 */
#include <string.h>

#include "apply_inside.h"
#include "base/journal.h"

static bool all_syncs_heard(const struct apply *apply)
{
    return apply->syncs_heard == apply->syncs_said;
}

static void note_skipped(const struct apply *apply, size_t statement, const char *reason)
{
    const struct step *step = apply_step(apply, apply->step);
    journal_note(apply->run->journal, EVENT_STATEMENT_SKIPPED, apply->run->target,
                 FIELDS(TEXT(MIGRATION, step->name), NUMBER(STATEMENT, statement + 1), TEXT(REASON, reason)),
                 "%s: statement %zu is skipped: %s", step->name, statement + 1, reason);
}

static struct score_wishes wishes_for(const struct apply *apply, const struct step *step)
{
    const struct ledger *ledger = &apply->reading->ledger;
    struct score_wishes wishes = {
        .session_is_changed = apply->session_is_changed,
        .with_log = apply->with_log,
        .log_identifier = ledger->log_identifier,
        .is_pooled = !apply->has_key,
        .restores_client = apply->is_behind_pooler,
        .pins_strings = !apply->reading->server.strings_conform,
        .checks_client = apply->reading->server.checks_client,
        .has_timeouts = apply->reading->server.has_timeouts,
        .bounds_row = apply->run->settings->lock_wait_ms >= 0,
        .lock_timeout_ms = apply_lock_timeout_ms(apply, apply->step),
        .statement_timeout_ms = apply_statement_timeout_ms(apply, apply->step),
    };
    wishes.progress = ledger_find_progress(ledger, step->name, &wishes.progress_count);
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
        [PREPARE_TIMEOUT] = { apply->texts.bound_preparation, !apply->has_key },
        [PREPARE_UNBOUND] = { "SET LOCAL statement_timeout = 0", !apply->has_key },
        [PREPARE_LOCK] = { apply->texts.lock_preparation, !apply->has_key },
        [PREPARE_SCHEMA] = { apply->texts.create_schema, !reading->schema_exists },
        [PREPARE_LEDGER] = { apply->texts.create_ledger, !reading->ledger.exists },
        [PREPARE_LOG] = { apply->texts.create_log, apply_makes_log(apply) },
        [PREPARE_COMMIT] = { "COMMIT", true },
    };
    bool is_missing = !reading->schema_exists || !reading->ledger.exists || apply_makes_log(apply);
    bool any = is_missing && apply->heard_step < apply->plan->count; /* nothing pending means no DDL */
    while (any && apply->prepared < PREPARE_COUNT) {
        size_t index = apply->prepared++;
        if (acts[index].needed)
            return apply_say(apply, act, SAY_PREPARE, acts[index].sql, index);
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
            return apply_say_note(apply, act, note);
    }
}

static enum next say_closing(struct apply *apply, struct act *act)
{
    if (apply->unsynced)
        return apply_say_sync(apply, act);
    if (!all_syncs_heard(apply))
        return NEXT_WAIT;
    apply->stage = STAGE_OVER;
    return NEXT_END;
}

static bool wants_failure_row(const struct apply *apply)
{
    bool is_for_good =
        apply_has_failed(apply) && apply->fault.class == FAULT_MIGRATION && !apply->read_only && !apply->untold;
    return apply->log_is_there && is_for_good && !apply->stopping;
}

/*
 * What a file SETs outside a transaction outlives its failure, and what it PREPAREs or locks for the session does within one too. The
 * row about it is the runner's own, and so is the session in which the next try looks for the ledger; behind a pooler it is the next
 * client's.
 */
static bool leaves_traces(const struct apply *apply)
{
    size_t step = apply_has_failed(apply) ? apply->failed_step : apply->heard_step;
    bool is_last_act = apply->has_key && !apply_has_failed(apply); /* of a session that nobody is given after it */
    if (apply->raced || is_last_act || step >= apply->plan->count)
        return false;
    const struct script *script = &apply_step(apply, step)->script;
    return script->changes_session || script->mode == SCRIPT_STATEMENTS;
}

static void begin_cleaning(struct apply *apply)
{
    const struct score_wishes wishes = {
        .is_pooled = !apply->has_key,
        .restores_client = apply->is_behind_pooler,
        .checks_client = apply->reading->server.checks_client,
    };
    score_write_cleaning(&apply->score, &wishes, session_in_transaction(apply->session), leaves_traces(apply));
    apply->note = 0;
}

/* First the Sync that is owed, then, when all is heard, what is left to put right. */
static enum next say_cleaning(struct apply *apply, struct act *act)
{
    if (apply->cleaned == 1 && apply->note < apply->score.count)
        return apply_say_note(apply, act, &apply->score.notes[apply->note++]);
    if (apply->unsynced)
        return apply_say_sync(apply, act);
    if (!all_syncs_heard(apply))
        return NEXT_WAIT;
    switch (apply->cleaned++) {
    case 0:
        session_cancel_no_more(apply->session);
        begin_cleaning(apply);
        return NEXT_WAIT;
    case 1: /* what was to be put right may have failed in its turn */
        return session_in_transaction(apply->session) ? apply_say(apply, act, SAY_ROLLBACK, "ROLLBACK", 0) : NEXT_WAIT;
    case 2:
        return apply_is_read_only_error(&apply->fault) ? apply_say_read_only(apply, act) : NEXT_WAIT;
    case 3:
        apply_settle_doubt(apply);
        return wants_failure_row(apply) ? apply_say_failure(apply, act) : NEXT_WAIT;
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
