/*
 * The listener: what each answer means for a migration, and what people are told about it.
 */
#include <inttypes.h>
#include <string.h>

#include "apply_inside.h"
#include "base/clock.h"
#include "base/journal.h"

/* --- the listener ----------------------------------------------------------------------------------------------------- */

static const struct step *next_pending(const struct apply *apply, size_t from)
{
    while (from < apply->plan->count && apply_step(apply, from)->state != STEP_PENDING)
        from++;
    return from < apply->plan->count ? apply_step(apply, from) : NULL;
}

/* The server has begun with a migration: its predecessor's COMMIT was heard. */
void apply_announce(struct apply *apply, size_t from)
{
    const struct step *step = next_pending(apply, from);
    apply->heard_step = step != NULL ? (size_t) (step - apply->plan->steps) : apply->plan->count;
    apply->next_remark = 0;
    apply->step_began_us = clock_monotonic_us();
    if (step == NULL) {
        witness_attend(apply->witness, NULL, 0);
        return;
    }
    witness_attend(apply->witness, step->name, apply_lock_timeout_ms(apply, apply->heard_step));
    journal_note(apply->run->journal, EVENT_MIGRATION_STARTED, apply->run->target,
                 FIELDS(TEXT(MIGRATION, step->name), NUMBER(STATEMENTS, step->script.statement_count)), "applying %s",
                 step->name);
}

static void say_remark(const struct apply *apply, const struct step *step, const struct remark *remark)
{
    struct position position = source_position(step->script.source, remark->offset_bytes);
    journal_note_at(
        apply->run->journal, remark->kind == REMARK_WARN ? LEVEL_WARN : LEVEL_INFO, EVENT_ECHO, apply->run->target,
        FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line), TEXT(MESSAGE, remark->text)), "%s", remark->text);
}

/* What the file says with \echo, when everything before it is done. */
static void say_remarks(struct apply *apply, const struct step *step, size_t statements_done)
{
    const struct script *script = &step->script;
    for (; apply->next_remark < script->remark_count; apply->next_remark++) {
        const struct remark *remark = &script->remarks[apply->next_remark];
        if (remark->before_statement > statements_done)
            break;
        if (remark->kind == REMARK_ECHO || remark->kind == REMARK_WARN)
            say_remark(apply, step, remark);
    }
}

static void note_copy_dropped(const struct apply *apply, const struct step *step, const struct statement *statement)
{
    struct position position = source_position(step->script.source, statement->offset_bytes);
    journal_note(apply->run->journal, EVENT_COPY_DROPPED, apply->run->target,
                 FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line)),
                 "%s:%zu: the data of this COPY TO stdout was dropped", step->name, position.line);
}

static void hear_statement_done(struct apply *apply, struct act_tag tag)
{
    const struct step *step = apply_step(apply, tag.step);
    const struct statement *statement = &step->script.statements[tag.statement];
    if (statement->kind == STATEMENT_COPY_TO_STDOUT)
        note_copy_dropped(apply, step, statement);
    say_remarks(apply, step, tag.statement + 1);
}

static void hear_prepare_done(struct apply *apply, struct act_tag tag)
{
    const char *name = apply->reading->ledger.name;
    if (tag.statement == PREPARE_LEDGER)
        journal_note(apply->run->journal, EVENT_LEDGER_CREATED, apply->run->target, FIELDS(TEXT(LEDGER, name)),
                     "creating the ledger %s", name);
    if (tag.statement == PREPARE_COMMIT)
        apply->log_is_there = apply->with_log;
}

static void hear_commit(struct apply *apply, struct act_tag tag, const char *command_tag)
{
    const struct step *step = apply_step(apply, tag.step);
    if (strcmp(command_tag, "COMMIT") != 0) {
        struct fault fault;
        fault_set(&fault, FAULT_MIGRATION, "COMMIT was answered with %s: the transaction had failed", command_tag);
        apply_fail(apply, &fault, tag.step, 0);
        return;
    }
    int64_t duration_us = clock_monotonic_us() - apply->step_began_us;
    say_remarks(apply, step, step->script.statement_count);
    apply->applied++;
    apply->run->outcome.applied++;
    journal_note(apply->run->journal, EVENT_MIGRATION_APPLIED, apply->run->target,
                 FIELDS(TEXT(MIGRATION, step->name), NUMBER(STATEMENTS, step->script.statement_count),
                        NUMBER(DURATION_US, duration_us)),
                 "applied %s", step->name);
    migration_release(step->migration);
    apply_announce(apply, tag.step + 1);
}

void apply_hear_done(void *owner, struct act_tag tag, const char *command_tag)
{
    struct apply *apply = owner;
    switch (tag.what) {
    case SAY_SYNC:
        apply->syncs_heard++;
        break;
    case SAY_PREPARE:
        hear_prepare_done(apply, tag);
        break;
    case SAY_STATEMENT:
        hear_statement_done(apply, tag);
        break;
    case SAY_COMMIT:
        hear_commit(apply, tag, command_tag);
        break;
    default:
        break;
    }
}

static void note_invalid_index(const struct apply *apply, struct act_tag tag)
{
    const char *migration = apply_step(apply, tag.step)->name;
    journal_note(
        apply->run->journal, EVENT_INDEX_INVALID, apply->run->target,
        FIELDS(TEXT(MIGRATION, migration), NUMBER(STATEMENT, tag.statement + 1), TEXT(NAME, apply->invalid_index)),
        "%s: an earlier run, which failed or was interrupted, left the index %s INVALID; it is dropped and built again",
        migration, apply->invalid_index);
}

static void hear_read_only(struct apply *apply, const struct row *row)
{
    const char *in_recovery = row_text(row, 0);
    const char *read_only = row_text(row, 1);
    apply->in_recovery = in_recovery != NULL && in_recovery[0] == 't';
    apply->read_only = apply->in_recovery || (read_only != NULL && read_only[0] == 't');
}

static void hear_trace(struct apply *apply, struct act_tag tag, const struct row *row)
{
    const char *answer = row_text(row, 0);
    const char *name = row_text(row, 1);
    apply->trace = answer == NULL ? TRACE_UNDONE : strcmp(answer, "done") == 0 ? TRACE_DONE : TRACE_INVALID;
    text_cut(apply->invalid_index, sizeof apply->invalid_index, name != NULL ? name : "");
    if (apply->trace == TRACE_INVALID)
        note_invalid_index(apply, tag);
}

/* The only rows that anybody wants: those of a file's own statements are dropped. */
void apply_hear_row(void *owner, struct act_tag tag, const struct row *row)
{
    struct apply *apply = owner;
    if (tag.what == SAY_TRACE)
        hear_trace(apply, tag, row);
    else if (tag.what == SAY_READ_ONLY)
        hear_read_only(apply, row);
}

void apply_hear_notice(void *owner, const struct server_message *notice)
{
    const struct apply *apply = owner;
    const struct fault *fault = &notice->fault;
    const char *migration = apply->heard_step < apply->plan->count ? apply_step(apply, apply->heard_step)->name : NULL;
    bool is_warning = strcmp(notice->severity, "WARNING") == 0;
    bool is_debug = strncmp(notice->severity, "DEBUG", 5) == 0;
    journal_note_at(apply->run->journal,
                    is_warning ? LEVEL_WARN
                    : is_debug ? LEVEL_DEBUG
                               : LEVEL_INFO,
                    EVENT_NOTICE, apply->run->target,
                    FIELDS(TEXT(MIGRATION, migration), TEXT(SEVERITY, notice->severity), TEXT(SQLSTATE, fault->sqlstate),
                           TEXT(MESSAGE, fault->what), TEXT(DETAIL, fault->detail), TEXT(HINT, fault->hint),
                           TEXT(CONTEXT, fault->context)),
                    "%s: %s", notice->severity, fault->what);
}
