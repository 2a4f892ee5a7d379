/*
 * Files that hold statements which PostgreSQL runs outside transactions: statement by statement, with a log of how far they got,
 * and what a later run makes of one that was interrupted.
 */
#include "up.h"

#define LOG_STORY "SELECT string_agg(concat_ws(' ', event, statement), ', ' ORDER BY id) FROM schema_migrations_log"

static void test_outside__each_kind_runs_with_its_rows_in_the_log(void **state)
{
    (void) state;
    const char *database = up_database("kinds");
    const char *folder = FILES(
        { "1.sql",
          "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\nINSERT INTO t VALUES (1);\nVACUUM t;\n" },
        { "2.sql", must_format("CREATE DATABASE %s_made TEMPLATE template0;", database) },
        { "3.sql", "ALTER SYSTEM SET log_min_duration_statement = '1h';\nALTER SYSTEM RESET log_min_duration_statement;" },
        { "4.sql", "REINDEX TABLE CONCURRENTLY t;" }, { "5.sql", "SELECT 5;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_int_equal(event_count(result.output, "outside_transaction"), 4);
    assert_contains(event_line_with(result.output, "outside_transaction", "1.sql"), "CREATE INDEX CONCURRENTLY (line 2)");
    assert_string_equal(ledger_names(database), "1.sql,2.sql,3.sql,4.sql,5.sql");
    expect_sql(database, LOG_STORY " WHERE migration_name = '1.sql'",
               "done 1, started 2, done 2, done 3, started 4, done 4, applied");
    expect_sql(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass", "t");
    expect_sql(NULL, must_format("SELECT count(*) FROM pg_database WHERE datname = '%s_made'", database), "1");
}

static void test_outside__a_failure_keeps_what_was_done_and_a_rerun_goes_on(void **state)
{
    (void) state;
    const char *database = up_database("goeson");
    const char *text = "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nCREATE INDEX CONCURRENTLY i ON later (a);\n"
                       "INSERT INTO t VALUES (2);\n";
    const struct up up = { .migrations = FILES({ "1.sql", text }, { "2.sql", "SELECT 2;" }), .database = database };
    struct run_result first = up_run(&up, 5);
    assert_contains(first.errors, "1.sql:3:");
    assert_contains(first.errors, "42P01");
    expect_sql(database, "SELECT string_agg(a::text, ',') FROM t", "1");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
    cluster_sql(cluster, database, "CREATE TABLE later (a int)");
    struct run_result second = up_run(&up, 0);
    assert_int_equal(event_count(second.output, "statement_skipped"), 2);
    expect_sql(database, "SELECT string_agg(a::text, ',') FROM t", "1,2");
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

static void test_outside__a_failure_in_the_last_transaction_stops_everything_after(void **state)
{
    (void) state;
    const char *database = up_database("lasttx");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);" },
              { "2.sql", "VACUUM;\nINSERT INTO t VALUES (1), (1);" }, { "3.sql", "CREATE TABLE never (a int);" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 5), "23505");
    expect_sql(database, "SELECT to_regclass('never') IS NULL", "t");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_outside__a_directive_makes_each_statement_a_transaction(void **state)
{
    (void) state;
    const char *database = up_database("directive");
    const char *folder = FILES({ "1.sql", "-- pgusher: transaction=off\nCREATE TABLE t (x text);\n"
                                          "INSERT INTO t VALUES (pg_current_xact_id()::text);\n"
                                          "BEGIN;\nINSERT INTO t VALUES (pg_current_xact_id()::text);\n"
                                          "INSERT INTO t VALUES (pg_current_xact_id()::text);\nCOMMIT;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT count(*), count(DISTINCT x) FROM t", "3|2");
}

static void leave_started(const char *database, const char *text)
{
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "CREATE TABLE t (a int);" }), .database = database }, 0);
    up_leave_started(database, "1.sql", text);
}

static const char *folder_with_unfinished(const char *text)
{
    return FILES({ "0.sql", "CREATE TABLE t (a int);" }, { "1.sql", text });
}

static void test_outside__what_is_harmless_to_repeat_is_repeated(void **state)
{
    (void) state;
    const char *database = up_database("repeat");
    leave_started(database, "VACUUM t");
    up_run(&(struct up){ .migrations = folder_with_unfinished("VACUUM t;"), .database = database }, 0);
    assert_string_equal(ledger_names(database), "0.sql,1.sql");
}

/* A prepared transaction that is gone was committed or rolled back: the catalogue cannot tell. */
static void test_outside__what_nobody_can_know_is_left_to_people(void **state)
{
    (void) state;
    const char *database = up_database("unknown");
    const char *text = "COMMIT PREPARED 'nothing'";
    const struct up up = { .migrations = folder_with_unfinished("COMMIT PREPARED 'nothing';"), .database = database };
    leave_started(database, text);
    const char *said = up_failure(&up, 5);
    assert_contains(said, "1.sql:1:1: ");
    assert_contains(said, "'done'");
    assert_contains(said, "'failed'");
    assert_string_equal(ledger_names(database), "0.sql");
    cluster_sql(cluster, database,
                must_format("INSERT INTO schema_migrations_log (migration_name, event, statement, checksum) "
                            "VALUES ('1.sql', 'done', 1, '%s')",
                            up_checksum(text)));
    up_run(&up, 0);
    assert_string_equal(ledger_names(database), "0.sql,1.sql");
}

static void test_outside__a_file_changed_after_an_interruption_is_refused(void **state)
{
    (void) state;
    const char *database = up_database("edited");
    leave_started(database, "VACUUM t");
    assert_contains(
        up_failure(&(struct up){ .migrations = folder_with_unfinished("VACUUM (ANALYZE) t;"), .database = database }, 5),
        "1.sql");
    assert_string_equal(ledger_names(database), "0.sql");
}

static void test_outside__without_a_log_such_a_file_is_not_begun(void **state)
{
    (void) state;
    const char *database = up_database("nolog");
    cluster_sql(cluster, database, "CREATE TABLE schema_migrations_log (line text)");
    const char *said = up_failure(&(struct up){ .migrations = FILES({ "1.sql", "VACUUM;" }), .database = database }, 4);
    assert_contains(said, "1.sql");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
}

/* A server counts a timeout's milliseconds in 31 bits. */
static void test_outside__a_timeout_of_months_is_one_that_the_server_takes(void **state)
{
    (void) state;
    const char *database = up_database("months");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" },
                               { "2.sql", "-- pgusher: statement_timeout=1000h lock_timeout=1000h\nVACUUM t;" });
    up_run(
        &(struct up){ .migrations = folder,
                      .database = database,
                      .arguments = WORDS("--lock-wait", "600h", "--lock-timeout", "1000h", "--statement-timeout", "1000h") },
        0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_outside__each_kind_runs_with_its_rows_in_the_log),
        UP_TEST(test_outside__a_failure_keeps_what_was_done_and_a_rerun_goes_on),
        UP_TEST(test_outside__a_failure_in_the_last_transaction_stops_everything_after),
        UP_TEST(test_outside__a_directive_makes_each_statement_a_transaction),
        UP_TEST(test_outside__what_is_harmless_to_repeat_is_repeated),
        UP_TEST(test_outside__what_nobody_can_know_is_left_to_people),
        UP_TEST(test_outside__a_file_changed_after_an_interruption_is_refused),
        UP_TEST(test_outside__without_a_log_such_a_file_is_not_begun),
        UP_TEST(test_outside__a_timeout_of_months_is_one_that_the_server_takes),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
