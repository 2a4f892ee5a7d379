/*
 * From a server's error to a fault with a place in the file, in words that fit the act it answers.
 */
#include <stdio.h>
#include <string.h>

#include "apply_inside.h"
#include "base/clock.h"
#include "base/journal.h"
#include "text/copy.h"
#include "text/excerpt.h"
#include "work/advice.h"

enum { EXCERPT_WIDTH = 100, EXCERPT_MOST_BYTES = 2048 };

/* --- failures --------------------------------------------------------------------------------------------------------- */

static void note_failed(struct apply *apply)
{
    const struct fault *fault = &apply->fault;
    const struct step *step = apply_step(apply, apply->failed_step);
    const struct source *source = &step->migration->source;
    struct position position = { 0, 0 };
    struct buf excerpt;
    buf_init(&excerpt, EXCERPT_MOST_BYTES);
    if (fault->has_offset && source->bytes != NULL) {
        position = source_position(source, fault->offset_bytes);
        excerpt_add(&excerpt, source, fault->offset_bytes, EXCERPT_WIDTH);
    }
    const struct field fields[] = {
        TEXT(MIGRATION, step->name),
        NUMBER_IF(apply->failed_statement > 0, STATEMENT, apply->failed_statement),
        NUMBER_IF(position.line > 0, LINE, position.line),
        NUMBER_IF(position.line > 0, COLUMN, position.column),
        TEXT(SQLSTATE, fault->sqlstate),
        TEXT(MESSAGE, fault->what),
        TEXT(DETAIL, fault->detail),
        TEXT(HINT, fault->hint),
        TEXT(CONTEXT, fault->context),
        TEXT(EXCERPT, buf_text(&excerpt)),
        NUMBER(DURATION_US, clock_monotonic_us() - apply->step_began_us),
        { .key = FIELD_END },
    };
    char place[64] = "";
    if (position.line > 0)
        snprintf(place, sizeof place, ":%zu:%zu", position.line, position.column);
    journal_note(apply->run->journal, EVENT_MIGRATION_FAILED, apply->run->target, fields, "%s%s failed: %s", step->name,
                 place, fault->what);
    buf_finish(&excerpt);
}

/* A lock timeout, a deadlock, a serialization failure: what was in the way may be gone a moment later. */
static bool is_passing(const struct fault *fault)
{
    static const char *const sqlstates[] = { "55P03", "40P01", "40001" };
    for (size_t i = 0; i < sizeof sqlstates / sizeof sqlstates[0]; i++)
        if (fault->class == FAULT_MIGRATION && strcmp(fault->sqlstate, sqlstates[i]) == 0)
            return true;
    return false;
}

bool apply_is_connection_error(const struct fault *fault)
{
    return strncmp(fault->sqlstate, "08", 2) == 0;
}

bool apply_is_read_only_error(const struct fault *fault)
{
    return strcmp(fault->sqlstate, "25006") == 0;
}

/*
 * A read-only error may be the server's own doing, and a connection exception may be a pooler's word that the server is gone: it
 * says so with an ERROR, and then hangs up.
 */
static bool is_doubtful(const struct fault *fault)
{
    return fault->class == FAULT_MIGRATION && (apply_is_connection_error(fault) || apply_is_read_only_error(fault));
}

/*
 * To notify is a courtesy, which a migration must not fail for: a role may have no right to it, and the queue may be full of what some
 * session LISTENs to and does not read. The server's words are of any language, but a function's name is not.
 */
static bool is_about_notifying(const struct apply *apply, struct act_tag tag, const struct fault *fault)
{
    bool may_not =
        tag.what == SAY_GUARD && strcmp(fault->sqlstate, "42501") == 0 && strstr(fault->what, "pg_notify") != NULL;
    bool is_full = tag.what == SAY_COMMIT && strcmp(fault->sqlstate, "54000") == 0;
    return apply->reading->server.may_notify && (may_not || is_full);
}

static int64_t tries_left(const struct apply *apply, size_t step)
{
    bool was_tried = strcmp(apply->tries.migration, apply_step(apply, step)->name) == 0;
    return was_tried ? apply->tries.left : apply->run->settings->lock_retries;
}

void apply_fail(struct apply *apply, const struct fault *fault, size_t step, uint32_t statement)
{
    if (apply_has_failed(apply) || apply->stopping)
        return;
    apply->fault = *fault;
    apply->failed_step = step;
    apply->failed_statement = statement;
    if (fault->source[0] == '\0' && fault->class == FAULT_MIGRATION)
        text_cut(apply->fault.source, sizeof apply->fault.source, apply_step(apply, step)->name);
    apply->blocked = is_passing(fault) && tries_left(apply, step) > 0;
    apply->in_doubt = is_doubtful(fault);
    if (!apply->blocked && !apply->untold && !apply->in_doubt)
        note_failed(apply);
}

void apply_settle_doubt(struct apply *apply)
{
    if (!apply->in_doubt)
        return;
    apply->in_doubt = false;
    if (apply->read_only)
        return;
    if (apply_is_read_only_error(&apply->fault) && apply->fault.hint[0] == '\0')
        fault_hint(&apply->fault, "The file makes its transaction READ ONLY, but the ledger's row is written in the same "
                                  "transaction: a migration has to be able to write.");
    note_failed(apply);
}

static void place_in_statement(struct fault *fault, const struct script *script, const struct statement *statement,
                               long position)
{
    size_t offset = statement->offset_bytes;
    if (position > 1)
        offset = source_forward(script->source, offset, (size_t) position - 1);
    fault_place(fault, script->source->name, offset);
}

/* What is wrong with COPY data has no position: the line of the data stands in the context. */
static void place_in_data(struct fault *fault, const struct script *script, const struct statement *statement)
{
    const char *bytes = script->source->bytes;
    size_t end = statement->offset_bytes + statement->size_bytes;
    size_t line = copy_line_in_context(fault->context, bytes, statement->offset_bytes, end);
    const char *at = bytes + statement->data_offset_bytes;
    const char *data_end = at + statement->data_size_bytes;
    for (; line > 1 && at < data_end; line--) {
        const char *newline = memchr(at, '\n', (size_t) (data_end - at));
        at = newline != NULL ? newline + 1 : data_end;
    }
    if (line == 1)
        fault_place(fault, script->source->name, (size_t) (at - bytes));
}

static void add_internal_query(struct fault *fault, const struct server_message *error)
{
    char context[FAULT_LINE_BYTES];
    if (error->internal_query[0] == '\0')
        return;
    text_cut(context, sizeof context, fault->context);
    fault_context(fault, "%s%sin the query: %s", context, context[0] != '\0' ? "; " : "", error->internal_query);
}

static void fail_statement(struct apply *apply, struct act_tag tag, const struct server_message *error)
{
    const struct script *script = &apply_step(apply, tag.step)->script;
    struct fault fault = error->fault;
    const struct statement *statement = &script->statements[tag.statement];
    place_in_statement(&fault, script, statement, error->position);
    if (statement->kind == STATEMENT_COPY_FROM_STDIN && error->position == 0)
        place_in_data(&fault, script, statement);
    add_internal_query(&fault, error);
    advise(&fault, script, tag.statement, &apply->reading->ledger);
    apply_fail(apply, &fault, tag.step, tag.statement + 1);
}

/* The guard's answer is a cast of its own words that fails; the words stand in quotes. */
static void fail_guard(struct apply *apply, struct act_tag tag, const struct server_message *error)
{
    struct fault fault = error->fault;
    const char *released = strstr(error->fault.what, "released the lock");
    const char *ended = strstr(error->fault.what, "ended the transaction");
    if (released != NULL) {
        fault_set(&fault, FAULT_MIGRATION, "the migration released the lock that keeps other runners out");
        fault_hint(&fault, "pg_advisory_unlock_all() and DISCARD ALL must not stand in a migration.");
    } else if (ended != NULL) {
        fault_set(&fault, FAULT_MIGRATION, "the migration's row in the ledger is not its own transaction's any more");
        fault_hint(&fault,
                   "Something in the file ended the transaction or changed the ledger. Look at what it left behind before "
                   "running again.");
    } else if (strcmp(fault.sqlstate, "42P01") == 0) {
        fault_hint(&fault, "The migration dropped or renamed the ledger that it is recorded in.");
    }
    apply_fail(apply, &fault, tag.step, 0);
}

static void fail_row(struct apply *apply, struct act_tag tag, const struct server_message *error)
{
    struct fault fault = error->fault;
    if (strcmp(fault.sqlstate, "23505") == 0) {
        apply->raced = true;
        return;
    }
    if (strcmp(fault.sqlstate, "55P03") == 0 && apply->run->settings->lock_wait_ms >= 0) {
        fault_set(&fault, FAULT_LOCKED, "another runner has recorded %s and not committed it within --lock-wait",
                  apply_step(apply, tag.step)->name);
        fault_sqlstate(&fault, "55P03");
    } else if (strcmp(fault.sqlstate, "42501") == 0) {
        fault.class = FAULT_REFUSED;
        fault_hint(&fault, "To migrate, the role needs INSERT and SELECT on %s.", apply->reading->ledger.name);
    }
    apply_fail(apply, &fault, tag.step, 0);
}

static void fail_commit(struct apply *apply, struct act_tag tag, const struct server_message *error)
{
    struct fault fault = error->fault;
    if (strcmp(fault.sqlstate, "54000") == 0 && fault.hint[0] == '\0')
        fault_hint(&fault, "If the queue of notifications is full: pg_notification_queue_usage() tells, and a session that "
                           "LISTENs and has had a transaction open for long keeps it so.");
    apply_fail(apply, &fault, tag.step, 0);
}

/* Where there is no session lock, runners meet here too. */
static bool is_late_preparation(const struct apply *apply, const struct server_message *error)
{
    return !apply->has_key && apply->run->settings->lock_wait_ms >= 0 && strcmp(error->fault.sqlstate, "55P03") == 0;
}

static void fail_late_preparation(struct apply *apply)
{
    struct fault fault;
    fault_set(&fault, FAULT_LOCKED, "another runner is making the ledger %s and has not committed it within --lock-wait",
              apply->reading->ledger.name);
    fault_sqlstate(&fault, "55P03");
    apply_fail(apply, &fault, apply->heard_step, 0);
}

/* What is in the way of the ledger is in the way of the first pending migration, whatever stands before that one. */
static void fail_prepare(struct apply *apply, struct act_tag tag, const struct server_message *error)
{
    struct fault fault = error->fault;
    char message[FAULT_LINE_BYTES / 2];
    text_cut(message, sizeof message, error->fault.what);
    bool no_right = strcmp(error->fault.sqlstate, "42501") == 0;
    bool is_log = tag.statement == PREPARE_LOG;
    fault_set(&fault, no_right ? FAULT_REFUSED : FAULT_MIGRATION, "cannot create the %s %s%s: %s",
              is_log ? "ledger's log" : "ledger", apply->reading->ledger.name, is_log ? "_log" : "", message);
    fault_sqlstate(&fault, error->fault.sqlstate);
    if (no_right)
        fault_hint(
            &fault,
            "Since PostgreSQL 15 only the database's owner may create in the schema public: GRANT CREATE ON SCHEMA "
            "public TO the migrating role, make it the owner, or choose a schema with --ledger. If there is a ledger, "
            "the role does not see it without USAGE on its schema.");
    apply_fail(apply, &fault, apply->heard_step, 0);
}

/* Before the first migration's own acts the sender stands at the list's first step, which may be an applied or a missing one. */
static size_t pending_at(const struct apply *apply, size_t step)
{
    bool is_pending = step < apply->plan->count && apply_step(apply, step)->state == STEP_PENDING;
    if (is_pending || apply->heard_step == apply->plan->count)
        return step < apply->plan->count ? step : 0;
    return apply->heard_step;
}

void apply_hear_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    struct apply *apply = owner;
    if (apply_has_failed(apply) || apply->stopping)
        return; /* what follows from the first failure */
    apply->untold = is_about_notifying(apply, tag, &error->fault);
    switch (tag.what) {
    case SAY_STATEMENT:
        fail_statement(apply, tag, error);
        break;
    case SAY_ROW:
        fail_row(apply, tag, error);
        break;
    case SAY_GUARD:
        fail_guard(apply, tag, error);
        break;
    case SAY_COMMIT:
        fail_commit(apply, tag, error);
        break;
    case SAY_PREPARE:
        if (is_late_preparation(apply, error))
            fail_late_preparation(apply);
        else
            fail_prepare(apply, tag, error);
        break;
    default:
        apply_fail(apply, &error->fault, pending_at(apply, tag.step), 0);
        break;
    }
}
