/*
 * From tokens to statements. It knows psql's rules: a semicolon outside parentheses and outside the body of an SQL routine ends
 * a statement, and psql tells such a body by the first words and by counting BEGIN, CASE and END, no better. It knows where COPY
 * data lie. What a statement does is none of its business.
 */
#include "text/splitter.h"

#include <string.h>

#include "text/copy.h"
#include "text/directives.h"
#include "text/foreign.h"

void splitter_init(struct splitter *splitter, const struct source *source)
{
    *splitter = (struct splitter){ .source = source };
    lexer_init(&splitter->lexer, source->bytes, source_begin(source), source->size);
}

static bool refuse(const struct splitter *splitter, size_t offset, struct fault *fault, const char *what, const char *hint)
{
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, splitter->source->name, offset);
    fault_hint(fault, "%s", hint);
    return false;
}

static bool refuse_half_line(const struct splitter *splitter, size_t offset, struct fault *fault)
{
    return refuse(splitter, offset, fault, "this does not end on the line of the COPY ... FROM stdin, whose data come next",
                  "Move it behind the data.");
}

static bool refuse_unterminated(const struct splitter *splitter, struct token token, struct fault *fault)
{
    if (splitter->behind_data > 0)
        return refuse_half_line(splitter, token.offset, fault);
    char first = splitter->source->bytes[token.offset];
    if (token.kind == TOKEN_BLOCK_COMMENT)
        return refuse(splitter, token.offset, fault, "a comment begins here that is never closed",
                      "Comments nest: each /* needs a */ of its own.");
    if (token.kind == TOKEN_NAME)
        return refuse(splitter, token.offset, fault, "a quoted identifier begins here that is never closed",
                      "A double quote inside one is written twice.");
    if (first == '$')
        return refuse(splitter, token.offset, fault, "a dollar-quoted string begins here that is never closed",
                      "It ends at the same $tag$ it begins with, in the same case.");
    return refuse(splitter, token.offset, fault, "a string begins here that is never closed",
                  "A quote inside a string is written twice.");
}

static bool check_comment(const struct splitter *splitter, struct token comment, struct fault *fault)
{
    if (splitter->past_head && directives_recognise(splitter->source, comment))
        return refuse(splitter, comment.offset, fault, "a directive has no effect behind the first statement",
                      "Move it to the top of the file.");
    return foreign_check(splitter->source, comment, fault);
}

/* The letter by which psql remembers a word that can stand in CREATE [OR REPLACE] {FUNCTION|PROCEDURE}; 0 for any other. */
static char opening_letter(const char *bytes, struct token word)
{
    switch (bytes[word.offset] | 0x20) {
    case 'c':
        return token_is_word(bytes, word, "create") ? 'c' : 0;
    case 'o':
        return token_is_word(bytes, word, "or") ? 'o' : 0;
    case 'r':
        return token_is_word(bytes, word, "replace") ? 'r' : 0;
    case 'f':
        return token_is_word(bytes, word, "function") ? 'f' : 0;
    case 'p':
        return token_is_word(bytes, word, "procedure") ? 'p' : 0;
    default:
        return 0;
    }
}

static bool begins_routine(const char *opening)
{
    const char *kind = opening[1] == 'o' && opening[2] == 'r' ? opening + 3 : opening + 1;
    return opening[0] == 'c' && (*kind == 'f' || *kind == 'p');
}

/* Whether a further word can make it a routine's definition, or it is one: its words have to be read. */
static bool words_matter(const struct splitter *splitter)
{
    const char *opening = splitter->opening;
    switch (splitter->word_count) {
    case 0:
        return true;
    case 1:
        return opening[0] == 'c';
    case 2:
    case 3:
        return opening[0] == 'c' && (opening[1] == 'o' || begins_routine(opening));
    default:
        return begins_routine(opening);
    }
}

static void count_body(struct splitter *splitter, struct token word)
{
    const char *bytes = splitter->source->bytes;
    if (token_is_word(bytes, word, "begin")) {
        if (splitter->body_depth == 0)
            splitter->body_offset = word.offset;
        splitter->body_depth++;
    } else if (token_is_word(bytes, word, "case")) {
        if (splitter->body_depth > 0)
            splitter->body_depth++;
    } else if (token_is_word(bytes, word, "end")) {
        if (splitter->body_depth > 0)
            splitter->body_depth--;
    }
}

static void count_word(struct splitter *splitter, struct token word)
{
    if (splitter->paren_depth > 0)
        return;
    if (splitter->word_count == 0)
        memset(splitter->opening, 0, sizeof splitter->opening);
    if (splitter->word_count < sizeof splitter->opening)
        splitter->opening[splitter->word_count] = opening_letter(splitter->source->bytes, word);
    splitter->word_count++;
    if (begins_routine(splitter->opening))
        count_body(splitter, word);
}

static bool is_nested(const struct splitter *splitter)
{
    return splitter->paren_depth > 0 || splitter->body_depth > 0;
}

/* Whether a symbol ends a statement. */
static bool count_symbol(struct splitter *splitter, struct token symbol)
{
    switch (splitter->source->bytes[symbol.offset]) {
    case '(':
        if (splitter->paren_depth++ == 0)
            splitter->paren_offset = symbol.offset;
        return false;
    case ')':
        if (splitter->paren_depth > 0)
            splitter->paren_depth--;
        return false;
    case ';':
        return !is_nested(splitter);
    default:
        return false;
    }
}

static void extend(struct piece *piece, struct token token)
{
    if (piece->kind == PIECE_END) {
        piece->kind = PIECE_SQL;
        piece->offset = token.offset;
    }
    piece->size = token.offset + token.size - piece->offset;
}

/* Where the data of the COPY that ends before offset begin; the size of the source when there is no further line. */
static size_t find_data(const struct splitter *splitter, size_t offset)
{
    const struct source *source = splitter->source;
    if (splitter->behind_data > 0)
        return splitter->behind_data;
    const char *newline = memchr(source->bytes + offset, '\n', source->size - offset);
    return newline != NULL ? (size_t) (newline - source->bytes) + 1 : source->size;
}

/* psql sends a COPY at its semicolon, reads the data from the next line on, and only then the rest of the COPY's own line. */
static bool take_data(struct splitter *splitter, struct piece *piece, struct fault *fault)
{
    const struct source *source = splitter->source;
    piece->data_offset = find_data(splitter, splitter->lexer.offset);
    size_t behind;
    if (!copy_find_end(source->bytes, piece->data_offset, source->size, &piece->data_size, &behind))
        return refuse(splitter, piece->offset, fault, "the data of this COPY ... FROM stdin have no end",
                      "They begin on the next line and end before a line that is exactly \\.");
    if (splitter->behind_data == 0)
        splitter->lexer.end = piece->data_offset - 1;
    splitter->behind_data = behind;
    return true;
}

static bool finish_statement(struct splitter *splitter, struct piece *piece, struct fault *fault)
{
    const char *bytes = splitter->source->bytes;
    splitter->word_count = 0;
    if ((bytes[piece->offset] | 0x20) != 'c')
        return true;
    switch (copy_classify(bytes, piece->offset, piece->offset + piece->size)) {
    case COPY_NONE:
        return true;
    case COPY_TO_STDOUT:
        piece->kind = PIECE_COPY_TO_STDOUT;
        return true;
    case COPY_FROM_STDIN_BINARY:
        return refuse(splitter, piece->offset, fault, "a COPY in binary format cannot have its data in the file",
                      "Use the text or the CSV format.");
    case COPY_FROM_STDIN:
        break;
    }
    if (piece->tied)
        return refuse(splitter, piece->offset, fault, "\\; cannot follow a COPY ... FROM stdin", "End it with ; instead.");
    piece->kind = PIECE_COPY_FROM_STDIN;
    return take_data(splitter, piece, fault);
}

static bool finish_text(struct splitter *splitter, struct piece *piece, struct fault *fault)
{
    if (splitter->paren_depth > 0)
        return refuse(splitter, splitter->paren_offset, fault, "a parenthesis opens here that is never closed",
                      "Semicolons inside parentheses end no statement.");
    if (splitter->body_depth > 0)
        return refuse(splitter, splitter->body_offset, fault, "BEGIN opens the body of a routine here that no END closes",
                      "As a name, write \"begin\" in double quotes.");
    return piece->kind == PIECE_END || finish_statement(splitter, piece, fault);
}

static bool go_on_behind_data(struct splitter *splitter, const struct piece *piece, struct fault *fault)
{
    if (is_nested(splitter) || piece->kind != PIECE_END)
        return refuse_half_line(splitter, piece->offset, fault);
    lexer_init(&splitter->lexer, splitter->source->bytes, splitter->behind_data, splitter->source->size);
    splitter->behind_data = 0;
    return true;
}

/* "\;" parts statements as ";" does, and keeps them in one message. "\:" is a colon, which the text as it stands cannot show. */
static bool take_escaped(struct splitter *splitter, struct piece *piece, size_t backslash, struct fault *fault)
{
    if (splitter->source->bytes[backslash + 1] == ':')
        return refuse(splitter, backslash, fault, "psql's \\: cannot be used here", "Write : alone; it is left as it is.");
    if (is_nested(splitter))
        return refuse(splitter, backslash, fault, "psql's \\; cannot be used inside a statement", "Write ; alone.");
    splitter->lexer.offset++;
    splitter->word_count = 0;
    if (piece->kind == PIECE_END)
        return true;
    piece->tied = true;
    return finish_statement(splitter, piece, fault);
}

static bool take_command(struct splitter *splitter, struct piece *piece, size_t backslash, struct fault *fault)
{
    struct psql_command command;
    psql_command_read(&command, splitter->source, backslash, splitter->lexer.end);
    if (psql_command_judge(&command, splitter->source) == PSQL_REFUSED)
        return psql_command_refuse(&command, splitter->source, fault);
    if (piece->kind != PIECE_END)
        return refuse(splitter, backslash, fault, "a command of psql stands in the middle of a statement",
                      "Move it before or behind the statement, or end the statement with a semicolon.");
    splitter->lexer.offset = command.end;
    *piece = (struct piece){ .kind = PIECE_COMMAND, .offset = backslash, .command = command };
    return true;
}

/* Behind the words that matter only what can end a statement is looked for; what is passed over belongs to the statement. */
static struct token next_token(struct splitter *splitter, struct piece *piece)
{
    struct lexer *lexer = &splitter->lexer;
    if (words_matter(splitter))
        return lexer_next_or_comment(lexer);
    size_t start = lexer->offset;
    struct token token = lexer_next_mark(lexer);
    size_t end = lexer_trim(lexer, start, token.offset);
    if (end > start)
        piece->size = end - piece->offset;
    return token;
}

static bool take_backslash(struct splitter *splitter, struct piece *piece, size_t backslash, struct fault *fault)
{
    size_t next = backslash + 1;
    char escaped = next < splitter->lexer.end ? splitter->source->bytes[next] : '\0';
    if (escaped == ';' || escaped == ':')
        return take_escaped(splitter, piece, backslash, fault);
    return take_command(splitter, piece, backslash, fault);
}

bool splitter_next(struct splitter *splitter, struct piece *piece, struct fault *fault)
{
    *piece = (struct piece){ .kind = PIECE_END };
    for (;;) {
        struct token token = next_token(splitter, piece);
        if (token.unterminated)
            return refuse_unterminated(splitter, token, fault);
        switch (token.kind) {
        case TOKEN_LINE_COMMENT:
            if (!check_comment(splitter, token, fault))
                return false;
            continue;
        case TOKEN_BLOCK_COMMENT:
            continue;
        case TOKEN_END:
            if (splitter->behind_data == 0)
                return finish_text(splitter, piece, fault);
            if (!go_on_behind_data(splitter, piece, fault))
                return false;
            continue;
        case TOKEN_BACKSLASH:
            splitter->past_head = true;
            if (!take_backslash(splitter, piece, token.offset, fault))
                return false;
            if (piece->kind == PIECE_COMMAND || piece->tied)
                return true;
            continue;
        case TOKEN_WORD:
            count_word(splitter, token);
            break;
        case TOKEN_SYMBOL:
            splitter->past_head = true;
            if (!count_symbol(splitter, token))
                break;
            if (piece->kind != PIECE_END)
                return finish_statement(splitter, piece, fault);
            splitter->word_count = 0;
            continue;
        default:
            break;
        }
        splitter->past_head = true;
        extend(piece, token);
    }
}
