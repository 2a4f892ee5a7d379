/*
 * What experience says about an SQLSTATE and the text around it. It judges by SQLSTATE and by the file, never by the server's words,
 * which may be of any language; and it only ever adds to the hint: what the server says stays.
 */
#include "work/advice.h"

#include <string.h>

#include "text/phrase.h"
#include "text/template.h"

struct trouble {
    struct fault *fault;
    const struct script *script;
    size_t statement;
    const struct ledger *ledger;
};

static bool is(const struct trouble *trouble, const char *sqlstate)
{
    return strcmp(trouble->fault->sqlstate, sqlstate) == 0;
}

static struct lexer statement_lexer(const struct trouble *trouble, size_t index)
{
    const struct statement *statement = &trouble->script->statements[index];
    struct lexer lexer;
    lexer_init(&lexer, trouble->script->source->bytes, statement->offset_bytes,
               statement->offset_bytes + statement->size_bytes);
    return lexer;
}

static bool begins(const struct trouble *trouble, const char *phrase)
{
    struct lexer lexer = statement_lexer(trouble, trouble->statement);
    return phrase_match(&lexer, phrase);
}

/* Whether the statement has that name in it, as a word or in quotes. */
static bool mentions(const struct trouble *trouble, const char *name)
{
    struct lexer lexer = statement_lexer(trouble, trouble->statement);
    for (;;) {
        struct token token = lexer_next(&lexer);
        if (token.kind == TOKEN_END)
            return false;
        if (token.kind != TOKEN_NUMBER && phrase_token_says(lexer.bytes, token, name))
            return true;
    }
}

/* --- an emptied search_path ------------------------------------------------------------------------------------------- */

static bool holds(const struct lexer *lexer, const char *text)
{
    return memmem(lexer->bytes + lexer->offset, lexer->end - lexer->offset, text, strlen(text)) != NULL;
}

/* As pg_dump does: by set_config('search_path', '', false), or by SET. */
static bool empties_search_path(const struct trouble *trouble, size_t index)
{
    struct lexer lexer = statement_lexer(trouble, index);
    if (phrase_match(&lexer, "set session|local? search_path"))
        return holds(&lexer, "''") || holds(&lexer, "\"\"");
    return phrase_match(&lexer, "select") && holds(&lexer, "set_config('search_path', ''");
}

static bool has_empty_search_path(const struct trouble *trouble)
{
    bool not_found = is(trouble, "42P01") || is(trouble, "42883") || is(trouble, "42704") || is(trouble, "3F000");
    for (size_t i = 0; not_found && i < trouble->statement; i++)
        if (empties_search_path(trouble, i))
            return true;
    return false;
}

/* --- extensions ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *word; /* a type, function or operator class */
    const char *extension;
} from_extensions[] = {
    { "citext", "citext" },
    { "hstore", "hstore" },
    { "ltree", "ltree" },
    { "lquery", "ltree" },
    { "cube", "cube" },
    { "earth_distance", "earthdistance" },
    { "isbn", "isn" },
    { "vector", "vector" },
    { "geometry", "postgis" },
    { "geography", "postgis" },
    { "uuid_generate_v1", "uuid-ossp" },
    { "uuid_generate_v4", "uuid-ossp" },
    { "gen_salt", "pgcrypto" },
    { "crypt", "pgcrypto" },
    { "digest", "pgcrypto" },
    { "hmac", "pgcrypto" },
    { "pgp_sym_encrypt", "pgcrypto" },
    { "gen_random_bytes", "pgcrypto" },
    { "gin_trgm_ops", "pg_trgm" },
    { "gist_trgm_ops", "pg_trgm" },
    { "similarity", "pg_trgm" },
    { "unaccent", "unaccent" },
    { "levenshtein", "fuzzystrmatch" },
    { "soundex", "fuzzystrmatch" },
    { "metaphone", "fuzzystrmatch" },
    { "crosstab", "tablefunc" },
    { "dblink", "dblink" },
    { "gist_int4_ops", "btree_gist" },
    { "gist_uuid_ops", "btree_gist" },
    { "moddatetime", "moddatetime" },
};

static const char *find_extension(const struct trouble *trouble)
{
    bool not_found = is(trouble, "42704") || is(trouble, "42883") || is(trouble, "42P01");
    for (size_t i = 0; not_found && i < sizeof from_extensions / sizeof from_extensions[0]; i++)
        if (mentions(trouble, from_extensions[i].word))
            return from_extensions[i].extension;
    return NULL;
}

/* --- the file --------------------------------------------------------------------------------------------------------- */

static bool stumbles_over_variable(const struct trouble *trouble)
{
    const struct fault *fault = trouble->fault;
    const struct source *source = trouble->script->source;
    return is(trouble, "42601") && fault->has_offset && fault->offset_bytes < source->size &&
           source->bytes[fault->offset_bytes] == ':';
}

/* A dump begins with SETs of every parameter that its pg_dump knows. */
static bool sets_unknown_parameter(const struct trouble *trouble)
{
    return is(trouble, "42704") && begins(trouble, "set");
}

static bool is_there_already(const struct trouble *trouble)
{
    return is(trouble, "42P07") || is(trouble, "42710") || is(trouble, "42701") || is(trouble, "42P06") ||
           is(trouble, "42723");
}

/* Databases, roles and extensions have no schema to be created in. */
static bool creates_in_schema(const struct trouble *trouble)
{
    return begins(trouble, "create or? replace? global|local? temp|temporary|unlogged|materialized|recursive? "
                           "table|view|sequence|function|procedure|aggregate|type|domain|operator|collation");
}

static bool makes_the_ledger(const struct trouble *trouble)
{
    return is(trouble, "42P07") && begins(trouble, "create") && mentions(trouble, trouble->ledger->table);
}

static void hint_to_record(const struct trouble *trouble)
{
    struct buf name;
    buf_init(&name, 2 * FAULT_NAME_BYTES + 2);
    literal_add(&name, trouble->script->source->name);
    fault_hint(trouble->fault,
               "It is there already although this file is not in the ledger. If it was applied by hand, record it: "
               "INSERT INTO %s (migration_name, applied_at) VALUES (%s, now() AT TIME ZONE 'UTC');",
               trouble->ledger->identifier, buf_ok(&name) ? buf_text(&name) : "...");
    buf_finish(&name);
}

/* Known so well that it is said beside whatever the server says. */
static bool advise_beside(const struct trouble *trouble)
{
    struct fault *fault = trouble->fault;
    const char *extension = find_extension(trouble);
    if (is(trouble, "55P04"))
        fault_hint(fault,
                   "A value added with ALTER TYPE ... ADD VALUE can be used only when that is committed: put the ALTER TYPE "
                   "into a migration of its own, before this one.");
    else if (is(trouble, "25001") || is(trouble, "2D000"))
        fault_hint(fault, "If it cannot run in a transaction, put it into a file of its own that begins with the line: "
                          "-- pgusher: transaction=off");
    else if (has_empty_search_path(trouble))
        fault_hint(fault,
                   "An earlier statement of this file empties the search_path, as pg_dump does: from there on every name "
                   "needs its schema (public.name).");
    else if (sets_unknown_parameter(trouble))
        fault_hint(fault, "The server does not know this parameter. A dump made by a newer PostgreSQL sets such ones "
                          "(transaction_timeout came with 17): delete the line.");
    else if (extension != NULL)
        fault_hint(
            fault,
            "The statement uses what the extension %s brings; it has to be there first: CREATE EXTENSION IF NOT EXISTS "
            "\"%s\";",
            extension, extension);
    else
        return false;
    return true;
}

/* Where the server has a hint, it knows better. */
static void advise_alone(const struct trouble *trouble)
{
    struct fault *fault = trouble->fault;
    if (is(trouble, "53200"))
        fault_hint(fault, "The server has run out of memory in this statement: give it more, let it take less (work_mem, "
                          "maintenance_work_mem), or do the work in smaller parts.");
    else if (is(trouble, "42501") && creates_in_schema(trouble))
        fault_hint(fault,
                   "Since PostgreSQL 15 only the database's owner may create in the schema public: GRANT CREATE ON SCHEMA "
                   "public TO the migrating role, or make it the database's owner.");
    else if (is(trouble, "42501"))
        fault_hint(fault, "The migrating role lacks a privilege: GRANT it, or migrate as the objects' owner.");
    else if (makes_the_ledger(trouble))
        fault_hint(fault,
                   "The file creates the ledger's own table, as a dump of a migrated database does: take that out of the "
                   "file, or give the ledger another name with --ledger.");
    else if (is_there_already(trouble))
        hint_to_record(trouble);
    else if (stumbles_over_variable(trouble))
        fault_hint(fault, "psql's variables (:name) are not replaced here: write the value itself.");
}

void advise(struct fault *fault, const struct script *script, size_t statement, const struct ledger *ledger)
{
    const struct trouble trouble = { fault, script, statement, ledger };
    char of_server[sizeof fault->hint];
    char ours[sizeof fault->hint];
    text_cut(of_server, sizeof of_server, fault->hint);
    if (advise_beside(&trouble)) {
        text_cut(ours, sizeof ours, fault->hint);
        fault_hint(fault, "%s%s%s", of_server, of_server[0] != '\0' ? " " : "", ours);
    } else if (of_server[0] == '\0') {
        advise_alone(&trouble);
    }
}
