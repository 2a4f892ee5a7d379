/*
 * One token at a time. It knows how PostgreSQL and psql cut text into strings, comments, names and the rest, down to where they
 * cut badly written text; it does not know what a statement is. Where psql, which reads line by line, and the server differ (an
 * E'' string continued on the next line), it goes with psql, because files are written for psql.
 */
#include "text/lexer.h"

#include <string.h>

#include "byte_class.h"
#include "scan.h"

void lexer_init(struct lexer *lexer, const char *bytes, size_t offset, size_t end)
{
    *lexer = (struct lexer){ .bytes = bytes, .offset = offset, .end = end };
}

/* The byte at, or a NUL, which begins and continues nothing, beyond the end. */
static char byte_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->end ? lexer->bytes[at] : '\0';
}

static enum byte_class class_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->end ? (enum byte_class) byte_classes[(unsigned char) lexer->bytes[at]] : IS_OTHER;
}

static size_t find_mark(const struct lexer *lexer, size_t from)
{
    return (size_t) (scan_to_mark(lexer->bytes + from, lexer->bytes + lexer->end) - lexer->bytes);
}

static size_t find(const struct lexer *lexer, size_t from, char byte)
{
    const char *found = from < lexer->end ? memchr(lexer->bytes + from, byte, lexer->end - from) : NULL;
    return found != NULL ? (size_t) (found - lexer->bytes) : lexer->end;
}

static size_t skip_class(const struct lexer *lexer, size_t at, enum byte_class class)
{
    while (class_at(lexer, at) == class)
        at++;
    return at;
}

/* The end of what began before at and goes on as identifiers do. */
static size_t skip_identifier(const struct lexer *lexer, size_t at)
{
    for (;; at++) {
        enum byte_class class = class_at(lexer, at);
        if (class != IS_LETTER && class != IS_DIGIT && class != IS_DOLLAR)
            return at;
    }
}

/* A variable's name and a dollar quote's tag have no dollar in them. */
static size_t skip_tag(const struct lexer *lexer, size_t at)
{
    for (;; at++) {
        enum byte_class class = class_at(lexer, at);
        if (class != IS_LETTER && class != IS_DIGIT)
            return at;
    }
}

static struct token take(struct lexer *lexer, enum token_kind kind, size_t end)
{
    struct token token = { .kind = kind, .offset = lexer->offset, .size = end - lexer->offset };
    lexer->offset = end;
    return token;
}

static struct token take_unterminated(struct lexer *lexer, enum token_kind kind)
{
    struct token token = take(lexer, kind, lexer->end);
    token.unterminated = true;
    return token;
}

static struct token take_line_comment(struct lexer *lexer)
{
    size_t line_end = find(lexer, lexer->offset, '\n');
    struct lexer line = { .bytes = lexer->bytes, .end = line_end };
    return take(lexer, TOKEN_LINE_COMMENT, find(&line, lexer->offset, '\r'));
}

/* Every opening and closing has a slash. One that closes is no part of the opening before it. */
static struct token take_block_comment(struct lexer *lexer)
{
    size_t depth = 1;
    size_t inside = lexer->offset + 2;
    for (size_t slash = find(lexer, inside, '/'); slash < lexer->end; slash = find(lexer, slash, '/')) {
        if (slash > inside && lexer->bytes[slash - 1] == '*') {
            if (--depth == 0)
                return take(lexer, TOKEN_BLOCK_COMMENT, slash + 1);
            inside = ++slash;
        } else if (byte_at(lexer, slash + 1) == '*') {
            depth++;
            inside = slash += 2;
        } else {
            slash++;
        }
    }
    return take_unterminated(lexer, TOKEN_BLOCK_COMMENT);
}

/* Quotes of one kind, where a doubled quote stands for itself; at is behind the opening one. */
static struct token take_quoted(struct lexer *lexer, enum token_kind kind, size_t at, char quote)
{
    for (;;) {
        at = find(lexer, at, quote);
        if (at == lexer->end)
            return take_unterminated(lexer, kind);
        if (byte_at(lexer, at + 1) != quote)
            return take(lexer, kind, at + 1);
        at += 2;
    }
}

/* Behind a line comment at that place, which ends at a line end of either kind; else the place itself. */
static size_t skip_line_comment(const struct lexer *lexer, size_t at)
{
    if (byte_at(lexer, at) != '-' || byte_at(lexer, at + 1) != '-')
        return at;
    while (at < lexer->end && lexer->bytes[at] != '\n' && lexer->bytes[at] != '\r')
        at++;
    return at;
}

/*
 * A string goes on behind white space with a line end in it. psql sees one line at a time and without its end, so that for it
 * only a carriage return is such a line end: on the line of the closing quote, or on the next one if nothing stands between.
 * Gives the place of the quote that goes on, or 0.
 */
static size_t find_continuation(const struct lexer *lexer, size_t at)
{
    bool seen_return = false;
    while (byte_at(lexer, at) == '\n')
        at++;
    for (;; at++) {
        at = skip_line_comment(lexer, at);
        switch (byte_at(lexer, at)) {
        case '\r':
            seen_return = true;
            break;
        case ' ':
        case '\t':
        case '\f':
            break;
        case '\'':
            return seen_return ? at : 0;
        default:
            return 0;
        }
    }
}

/* The quote that ends an E'' string, or the end of the text; at is behind the opening quote. */
static size_t find_escaped_end(const struct lexer *lexer, size_t at)
{
    while (at < lexer->end) {
        at = (size_t) (scan_to_quote_or_backslash(lexer->bytes + at, lexer->bytes + lexer->end) - lexer->bytes);
        if (at == lexer->end || (lexer->bytes[at] == '\'' && byte_at(lexer, at + 1) != '\''))
            return at;
        at += 2;
    }
    return lexer->end;
}

static struct token take_escape_string(struct lexer *lexer)
{
    size_t at = lexer->offset + 2;
    for (;;) {
        at = find_escaped_end(lexer, at);
        if (at == lexer->end)
            return take_unterminated(lexer, TOKEN_STRING);
        size_t continuation = find_continuation(lexer, at + 1);
        if (continuation == 0)
            return take(lexer, TOKEN_STRING, at + 1);
        at = continuation + 1;
    }
}

static struct token take_dollar(struct lexer *lexer)
{
    size_t start = lexer->offset;
    if (class_at(lexer, start + 1) == IS_DIGIT) {
        size_t at = skip_class(lexer, start + 1, IS_DIGIT);
        return take(lexer, TOKEN_NUMBER, class_at(lexer, at) == IS_LETTER ? skip_identifier(lexer, at) : at);
    }
    size_t tag_end = skip_tag(lexer, start + 1);
    if (byte_at(lexer, tag_end) != '$')
        return take(lexer, TOKEN_SYMBOL, start + 1);
    size_t size = tag_end + 1 - start;
    for (size_t at = find(lexer, start + size, '$'); at + size <= lexer->end; at = find(lexer, at + 1, '$'))
        if (memcmp(lexer->bytes + at, lexer->bytes + start, size) == 0)
            return take(lexer, TOKEN_STRING, at + size);
    return take_unterminated(lexer, TOKEN_STRING);
}

/* 1.5e-3, and what is glued to it: "1a$b" is one token, as is "1e-", whatever follows. */
static struct token take_number(struct lexer *lexer)
{
    size_t at = skip_class(lexer, lexer->offset, IS_DIGIT);
    bool is_range = at > lexer->offset && byte_at(lexer, at + 1) == '.';
    if (byte_at(lexer, at) == '.' && !is_range)
        at = skip_class(lexer, at + 1, IS_DIGIT);
    bool has_exponent = byte_at(lexer, at) == 'e' || byte_at(lexer, at) == 'E';
    bool has_sign = byte_at(lexer, at + 1) == '+' || byte_at(lexer, at + 1) == '-';
    if (has_exponent && has_sign) {
        size_t digits = at + 2;
        at = skip_class(lexer, digits, IS_DIGIT);
        if (at == digits)
            return take(lexer, TOKEN_NUMBER, at);
    }
    return take(lexer, TOKEN_NUMBER, class_at(lexer, at) == IS_LETTER ? skip_identifier(lexer, at) : at);
}

/* U&'' and U&"" are one token; the U of any other U& is no word for psql. */
static struct token take_unicode(struct lexer *lexer)
{
    size_t start = lexer->offset;
    char quote = byte_at(lexer, start + 2);
    if (quote == '\'')
        return take_quoted(lexer, TOKEN_STRING, start + 3, quote);
    if (quote == '"')
        return take_quoted(lexer, TOKEN_NAME, start + 3, quote);
    return take(lexer, TOKEN_SYMBOL, start + 1);
}

static struct token take_word(struct lexer *lexer)
{
    size_t start = lexer->offset;
    char next = byte_at(lexer, start + 1);
    if (next == '\'' || next == '&') {
        switch (lexer->bytes[start] | 0x20) {
        case 'e':
            if (next == '\'')
                return take_escape_string(lexer);
            break;
        case 'b':
        case 'x':
        case 'n':
            if (next == '\'')
                return take_quoted(lexer, TOKEN_STRING, start + 2, next);
            break;
        case 'u':
            if (next == '&')
                return take_unicode(lexer);
            break;
        }
    }
    return take(lexer, TOKEN_WORD, skip_identifier(lexer, start + 1));
}

/* :{?name} asks psql whether there is such a variable. */
static size_t skip_variable_test(const struct lexer *lexer, size_t colon)
{
    if (byte_at(lexer, colon + 1) != '{' || byte_at(lexer, colon + 2) != '?')
        return colon;
    size_t end = skip_tag(lexer, colon + 3);
    return end > colon + 3 && byte_at(lexer, end) == '}' ? end + 1 : colon;
}

static struct token take_colon(struct lexer *lexer)
{
    size_t start = lexer->offset;
    if (byte_at(lexer, start + 1) == ':')
        return take(lexer, TOKEN_SYMBOL, start + 2);
    size_t end = skip_tag(lexer, start + 1);
    if (end > start + 1)
        return take(lexer, TOKEN_VARIABLE, end);
    end = skip_variable_test(lexer, start);
    return end > start ? take(lexer, TOKEN_VARIABLE, end) : take(lexer, TOKEN_SYMBOL, start + 1);
}

struct token lexer_next_or_comment(struct lexer *lexer)
{
    size_t start = lexer->offset = skip_class(lexer, lexer->offset, IS_SPACE);
    if (start >= lexer->end)
        return take(lexer, TOKEN_END, start);
    char next = byte_at(lexer, start + 1);
    enum byte_class next_class = class_at(lexer, start + 1);
    switch (class_at(lexer, start)) {
    case IS_LETTER:
        return take_word(lexer);
    case IS_DIGIT:
        return take_number(lexer);
    case IS_QUOTE:
        return take_quoted(lexer, TOKEN_STRING, start + 1, '\'');
    case IS_DOUBLE_QUOTE:
        return take_quoted(lexer, TOKEN_NAME, start + 1, '"');
    case IS_DOLLAR:
        return take_dollar(lexer);
    case IS_COLON:
        return take_colon(lexer);
    case IS_DOT:
        return next_class == IS_DIGIT ? take_number(lexer) : take(lexer, TOKEN_SYMBOL, start + (next == '.' ? 2 : 1));
    case IS_DASH:
        return next == '-' ? take_line_comment(lexer) : take(lexer, TOKEN_SYMBOL, start + 1);
    case IS_SLASH:
        return next == '*' ? take_block_comment(lexer) : take(lexer, TOKEN_SYMBOL, start + 1);
    case IS_BACKSLASH:
        return take(lexer, TOKEN_BACKSLASH, start + 1);
    case IS_SPACE:
    case IS_OTHER:
        break;
    }
    return take(lexer, TOKEN_SYMBOL, start + 1);
}

/* Whether what stands at a mark depends on the word or number before it: an E'' string, a dollar in a name, the dash of 1e-. */
static bool depends_on_word(const struct lexer *lexer, size_t start, size_t at)
{
    if (at == start)
        return false;
    unsigned char before = (unsigned char) lexer->bytes[at - 1];
    if (lexer->bytes[at] == '$')
        return byte_classes[before] == IS_LETTER || byte_classes[before] == IS_DIGIT;
    return (before | 0x20) == 'e' && (lexer->bytes[at] == '\'' || lexer->bytes[at] == '-');
}

/* A place not before start and not behind at where a token begins: behind white space or a comma one always does. */
static size_t step_back_to_token(const struct lexer *lexer, size_t start, size_t at)
{
    while (at > start && byte_classes[(unsigned char) lexer->bytes[at - 1]] != IS_SPACE && lexer->bytes[at - 1] != ',')
        at--;
    return at;
}

static bool stands_alone(char byte)
{
    return byte == '(' || byte == ')' || byte == ';';
}

static bool is_mark(const struct lexer *lexer, struct token token)
{
    switch (token.kind) {
    case TOKEN_WORD:
    case TOKEN_NUMBER:
    case TOKEN_VARIABLE:
        return false;
    case TOKEN_SYMBOL:
        return stands_alone(lexer->bytes[token.offset]);
    default:
        return true;
    }
}

/* A dash or a slash that begins no comment is part of an operator. */
static bool is_operator(const struct lexer *lexer, size_t at)
{
    char byte = lexer->bytes[at];
    return (byte == '-' && byte_at(lexer, at + 1) != '-') || (byte == '/' && byte_at(lexer, at + 1) != '*');
}

struct token lexer_next_mark(struct lexer *lexer)
{
    for (;;) {
        size_t start = lexer->offset;
        size_t at = find_mark(lexer, start);
        while (at < lexer->end && is_operator(lexer, at))
            at = find_mark(lexer, at + 1);
        lexer->offset = at;
        if (at < lexer->end && stands_alone(lexer->bytes[at]))
            return take(lexer, TOKEN_SYMBOL, at + 1);
        if (at < lexer->end && depends_on_word(lexer, start, at))
            lexer->offset = step_back_to_token(lexer, start, at);
        else if (byte_at(lexer, at) == '\'')
            return take_quoted(lexer, TOKEN_STRING, at + 1, '\'');
        struct token token = lexer_next_or_comment(lexer);
        while (lexer->offset <= at && token.kind != TOKEN_END)
            token = lexer_next_or_comment(lexer);
        if (is_mark(lexer, token))
            return token;
    }
}

size_t lexer_trim(const struct lexer *lexer, size_t start, size_t end)
{
    while (end > start && byte_classes[(unsigned char) lexer->bytes[end - 1]] == IS_SPACE)
        end--;
    return end;
}

static bool is_comment(struct token token)
{
    return token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_BLOCK_COMMENT;
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = lexer_next_or_comment(lexer);
    while (is_comment(token))
        token = lexer_next_or_comment(lexer);
    return token;
}

bool token_is_word(const char *bytes, struct token token, const char *word)
{
    if (token.kind != TOKEN_WORD)
        return false;
    for (size_t i = 0; i < token.size; i++) {
        char c = bytes[token.offset + i];
        char lower = c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
        if (lower != word[i])
            return false;
    }
    return word[token.size] == '\0';
}

bool token_is_symbol(const char *bytes, struct token token, char symbol)
{
    return token.kind == TOKEN_SYMBOL && token.size == 1 && bytes[token.offset] == symbol;
}
