/*
 * A list of plain DDL. It knows statements that cannot change the session, and takes everything else, known or not, for one that
 * can: an INSERT may fire a trigger that sets something.
 */
#include "text/session_effect.h"

#include "text/phrase.h"

static const char *const harmless_phrases[] = {
    "create unlogged? table",
    "create unique? index",
    "create or? replace? view",
    "create type|domain|sequence|schema|policy|operator|cast|collation|conversion|statistics|publication",
    "create or? replace? function|procedure|trigger|aggregate|rule|transform",
    "create constraint trigger",
    "alter "
    "table|type|index|view|materialized|domain|sequence|schema|function|procedure|routine|trigger|aggregate|rule|policy|"
    "operator",
    "alter collation|conversion|statistics|publication|default",
    "drop "
    "table|type|index|view|materialized|domain|sequence|schema|function|procedure|routine|trigger|aggregate|rule|policy|"
    "operator",
    "drop cast|collation|conversion|statistics|publication|transform|extension",
    "comment",
    "grant",
    "revoke",
};

static bool is_listed(struct lexer lexer, struct lexer *rest)
{
    for (size_t i = 0; i < sizeof harmless_phrases / sizeof harmless_phrases[0]; i++) {
        *rest = lexer;
        if (phrase_match(rest, harmless_phrases[i]))
            return true;
    }
    return false;
}

/* An object in pg_temp is a temporary one, whatever word made it. */
static bool is_in_temporary_schema(struct lexer name)
{
    phrase_match(&name, "if? not? exists?");
    return phrase_token_says(name.bytes, lexer_next(&name), "pg_temp");
}

/* CREATE TABLE ... AS runs a query, which may call anything. */
static bool creates_from_query(struct lexer lexer)
{
    return phrase_match(&lexer, "create unlogged? table") && phrase_find_word(&lexer, "as");
}

bool session_effect_possible(const char *bytes, size_t offset, size_t end)
{
    struct lexer lexer;
    struct lexer rest;
    lexer_init(&lexer, bytes, offset, end);
    return !is_listed(lexer, &rest) || is_in_temporary_schema(rest) || creates_from_query(lexer);
}

static bool is_set_config(struct lexer lexer)
{
    struct lexer whole = lexer;
    if (!phrase_match(&whole, "select <name> (...)") || lexer_next(&whole).kind != TOKEN_END)
        return false;
    phrase_match(&lexer, "select");
    struct token name = lexer_next(&lexer);
    if (phrase_token_says(lexer.bytes, name, "pg_catalog")) {
        lexer_next(&lexer); /* the dot */
        name = lexer_next(&lexer);
    }
    return phrase_token_says(lexer.bytes, name, "set_config");
}

bool session_effect_only(const char *bytes, size_t offset, size_t end)
{
    struct lexer lexer;
    lexer_init(&lexer, bytes, offset, end);
    return is_set_config(lexer) || phrase_match(&lexer, "set|reset");
}
