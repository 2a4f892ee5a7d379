/*
 * What experience says about an SQLSTATE and the text around it. It only ever adds a hint.
 */
#include "work/advice.h"

#include <string.h>
#include <strings.h>

/* Whether an earlier statement of the file empties the search_path, as pg_dump does. */
static bool empties_search_path(const struct script *script, size_t statement)
{
    static const char set_config[] = "set_config('search_path', ''";
    static const char set[] = "SET search_path = ''";
    for (size_t i = 0; i < statement; i++) {
        const struct statement *before = &script->statements[i];
        const char *text = script->source->bytes + before->offset_bytes;
        if (memmem(text, before->size_bytes, set_config, sizeof set_config - 1) != NULL)
            return true;
        if (before->size_bytes >= sizeof set - 1 && strncasecmp(text, set, sizeof set - 1) == 0)
            return true;
    }
    return false;
}

static bool is(const struct fault *fault, const char *sqlstate)
{
    return strcmp(fault->sqlstate, sqlstate) == 0;
}

static bool says(const struct fault *fault, const char *words)
{
    return strstr(fault->what, words) != NULL;
}

void advise(struct fault *fault, const struct script *script, size_t statement)
{
    bool not_found = is(fault, "42P01") || is(fault, "42883") || is(fault, "42704") || is(fault, "3F000");
    if (fault->hint[0] != '\0')
        return;
    if (not_found && empties_search_path(script, statement))
        fault_hint(fault,
                   "An earlier statement of this file empties the search_path, as pg_dump does: from there on every name "
                   "needs its schema (public.name).");
    else if (is(fault, "0A000") && says(fault, "extension"))
        fault_hint(
            fault,
            "The extension's files are not on the server: install its package there (many are in postgresql-contrib).");
    else if (is(fault, "42704") || is(fault, "42883"))
        fault_hint(fault, "If it comes from an extension, the migration needs CREATE EXTENSION IF NOT EXISTS before this.");
    else if (is(fault, "42501") && says(fault, "schema public"))
        fault_hint(fault,
                   "Since PostgreSQL 15 only the database's owner may create in the schema public: GRANT CREATE ON SCHEMA "
                   "public TO the migrating role, or make it the owner.");
    else if (is(fault, "42501"))
        fault_hint(fault, "The migrating role lacks a privilege: GRANT it, or migrate as the objects' owner.");
    else if (is(fault, "42P07") || is(fault, "42710") || is(fault, "42701") || is(fault, "42P06"))
        fault_hint(
            fault,
            "It is there already although this file is pending. If it was applied by hand, record it: INSERT INTO the "
            "ledger (migration_name, applied_at) VALUES ('%s', now() AT TIME ZONE 'UTC').",
            script->source->name);
    else if (is(fault, "25001") && !says(fault, "SET TRANSACTION"))
        fault_hint(fault, "Put it into a file of its own that begins with the line: -- pgusher: transaction=off");
}
