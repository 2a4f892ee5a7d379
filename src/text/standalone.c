/*
 * One table, read from the calls of PreventInTransactionBlock() in PostgreSQL's source. It knows by text alone; what depends on
 * the catalogue (REINDEX or CLUSTER of a partitioned table, DROP SUBSCRIPTION without a slot) it decides for the common case.
 */
#include "text/standalone.h"

#include "text/phrase.h"

static bool option_is_on(struct lexer rest, const char *name)
{
    struct token value;
    return phrase_find_option(rest, name, &value) && !phrase_value_is_false(rest.bytes, value);
}

static bool option_is_off(struct lexer rest, const char *name)
{
    struct token value;
    return phrase_find_option(rest, name, &value) && phrase_value_is_false(rest.bytes, value);
}

static bool is_concurrent_reindex(struct lexer rest)
{
    if (option_is_on(rest, "concurrently"))
        return true;
    return phrase_match(&rest, "(...)? index|table concurrently");
}

static bool is_multi_reindex(struct lexer rest)
{
    return phrase_match(&rest, "(...)? schema|database|system");
}

static bool names_no_table(struct lexer rest)
{
    phrase_match(&rest, "(...)? verbose?");
    return lexer_next(&rest).kind == TOKEN_END;
}

static bool has_word_tablespace(struct lexer rest)
{
    return phrase_find_word(&rest, "tablespace");
}

static bool creates_slot(struct lexer rest)
{
    return !option_is_off(rest, "create_slot") && !option_is_off(rest, "connect");
}

static bool refreshes(struct lexer rest)
{
    return !option_is_off(rest, "refresh");
}

static bool has_option_failover(struct lexer rest)
{
    struct token value;
    return phrase_find_option(rest, "failover", &value);
}

static bool has_option_two_phase(struct lexer rest)
{
    struct token value;
    return phrase_find_option(rest, "two_phase", &value);
}

const struct standalone standalone_table[] = {
    { "CREATE INDEX CONCURRENTLY", "create unique? index concurrently", "always", NULL, ONCE,
      "CREATE INDEX CONCURRENTLY i ON t (c)" },
    { "DROP INDEX CONCURRENTLY", "drop index concurrently", "always", NULL, ONCE, "DROP INDEX CONCURRENTLY i" },
    { "REINDEX CONCURRENTLY", "reindex", "with CONCURRENTLY, as a word or (from 14 on) as an option", is_concurrent_reindex,
      REPEATABLE, "REINDEX TABLE CONCURRENTLY t" },
    { "REINDEX SCHEMA, DATABASE or SYSTEM", "reindex", "always: each table is a transaction of its own", is_multi_reindex,
      REPEATABLE, "REINDEX SCHEMA s" },
    { "VACUUM", "vacuum", "always", NULL, REPEATABLE, "VACUUM t" },
    { "CLUSTER", "cluster", "without a table: each table is a transaction of its own", names_no_table, REPEATABLE,
      "CLUSTER" },
    { "CREATE DATABASE", "create database", "always", NULL, ONCE, "CREATE DATABASE d" },
    { "DROP DATABASE", "drop database", "always", NULL, ONCE, "DROP DATABASE d" },
    { "ALTER DATABASE SET TABLESPACE", "alter database <name>", "when it moves to another tablespace", has_word_tablespace,
      ONCE, "ALTER DATABASE d SET TABLESPACE pg_default" },
    { "CREATE TABLESPACE", "create tablespace", "always", NULL, ONCE, "CREATE TABLESPACE s LOCATION '/nowhere'" },
    { "DROP TABLESPACE", "drop tablespace", "always", NULL, ONCE, "DROP TABLESPACE s" },
    { "ALTER SYSTEM", "alter system", "always", NULL, REPEATABLE, "ALTER SYSTEM SET work_mem = '5MB'" },
    { "COMMIT PREPARED", "commit prepared", "always", NULL, ONCE, "COMMIT PREPARED 'p'" },
    { "ROLLBACK PREPARED", "rollback prepared", "always", NULL, ONCE, "ROLLBACK PREPARED 'p'" },
    { "CREATE SUBSCRIPTION", "create subscription", "unless create_slot or connect is false", creates_slot, ONCE,
      "CREATE SUBSCRIPTION s CONNECTION 'host=localhost' PUBLICATION p" },
    { "DROP SUBSCRIPTION", "drop subscription", "unless its slot was set to NONE, which the text cannot tell", NULL, ONCE,
      "DROP SUBSCRIPTION s" },
    { "ALTER SUBSCRIPTION REFRESH", "alter subscription <name> refresh", "always", NULL, ONCE,
      "ALTER SUBSCRIPTION s REFRESH PUBLICATION" },
    { "ALTER SUBSCRIPTION with refresh", "alter subscription <name> set|add|drop publication", "unless refresh is false",
      refreshes, ONCE, "ALTER SUBSCRIPTION s SET PUBLICATION p" },
    { "ALTER SUBSCRIPTION SET (failover)", "alter subscription <name> set", "from 17 on, when failover is given",
      has_option_failover, ONCE, "ALTER SUBSCRIPTION s SET (failover = true)" },
    { "ALTER SUBSCRIPTION SET (two_phase)", "alter subscription <name> set", "from 18 on, when two_phase is given",
      has_option_two_phase, ONCE, "ALTER SUBSCRIPTION s SET (two_phase = false)" },
    { "ALTER TABLE DETACH PARTITION CONCURRENTLY",
      "alter table if? exists? only? <name> detach partition <name> concurrently", "from 14 on, with CONCURRENTLY", NULL,
      ONCE, "ALTER TABLE t DETACH PARTITION p CONCURRENTLY" },
};

const size_t standalone_count = sizeof standalone_table / sizeof standalone_table[0];

static bool falls_under(const struct standalone *entry, struct lexer lexer)
{
    return phrase_match(&lexer, entry->phrase) && (entry->condition == NULL || entry->condition(lexer));
}

/* Most statements begin with other words than any entry, and there may be millions of them. */
static bool may_be_standalone(struct lexer lexer)
{
    static const char *const beginnings[] = {
        "create unique? index|database|tablespace|subscription",
        "drop index|database|tablespace|subscription",
        "alter table|database|system|subscription",
        "reindex|vacuum|cluster",
        "commit|rollback prepared",
    };
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (phrase_match(&lexer, beginnings[i]))
            return true;
    return false;
}

const struct standalone *standalone_find(const char *bytes, size_t offset, size_t end)
{
    struct lexer lexer;
    lexer_init(&lexer, bytes, offset, end);
    if (!may_be_standalone(lexer))
        return NULL;
    for (size_t i = 0; i < standalone_count; i++)
        if (falls_under(&standalone_table[i], lexer))
            return &standalone_table[i];
    return NULL;
}
