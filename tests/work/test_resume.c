/*
 * A statement that runs outside a transaction was started and never finished: the rerun asks the catalogue, and does what is right.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "up.h"

#define INDEX_IS_VALID "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"

static const char *table_and(const char *text)
{
    return FILES({ "0.sql", "CREATE TABLE t (a int); CREATE INDEX old ON t (a);" }, { "1.sql", text });
}

/* A database in which 1.sql was interrupted in its first statement; left is what the statement had done. */
static const char *interrupted(const char *hint, const char *text, const char *left)
{
    const char *database = up_database(hint);
    up_run(&(struct up){ .migrations = table_and("SELECT 1;"), .database = database }, 0);
    cluster_sql(cluster, database, "DELETE FROM schema_migrations WHERE migration_name = '1.sql'");
    up_leave_started(database, "1.sql", must_format("%.*s", (int) strcspn(text, ";"), text));
    if (left != NULL)
        cluster_sql(cluster, database, left);
    return database;
}

static const char *resume(const char *database, const char *text)
{
    struct run_result result = up_run(&(struct up){ .migrations = table_and(text), .database = database }, 0);
    assert_string_equal(ledger_names(database), "0.sql,1.sql");
    expect_sql(
        database,
        "SELECT event FROM schema_migrations_log WHERE migration_name = '1.sql' AND statement = 1 ORDER BY id DESC LIMIT 1",
        "done");
    return result.output;
}

static void test_resume__a_valid_index_is_taken_as_done(void **state)
{
    (void) state;
    const char *text = "CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2;";
    const char *database = interrupted("valid", text, "CREATE INDEX i ON t (a)");
    const char *oid = cluster_sql(cluster, database, "SELECT 'i'::regclass::oid");
    assert_int_equal(event_count(resume(database, text), "statement_skipped"), 1);
    expect_sql(database, "SELECT 'i'::regclass::oid", oid);
}

static void test_resume__an_invalid_index_is_named_and_built_again(void **state)
{
    (void) state;
    const char *text = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON public.t (a);";
    const char *database = interrupted("invalid", text,
                                       "CREATE INDEX i ON t (a); UPDATE pg_index SET indisvalid = false "
                                       "WHERE indexrelid = 'i'::regclass");
    const char *output = resume(database, text);
    assert_contains(event_line(output, "index_invalid"), "\"name\":\"public.i\"");
    assert_contains(event_line(output, "index_invalid"), "failed or was interrupted");
    assert_int_equal(event_count(output, "statement_skipped"), 0);
    expect_sql(database, INDEX_IS_VALID, "t");
}

static void test_resume__an_index_that_is_not_there_is_built(void **state)
{
    (void) state;
    const char *text = "CREATE INDEX CONCURRENTLY i ON t (a);";
    const char *output = resume(interrupted("absent", text, NULL), text);
    assert_int_equal(event_count(output, "statement_skipped"), 0);
}

/* An index of that name on another table is somebody else's. */
static void test_resume__the_index_has_to_be_on_its_table(void **state)
{
    (void) state;
    const char *text = "CREATE INDEX CONCURRENTLY i ON t (a);";
    const char *database =
        interrupted("other", text, "CREATE SCHEMA s; CREATE TABLE s.u (a int); CREATE INDEX i ON s.u (a)");
    assert_int_equal(event_count(resume(database, text), "statement_skipped"), 0);
    expect_sql(database, INDEX_IS_VALID, "t");
}

static void test_resume__an_object_that_is_gone_is_taken_as_dropped(void **state)
{
    (void) state;
    const char *text = "DROP INDEX CONCURRENTLY old;";
    assert_int_equal(event_count(resume(interrupted("gone", text, "DROP INDEX old"), text), "statement_skipped"), 1);
}

static void test_resume__an_object_that_is_still_there_is_dropped(void **state)
{
    (void) state;
    const char *text = "DROP INDEX CONCURRENTLY old;";
    const char *database = interrupted("still", text, NULL);
    assert_int_equal(event_count(resume(database, text), "statement_skipped"), 0);
    expect_sql(database, "SELECT to_regclass('old')", "");
}

static void test_resume__a_database_that_is_there_is_taken_as_made(void **state)
{
    (void) state;
    const char *text = "CREATE DATABASE \"Half Made\";";
    const char *database = interrupted("database", text, "CREATE DATABASE \"Half Made\"");
    assert_int_equal(event_count(resume(database, text), "statement_skipped"), 1);
}

/* An old snapshot anywhere keeps CREATE INDEX CONCURRENTLY waiting in its last phase, with the index already in the catalogue. */
static PGconn *hold_snapshot(const char *database)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t"));
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    return conn;
}

static void test_resume__what_a_signal_left_half_done_is_finished_by_the_next_run(void **state)
{
    (void) state;
    const char *text = "CREATE INDEX CONCURRENTLY i ON t (a);";
    const char *database = up_database("signal");
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "CREATE TABLE t (a int); CREATE INDEX old ON t (a);" }),
                         .database = database },
           0);
    PGconn *conn = hold_snapshot(database);
    struct run *run = up_begin(&(struct up){ .migrations = table_and(text), .database = database });
    wait_until(database, "EXISTS (SELECT FROM pg_class WHERE relname = 'i')");
    run_signal(run, SIGTERM);
    up_end(run, 143);
    PQfinish(conn);
    expect_sql(database, INDEX_IS_VALID, "f");
    assert_contains(event_line(resume(database, text), "index_invalid"), "public.i");
    expect_sql(database, INDEX_IS_VALID, "t");
}

/* A failure whose error was heard is known to have had no effect of its own, but an INVALID index may be there. */
static void test_resume__a_statement_that_failed_is_tried_again(void **state)
{
    (void) state;
    const char *text = "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);";
    const char *database = up_database("failed");
    const struct up up = { .migrations = table_and(text), .database = database };
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "CREATE TABLE t (a int); CREATE INDEX old ON t (a);" }),
                         .database = database },
           0);
    cluster_sql(cluster, database, "INSERT INTO t VALUES (1), (1)");
    up_run(&up, 5);
    expect_sql(database, INDEX_IS_VALID, "f");
    cluster_sql(cluster, database, "DELETE FROM t");
    resume(database, text);
    expect_sql(database, INDEX_IS_VALID, "t");
}

/* The statement that failed was mended so that the file could run in one transaction: what was done before it is not done again. */
static void test_resume__a_file_that_came_to_be_of_one_transaction_is_not_begun_anew(void **state)
{
    (void) state;
    const char *database = up_database("mended");
    const char *insert = "INSERT INTO t VALUES (1);";
    const char *mended = must_format("%s CREATE INDEX i ON t (a);", insert);
    const struct up up = { .migrations = table_and(mended), .database = database };
    struct up plan = up;
    plan.command = "plan";
    up_run(&(struct up){ .migrations = table_and(must_format("%s CREATE INDEX CONCURRENTLY i ON t (b);", insert)),
                         .database = database },
           5);
    const char *said = up_failure(&up, 5);
    assert_contains(said, "an earlier run has done its statement 1");
    assert_contains(said, "-- pgusher: transaction=off");
    assert_contains(up_run(&plan, 5).errors, "an earlier run has done its statement 1");
    resume(database, must_format("-- pgusher: transaction=off\n%s", mended));
    expect_sql(database, "SELECT count(*) FROM t", "1");
    expect_sql(database, INDEX_IS_VALID, "t");
}

static void test_resume__a_file_that_was_applied_and_taken_out_of_the_ledger_begins_anew(void **state)
{
    (void) state;
    const char *database = up_database("anew");
    const char *insert = "INSERT INTO t VALUES (1);";
    up_run(&(struct up){ .migrations = table_and(must_format("%s VACUUM t;", insert)), .database = database }, 0);
    cluster_sql(cluster, database, "DELETE FROM schema_migrations WHERE migration_name = '1.sql'");
    up_run(&(struct up){ .migrations = table_and(insert), .database = database }, 0);
    expect_sql(database, "SELECT count(*) FROM t", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_resume__a_valid_index_is_taken_as_done),
        UP_TEST(test_resume__an_invalid_index_is_named_and_built_again),
        UP_TEST(test_resume__an_index_that_is_not_there_is_built),
        UP_TEST(test_resume__the_index_has_to_be_on_its_table),
        UP_TEST(test_resume__an_object_that_is_gone_is_taken_as_dropped),
        UP_TEST(test_resume__an_object_that_is_still_there_is_dropped),
        UP_TEST(test_resume__a_database_that_is_there_is_taken_as_made),
        UP_TEST(test_resume__what_a_signal_left_half_done_is_finished_by_the_next_run),
        UP_TEST(test_resume__a_statement_that_failed_is_tried_again),
        UP_TEST(test_resume__a_file_that_came_to_be_of_one_transaction_is_not_begun_anew),
        UP_TEST(test_resume__a_file_that_was_applied_and_taken_out_of_the_ledger_begins_anew),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
