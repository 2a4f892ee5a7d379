/*
 * Every migration starts from the same session: what the role and the database say, and nothing that an earlier file did.
 */
#include "up.h"

/* Runs two files, the second of which must find the session as new. */
static void expect_clean(const char *dirt, const char *witness, const char *answer)
{
    const char *database = up_database("clean");
    const char *folder =
        FILES({ "1.sql", dirt }, { "2.sql", must_format("CREATE TABLE seen AS SELECT (%s)::text AS a;", witness) });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    const char *seen = cluster_sql(cluster, database, "SELECT a FROM public.seen");
    if (strcmp(seen, answer) != 0)
        fail_msg("after: %s\n%s is %s and not %s", dirt, witness, seen, answer);
}

static void test_hygiene__settings_do_not_outlive_their_file(void **state)
{
    (void) state;
    static const char path[] = "current_setting('search_path')";
    expect_clean("SET search_path = '';", path, "\"$user\", public");
    expect_clean("SELECT pg_catalog.set_config('search_path', '', false);", path, "\"$user\", public");
    expect_clean("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
                 "current_setting('transaction_isolation')", "read committed");
    expect_clean("SET TIME ZONE 'Asia/Tokyo';", "current_setting('TimeZone') <> 'Asia/Tokyo'", "true");
    expect_clean("SET my.own = 'x';", "coalesce(nullif(current_setting('my.own', true), ''), 'none')", "none");
    expect_clean("SET statement_timeout = '10min';", "current_setting('statement_timeout')", "0");
    expect_clean("SET default_transaction_read_only = on;", "current_setting('transaction_read_only')", "off");
    expect_clean("DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false); END $$;", "current_setting('work_mem') <> '1MB'",
                 "true");
}

static void test_hygiene__roles_do_not_outlive_their_file(void **state)
{
    (void) state;
    cluster_sql(cluster, NULL, "CREATE ROLE visitor");
    expect_clean("SET ROLE visitor;", "current_user", "postgres");
    expect_clean("SET SESSION AUTHORIZATION visitor;", "session_user || current_user", "postgrespostgres");
    expect_clean(
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT set_config('role', 'visitor', false) $$; SELECT f();",
        "current_user", "postgres");
    expect_clean("-- pgusher: transaction=off\nGRANT CREATE ON SCHEMA public TO visitor;\nSET ROLE visitor;\nSELECT 1;",
                 "current_user", "postgres");
}

static void test_hygiene__objects_of_the_session_do_not_outlive_their_file(void **state)
{
    (void) state;
    expect_clean("CREATE TEMP TABLE t (a int);", "coalesce(to_regclass('t')::text, 'none')", "none");
    expect_clean("SELECT 1 AS a INTO TEMP t;", "coalesce(to_regclass('t')::text, 'none')", "none");
    expect_clean("CREATE TABLE pg_temp.t (a int);", "coalesce(to_regclass('t')::text, 'none')", "none");
    expect_clean("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
                 "SELECT count(*) FROM pg_proc WHERE proname = 'f'", "0");
    expect_clean("PREPARE p AS SELECT 1;", "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''", "0");
    expect_clean("LISTEN news;", "SELECT count(*) FROM pg_listening_channels()", "0");
    expect_clean("DECLARE c CURSOR WITH HOLD FOR SELECT 1;", "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0");
    expect_clean("CREATE FUNCTION c() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r refcursor := 'kept'; BEGIN "
                 "EXECUTE 'DECLARE kept CURSOR WITH HOLD FOR SELECT 1'; END $$; SELECT c();",
                 "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0");
}

static void test_hygiene__the_last_value_of_a_sequence_is_forgotten(void **state)
{
    (void) state;
    const char *database = up_database("lastval");
    const char *folder = FILES({ "1.sql", "CREATE SEQUENCE s; SELECT nextval('s');" }, { "2.sql", "SELECT lastval();" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 5), "55000");
}

static void test_hygiene__a_real_dump_and_then_unqualified_names(void **state)
{
    (void) state;
    const char *source = up_database("source");
    cluster_sql(
        cluster, source,
        "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL); INSERT INTO users (name) VALUES ('a;b'), "
        "(E'tab\\tand\\nline'), ('\\.'); CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql AS $$ SELECT upper($1) $$;"
        "CREATE VIEW loud AS SELECT shout(name) FROM users; COMMENT ON TABLE users IS 'it''s';"
        "CREATE TYPE mood AS ENUM ('ok'); CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS "
        "$_$ BEGIN RETURN NEW; END; $_$; CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION t();");
    struct run_result dump = run_program(&(struct run_spec){
        .program = cluster_program("pg_dump"), .arguments = WORDS("-d", cluster_socket_conninfo(cluster, source)) });
    assert_int_equal(dump.exit_code, 0);
    assert_contains(dump.output, "set_config('search_path', ''");
    const char *database = up_database("restored");
    const char *folder = FILES({ "1.sql", dump.output }, { "2.sql", "INSERT INTO users (name) VALUES ('later');" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(name, '|' ORDER BY id) FROM users", "a;b|tab\tand\nline|\\.|later");
    assert_int_equal(event_count(result.output, "psql_command_ignored"), 0);
}

static void test_hygiene__an_emptied_search_path_is_named_in_the_advice(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" },
                               { "2.sql", "SELECT pg_catalog.set_config('search_path', '', false);\nSELECT * FROM t;" });
    const char *said = up_failure(&(struct up){ .migrations = folder, .database = up_database("advice") }, 5);
    assert_contains(said, "2.sql:2:15: ERROR 42P01");
    assert_contains(said, "search_path");
}

static void test_hygiene__the_roles_own_settings_are_in_force_in_every_file(void **state)
{
    (void) state;
    const char *database = up_database("own");
    cluster_sql(cluster, database,
                "CREATE ROLE chief; CREATE ROLE worker LOGIN IN ROLE chief; CREATE SCHEMA app AUTHORIZATION "
                "chief; ALTER ROLE worker SET search_path = app; ALTER ROLE worker SET role = 'chief'; "
                "ALTER ROLE worker SET work_mem = '7MB'; ALTER ROLE worker SET TimeZone = 'Asia/Tokyo'");
    static const char note[] =
        "INSERT INTO seen VALUES (current_user, current_setting('work_mem'), current_setting('TimeZone'));"
        "SET work_mem = '1MB'; SET TIME ZONE 'UTC'; SET search_path = pg_catalog; RESET ROLE;";
    const char *folder = FILES({ "1.sql", must_format("CREATE TABLE seen (a name, b text, c text);%s", note) },
                               { "2.sql", note }, { "3.sql", note });
    const struct up up = { .migrations = folder, .database = database, .role = "worker" };
    up_run(&up, 0);
    expect_sql(database, "SELECT a, b, c, count(*) FROM app.seen GROUP BY 1, 2, 3", "chief|7MB|Asia/Tokyo|3");
    expect_sql(database,
               "SELECT count(*), (SELECT tableowner FROM pg_tables WHERE tablename = 'schema_migrations') "
               "FROM app.schema_migrations",
               "3|chief");
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
}

static void test_hygiene__settings_of_the_connection_are_in_force_in_every_file(void **state)
{
    (void) state;
    const char *database = up_database("options");
    static const char note[] = "INSERT INTO public.seen VALUES (current_setting('work_mem')); RESET ALL;";
    const char *folder = FILES({ "1.sql", must_format("CREATE TABLE public.seen (a text);%s", note) }, { "2.sql", note });
    up_run(&(struct up){ .migrations = folder, .database = database, .environment = WORDS("PGOPTIONS=-c work_mem=6MB") }, 0);
    expect_sql(database, "SELECT a, count(*) FROM seen GROUP BY a", "6MB|2");
}

static void test_hygiene__a_file_that_changes_its_role_gets_its_row(void **state)
{
    (void) state;
    const char *database = up_database("otherrole");
    cluster_sql(cluster, database, "CREATE ROLE owner_of_t; GRANT CREATE ON SCHEMA public TO owner_of_t");
    const char *folder = FILES({ "1.sql", "SET ROLE owner_of_t; CREATE TABLE t (a int);" },
                               { "2.sql", "SET SESSION AUTHORIZATION owner_of_t; CREATE TABLE u (a int);" },
                               { "3.sql", "SET LOCAL ROLE owner_of_t; CREATE TABLE v (a int);" },
                               { "4.sql", "BEGIN; SET ROLE owner_of_t; CREATE TABLE x (a int); COMMIT;" },
                               { "5.sql", "SET search_path = ''; CREATE TABLE public.w (a int);" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql,3.sql,4.sql,5.sql");
    expect_sql(database,
               "SELECT string_agg(tableowner, ',' ORDER BY tablename) FROM pg_tables WHERE tablename IN ('t','u','v','w')",
               "owner_of_t,owner_of_t,owner_of_t,postgres");
    expect_sql(database, "SELECT count(*) FROM schema_migrations_log WHERE event = 'applied' AND logged_by = 'postgres'",
               "5");
}

static void test_hygiene__a_role_set_in_a_file_of_single_statements_stays_to_its_end(void **state)
{
    (void) state;
    const char *database = up_database("unitrole");
    cluster_sql(cluster, database, "CREATE ROLE unit_owner; GRANT CREATE ON SCHEMA public TO unit_owner");
    const char *folder = FILES({ "1.sql", "-- pgusher: transaction=off\nSET ROLE unit_owner;\nCREATE TABLE t (a int);\n"
                                          "CREATE INDEX CONCURRENTLY i ON t (a);\n" },
                               { "2.sql", "CREATE TABLE u (a int);" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database,
               "SELECT string_agg(tableowner, ',' ORDER BY tablename) FROM pg_tables WHERE tablename IN ('t', 'u')",
               "unit_owner,postgres");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_hygiene__settings_do_not_outlive_their_file),
        UP_TEST(test_hygiene__roles_do_not_outlive_their_file),
        UP_TEST(test_hygiene__objects_of_the_session_do_not_outlive_their_file),
        UP_TEST(test_hygiene__the_last_value_of_a_sequence_is_forgotten),
        UP_TEST(test_hygiene__a_real_dump_and_then_unqualified_names),
        UP_TEST(test_hygiene__an_emptied_search_path_is_named_in_the_advice),
        UP_TEST(test_hygiene__the_roles_own_settings_are_in_force_in_every_file),
        UP_TEST(test_hygiene__settings_of_the_connection_are_in_force_in_every_file),
        UP_TEST(test_hygiene__a_file_that_changes_its_role_gets_its_row),
        UP_TEST(test_hygiene__a_role_set_in_a_file_of_single_statements_stays_to_its_end),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
