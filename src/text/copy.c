/*
 * COPY as the text shows it. It knows the server's grammar for where the data come from and psql's rule for where they end; it
 * does not look into the data.
 */
#include "text/copy.h"

#include <string.h>

#include "text/phrase.h"

/* FROM and TO are reserved: unquoted, and not behind a dot, they can be nothing else. */
static bool find_direction(struct lexer *lexer, bool *is_from)
{
    bool behind_dot = false;
    size_t depth = 0;
    for (;;) {
        struct token token = lexer_next(lexer);
        if (token.kind == TOKEN_END)
            return false;
        if (token_is_symbol(lexer->bytes, token, '('))
            depth++;
        else if (token_is_symbol(lexer->bytes, token, ')') && depth > 0)
            depth--;
        *is_from = token_is_word(lexer->bytes, token, "from");
        if (depth == 0 && !behind_dot && (*is_from || token_is_word(lexer->bytes, token, "to")))
            return true;
        behind_dot = token_is_symbol(lexer->bytes, token, '.');
    }
}

static bool is_binary(struct lexer options)
{
    struct token format;
    if (phrase_find_option(options, "format", &format) && phrase_token_says(options.bytes, format, "binary"))
        return true;
    return phrase_match(&options, "with? binary");
}

enum copy_kind copy_classify(const char *bytes, size_t offset, size_t end)
{
    struct lexer lexer;
    lexer_init(&lexer, bytes, offset, end);
    if (!phrase_match(&lexer, "copy"))
        return COPY_NONE;
    bool binary = phrase_match(&lexer, "binary");
    bool is_from = false;
    if (!find_direction(&lexer, &is_from) || !phrase_match(&lexer, "stdin|stdout"))
        return COPY_NONE;
    if (!is_from)
        return COPY_TO_STDOUT;
    return binary || is_binary(lexer) ? COPY_FROM_STDIN_BINARY : COPY_FROM_STDIN;
}

/* Behind the line "\." at that place, or 0 when the line there is another one. */
static size_t skip_end_line(const char *bytes, size_t at, size_t end)
{
    if (end - at < 2 || bytes[at] != '\\' || bytes[at + 1] != '.')
        return 0;
    at += 2;
    if (at < end && bytes[at] == '\r')
        at++;
    if (at == end)
        return at;
    return bytes[at] == '\n' ? at + 1 : 0;
}

bool copy_find_end(const char *bytes, size_t offset, size_t end, size_t *data_size, size_t *behind)
{
    for (size_t at = offset; at < end;) {
        *behind = skip_end_line(bytes, at, end);
        if (*behind > 0) {
            *data_size = at - offset;
            return true;
        }
        const char *next = memmem(bytes + at, end - at, "\n\\.", 3);
        if (next == NULL)
            return false;
        at = (size_t) (next - bytes) + 1;
    }
    return false;
}
