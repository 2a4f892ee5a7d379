/*
 * Recognising how a statement begins, without a grammar.
 */
#ifndef PGUSHER_TEXT_PHRASE_H
#define PGUSHER_TEXT_PHRASE_H

#include <stdbool.h>

#include "text/lexer.h"

/*
 * True when the tokens that follow match phrase; the lexer then stands behind them, else where it stood. A phrase is made of
 * elements with one blank between them, each of which may end in "?" (it may be missing):
 *   index          that key word, in any case
 *   table|index    one of those
 *   <name>         a name, quoted or not, qualified or not
 *   (...)          a list in parentheses, whatever is in it
 */
bool phrase_match(struct lexer *lexer, const char *phrase);

/* True when word (lower case) comes, outside parentheses, in what follows; the lexer then stands behind it. */
bool phrase_find_word(struct lexer *lexer, const char *word);

/*
 * True when an option of that name (lower case) comes in what follows; value is then its value's token, or of kind TOKEN_END
 * for an option without one. Any list of the forms (a, b c, d = e) will do.
 */
bool phrase_find_option(struct lexer lexer, const char *name, struct token *value);

/* How the server reads the value of a boolean option; one without a value is true. */
bool phrase_value_is_false(const char *bytes, struct token value);

/* True when a name, quoted or not, or a string constant in plain quotes is text (lower case) but for case. */
bool phrase_token_says(const char *bytes, struct token token, const char *text);

#endif
