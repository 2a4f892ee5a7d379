/*
 * The ledger's name and place, whose table it is, who may write it, and what is said when folder and ledger disagree.
 */
#include "up.h"

static const char *one_table_folder(void)
{
    return FILES({ "001_one.sql", "CREATE TABLE one (a int);" });
}

/* --- name and place --- */

static void test_ledger__its_schema_is_made_when_missing(void **state)
{
    (void) state;
    const char *database = up_database("schema");
    const struct up up = { .migrations = one_table_folder(),
                           .database = database,
                           .arguments = WORDS("--ledger", "ops.history") };
    struct run_result first = up_run(&up, 0);
    assert_contains(event_line(first.output, "ledger_created"), "\"ledger\":\"ops.history\"");
    expect_sql(database, "SELECT migration_name FROM ops.history", "001_one.sql");
    expect_sql(database, "SELECT event FROM ops.history_log", "applied");
    expect_sql(database, "SELECT to_regclass('public.schema_migrations') IS NULL", "t");
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
}

static void test_ledger__quoted_names_are_taken_as_they_are(void **state)
{
    (void) state;
    const char *database = up_database("quoted");
    const struct up up = { .migrations = one_table_folder(),
                           .database = database,
                           .environment = WORDS("PGUSHER_LEDGER=\"My Ops\".\"The \"\"Ledger\"\"\"") };
    up_run(&up, 0);
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
    expect_sql(database, "SELECT migration_name FROM \"My Ops\".\"The \"\"Ledger\"\"\"", "001_one.sql");
    expect_sql(database, "SELECT event FROM \"My Ops\".\"The \"\"Ledger\"\"_log\"", "applied");
}

static void test_ledger__an_unquoted_name_is_folded_to_lower_case(void **state)
{
    (void) state;
    const char *database = up_database("folded");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database, .arguments = WORDS("--ledger", "History") },
           0);
    expect_sql(database, "SELECT migration_name FROM history", "001_one.sql");
}

static void test_ledger__a_name_that_is_none_is_refused(void **state)
{
    (void) state;
    static const char *const names[] = { "a.b.c", "", "two words", "x; DROP TABLE y", "\"open", "1st" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_contains(up_failure(&(struct up){ .migrations = folder_new(), .arguments = WORDS("--ledger", names[i]) }, 2),
                        "--ledger");
}

/* A migration that moves the search_path of the whole database must not move the ledger of this run. */
static void test_ledger__is_settled_when_the_session_begins(void **state)
{
    (void) state;
    const char *database = up_database("moved");
    const char *folder =
        FILES({ "1.sql", must_format("CREATE SCHEMA app; ALTER DATABASE %s SET search_path = app;", database) },
              { "2.sql", "SET search_path = app; CREATE TABLE here (a int);" }, { "3.sql", "SELECT 1;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT count(*) FROM public.schema_migrations", "3");
    expect_sql(database, "SELECT to_regclass('app.schema_migrations') IS NULL", "t");
}

static void test_ledger__is_made_in_the_first_schema_of_the_roles_search_path(void **state)
{
    (void) state;
    const char *database = up_database("homes");
    cluster_sql(cluster, database,
                "CREATE ROLE homely SUPERUSER LOGIN; CREATE SCHEMA home; "
                "ALTER ROLE homely SET search_path = home, public");
    const struct up up = { .migrations = one_table_folder(), .database = database, .role = "homely" };
    up_run(&up, 0);
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
    expect_sql(database, "SELECT migration_name, to_regclass('home.one') FROM home.schema_migrations",
               "001_one.sql|home.one");
}

/* --- whose table --- */

static void test_ledger__another_tools_table_is_refused_and_left_alone(void **state)
{
    (void) state;
    const char *database = up_database("rails");
    cluster_sql(cluster, database, "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");
    const char *said = up_failure(&(struct up){ .migrations = one_table_folder(), .database = database }, 2);
    assert_contains(said, "--ledger");
    assert_contains(said, "version");
    expect_sql(database, "SELECT to_regclass('one') IS NULL, count(*) FROM schema_migrations", "t|0");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database, .arguments = WORDS("--ledger", "ours") },
           0);
}

static void test_ledger__another_tools_table_is_refused_with_nothing_pending_too(void **state)
{
    (void) state;
    const char *database = up_database("rails");
    cluster_sql(cluster, database, "CREATE TABLE schema_migrations (version bigint, dirty boolean)");
    up_failure(&(struct up){ .migrations = folder_new(), .database = database }, 2);
    up_failure(&(struct up){ .command = "status", .migrations = folder_new(), .database = database }, 2);
}

static void test_ledger__a_log_that_is_not_ours_is_left_alone(void **state)
{
    (void) state;
    const char *database = up_database("foreignlog");
    cluster_sql(cluster, database, "CREATE TABLE schema_migrations_log (line text)");
    struct run_result result = up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    assert_int_equal(event_count(result.output, "log_unavailable"), 1);
    assert_string_equal(ledger_names(database), "001_one.sql");
    expect_sql(database, "SELECT count(*) FROM schema_migrations_log", "0");
}

static void test_ledger__further_columns_are_no_hindrance(void **state)
{
    (void) state;
    const char *database = up_database("wider");
    cluster_sql(cluster, database,
                "CREATE TABLE schema_migrations (id serial, migration_name text UNIQUE, "
                "applied_at timestamp, note text DEFAULT 'kept')");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    expect_sql(database, "SELECT migration_name, note FROM schema_migrations", "001_one.sql|kept");
}

/* --- who may --- */

static void test_ledger__a_role_without_create_is_told_what_to_do(void **state)
{
    (void) state;
    const char *database = up_database("nocreate");
    cluster_sql(cluster, database, "CREATE ROLE guest LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    const struct up up = { .migrations = one_table_folder(), .database = database, .role = "guest" };
    const char *said = up_failure(&up, 4);
    assert_contains(said, "GRANT CREATE ON SCHEMA public");
    assert_contains(said, "--ledger");
    cluster_sql(cluster, database, "GRANT CREATE ON SCHEMA public TO guest");
    up_run(&up, 0);
}

static void test_ledger__a_role_that_cannot_look_into_the_schema_is_told_so(void **state)
{
    (void) state;
    const char *database = up_database("nousage");
    const char *folder = one_table_folder();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    cluster_sql(cluster, database,
                "CREATE ROLE outsider LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT SELECT ON schema_migrations TO "
                "outsider");
    const struct up up = { .migrations = folder, .database = database, .role = "outsider" };
    assert_contains(up_failure(&up, 4), "USAGE on its schema");
    cluster_sql(cluster, database, "GRANT USAGE ON SCHEMA public TO outsider");
    up_run(&up, 0);
}

static void test_ledger__a_role_without_insert_is_refused(void **state)
{
    (void) state;
    const char *database = up_database("noinsert");
    up_run(&(struct up){ .migrations = folder_new(), .database = database }, 0);
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    cluster_sql(cluster, database,
                "CREATE ROLE looker LOGIN; GRANT SELECT ON schema_migrations, schema_migrations_log TO looker");
    const char *folder = FILES({ "001_one.sql", "CREATE TABLE one (a int);" }, { "002_two.sql", "SELECT 2;" });
    const char *said = up_failure(&(struct up){ .migrations = folder, .database = database, .role = "looker" }, 4);
    assert_contains(said, "42501");
    assert_contains(said, "INSERT");
    assert_string_equal(ledger_names(database), "001_one.sql");
}

static void test_ledger__a_role_without_select_is_refused(void **state)
{
    (void) state;
    const char *database = up_database("noselect");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    cluster_sql(cluster, database, "CREATE ROLE blind LOGIN");
    const struct up up = {
        .migrations = one_table_folder(), .database = database, .role = "blind", .arguments = WORDS("--grace", "0")
    };
    assert_contains(up_failure(&up, 4), "GRANT SELECT");
}

static void test_ledger__a_role_without_rights_to_the_log_migrates_without_it(void **state)
{
    (void) state;
    const char *database = up_database("nolog");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    cluster_sql(cluster, database, "CREATE ROLE writer LOGIN; GRANT SELECT, INSERT ON schema_migrations TO writer");
    const char *folder = FILES({ "001_one.sql", "changed since" }, { "002_two.sql", "SELECT 2;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database, .role = "writer" }, 0);
    assert_int_equal(event_count(result.output, "log_unavailable"), 1);
    assert_int_equal(event_count(result.output, "history_changed"), 0);
    assert_string_equal(ledger_names(database), "001_one.sql,002_two.sql");
}

/* The ledger is there, and so are the steps before the first pending one: an applied file, and one that is missing. */
static void test_ledger__a_log_that_cannot_be_made_is_named_and_no_applied_file(void **state)
{
    (void) state;
    const char *database = up_database("lognot");
    up_run(&(struct up){ .migrations = FILES({ "000_gone.sql", "SELECT 0;" }, { "001_one.sql", "SELECT 1;" }),
                         .database = database },
           0);
    cluster_sql(cluster, database, "DROP TABLE schema_migrations_log; CREATE DOMAIN schema_migrations_log AS int");
    struct run_result result =
        up_run(&(struct up){ .migrations = FILES({ "001_one.sql", "SELECT 1;" }, { "002_two.sql", "SELECT 2;" }),
                             .database = database },
               5);
    const char *failed = event_line(result.output, "migration_failed");
    assert_contains(failed, "\"migration\":\"002_two.sql\"");
    assert_contains(failed, "cannot create the ledger's log public.schema_migrations_log: ");
    assert_lacks(result.errors, "000_gone.sql");
    assert_lacks(result.errors, "001_one.sql");
}

static const char *refused_lock(const char *hint, const char *role, const char *revoke)
{
    const char *database = up_database(hint);
    cluster_sql(cluster, database,
                must_format("CREATE ROLE %s LOGIN; GRANT CREATE ON SCHEMA public TO %s; %s", role, role, revoke));
    return up_failure(&(struct up){ .migrations = one_table_folder(), .database = database, .role = role }, 4);
}

static void test_ledger__a_role_that_may_not_take_the_lock_is_refused(void **state)
{
    (void) state;
    const char *said =
        refused_lock("nolock", "lockless", "REVOKE EXECUTE ON FUNCTION pg_try_advisory_lock(bigint) FROM PUBLIC");
    assert_contains(said, "42501");
    assert_contains(said, "EXECUTE on pg_catalog.pg_try_advisory_lock");
}

static void test_ledger__a_role_that_may_not_look_at_the_lock_is_refused(void **state)
{
    (void) state;
    const char *said = refused_lock("nolook", "blinded", "REVOKE SELECT ON pg_stat_activity FROM PUBLIC");
    assert_contains(said, "42501");
    assert_contains(said, "pg_catalog.pg_stat_activity");
}

/* A server without libxml refuses query_to_xml() in another way, and is asked in the same one. */
static void test_ledger__is_read_without_query_to_xml_too(void **state)
{
    (void) state;
    const char *database = up_database("noxml");
    const char *before =
        FILES({ "001_<&>.sql", "SELECT 1;" }, { "002_half.sql", "VACUUM;\nCREATE TABLE half (a int);\nVACUUM missing;" });
    cluster_sql(cluster, database,
                "REVOKE EXECUTE ON FUNCTION query_to_xml FROM PUBLIC; CREATE ROLE plain LOGIN;"
                "GRANT CREATE ON SCHEMA public TO plain");
    up_failure(&(struct up){ .migrations = before, .database = database, .role = "plain" }, 5);
    const char *after =
        FILES({ "001_<&>.sql", "SELECT 2;" }, { "002_half.sql", "VACUUM;\nCREATE TABLE half (a int);\nVACUUM half;" });
    const struct up up = { .migrations = after, .database = database, .role = "plain" };
    struct run_result result = up_run(&up, 0);
    assert_int_equal(event_count(result.output, "history_changed"), 1);
    assert_int_equal(event_count(result.output, "migration_applied"), 1);
    assert_string_equal(ledger_names(database), "001_<&>.sql,002_half.sql");
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
}

/* --- history --- */

static void test_history__a_changed_file_is_a_warning_or_with_strict_an_end(void **state)
{
    (void) state;
    const char *database = up_database("changed");
    const char *folder = one_table_folder();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    folder_add(folder, "001_one.sql", "CREATE TABLE one (a int, b int);");
    folder_add(folder, "002_two.sql", "CREATE TABLE two (a int);");
    struct run_result strict =
        up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--strict") }, 6);
    assert_contains(event_line(strict.output, "history_changed"), "001_one.sql");
    assert_contains(strict.errors, "001_one.sql");
    assert_lacks(strict.errors, "more");
    expect_sql(database, "SELECT to_regclass('two') IS NULL", "t");
    struct run_result lenient = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_int_equal(event_count(lenient.output, "history_changed"), 1);
    assert_string_equal(ledger_names(database), "001_one.sql,002_two.sql");
}

static void test_history__a_missing_file_is_a_warning_or_with_strict_an_end(void **state)
{
    (void) state;
    const char *database = up_database("missing");
    const char *folder = one_table_folder();
    folder_add(folder, "000_gone.sql", "SELECT 1;");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    folder_remove(folder, "000_gone.sql");
    struct run_result lenient = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_contains(event_line(lenient.output, "history_missing"), "000_gone.sql");
    struct up strict = { .migrations = folder, .database = database, .environment = WORDS("PGUSHER_STRICT=on") };
    assert_lacks(up_failure(&strict, 6), "write the change as a new migration");
    folder_add(folder, "001_one.sql", "CREATE TABLE one (a int, b int);");
    assert_contains(up_failure(&strict, 6), "(and 1 more file)");
}

static void test_history__a_file_before_the_last_applied_one_still_runs(void **state)
{
    (void) state;
    const char *database = up_database("late");
    const char *folder = FILES({ "001.sql", "SELECT 1;" }, { "003.sql", "SELECT 3;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    folder_add(folder, "002.sql", "CREATE TABLE late (a int);");
    up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--strict") }, 0);
    assert_string_equal(ledger_names(database), "001.sql,002.sql,003.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_ledger__its_schema_is_made_when_missing),
        UP_TEST(test_ledger__quoted_names_are_taken_as_they_are),
        UP_TEST(test_ledger__an_unquoted_name_is_folded_to_lower_case),
        UP_TEST(test_ledger__a_name_that_is_none_is_refused),
        UP_TEST(test_ledger__is_settled_when_the_session_begins),
        UP_TEST(test_ledger__is_made_in_the_first_schema_of_the_roles_search_path),
        UP_TEST(test_ledger__another_tools_table_is_refused_and_left_alone),
        UP_TEST(test_ledger__another_tools_table_is_refused_with_nothing_pending_too),
        UP_TEST(test_ledger__a_log_that_is_not_ours_is_left_alone),
        UP_TEST(test_ledger__further_columns_are_no_hindrance),
        UP_TEST(test_ledger__a_role_without_create_is_told_what_to_do),
        UP_TEST(test_ledger__a_role_that_cannot_look_into_the_schema_is_told_so),
        UP_TEST(test_ledger__a_role_without_insert_is_refused),
        UP_TEST(test_ledger__a_role_without_select_is_refused),
        UP_TEST(test_ledger__a_log_that_cannot_be_made_is_named_and_no_applied_file),
        UP_TEST(test_ledger__a_role_that_may_not_take_the_lock_is_refused),
        UP_TEST(test_ledger__a_role_that_may_not_look_at_the_lock_is_refused),
        UP_TEST(test_ledger__a_role_without_rights_to_the_log_migrates_without_it),
        UP_TEST(test_ledger__is_read_without_query_to_xml_too),
        UP_TEST(test_history__a_changed_file_is_a_warning_or_with_strict_an_end),
        UP_TEST(test_history__a_missing_file_is_a_warning_or_with_strict_an_end),
        UP_TEST(test_history__a_file_before_the_last_applied_one_still_runs),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
