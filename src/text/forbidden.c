/*
 * The short list of what is refused although it is good SQL. It knows why; it does not know when it would run.
 */
#include "text/forbidden.h"

#include <string.h>
#include <strings.h>

#include "text/phrase.h"

/* A parameter that has to stay as it is, because the file was read, and is sent, on its terms. */
struct pinned {
    const char *name;
    bool (*keeps)(const char *bytes, struct token value); /* whether it stays so with this value */
    const char *what;
    const char *hint;
};

static bool says_true(const char *bytes, struct token value)
{
    static const char *const words[] = { "on", "true", "yes", "1", "default", "t", "tr", "tru", "y", "ye" };
    if (value.kind == TOKEN_NUMBER)
        return value.size == 1 && bytes[value.offset] == '1';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (phrase_token_says(bytes, value, words[i]))
            return true;
    return false;
}

static bool is_letter_or_digit(char c)
{
    char lower = (char) (c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool encoding_is(const char *at, const char *end, const char *name)
{
    for (; at < end; at++) {
        if (!is_letter_or_digit(*at))
            continue;
        if (*name == '\0' || strncasecmp(at, name, 1) != 0)
            return false;
        name++;
    }
    return *name == '\0';
}

bool forbidden_encoding_is_utf8(const char *name, size_t size)
{
    return encoding_is(name, name + size, "utf8") || encoding_is(name, name + size, "unicode");
}

static bool says_utf8(const char *bytes, struct token value)
{
    bool is_plain = value.kind == TOKEN_WORD || value.kind == TOKEN_NAME || value.kind == TOKEN_STRING;
    if (!is_plain || phrase_token_says(bytes, value, "default"))
        return is_plain;
    return forbidden_encoding_is_utf8(bytes + value.offset, value.size);
}

static const struct pinned pinned[] = {
    { "standard_conforming_strings", says_true, "standard_conforming_strings cannot be turned off",
      "Strings would end elsewhere than this file was read to mean. Write strings with backslashes as E''." },
    { "client_encoding", says_utf8, "client_encoding cannot be anything but UTF8",
      "Files are read and sent as UTF-8. Save the file as UTF-8 and take the statement out." },
};

enum { PINNED = sizeof pinned / sizeof pinned[0] };

static const struct pinned *find_pinned(const char *bytes, struct token name)
{
    for (size_t i = 0; i < PINNED; i++)
        if (phrase_token_says(bytes, name, pinned[i].name))
            return &pinned[i];
    return NULL;
}

/* SET NAMES is the standard's way to set client_encoding; without a value it is the default. */
static const struct pinned *sets_names(struct lexer lexer)
{
    struct token value = lexer_next(&lexer);
    return value.kind == TOKEN_END || says_utf8(lexer.bytes, value) ? NULL : &pinned[PINNED - 1];
}

static const struct pinned *sets(struct lexer lexer)
{
    if (!phrase_match(&lexer, "set session|local?"))
        return NULL;
    if (phrase_match(&lexer, "names"))
        return sets_names(lexer);
    const struct pinned *found = find_pinned(lexer.bytes, lexer_next(&lexer));
    if (found == NULL)
        return NULL;
    struct token equals = lexer_next(&lexer);
    bool is_assignment = token_is_symbol(lexer.bytes, equals, '=') || token_is_word(lexer.bytes, equals, "to");
    return is_assignment && !found->keeps(lexer.bytes, lexer_next(&lexer)) ? found : NULL;
}

/* Nearly every query is let pass by this look at its bytes, without a look at its words. */
static bool mentions_set_config(const struct lexer *lexer)
{
    const char *end = lexer->bytes + lexer->end;
    const char *at = lexer->bytes + lexer->offset + 3;
    while (at < end && (at = memchr(at, '_', (size_t) (end - at))) != NULL) {
        if (end - at >= 7 && strncasecmp(at - 3, "set_config", 10) == 0)
            return true;
        at++;
    }
    return false;
}

/* What follows the word set_config: ('client_encoding', 'LATIN1', false) */
static const struct pinned *calls(struct lexer call)
{
    if (!token_is_symbol(call.bytes, lexer_next(&call), '('))
        return NULL;
    const struct pinned *found = find_pinned(call.bytes, lexer_next(&call));
    if (found == NULL || !token_is_symbol(call.bytes, lexer_next(&call), ','))
        return NULL;
    return found->keeps(call.bytes, lexer_next(&call)) ? NULL : found;
}

static const struct pinned *selects(struct lexer lexer)
{
    if (!phrase_match(&lexer, "select|with") || !mentions_set_config(&lexer))
        return NULL;
    for (struct token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
        const struct pinned *found = phrase_token_says(lexer.bytes, token, "set_config") ? calls(lexer) : NULL;
        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool refuse(const struct source *source, size_t offset, struct fault *fault, const char *what, const char *hint)
{
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, source->name, offset);
    fault_hint(fault, "%s", hint);
    return false;
}

bool forbidden_check(const struct source *source, size_t offset, size_t size, struct fault *fault)
{
    struct lexer lexer;
    lexer_init(&lexer, source->bytes, offset, offset + size);
    struct lexer discard = lexer;
    if (phrase_match(&discard, "discard all"))
        return refuse(source, offset, fault, "DISCARD ALL would drop the lock that keeps other runs out",
                      "Between two migrations the session is reset anyway; within one, name what to discard: DISCARD PLANS, "
                      "DISCARD TEMP, RESET ALL.");
    const struct pinned *changed = sets(lexer);
    if (changed == NULL)
        changed = selects(lexer);
    return changed == NULL || refuse(source, offset, fault, changed->what, changed->hint);
}
