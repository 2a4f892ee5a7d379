/*
 * The rule for BEGIN and COMMIT in a file. It knows which statements begin and end transactions and decides what becomes of them
 * before anything runs. COMMIT in a string, and so in a function's or a DO block's body, is not its business.
 */
#include "text/transaction.h"

#include <string.h>

#include "text/phrase.h"

static bool is_over(struct lexer lexer)
{
    return lexer_next(&lexer).kind == TOKEN_END;
}

static enum transaction_verb commit_verb(struct lexer rest)
{
    phrase_match(&rest, "work|transaction?");
    if (phrase_match(&rest, "and chain"))
        return TRANSACTION_COMMIT_AND_CHAIN;
    phrase_match(&rest, "and no chain");
    return is_over(rest) ? TRANSACTION_COMMIT : TRANSACTION_NONE;
}

static enum transaction_verb rollback_verb(struct lexer rest)
{
    return phrase_match(&rest, "work|transaction? to|prepared") ? TRANSACTION_NONE : TRANSACTION_ROLLBACK;
}

/* PREPARE transaction AS ... prepares a statement of that name. */
static enum transaction_verb prepare_verb(struct lexer rest)
{
    return lexer_next(&rest).kind == TOKEN_STRING ? TRANSACTION_PREPARE : TRANSACTION_NONE;
}

enum transaction_verb transaction_verb(const char *bytes, size_t offset, size_t end, size_t *options_offset)
{
    struct lexer lexer;
    lexer_init(&lexer, bytes, offset, end);
    *options_offset = end;
    if (phrase_match(&lexer, "begin work|transaction?") || phrase_match(&lexer, "start transaction")) {
        struct lexer options = lexer;
        struct token first = lexer_next(&options);
        *options_offset = first.offset;
        return TRANSACTION_BEGIN;
    }
    if (phrase_match(&lexer, "commit|end"))
        return commit_verb(lexer);
    if (phrase_match(&lexer, "rollback|abort"))
        return rollback_verb(lexer);
    if (phrase_match(&lexer, "prepare transaction"))
        return prepare_verb(lexer);
    return TRANSACTION_NONE;
}

static enum transaction_verb verb_of(const struct script *script, size_t index, size_t *options_offset)
{
    const struct statement *statement = &script->statements[index];
    size_t end = statement->offset_bytes + statement->size_bytes;
    return transaction_verb(script->source->bytes, statement->offset_bytes, end, options_offset);
}

static size_t line_of(const struct script *script, size_t index)
{
    return source_position(script->source, script->statements[index].offset_bytes).line;
}

static void place_at(const struct script *script, size_t index, struct fault *fault)
{
    fault_place(fault, script->source->name, script->statements[index].offset_bytes);
}

static const char own_transaction_hint[] = "Every migration is a transaction of its own already. Take the file's BEGIN and "
                                           "COMMIT out, make several files of it, or "
                                           "begin it with \"-- pgusher: transaction=off\".";

/* The statements that no migration may hold, however it is run. */
static bool refuse_ending(const struct script *script, size_t index, enum transaction_verb verb, struct fault *fault)
{
    const char *name = verb == TRANSACTION_ROLLBACK  ? "ROLLBACK would undo the migration and leave it half applied"
                       : verb == TRANSACTION_PREPARE ? "PREPARE TRANSACTION would leave the migration open"
                                                     : "COMMIT AND CHAIN would end the migration's transaction halfway";
    fault_set(fault, FAULT_CONFIG, "%s (line %zu)", name, line_of(script, index));
    place_at(script, index, fault);
    fault_hint(fault, "Take it out. ROLLBACK TO a savepoint is fine.");
    return false;
}

static bool refuse_lone_commit(const struct script *script, size_t index, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "COMMIT (line %zu) has no BEGIN: it would end the migration's transaction halfway",
              line_of(script, index));
    place_at(script, index, fault);
    fault_hint(fault, "%s", own_transaction_hint);
    return false;
}

static bool refuse_lone_begin(const struct script *script, size_t index, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "BEGIN (line %zu) has no COMMIT", line_of(script, index));
    place_at(script, index, fault);
    fault_hint(fault, "End the file with COMMIT;, or take BEGIN out: every migration is a transaction of its own already.");
    return false;
}

static bool refuse_nested_begin(const struct script *script, size_t outer, size_t inner, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "BEGIN (line %zu) inside the transaction that BEGIN (line %zu) began",
              line_of(script, inner), line_of(script, outer));
    place_at(script, inner, fault);
    fault_hint(fault, "Transactions do not nest. Take the inner one out, or make it a SAVEPOINT.");
    return false;
}

static bool refuse_after_commit(const struct script *script, size_t commit, size_t index, bool is_begin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "COMMIT (line %zu) is not the end of the file: %s follows (line %zu)",
              line_of(script, commit), is_begin ? "another BEGIN" : "a statement", line_of(script, index));
    place_at(script, index, fault);
    fault_hint(fault, "%s", own_transaction_hint);
    return false;
}

/* Between its two ends, index NOWHERE where there is none. */
struct block {
    size_t begin;
    size_t begin_options;
    size_t commit;
};

static const size_t NOWHERE = (size_t) -1;

static bool note_begin(const struct script *script, struct block *block, size_t index, size_t options, struct fault *fault)
{
    if (block->begin != NOWHERE)
        return refuse_nested_begin(script, block->begin, index, fault);
    block->begin = index;
    block->begin_options = options;
    return true;
}

/* Finds the one block that may be, and sees to it that nothing else begins or ends a transaction. */
static bool find_block(const struct script *script, struct block *block, struct fault *fault)
{
    *block = (struct block){ NOWHERE, 0, NOWHERE };
    for (size_t i = 0; i < script->statement_count; i++) {
        size_t options;
        enum transaction_verb verb = verb_of(script, i, &options);
        if (block->commit != NOWHERE)
            return refuse_after_commit(script, block->commit, i, verb == TRANSACTION_BEGIN, fault);
        if (verb == TRANSACTION_BEGIN) {
            if (!note_begin(script, block, i, options, fault))
                return false;
        } else if (verb == TRANSACTION_COMMIT) {
            if (block->begin == NOWHERE)
                return refuse_lone_commit(script, i, fault);
            block->commit = i;
        } else if (verb != TRANSACTION_NONE) {
            return refuse_ending(script, i, verb, fault);
        }
    }
    if (block->begin != NOWHERE && block->commit == NOWHERE)
        return refuse_lone_begin(script, block->begin, fault);
    return true;
}

/* A statement that vanishes is marked by having no text. */
static void mark(struct script *script, size_t index)
{
    script->statements[index].size_bytes = 0;
}

static void drop_marked(struct script *script)
{
    size_t kept = 0;
    size_t remark = 0;
    for (size_t i = 0; i < script->statement_count; i++) {
        while (remark < script->remark_count && script->remarks[remark].before_statement <= i)
            script->remarks[remark++].before_statement = kept;
        if (script->statements[i].size_bytes > 0)
            script->statements[kept++] = script->statements[i];
    }
    while (remark < script->remark_count)
        script->remarks[remark++].before_statement = kept;
    script->statement_count = kept;
}

static void insert_remark(struct script *script, struct remark remark)
{
    size_t at = script->remark_count++;
    while (at > 0 && script->remarks[at - 1].offset_bytes > remark.offset_bytes) {
        script->remarks[at] = script->remarks[at - 1];
        at--;
    }
    script->remarks[at] = remark;
}

static bool keep_options(struct script *script, struct arena *arena, const struct block *block)
{
    const struct statement *begin = &script->statements[block->begin];
    size_t end = begin->offset_bytes + begin->size_bytes;
    script->begin_options = arena_copy(arena, script->source->bytes + block->begin_options, end - block->begin_options);
    return script->begin_options != NULL;
}

bool transaction_absorb(struct script *script, struct arena *arena, struct fault *fault)
{
    struct block block;
    if (!find_block(script, &block, fault))
        return false;
    if (block.begin == NOWHERE)
        return true;
    struct remark remark = { .kind = REMARK_TRANSACTION_ABSORBED,
                             .offset_bytes = script->statements[block.begin].offset_bytes,
                             .before_statement = block.begin };
    remark.text =
        arena_format(arena, "BEGIN (line %zu) and COMMIT (line %zu) are taken out: the whole file is one transaction",
                     line_of(script, block.begin), line_of(script, block.commit));
    if (remark.text == NULL || !keep_options(script, arena, &block))
        return fault_out_of_memory(fault);
    mark(script, block.begin);
    mark(script, block.commit);
    drop_marked(script);
    insert_remark(script, remark);
    return true;
}

static bool refuse_unasked_block(const struct script *script, size_t begin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "BEGIN (line %zu) in a file that does not run as one transaction: %s",
              line_of(script, begin), script->mode_reason);
    place_at(script, begin, fault);
    fault_hint(fault, "If that is meant, begin the file with \"-- pgusher: transaction=off\"; else make two files of it.");
    return false;
}

static bool refuse_options(const struct script *script, size_t begin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "BEGIN (line %zu) cannot have options in a file that does not run as one transaction",
              line_of(script, begin));
    place_at(script, begin, fault);
    fault_hint(fault, "Make this transaction a file of its own.");
    return false;
}

static bool refuse_alone_in_block(const struct script *script, size_t index, struct fault *fault)
{
    char headline[80];
    statement_headline(script, index, headline, sizeof headline);
    fault_set(fault, FAULT_CONFIG, "PostgreSQL cannot run this in a transaction with other statements (line %zu): %s",
              line_of(script, index), headline);
    place_at(script, index, fault);
    fault_hint(fault, "Move it out of BEGIN ... COMMIT, and end the statements next to it with ; alone.");
    return false;
}

struct numbering {
    struct block open; /* begin is NOWHERE between blocks */
    size_t unit;
    bool unit_begun; /* by a tied statement: the next one joins it */
};

static bool open_unit(struct script *script, struct numbering *numbering, size_t index, size_t options, bool allowed,
                      struct fault *fault)
{
    const struct statement *begin = &script->statements[index];
    if (!note_begin(script, &numbering->open, index, options, fault))
        return false;
    if (!allowed)
        return refuse_unasked_block(script, index, fault);
    if (options < begin->offset_bytes + begin->size_bytes)
        return refuse_options(script, index, fault);
    return true;
}

/*
 * What may end its own transaction, or refuse to run in one, without the text telling: in a file that says transaction=off it runs
 * alone, but for one within BEGIN ... COMMIT, which asks for a transaction by its place.
 */
static void let_run_alone(const struct script *script, struct statement *statement)
{
    struct lexer lexer;
    lexer_init(&lexer, script->source->bytes, statement->offset_bytes, statement->offset_bytes + statement->size_bytes);
    statement->repeatable = statement->repeatable || phrase_match(&lexer, "reindex|cluster");
    statement->alone = statement->repeatable || statement->alone || phrase_match(&lexer, "call|do");
}

static bool number_statement(struct script *script, struct numbering *numbering, size_t index, struct fault *fault)
{
    struct statement *statement = &script->statements[index];
    bool in_block = numbering->open.begin != NOWHERE;
    if (statement->alone && (in_block || statement->tied || numbering->unit_begun))
        return refuse_alone_in_block(script, index, fault);
    statement->unit = numbering->unit;
    numbering->unit_begun = statement->tied;
    if (!in_block && !statement->tied)
        numbering->unit++;
    return true;
}

bool transaction_number_units(struct script *script, bool allow_blocks, struct fault *fault)
{
    struct numbering numbering = { .open = { NOWHERE, 0, NOWHERE } };
    for (size_t i = 0; i < script->statement_count; i++) {
        size_t options;
        enum transaction_verb verb = verb_of(script, i, &options);
        if (verb == TRANSACTION_BEGIN) {
            if (!open_unit(script, &numbering, i, options, allow_blocks, fault))
                return false;
        } else if (verb == TRANSACTION_COMMIT) {
            if (numbering.open.begin == NOWHERE)
                return refuse_lone_commit(script, i, fault);
            mark(script, numbering.open.begin);
            mark(script, i);
            numbering = (struct numbering){ .open = { NOWHERE, 0, NOWHERE }, .unit = numbering.unit + 1 };
        } else if (verb != TRANSACTION_NONE) {
            return refuse_ending(script, i, verb, fault);
        } else {
            bool ties = script->statements[i].tied || numbering.unit_begun;
            if (allow_blocks && numbering.open.begin == NOWHERE && !ties)
                let_run_alone(script, &script->statements[i]);
            if (!number_statement(script, &numbering, i, fault))
                return false;
        }
    }
    if (numbering.open.begin != NOWHERE)
        return refuse_lone_begin(script, numbering.open.begin, fault);
    drop_marked(script);
    return true;
}

static bool sets_transaction(struct lexer lexer)
{
    return phrase_match(&lexer, "set transaction") ||
           phrase_match(&lexer, "set session|local? transaction_isolation|transaction_read_only|transaction_deferrable");
}

/* Another role may not be allowed to write the ledger, whose row comes next: such a SET stays where it is. */
static bool sets_role(struct lexer lexer)
{
    return phrase_match(&lexer, "set session|local? role") ||
           phrase_match(&lexer, "set session|local? session? authorization");
}

size_t transaction_leading_sets(const struct script *script)
{
    size_t leading = 0;
    for (size_t i = 0; i < script->statement_count; i++) {
        const struct statement *statement = &script->statements[i];
        struct lexer lexer;
        lexer_init(&lexer, script->source->bytes, statement->offset_bytes, statement->offset_bytes + statement->size_bytes);
        if (sets_transaction(lexer))
            leading = i + 1;
        else if (sets_role(lexer) || !phrase_match(&lexer, "set"))
            break;
    }
    return leading;
}
