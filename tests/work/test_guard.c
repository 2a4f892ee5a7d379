/*
 * What a file might do behind the runner's back to the transaction, the lock and the ledger: it fails, and nothing is recorded.
 */
#include "up.h"

/* Between a file that is applied and one that must never run. */
static const char *expect_failure(const char *text)
{
    const char *database = up_database("guard");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", text }, { "3.sql", "CREATE TABLE never (a int);" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_contains(event_line(result.output, "migration_failed"), "\"migration\":\"2.sql\"");
    assert_string_equal(ledger_names(database), "1.sql");
    expect_sql(database, "SELECT to_regclass('one') IS NULL, to_regclass('two') IS NULL, to_regclass('never') IS NULL",
               "f|t|t");
    return result.errors;
}

static void test_guard__releasing_the_runners_lock_fails(void **state)
{
    (void) state;
    assert_contains(expect_failure("CREATE TABLE two (a int); SELECT pg_advisory_unlock_all();"), "lock");
}

static void test_guard__dropping_the_ledger_fails(void **state)
{
    (void) state;
    const char *said = expect_failure("CREATE TABLE two (a int); DROP TABLE schema_migrations;");
    assert_contains(said, "ledger");
}

static void test_guard__dropping_and_making_the_ledger_again_fails(void **state)
{
    (void) state;
    expect_failure("CREATE TABLE two (a int); DROP TABLE schema_migrations; CREATE TABLE schema_migrations (migration_name "
                   "VARCHAR(255) PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);");
}

static void test_guard__deleting_its_own_row_fails(void **state)
{
    (void) state;
    assert_contains(expect_failure("CREATE TABLE two (a int); DELETE FROM schema_migrations;"), "ledger");
}

static void test_guard__a_commit_in_a_do_block_fails(void **state)
{
    (void) state;
    assert_contains(expect_failure("CREATE TABLE two (a int); DO $$ BEGIN COMMIT; END $$;"), "2D000");
}

static void test_guard__a_commit_in_a_called_procedure_fails(void **state)
{
    (void) state;
    assert_contains(
        expect_failure(
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CREATE TABLE two (a int); CALL p();"),
        "2D000");
}

static void test_guard__writing_its_own_row_fails_with_a_clear_message(void **state)
{
    (void) state;
    const char *said =
        expect_failure("CREATE TABLE two (a int); INSERT INTO schema_migrations (migration_name) VALUES ('2.sql');");
    assert_contains(said, "23505");
}

static void test_guard__a_file_that_makes_the_ledger_itself_does_no_harm(void **state)
{
    (void) state;
    const char *database = up_database("bootstrap");
    const char *folder =
        FILES({ "000.sql", "CREATE TABLE IF NOT EXISTS schema_migrations (migration_name VARCHAR(255) PRIMARY "
                           "KEY, applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);" },
              { "001.sql", "CREATE TABLE one (a int);" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_string_equal(ledger_names(database), "000.sql,001.sql");
}

static void test_guard__locks_and_settings_of_the_file_are_its_own_business(void **state)
{
    (void) state;
    const char *database = up_database("business");
    const char *folder =
        FILES({ "1.sql", "SELECT pg_advisory_lock(1), pg_advisory_xact_lock(2); SELECT pg_advisory_unlock(1); "
                         "RESET ALL; SET lock_timeout = '5s'; LOCK TABLE schema_migrations IN SHARE MODE;" },
              { "2.sql", "SELECT 2;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

static void test_guard__an_ended_session_is_tried_again_and_then_given_up(void **state)
{
    (void) state;
    const char *database = up_database("suicide");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" },
                               { "2.sql", "CREATE TABLE two (a int); SELECT pg_terminate_backend(pg_backend_pid());" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_int_equal(event_count(result.output, "connection_lost"), 3);
    assert_contains(event_line(result.output, "migration_failed"), "3 times in a row during 2.sql");
    assert_contains(event_line(result.output, "migration_failed"), "\"sqlstate\":\"57P01\"");
    assert_contains(result.errors, "2.sql");
    assert_string_equal(ledger_names(database), "1.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_guard__releasing_the_runners_lock_fails),
        UP_TEST(test_guard__dropping_the_ledger_fails),
        UP_TEST(test_guard__dropping_and_making_the_ledger_again_fails),
        UP_TEST(test_guard__deleting_its_own_row_fails),
        UP_TEST(test_guard__a_commit_in_a_do_block_fails),
        UP_TEST(test_guard__a_commit_in_a_called_procedure_fails),
        UP_TEST(test_guard__writing_its_own_row_fails_with_a_clear_message),
        UP_TEST(test_guard__a_file_that_makes_the_ledger_itself_does_no_harm),
        UP_TEST(test_guard__locks_and_settings_of_the_file_are_its_own_business),
        UP_TEST(test_guard__an_ended_session_is_tried_again_and_then_given_up),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
