/*
 * Any bytes at all through the lexer, the splitter, the directives and the whole reading of a script. The input lies in a block of
 * exactly its size and a NUL, so that a sanitizer sees a byte read beyond it; what must hold of any result is checked here.
 */
#include "fuzz_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "text/directives.h"
#include "text/excerpt.h"
#include "text/lexer.h"
#include "text/script.h"
#include "text/splitter.h"

#define hold(condition)                                                                                                     \
    do {                                                                                                                    \
        if (!(condition))                                                                                                   \
            broken(#condition);                                                                                             \
    } while (0)

static void broken(const char *promise)
{
    fprintf(stderr, "broken: %s\n", promise);
    abort();
}

/* A fault speaks of a place in the text, and can be shown. */
static void check_fault(const struct source *source, const struct fault *fault)
{
    hold(fault->class == FAULT_CONFIG);
    hold(fault->has_offset && fault->offset_bytes <= source->size);
    hold(fault->what[0] != '\0' && fault->hint[0] != '\0');
    struct buf shown;
    buf_init(&shown, 4096);
    excerpt_add(&shown, source, fault->offset_bytes, 100);
    hold(buf_ok(&shown));
    buf_finish(&shown);
}

/* Tokens come in order, overlap nothing, and leave out nothing but white space. */
static void check_tokens(const struct source *source)
{
    struct lexer lexer;
    lexer_init(&lexer, source->bytes, 0, source->size);
    size_t end = 0;
    for (;;) {
        struct token token = lexer_next_or_comment(&lexer);
        hold(token.offset >= end && token.offset + token.size <= source->size);
        for (size_t i = end; i < token.offset; i++)
            hold(memchr(" \t\r\n\f", source->bytes[i], 5) != NULL);
        if (token.kind == TOKEN_END)
            break;
        hold(token.size > 0);
        end = token.offset + token.size;
        hold(!token.unterminated || end == source->size);
    }
    hold(lexer.offset == source->size && lexer_next(&lexer).kind == TOKEN_END);
}

static void check_pieces(const struct source *source)
{
    struct splitter splitter;
    struct piece piece;
    struct fault fault;
    fault_clear(&fault);
    splitter_init(&splitter, source);
    size_t end = 0;
    for (;;) {
        if (!splitter_next(&splitter, &piece, &fault)) {
            check_fault(source, &fault);
            return;
        }
        if (piece.kind == PIECE_END)
            return;
        bool is_sql = piece.kind != PIECE_COMMAND;
        hold(!is_sql || (piece.size > 0 && piece.offset + piece.size <= source->size));
        hold(is_sql || piece.command.end <= source->size);
        hold(piece.offset >= end || splitter.behind_data > 0);
        end = is_sql ? piece.offset + piece.size : piece.command.end;
        if (piece.kind == PIECE_COPY_FROM_STDIN)
            hold(piece.data_offset >= end && piece.data_offset + piece.data_size <= source->size);
    }
}

static void check_script(const struct source *source)
{
    struct arena arena;
    struct script script;
    struct fault fault;
    char headline[40];
    fault_clear(&fault);
    arena_init(&arena);
    if (!script_read(&script, &arena, source, &fault)) {
        check_fault(source, &fault);
        arena_finish(&arena);
        return;
    }
    for (size_t i = 0; i < script.statement_count; i++) {
        const struct statement *statement = &script.statements[i];
        hold(statement->size_bytes > 0 && statement->offset_bytes + statement->size_bytes <= source->size);
        statement_headline(&script, i, headline, sizeof headline);
        hold(strlen(headline) < sizeof headline);
    }
    for (size_t i = 0; i < script.remark_count; i++)
        hold(script.remarks[i].text != NULL && script.remarks[i].before_statement <= script.statement_count);
    hold(script.leading_set_count <= script.statement_count);
    hold(script.mode == SCRIPT_TRANSACTION || script.mode_reason != NULL);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = calloc(size + 1, 1);
    if (bytes == NULL)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    const struct source source = { .name = "fuzz.sql", .bytes = bytes, .size = size };
    struct directives directives;
    struct fault fault;
    fault_clear(&fault);
    check_tokens(&source);
    check_pieces(&source);
    check_script(&source);
    if (!directives_read(&directives, &source, &fault))
        check_fault(&source, &fault);
    fault_clear(&fault);
    if (!source_check(&source, &fault))
        check_fault(&source, &fault);
    free(bytes);
    return 0;
}
