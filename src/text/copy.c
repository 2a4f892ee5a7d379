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

enum { NAME_BYTES = 64 }; /* the server cuts longer names */

/* The name of a COPY's table as the server shows it: without its schema, folded, and without quotes. */
static bool read_table(const char *bytes, size_t offset, size_t end, char name[NAME_BYTES])
{
    struct lexer lexer;
    lexer_init(&lexer, bytes, offset, end);
    phrase_match(&lexer, "copy binary?");
    struct token part = lexer_next(&lexer);
    for (struct lexer ahead = lexer; token_is_symbol(bytes, lexer_next(&ahead), '.'); lexer = ahead)
        part = lexer_next(&ahead);
    bool quoted = part.kind == TOKEN_NAME && bytes[part.offset] == '"';
    if (part.kind != TOKEN_WORD && !quoted)
        return false;
    size_t size = 0;
    for (size_t i = quoted; i < part.size - quoted && size + 1 < NAME_BYTES; i++) {
        char c = bytes[part.offset + i];
        name[size++] = !quoted && c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
        if (quoted && c == '"')
            i++;
    }
    name[size] = '\0';
    return size > 0;
}

static bool continues_word(char c)
{
    char lower = (char) (c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Behind name where it stands in line as a word of its own, else NULL. */
static const char *find_behind(const char *line, const char *end, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = line; (at = memmem(at, (size_t) (end - at), name, size)) != NULL; at++) {
        bool begins = at == line || !continues_word(at[-1]);
        if (begins && (at + size == end || !continues_word(at[size])))
            return at + size;
    }
    return NULL;
}

/* In every language the number of the line is the first one behind the table's name: "COPY t, line 2, column c: ...". */
static size_t number_behind_name(const char *line, size_t size, const char *name)
{
    const char *end = line + size;
    const char *at = find_behind(line, end, name);
    size_t number = 0;
    while (at != NULL && at < end && (*at < '0' || *at > '9'))
        at++;
    for (; at != NULL && at < end && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (size_t) (*at - '0');
    return number;
}

/* Lines of what runs inside a COPY, a trigger say, come first; the data shown may hold line ends, so that more may follow. */
size_t copy_line_in_context(const char *context, const char *bytes, size_t offset, size_t end)
{
    char name[NAME_BYTES];
    if (!read_table(bytes, offset, end, name))
        return 0;
    size_t found = 0;
    for (const char *line = context; line != NULL && *line != '\0';) {
        size_t size = strcspn(line, "\n");
        size_t number = number_behind_name(line, size, name);
        if (number > 0 && strncmp(line, "COPY ", 5) == 0)
            return number;
        found = number > 0 ? number : found;
        line = line[size] != '\0' ? line + size + 1 : NULL;
    }
    return found;
}
