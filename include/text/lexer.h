/*
 * The tokens of PostgreSQL's SQL, cut exactly where psql's scanner cuts them as far as it matters for where a statement ends.
 * standard_conforming_strings is on. Time is linear in the text, and nothing is allocated.
 */
#ifndef PGUSHER_TEXT_LEXER_H
#define PGUSHER_TEXT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,          /* a key word or an unquoted identifier */
    TOKEN_NAME,          /* a quoted identifier: "", U&"" */
    TOKEN_STRING,        /* a constant in quotes of any kind: '', E'', B'', X'', N'', U&'', $$ $$ */
    TOKEN_NUMBER,        /* with whatever is glued to it; also $1 */
    TOKEN_VARIABLE,      /* :name, which psql would replace */
    TOKEN_SYMBOL,        /* one byte of anything else, and "::" and ".." */
    TOKEN_BACKSLASH,     /* where a command of psql starts */
    TOKEN_LINE_COMMENT,  /* from "--" to the end of its line, which is left out */
    TOKEN_BLOCK_COMMENT, /* with the comments nested in it */
};

struct token {
    enum token_kind kind;
    bool unterminated; /* the text ended within it */
    size_t offset;
    size_t size;
};

struct lexer {
    const char *bytes;
    size_t offset; /* where the next token is looked for */
    size_t end;
};

/* Reads from offset up to, not including, end. The bytes are not copied. */
void lexer_init(struct lexer *lexer, const char *bytes, size_t offset, size_t end);

/* The next token that is no comment; TOKEN_END again and again at the end. */
struct token lexer_next(struct lexer *lexer);

/* The next token, comments included. */
struct token lexer_next_or_comment(struct lexer *lexer);

/*
 * The next token that is a string, a quoted identifier, a comment, a backslash, one of ( ) ; or the end. Words, numbers, variables
 * and operators before it are passed over, several times faster than they are read.
 */
struct token lexer_next_mark(struct lexer *lexer);

/* The end of what is not white space between start and end; start if there is nothing. */
size_t lexer_trim(const struct lexer *lexer, size_t start, size_t end);

/* True for a TOKEN_WORD equal to word (lower case) but for case. */
bool token_is_word(const char *bytes, struct token token, const char *word);

/* True for a TOKEN_SYMBOL of that one character. */
bool token_is_symbol(const char *bytes, struct token token, char symbol);

#endif
