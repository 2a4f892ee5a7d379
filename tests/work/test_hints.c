/*
 * Errors whose cause is known: one line of advice, from real errors of a real server.
 */
#include "up.h"

static const char *fail_with(const char *hint, const char *role, const char *text)
{
    return up_failure(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = up_database(hint), .role = role },
                      5);
}

static void assert_hint(const char *name, const char *text, const char *hint)
{
    assert_contains(fail_with(name, NULL, text), hint);
}

static void test_hints__an_emptied_search_path(void **state)
{
    (void) state;
    const char *dumped =
        "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.t (a int);\nSELECT a FROM t;";
    assert_hint("path", dumped, "empties the search_path");
    assert_hint("path", "SET search_path = '';\nSELECT * FROM t;", "empties the search_path");
    assert_lacks(fail_with("path", NULL, "SET search_path = public;\nSELECT * FROM t;"), "search_path");
}

static void test_hints__an_extension_that_was_not_created(void **state)
{
    (void) state;
    assert_hint("extension", "CREATE TABLE t (mail citext);", "CREATE EXTENSION IF NOT EXISTS \"citext\"");
    assert_hint("extension", "SELECT uuid_generate_v4();", "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"");
    assert_hint("extension", "CREATE TABLE t (a text); CREATE INDEX ON t USING gin (a gin_trgm_ops);", "\"pg_trgm\"");
}

/* Where the server has a hint of its own, it is the one that is shown. */
static void test_hints__an_extension_that_is_not_installed(void **state)
{
    (void) state;
    assert_hint("package", "CREATE EXTENSION no_such_extension;", "must first be installed on the system");
}

/* As lock tables do that are full: not what our own words for this SQLSTATE are about. */
static void test_hints__a_hint_of_the_server_about_memory_stands_alone(void **state)
{
    (void) state;
    const char *raise =
        "DO $$ BEGIN RAISE EXCEPTION 'out of shared memory' USING ERRCODE = '53200', HINT = 'more locks'; END $$;";
    const char *said = fail_with("memory", NULL, raise);
    assert_contains(said, "more locks");
    assert_lacks(said, "work_mem");
}

static void test_hints__our_own_stands_behind_that_of_the_server(void **state)
{
    (void) state;
    const char *said = fail_with("both", NULL, "SELECT uuid_generate_v4();");
    assert_contains(said, "explicit type casts. The statement uses what the extension uuid-ossp brings");
    said = fail_with("both", NULL, "SET search_path = '';\nSELECT nothing_there();");
    assert_contains(said, "explicit type casts. An earlier statement of this file empties the search_path");
}

static void test_hints__what_has_no_schema_is_not_refused_by_the_schema_public(void **state)
{
    (void) state;
    const char *database = up_database("noschema");
    cluster_sql(cluster, database,
                "CREATE ROLE modest LOGIN; GRANT ALL ON SCHEMA public TO modest; CREATE TABLE theirs (a int)");
    static const char *const texts[] = { "CREATE ROLE another;", "CREATE DATABASE another;",
                                         "COPY theirs FROM stdin;\n1\n\\.\n" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *errors =
            up_run(&(struct up){ .migrations = FILES({ "1.sql", texts[i] }), .database = database, .role = "modest" }, 5)
                .errors;
        assert_contains(errors, "42501");
        assert_null(strstr(errors, "GRANT CREATE ON SCHEMA"));
    }
}

static void test_hints__a_missing_privilege_on_the_schema_public(void **state)
{
    (void) state;
    const char *database = up_database("privilege");
    cluster_sql(cluster, database,
                "CREATE ROLE plain LOGIN; CREATE TABLE schema_migrations (migration_name varchar(255) PRIMARY KEY, "
                "applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); GRANT ALL ON schema_migrations TO plain; "
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    const struct up up = { .migrations = FILES({ "1.sql", "CREATE TABLE t (a int);" }),
                           .database = database,
                           .role = "plain" };
    assert_contains(up_failure(&up, 5), "GRANT CREATE ON SCHEMA public");
}

static void test_hints__an_object_that_was_made_by_hand(void **state)
{
    (void) state;
    const char *database = up_database("hand");
    cluster_sql(cluster, database, "CREATE TABLE t (a int)");
    const struct up up = { .migrations = FILES({ "1 bot's.sql", "CREATE TABLE t (a int);" }), .database = database };
    const char *insert = "INSERT INTO \"public\".\"schema_migrations\" (migration_name, applied_at) "
                         "VALUES ('1 bot''s.sql', now() AT TIME ZONE 'UTC');";
    assert_contains(up_failure(&up, 5), insert);
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "SELECT 1;" }), .database = database }, 0);
    cluster_sql(cluster, database, insert);
    up_run(&up, 0);
}

static void test_hints__a_variable_of_psql(void **state)
{
    (void) state;
    assert_hint("variable", "CREATE TABLE t (a int); INSERT INTO t VALUES (:start);", "psql's variables");
    assert_hint("variable", "SELECT :'name';", "psql's variables");
}

static void test_hints__a_dump_of_a_newer_server(void **state)
{
    (void) state;
    assert_hint("newer", "SET lock_timeout = 0;\nSET no_parameter_of_any_server = 0;", "newer PostgreSQL");
}

static void test_hints__a_dump_that_makes_the_ledger(void **state)
{
    (void) state;
    assert_hint("ledger", "CREATE TABLE public.schema_migrations (migration_name varchar(255) PRIMARY KEY);", "--ledger");
}

static void test_hints__a_value_that_was_added_in_the_same_file(void **state)
{
    (void) state;
    const char *database = up_database("enum");
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (e e);" }),
                         .database = database },
           0);
    const struct up up = { .migrations = FILES({ "0.sql", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (e e);" },
                                               { "1.sql", "ALTER TYPE e ADD VALUE 'b'; INSERT INTO t VALUES ('b');" }),
                           .database = database };
    const char *said = up_failure(&up, 5);
    assert_contains(said, "New enum values must be committed before they can be used.");
    assert_contains(said, "migration of its own");
}

static void test_hints__a_procedure_that_commits(void **state)
{
    (void) state;
    const char *procedure = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\nCALL p();";
    assert_hint("procedure", procedure, "-- pgusher: transaction=off");
}

/* Which tables are partitioned only the server knows: the text lets it into the transaction. */
static void test_hints__a_statement_that_turns_out_to_need_no_transaction(void **state)
{
    (void) state;
    const char *database = up_database("partitioned");
    const char *table = "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);";
    const struct up up = { .migrations = FILES({ "1.sql", table }, { "2.sql", "REINDEX TABLE p;" }), .database = database };
    const char *said = up_failure(&up, 5);
    assert_contains(said, "25001");
    assert_contains(said, "-- pgusher: transaction=off");
    up_run(
        &(struct up){ .migrations = FILES({ "1.sql", table }, { "2.sql", "-- pgusher: transaction=off\nREINDEX TABLE p;" }),
                      .database = database },
        0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_hints__an_emptied_search_path),
        UP_TEST(test_hints__an_extension_that_was_not_created),
        UP_TEST(test_hints__an_extension_that_is_not_installed),
        UP_TEST(test_hints__a_hint_of_the_server_about_memory_stands_alone),
        UP_TEST(test_hints__our_own_stands_behind_that_of_the_server),
        UP_TEST(test_hints__a_missing_privilege_on_the_schema_public),
        UP_TEST(test_hints__what_has_no_schema_is_not_refused_by_the_schema_public),
        UP_TEST(test_hints__an_object_that_was_made_by_hand),
        UP_TEST(test_hints__a_variable_of_psql),
        UP_TEST(test_hints__a_dump_of_a_newer_server),
        UP_TEST(test_hints__a_dump_that_makes_the_ledger),
        UP_TEST(test_hints__a_value_that_was_added_in_the_same_file),
        UP_TEST(test_hints__a_procedure_that_commits),
        UP_TEST(test_hints__a_statement_that_turns_out_to_need_no_transaction),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
