/*
 * The short list of what is refused although it is good SQL. It knows why; it does not know when it would run.
 */
#include "text/forbidden.h"

#include "text/phrase.h"

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

static bool sets_strings_off(struct lexer lexer)
{
    if (!phrase_match(&lexer, "set session|local?"))
        return false;
    if (!phrase_token_says(lexer.bytes, lexer_next(&lexer), "standard_conforming_strings"))
        return false;
    struct token equals = lexer_next(&lexer);
    bool is_assignment = token_is_symbol(lexer.bytes, equals, '=') || token_is_word(lexer.bytes, equals, "to");
    return is_assignment && !says_true(lexer.bytes, lexer_next(&lexer));
}

/* SELECT ... set_config('standard_conforming_strings', 'off', false) */
static bool selects_strings_off(struct lexer lexer)
{
    if (!phrase_match(&lexer, "select"))
        return false;
    for (struct token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
        if (!phrase_token_says(lexer.bytes, token, "set_config"))
            continue;
        struct lexer call = lexer;
        bool matches = token_is_symbol(call.bytes, lexer_next(&call), '(') &&
                       phrase_token_says(call.bytes, lexer_next(&call), "standard_conforming_strings") &&
                       token_is_symbol(call.bytes, lexer_next(&call), ',');
        if (matches && !says_true(call.bytes, lexer_next(&call)))
            return true;
    }
    return false;
}

static bool discards_all(struct lexer lexer)
{
    return phrase_match(&lexer, "discard all");
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
    if (discards_all(lexer))
        return refuse(source, offset, fault, "DISCARD ALL would drop the lock that keeps other runs out",
                      "Between two migrations the session is reset anyway; within one, name what to discard: DISCARD PLANS, "
                      "DISCARD TEMP, RESET ALL.");
    if (sets_strings_off(lexer) || selects_strings_off(lexer))
        return refuse(source, offset, fault, "standard_conforming_strings cannot be turned off",
                      "Strings would end elsewhere than this file was read to mean. Write strings with backslashes as E''.");
    return true;
}
