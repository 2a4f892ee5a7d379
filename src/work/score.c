/*
 * The order of things in a migration, and why:
 *
 *   - the reset is a transaction of its own, or it would belong to the migration's and be undone with it;
 *   - SET TRANSACTION directly follows BEGIN, because it fails after anything that took a snapshot, the ledger's row included;
 *   - the ledger's row comes first of the rest, so that a second runner meets it;
 *   - the guard comes last, because it has to see what the file did to the transaction.
 */
#include "work/score.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "text/phrase.h"
#include "text/session_effect.h"
#include "text/template.h"
#include "text/trace.h"

static const char *const reset_statements[] = {
    "BEGIN",        "RESET SESSION AUTHORIZATION", "RESET ROLE",     "RESET ALL", "CLOSE ALL", "UNLISTEN *",
    "DISCARD TEMP", "DISCARD SEQUENCES",           "DEALLOCATE ALL", "COMMIT",
};

enum {
    RESET_COUNT = sizeof reset_statements / sizeof reset_statements[0],
    RESET_ALL = 3,
    RESET_SEQUENCES = RESET_COUNT - 3,
    RESET_PREPARED = RESET_COUNT - 2,
    NOTES_AROUND = 2 * RESET_COUNT + 24,
};

const char *score_reset_statement(size_t index)
{
    return index < RESET_COUNT ? reset_statements[index] : NULL;
}

void score_init(struct score *score)
{
    *score = (struct score){ .notes = NULL };
}

void score_finish(struct score *score)
{
    memory_free(score->notes);
    score_init(score);
}

static bool make_room(struct score *score, size_t most, struct fault *fault)
{
    score->count = 0;
    if (most <= score->room)
        return true;
    struct note *notes = memory_realloc(score->notes, most * sizeof *notes);
    if (notes == NULL)
        return fault_out_of_memory(fault);
    score->notes = notes;
    score->room = most;
    return true;
}

static void add(struct score *score, enum note_kind kind, size_t index)
{
    score->notes[score->count++] = (struct note){ kind, (uint32_t) index };
}

/* All but its BEGIN and its COMMIT. A pooler has set for its client what is now as the server has it: in the same breath that goes back. */
static void add_resets(struct score *score, const struct score_wishes *wishes)
{
    for (size_t i = 1; i < RESET_COUNT - 1; i++) {
        add(score, NOTE_RESET, i);
        if (i == RESET_ALL && wishes->restores_client)
            add(score, NOTE_RESTORE_CLIENT, 0);
    }
    if (wishes->is_pooled)
        add(score, NOTE_UNLOCK, 0); /* elsewhere the runner's own lock would go with them */
}

static void add_reset(struct score *score, const struct score_wishes *wishes)
{
    add(score, NOTE_RESET, 0);
    add_resets(score, wishes);
    if (wishes->checks_client)
        add(score, NOTE_CHECK_CLIENT, 0);
    add(score, NOTE_RESET, RESET_COUNT - 1);
}

/* A COPY leaves pipeline mode, so everything before it has to be over, and known to have gone well. */
static void add_statement(struct score *score, const struct script *script, size_t index)
{
    bool is_copy = script->statements[index].kind != STATEMENT_SQL;
    if (is_copy)
        add(score, NOTE_BARRIER, index);
    add(score, is_copy ? NOTE_COPY : NOTE_STATEMENT, index);
}

static void add_ending(struct score *score, const struct script *script, const struct score_wishes *wishes)
{
    if (script->changes_session)
        add(score, NOTE_ROLE, 0);
    if (script->changes_session)
        add(score, NOTE_ROLE, 1);
    if (wishes->with_log)
        add(score, NOTE_LOG, 0);
    add(score, NOTE_GUARD, 0);
    add(score, NOTE_COMMIT, 0);
}

/* The row's own wait, for another runner's, is bounded by --lock-wait and nothing else; the statements' by the lock timeout. */
static void add_row(struct score *score, const struct score_wishes *wishes)
{
    if (wishes->bounds_row || wishes->has_timeouts)
        add(score, NOTE_ROW_TIMEOUT, 0);
    if (wishes->has_timeouts)
        add(score, NOTE_ROW_UNBOUND, 0);
    add(score, NOTE_ROW, 0);
}

static void add_timeouts(struct score *score, const struct score_wishes *wishes)
{
    if (wishes->lock_timeout_ms >= 0)
        add(score, NOTE_LOCK_TIMEOUT, 0);
    if (wishes->statement_timeout_ms >= 0)
        add(score, NOTE_STATEMENT_TIMEOUT, 0);
}

static bool begins_with(const struct script *script, size_t index, const char *phrase)
{
    const struct statement *statement = &script->statements[index];
    struct lexer lexer;
    lexer_init(&lexer, script->source->bytes, statement->offset_bytes, statement->offset_bytes + statement->size_bytes);
    return phrase_match(&lexer, phrase);
}

/* The row's timeouts have overwritten those that the file itself has SET before a SET TRANSACTION, which had to come first. */
static void add_timeouts_after_row(struct score *score, const struct script *script, const struct score_wishes *wishes)
{
    if (wishes->has_timeouts && wishes->statement_timeout_ms < 0)
        add(score, NOTE_OWN_STATEMENT_TIMEOUT, 0);
    add_timeouts(score, wishes);
    for (size_t i = 0; i < script->leading_set_count; i++)
        if (begins_with(script, i, "set local|session? lock_timeout|statement_timeout"))
            add_statement(score, script, i);
}

/* Behind a pooler the session is somebody else's a moment later: what the file has changed is put back before the COMMIT. */
static void add_reset_within(struct score *score, const struct script *script, const struct score_wishes *wishes)
{
    if (!wishes->is_pooled || !script->changes_session)
        return;
    add(score, NOTE_SETTLE, 0);
    add_resets(score, wishes);
}

static void add_pin(struct score *score, const struct score_wishes *wishes)
{
    if (wishes->pins_strings)
        add(score, NOTE_PIN_STRINGS, 0);
}

static void write_transaction(struct score *score, const struct script *script, const struct score_wishes *wishes)
{
    add(score, NOTE_BEGIN, 0);
    add_pin(score, wishes);
    size_t i = 0;
    for (; i < script->leading_set_count; i++)
        add_statement(score, script, i);
    add_row(score, wishes);
    add_timeouts_after_row(score, script, wishes);
    for (; i < script->statement_count; i++)
        add_statement(score, script, i);
    add_reset_within(score, script, wishes);
    add_ending(score, script, wishes);
    if (script->has_copy)
        add(score, NOTE_BARRIER, 0); /* no later migration is queued behind a COPY */
}

/* --- unit by unit ------------------------------------------------------------------------------------------------------ */

static const struct progress_row *find_progress(const struct score_wishes *wishes, size_t index)
{
    for (size_t i = 0; i < wishes->progress_count; i++)
        if (wishes->progress[i].statement == (int64_t) index + 1)
            return &wishes->progress[i];
    return NULL;
}

static bool refuse_changed(const struct step *step, size_t last, struct fault *fault)
{
    fault_set(fault, FAULT_MIGRATION, "%s was changed: its statement %zu is not the one that an earlier run has done",
              step->name, last + 1);
    if (last < step->script.statement_count)
        fault_place(fault, step->name, step->script.statements[last].offset_bytes);
    fault_detail(fault, "It runs outside a transaction, so a part of the old file has taken effect.");
    fault_hint(fault,
               "Put the old text back, and change only what comes after it; or write the rest as a new migration and record "
               "this one in the ledger.");
    return false;
}

static size_t begin_of_unit(const struct script *script, size_t last)
{
    size_t first = last;
    while (first > 0 && script->statements[first - 1].unit == script->statements[last].unit)
        first--;
    return first;
}

static size_t end_of_unit(const struct script *script, size_t first)
{
    size_t end = first + 1;
    while (end < script->statement_count && script->statements[end].unit == script->statements[first].unit)
        end++;
    return end;
}

bool score_unit_checksum(char checksum[CHECKSUM_BYTES], const struct step *step, size_t last, struct fault *fault)
{
    const struct script *script = &step->script;
    const struct statement *end = &script->statements[last];
    size_t from = script->statements[begin_of_unit(script, last)].offset_bytes;
    size_t to = end->offset_bytes + end->size_bytes;
    if (end->kind == STATEMENT_COPY_FROM_STDIN)
        to = end->data_offset_bytes + end->data_size_bytes;
    return checksum_make(checksum, script->source->bytes + from, to - from, fault);
}

static bool refuse_unknown(const struct step *step, const struct score_wishes *wishes, size_t index, struct fault *fault)
{
    const struct script *script = &step->script;
    char line[80];
    char checksum[CHECKSUM_BYTES];
    struct buf name;
    if (!score_unit_checksum(checksum, step, index, fault))
        return false;
    statement_headline(script, index, line, sizeof line);
    fault_set(fault, FAULT_MIGRATION,
              "an earlier run was interrupted in statement %zu, which runs outside a transaction: %s", index + 1, line);
    fault_place(fault, step->name, script->statements[index].offset_bytes);
    fault_detail(fault, "Whether it took effect cannot be known from here.");
    buf_init(&name, 2 * FAULT_NAME_BYTES + 2);
    literal_add(&name, step->name);
    fault_hint(
        fault,
        "Look at the database, then say which, and run again: INSERT INTO %s (migration_name, event, statement, checksum) "
        "VALUES (%s, 'done', %zu, '%s') if it took effect; the same with 'failed' in place of 'done' if it did not.",
        wishes->log_identifier, buf_ok(&name) ? buf_text(&name) : "...", index + 1, checksum);
    buf_finish(&name);
    return false;
}

/* What was begun has to be what is still there, as a unit; what comes after it may have been mended. */
static bool check_unchanged(const struct step *step, const struct score_wishes *wishes, struct fault *fault)
{
    for (size_t i = 0; i < wishes->progress_count; i++) {
        const struct progress_row *row = &wishes->progress[i];
        size_t last = (size_t) row->statement - 1;
        char checksum[CHECKSUM_BYTES];
        if (row->state == PROGRESS_FAILED)
            continue;
        if (last >= step->script.statement_count || end_of_unit(&step->script, last) != last + 1)
            return refuse_changed(step, last, fault);
        if (row->checksum == NULL)
            continue;
        if (!score_unit_checksum(checksum, step, last, fault))
            return false;
        if (strcmp(row->checksum, checksum) != 0)
            return refuse_changed(step, last, fault);
    }
    return true;
}

/* The rows are the runner's, whatever role the file has set by now. */
static void add_own_role(struct score *score, const struct script *script)
{
    for (size_t i = 0; script->changes_session && i < 2; i++)
        add(score, NOTE_ROLE_LOCAL, i);
}

static void add_progress(struct score *score, const struct script *script, enum note_kind kind, size_t index)
{
    add(score, NOTE_BEGIN_UNIT, index);
    add_own_role(score, script);
    add(score, kind, index);
    add(score, NOTE_COMMIT_UNIT, index);
    add(score, NOTE_BARRIER, index);
}

/* A timeout would leave an INVALID index: a statement that runs alone has of ours only what its file asks for, and else the role's. */
static void add_timeouts_alone(struct score *score, const struct script *script)
{
    if (script->lock_timeout_ms < 0 && script->statement_timeout_ms < 0)
        return;
    if (script->lock_timeout_ms >= 0)
        add(score, NOTE_LOCK_TIMEOUT_ALONE, 0);
    if (script->statement_timeout_ms >= 0)
        add(score, NOTE_STATEMENT_TIMEOUT_ALONE, 0);
    add(score, NOTE_BARRIER, 0);
}

static void add_alone(struct score *score, const struct script *script, size_t index)
{
    add_progress(score, script, NOTE_STARTED, index);
    add_timeouts_alone(score, script);
    add(score, NOTE_STATEMENT, index);
    add(score, NOTE_BARRIER, index);
    add_progress(score, script, NOTE_DONE, index);
}

/* At what an earlier run left, and away with it if that is an INVALID index. The timeouts are for that too. */
static void add_look(struct score *score, const struct script *script, size_t index)
{
    add_timeouts_alone(score, script);
    add(score, NOTE_ASK, index);
    add(score, NOTE_BARRIER, index);
    add(score, NOTE_DROP, index);
    add(score, NOTE_BARRIER, index);
}

/* Begun by an earlier run that was interrupted: the catalogue can tell whether it took effect. */
static void add_asked(struct score *score, const struct script *script, size_t index)
{
    add_look(score, script, index);
    add(score, NOTE_AGAIN, index);
    add(score, NOTE_BARRIER, index);
    add_progress(score, script, NOTE_DONE, index);
}

/* It failed in an earlier run, and may have left an INVALID index. */
static void add_retried(struct score *score, const struct script *script, size_t index)
{
    add_look(score, script, index);
    add_alone(score, script, index);
}

static void add_unit(struct score *score, const struct script *script, const struct score_wishes *wishes, size_t first,
                     size_t end)
{
    add(score, NOTE_BEGIN_UNIT, first);
    add_pin(score, wishes);
    add_timeouts(score, wishes);
    for (size_t i = first; i < end; i++)
        add_statement(score, script, i);
    add_own_role(score, script);
    add(score, NOTE_DONE, end - 1);
    add(score, NOTE_COMMIT_UNIT, end - 1);
    add(score, NOTE_BARRIER, end - 1);
}

/* A SET of an earlier run, or of an earlier try, went with its session. */
static bool only_sets(const struct script *script, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        const struct statement *statement = &script->statements[i];
        if (!session_effect_only(script->source->bytes, statement->offset_bytes,
                                 statement->offset_bytes + statement->size_bytes))
            return false;
    }
    return true;
}

static void add_fresh(struct score *score, const struct script *script, const struct score_wishes *wishes, size_t first,
                      size_t end)
{
    if (script->statements[first].alone)
        add_alone(score, script, first);
    else
        add_unit(score, script, wishes, first, end);
}

/* What an earlier run left of a unit decides what this one does. */
static bool add_resumed(struct score *score, const struct step *step, const struct score_wishes *wishes, size_t first,
                        size_t end, struct fault *fault)
{
    const struct script *script = &step->script;
    const struct progress_row *row = find_progress(wishes, end - 1);
    struct trace trace;
    bool has_trace = script->statements[first].alone && trace_find(&trace, script, first);
    bool interrupted = row != NULL && row->state == PROGRESS_STARTED;
    if (row != NULL && row->state == PROGRESS_DONE && !only_sets(script, first, end))
        add(score, NOTE_SKIPPED, end - 1);
    else if (interrupted && has_trace)
        add_asked(score, script, first);
    else if (interrupted && !script->statements[first].repeatable)
        return refuse_unknown(step, wishes, first, fault);
    else if (row != NULL && row->state == PROGRESS_FAILED && has_trace)
        add_retried(score, script, first);
    else
        add_fresh(score, script, wishes, first, end);
    return true;
}

/* What the file has SET for its session is in force in the units that follow. */
static void leave_to_file(struct score_wishes *wishes, const struct script *script, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (begins_with(script, i, "set session? lock_timeout"))
            wishes->lock_timeout_ms = -1;
        if (begins_with(script, i, "set session? statement_timeout"))
            wishes->statement_timeout_ms = -1;
    }
}

static bool write_units(struct score *score, const struct step *step, const struct score_wishes *wishes, struct fault *fault)
{
    const struct script *script = &step->script;
    struct score_wishes left = *wishes;
    if (!check_unchanged(step, wishes, fault))
        return false;
    add(score, NOTE_BARRIER, 0);
    for (size_t first = 0, end; first < script->statement_count; first = end) {
        end = end_of_unit(script, first);
        if (!add_resumed(score, step, &left, first, end, fault))
            return false;
        leave_to_file(&left, script, first, end);
    }
    add(score, NOTE_BEGIN_UNIT, 0);
    add_own_role(score, script);
    add_row(score, wishes);
    add_ending(score, script, wishes);
    add(score, NOTE_BARRIER, 0);
    return true;
}

bool score_write(struct score *score, const struct step *step, const struct score_wishes *wishes, struct fault *fault)
{
    const size_t notes_a_statement = 24;
    if (!make_room(score, step->script.statement_count * notes_a_statement + NOTES_AROUND, fault))
        return false;
    if (wishes->session_is_changed && !wishes->is_pooled)
        add_reset(score, wishes);
    if (step->script.mode == SCRIPT_STATEMENTS)
        return write_units(score, step, wishes, fault);
    if (!step_check_progress(step, wishes->progress, wishes->progress_count, fault))
        return false;
    write_transaction(score, &step->script, wishes);
    return true;
}

/* --- after a failure --------------------------------------------------------------------------------------------------- */

bool score_prepare(struct score *score, struct fault *fault)
{
    return make_room(score, NOTES_AROUND, fault);
}

/* What a ROLLBACK leaves: the rest of what a reset puts back went with the transaction. The server connection is ours until its end. */
static void add_rollback_of_pooled(struct score *score)
{
    add(score, NOTE_ROLLBACK_AND_CHAIN, 0);
    add(score, NOTE_UNLOCK, 0);
    add(score, NOTE_RESET, RESET_SEQUENCES);
    add(score, NOTE_RESET, RESET_PREPARED);
    add(score, NOTE_ROLLBACK, 0);
}

void score_write_cleaning(struct score *score, const struct score_wishes *wishes, bool in_transaction, bool leaves_traces)
{
    score->count = 0;
    if (in_transaction && leaves_traces && wishes->is_pooled)
        add_rollback_of_pooled(score);
    else if (in_transaction)
        add(score, NOTE_ROLLBACK, 0);
    if (leaves_traces && !wishes->is_pooled)
        add_reset(score, wishes);
}
