/*
 * Names into statements. It leaves to the lexer what is a variable and what only looks like one inside a comment or a string,
 * and it does not know what the words mean.
 */
#include "text/template.h"

#include <string.h>

#include "text/lexer.h"

static const struct template_word *find_word(const struct template_word *words, const char *name, size_t size)
{
    for (const struct template_word *word = words; word->name != NULL; word++)
        if (strlen(word->name) == size && memcmp(word->name, name, size) == 0)
            return word;
    return NULL;
}

void template_add(struct buf *buf, const char *sql, const struct template_word *words)
{
    struct lexer lexer;
    lexer_init(&lexer, sql, 0, strlen(sql));
    size_t added = 0;
    for (struct token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
        if (token.kind != TOKEN_VARIABLE)
            continue;
        const struct template_word *word = find_word(words, sql + token.offset + 1, token.size - 1);
        if (word == NULL)
            continue;
        buf_add(buf, sql + added, token.offset - added);
        buf_add_text(buf, word->value);
        added = token.offset + token.size;
    }
    buf_add_text(buf, sql + added);
}

static void add_between(struct buf *buf, char quote, const char *text)
{
    buf_add_char(buf, quote);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == quote)
            buf_add_char(buf, quote);
        buf_add_char(buf, *c);
    }
    buf_add_char(buf, quote);
}

void identifier_add(struct buf *buf, const char *name)
{
    add_between(buf, '"', name);
}

void literal_add(struct buf *buf, const char *text)
{
    add_between(buf, '\'', text);
}
