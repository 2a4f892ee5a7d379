/*
 * From a file's text to a script. It knows in which order the rules are asked; the rules themselves live in their own files.
 */
#include "text/script.h"

#include <string.h>

#include "text/directives.h"
#include "text/forbidden.h"
#include "text/session_effect.h"
#include "text/splitter.h"
#include "text/standalone.h"
#include "text/transaction.h"

/* What is read piece by piece; its lists live in the arena. */
struct draft {
    const struct source *source;
    struct arena *arena;
    struct statement *statements;
    size_t statement_count;
    size_t statement_room;
    struct remark *remarks;
    size_t remark_count;
    size_t remark_room;
    const struct standalone *first_alone;
    size_t first_alone_offset;
};

static bool add_statement(struct draft *draft, struct statement statement)
{
    struct statement *grown =
        arena_grow(draft->arena, draft->statements, draft->statement_count, &draft->statement_room, sizeof statement);
    if (grown == NULL)
        return false;
    draft->statements = grown;
    draft->statements[draft->statement_count++] = statement;
    return true;
}

static bool make_room_for_remark(struct draft *draft)
{
    struct remark *grown =
        arena_grow(draft->arena, draft->remarks, draft->remark_count, &draft->remark_room, sizeof *draft->remarks);
    if (grown != NULL)
        draft->remarks = grown;
    return grown != NULL;
}

static bool add_remark(struct draft *draft, struct remark remark)
{
    if (!make_room_for_remark(draft))
        return false;
    draft->remarks[draft->remark_count++] = remark;
    return true;
}

static enum statement_kind kind_of(enum piece_kind kind)
{
    return kind == PIECE_COPY_FROM_STDIN  ? STATEMENT_COPY_FROM_STDIN
           : kind == PIECE_COPY_TO_STDOUT ? STATEMENT_COPY_TO_STDOUT
                                          : STATEMENT_SQL;
}

static bool take_statement(struct draft *draft, const struct piece *piece, struct fault *fault)
{
    const struct source *source = draft->source;
    if (!forbidden_check(source, piece->offset, piece->size, fault))
        return false;
    const struct standalone *standalone = standalone_find(source->bytes, piece->offset, piece->offset + piece->size);
    if (standalone != NULL && draft->first_alone == NULL) {
        draft->first_alone = standalone;
        draft->first_alone_offset = piece->offset;
    }
    struct statement statement = {
        .kind = kind_of(piece->kind),
        .offset_bytes = piece->offset,
        .size_bytes = piece->size,
        .data_offset_bytes = piece->data_offset,
        .data_size_bytes = piece->data_size,
        .alone = standalone != NULL,
        .repeatable = standalone != NULL && standalone->repetition == REPEATABLE,
        .tied = piece->tied,
    };
    return add_statement(draft, statement) || fault_out_of_memory(fault);
}

static char *command_text(struct draft *draft, const struct psql_command *command)
{
    const char *start = draft->source->bytes + command->offset;
    size_t size = command->arguments_end - command->offset;
    while (size > 0 && strchr(" \t\r\f", start[size - 1]) != NULL)
        size--;
    return arena_copy(draft->arena, start, size);
}

static bool take_command(struct draft *draft, const struct psql_command *command, struct fault *fault)
{
    struct remark remark = { .offset_bytes = command->offset, .before_statement = draft->statement_count };
    switch (psql_command_judge(command, draft->source)) {
    case PSQL_SILENT:
        return true;
    case PSQL_ECHO:
        remark.kind = REMARK_ECHO;
        break;
    case PSQL_WARN:
        remark.kind = REMARK_WARN;
        break;
    case PSQL_IGNORED:
        remark.kind = REMARK_COMMAND_IGNORED;
        break;
    case PSQL_REFUSED:
        return psql_command_refuse(command, draft->source, fault);
    }
    remark.text = remark.kind == REMARK_COMMAND_IGNORED ? command_text(draft, command)
                                                        : psql_command_message(command, draft->source, draft->arena);
    return (remark.text != NULL && add_remark(draft, remark)) || fault_out_of_memory(fault);
}

static bool take_pieces(struct draft *draft, struct fault *fault)
{
    struct splitter splitter;
    splitter_init(&splitter, draft->source);
    for (;;) {
        struct piece piece;
        if (!splitter_next(&splitter, &piece, fault))
            return false;
        if (piece.kind == PIECE_END)
            return true;
        bool taken =
            piece.kind == PIECE_COMMAND ? take_command(draft, &piece.command, fault) : take_statement(draft, &piece, fault);
        if (!taken)
            return false;
    }
}

static size_t line_at(const struct source *source, size_t offset)
{
    return source_position(source, offset).line;
}

static bool refuse_directive_on(const struct draft *draft, const struct directives *directives, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s cannot run in a transaction block, and the file says transaction=on (line %zu)",
              draft->first_alone->name, line_at(draft->source, directives->transaction_offset));
    fault_place(fault, draft->source->name, draft->first_alone_offset);
    fault_hint(fault, "Move the statement to a file of its own, or take the directive out.");
    return false;
}

static bool choose_mode(struct script *script, struct draft *draft, const struct directives *directives, struct fault *fault)
{
    if (draft->first_alone != NULL && directives->transaction == TRANSACTION_ON)
        return refuse_directive_on(draft, directives, fault);
    if (draft->first_alone != NULL)
        script->mode_reason = arena_format(draft->arena, "%s (line %zu) cannot run in a transaction block",
                                           draft->first_alone->name, line_at(draft->source, draft->first_alone_offset));
    else if (directives->transaction == TRANSACTION_OFF)
        script->mode_reason = arena_format(draft->arena, "the file says transaction=off (line %zu)",
                                           line_at(draft->source, directives->transaction_offset));
    else
        return true;
    script->mode = SCRIPT_STATEMENTS;
    return script->mode_reason != NULL || fault_out_of_memory(fault);
}

/* The remarks get room for the one that transaction_absorb() may add. */
static bool take_draft(struct script *script, struct draft *draft, struct fault *fault)
{
    if (!make_room_for_remark(draft))
        return fault_out_of_memory(fault);
    script->statements = draft->statements;
    script->statement_count = draft->statement_count;
    script->remarks = draft->remarks;
    script->remark_count = draft->remark_count;
    return true;
}

static bool settle_transactions(struct script *script, struct arena *arena, const struct directives *directives,
                                struct fault *fault)
{
    if (script->mode == SCRIPT_STATEMENTS)
        return transaction_number_units(script, directives->transaction == TRANSACTION_OFF, fault);
    if (!transaction_absorb(script, arena, fault))
        return false;
    script->leading_set_count = transaction_leading_sets(script);
    return true;
}

static void sum_up(struct script *script)
{
    for (size_t i = 0; i < script->statement_count; i++) {
        const struct statement *statement = &script->statements[i];
        size_t end = statement->offset_bytes + statement->size_bytes;
        if (statement->kind != STATEMENT_SQL)
            script->has_copy = true;
        if (!script->changes_session)
            script->changes_session = session_effect_possible(script->source->bytes, statement->offset_bytes, end);
    }
}

static bool build(struct script *script, struct draft *draft, struct fault *fault)
{
    struct directives directives;
    if (!directives_read(&directives, draft->source, fault) || !take_pieces(draft, fault) ||
        !choose_mode(script, draft, &directives, fault) || !take_draft(script, draft, fault) ||
        !settle_transactions(script, draft->arena, &directives, fault))
        return false;
    script->lock_timeout_ms = directives.lock_timeout_ms;
    script->statement_timeout_ms = directives.statement_timeout_ms;
    sum_up(script);
    return true;
}

bool script_read(struct script *script, struct arena *arena, const struct source *source, struct fault *fault)
{
    *script = (struct script){ .source = source, .mode = SCRIPT_TRANSACTION, .begin_options = "" };
    struct draft draft = { .source = source, .arena = arena };
    return build(script, &draft, fault);
}
