/*
 * Locks on tables: a migration does not stand in front of an application for longer than it was told, is tried again, and says who
 * is in its way.
 */
#include <libpq-fe.h>

#include "pooler.h"
#include "up.h"

static PGconn *hold(const char *database, const char *sql)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, sql));
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    return conn;
}

static const char *database_with_table(const char *hint)
{
    const char *database = up_database(hint);
    cluster_sql(cluster, database, "CREATE TABLE t (a int)");
    return database;
}

static const char *alter(void)
{
    return FILES({ "1.sql", "CREATE TABLE before (a int); ALTER TABLE t ADD COLUMN b int;" });
}

static void test_table_locks__a_migration_that_is_kept_waiting_is_rolled_back_and_tried_again(void **state)
{
    (void) state;
    const char *database = database_with_table("retry");
    PGconn *conn = hold(database, "BEGIN; LOCK TABLE t");
    struct run *run = up_begin(&(struct up){ .migrations = alter(),
                                             .database = database,
                                             .arguments = WORDS("--lock-timeout", "100ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"attempt\":2,\"attempts\":1000");
    expect_sql(database, "SELECT to_regclass('before')", "");
    PQfinish(conn);
    const char *output = up_end(run, 0).output;
    assert_contains(event_line(output, "migration_retried"), "\"sqlstate\":\"55P03\"");
    assert_int_equal(event_count(output, "migration_failed"), 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_table_locks__the_next_try_does_not_meet_what_the_last_one_has_prepared(void **state)
{
    (void) state;
    const char *database = database_with_table("prepared");
    PGconn *conn = hold(database, "BEGIN; LOCK TABLE t");
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "PREPARE once AS SELECT 1; DROP TABLE t;" }),
                                             .database = database,
                                             .arguments = WORDS("--lock-timeout", "100ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"attempt\":2,\"attempts\":1000");
    PQfinish(conn);
    up_end(run, 0);
}

static void test_table_locks__after_the_last_try_it_is_a_failed_migration(void **state)
{
    (void) state;
    const char *database = database_with_table("last");
    PGconn *conn = hold(database, "BEGIN; LOCK TABLE t");
    struct run_result result = up_run(&(struct up){ .migrations = alter(),
                                                    .database = database,
                                                    .arguments = WORDS("--lock-timeout", "50ms", "--lock-retries", "2") },
                                      5);
    PQfinish(conn);
    assert_int_equal(event_count(result.output, "migration_retried"), 2);
    assert_contains(event_line(result.output, "migration_failed"), "\"sqlstate\":\"55P03\"");
    assert_contains(result.errors, "1.sql:1:30: ");
}

static void test_table_locks__while_it_waits_it_says_who_is_in_the_way(void **state)
{
    (void) state;
    const char *database = database_with_table("blocked");
    PGconn *conn = hold(database, "SET application_name = 'the bot'; BEGIN; LOCK TABLE t");
    struct run *run =
        up_begin(&(struct up){ .migrations = alter(), .database = database, .arguments = WORDS("--lock-timeout", "none") });
    run_wait_for(run, "\"event\":\"blocked\"");
    const char *pid = must_format("\"holder_pid\":%d", PQbackendPID(conn));
    PQfinish(conn);
    const char *line = event_line(up_end(run, 0).output, "blocked");
    assert_contains(line, pid);
    assert_contains(line, "\"holder_application\":\"the bot\"");
    assert_contains(line, "LOCK TABLE t");
    assert_contains(line, "\"holder_state\":\"idle in transaction\"");
}

static void test_table_locks__it_says_so_before_the_timeout_and_of_all_who_are_in_the_way(void **state)
{
    (void) state;
    const char *database = database_with_table("many");
    PGconn *one = hold(database, "SET application_name = 'one'; BEGIN; SELECT FROM t");
    PGconn *two = hold(database, "SET application_name = 'two'; BEGIN; SELECT FROM t");
    struct run *run = up_begin(&(struct up){ .migrations = alter(),
                                             .database = database,
                                             .arguments = WORDS("--lock-timeout", "900ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"event\":\"blocked\"");
    run_wait_for(run, "\"event\":\"migration_retried\"");
    PQfinish(one);
    PQfinish(two);
    const char *output = up_end(run, 0).output;
    event_line_with(output, "blocked", "\"holder_application\":\"one\"");
    event_line_with(output, "blocked", "\"holder_application\":\"two\"");
}

static void test_table_locks__the_timeout_is_the_files_or_the_options_or_five_seconds(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "CREATE TABLE seen AS SELECT 1 AS n, current_setting('lock_timeout') AS it;" },
                               { "2.sql", "-- pgusher: lock_timeout=7s, statement_timeout=1m\n"
                                          "INSERT INTO seen SELECT 2, current_setting('lock_timeout');\n"
                                          "INSERT INTO seen SELECT 3, current_setting('statement_timeout');" },
                               { "3.sql", "INSERT INTO seen SELECT 4, current_setting('lock_timeout');" });
    const char *database = up_database("default");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(it, ' ' ORDER BY n) FROM seen", "5s 7s 1min 5s");
    database = up_database("option");
    up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--lock-timeout", "3s") }, 0);
    expect_sql(database, "SELECT string_agg(it, ' ' ORDER BY n) FROM seen", "3s 7s 1min 3s");
}

/* It would leave an INVALID index. A CALL shows what is in force for a statement that runs alone. */
static void test_table_locks__a_statement_that_runs_alone_has_a_timeout_only_if_its_file_says_so(void **state)
{
    (void) state;
    const char *procedure = "CREATE TABLE seen (it text); CREATE PROCEDURE see() LANGUAGE sql AS "
                            "$$ INSERT INTO seen SELECT current_setting('lock_timeout') $$;";
    const char *database = up_database("alone");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", procedure }, { "2.sql", "-- pgusher: transaction=off\nCALL see();" },
                                             { "3.sql", "-- pgusher: transaction=off lock_timeout=2s\nCALL see();" },
                                             { "4.sql", "INSERT INTO seen SELECT current_setting('lock_timeout');" }),
                         .database = database },
           0);
    expect_sql(database, "SELECT string_agg(it, ' ') FROM seen", "0 2s 5s");
}

static void test_table_locks__a_statement_that_runs_alone_keeps_those_of_the_role_that_its_file_does_not_set(void **state)
{
    (void) state;
    const char *procedure = "CREATE TABLE seen (it text); CREATE PROCEDURE see() LANGUAGE sql AS $$ INSERT INTO seen "
                            "SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout') $$;";
    const char *database = up_database("own");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET lock_timeout = '41min'", database));
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET statement_timeout = '42min'", database));
    up_run(&(struct up){ .migrations = FILES(
                             { "1.sql", procedure }, { "2.sql", "-- pgusher: transaction=off\nCALL see();" },
                             { "3.sql", "-- pgusher: transaction=off lock_timeout=43m\nCALL see();" },
                             { "4.sql", "-- pgusher: transaction=off statement_timeout=44m\nCALL see();" },
                             { "5.sql", "-- pgusher: transaction=off lock_timeout=0 statement_timeout=0\nCALL see();" }),
                         .database = database },
           0);
    expect_sql(database, "SELECT string_agg(it, ', ') FROM seen", "41min 42min, 43min 42min, 41min 44min, 0 0");
}

static void test_table_locks__a_timeout_that_a_file_sets_for_itself_outlives_its_unit(void **state)
{
    (void) state;
    const char *database = up_database("itself");
    up_run(
        &(struct up){ .migrations = FILES({ "1.sql", "-- pgusher: transaction=off\nSET lock_timeout = '42min';\n"
                                                     "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS it;" }),
                      .database = database },
        0);
    expect_sql(database, "SELECT it FROM seen", "42min");
}

static void test_table_locks__a_deadlock_is_tried_again(void **state)
{
    (void) state;
    const char *database = up_database("deadlock");
    cluster_sql(cluster, database, "CREATE SEQUENCE s");
    const char *deadlock = "DO $$ BEGIN IF nextval('s') < 3 THEN RAISE 'as if' USING ERRCODE = '40P01'; END IF; END $$;";
    struct run_result result = up_run(&(struct up){ .migrations = FILES({ "1.sql", deadlock }), .database = database }, 0);
    assert_int_equal(event_count(result.output, "migration_retried"), 2);
}

#define WAITS_FOR(table) "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = '" table "'::regclass)"

/* The application would notice it only after ten minutes, so that it is the migration which the server ends. */
static void test_table_locks__a_deadlock_with_an_application_is_tried_again(void **state)
{
    (void) state;
    const char *database = up_database("embrace");
    cluster_sql(cluster, database, "CREATE TABLE one (); CREATE TABLE two (); CREATE TABLE gate ()");
    PGconn *gate = hold(database, "BEGIN; LOCK TABLE gate");
    PGconn *conn = hold(database, "BEGIN; SET LOCAL deadlock_timeout = '10min'; LOCK TABLE one");
    struct run *run =
        up_begin(&(struct up){ .migrations = FILES({ "1.sql", "LOCK TABLE two; LOCK TABLE gate; LOCK TABLE one;" }),
                               .database = database,
                               .arguments = WORDS("--lock-timeout", "none") });
    wait_until(database, WAITS_FOR("gate"));
    assert_int_equal(PQsendQuery(conn, "LOCK TABLE two"), 1);
    wait_until(database, WAITS_FOR("two"));
    PQfinish(gate);
    run_wait_for(run, "\"event\":\"migration_retried\"");
    PQfinish(conn);
    struct run_result result = up_end(run, 0);
    assert_contains(event_line(result.output, "migration_retried"), "\"sqlstate\":\"40P01\"");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_table_locks__a_statement_runs_no_longer_than_it_may(void **state)
{
    (void) state;
    const char *said = up_failure(&(struct up){ .migrations = FILES({ "1.sql", "SELECT pg_sleep(60);" }),
                                                .database = up_database("statement"),
                                                .arguments = WORDS("--statement-timeout", "100ms") },
                                  5);
    assert_contains(said, "57014");
}

static void test_table_locks__another_runners_row_is_waited_for_as_long_as_lock_wait_says(void **state)
{
    (void) state;
    const char *database = up_database("row");
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "SELECT 1;" }), .database = database }, 0);
    PGconn *conn = hold(database, "BEGIN; INSERT INTO schema_migrations (migration_name) VALUES ('1.sql')");
    const char *folder = FILES({ "0.sql", "SELECT 1;" }, { "1.sql", "SELECT 1;" });
    const char *said = up_failure(
        &(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--lock-wait", "200ms") }, 7);
    assert_contains(said, "--lock-wait");
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    run_wait_for(run, "\"event\":\"planned\"");
    PQclear(PQexec(conn, "COMMIT"));
    PQfinish(conn);
    up_end(run, 0);
    assert_string_equal(ledger_names(database), "0.sql,1.sql");
}

/* For longer than the timeouts of that database allow a statement. */
#define WAITS_LONG                                                                                                          \
    "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "                 \
    "AND clock_timestamp() - query_start > '1 s')"

static void expect_to_wait_for_row(int port)
{
    const char *database = up_database("hurried");
    up_run(&(struct up){ .migrations = FILES({ "0.sql", "CREATE TABLE seen (it text);" }), .database = database }, 0);
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET lock_timeout = '400ms'", database));
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET statement_timeout = '800ms'", database));
    PGconn *conn = hold(database, "SET statement_timeout = 0; BEGIN; INSERT INTO schema_migrations VALUES ('1.sql')");
    const char *see = "INSERT INTO seen SELECT current_setting('statement_timeout');";
    struct run *run = up_begin(
        &(struct up){ .migrations = FILES({ "0.sql", "CREATE TABLE seen (it text);" }, { "1.sql", see }, { "2.sql", see }),
                      .database = database,
                      .port = port });
    wait_until(database, WAITS_LONG);
    PQclear(PQexec(conn, "COMMIT"));
    PQfinish(conn);
    up_end(run, 0);
    assert_string_equal(ledger_names(database), "0.sql,1.sql,2.sql");
    expect_sql(database, "SELECT string_agg(it, ' ') FROM seen", "800ms");
}

static void test_table_locks__timeouts_of_the_role_are_not_for_the_wait_for_another_runners_row(void **state)
{
    (void) state;
    expect_to_wait_for_row(0);
    expect_to_wait_for_row(pooler_start(cluster, "transaction", 2));
}

/* Behind a pooler runners make the ledger one after another, under a lock of the transaction. */
static void test_table_locks__who_makes_the_ledger_is_waited_for_as_long_as_lock_wait_says(void **state)
{
    (void) state;
    const char *database = up_database("making");
    PGconn *conn = hold(database, "BEGIN; CREATE TABLE schema_migrations (migration_name varchar(255) PRIMARY KEY, "
                                  "applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)");
    const char *said = up_failure(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                                .database = database,
                                                .port = pooler_start(cluster, "transaction", 2),
                                                .arguments = WORDS("--lock-wait", "200ms") },
                                  7);
    PQfinish(conn);
    assert_contains(said, "--lock-wait");
}

/* A look from outside logs in beside a migration that takes a second, and nobody may be in a database that is copied. */
static void test_table_locks__who_looked_on_at_one_migration_is_gone_before_the_next(void **state)
{
    (void) state;
    const char *database = up_database("watched");
    const char *copy = must_format("CREATE DATABASE watched_copy TEMPLATE %s;", database);
    up_run(
        &(struct up){ .migrations = FILES({ "1.sql", "SELECT pg_sleep(1.5);" }, { "2.sql", copy }), .database = database },
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_table_locks__a_migration_that_is_kept_waiting_is_rolled_back_and_tried_again),
        UP_TEST(test_table_locks__the_next_try_does_not_meet_what_the_last_one_has_prepared),
        UP_TEST(test_table_locks__after_the_last_try_it_is_a_failed_migration),
        UP_TEST(test_table_locks__while_it_waits_it_says_who_is_in_the_way),
        UP_TEST(test_table_locks__it_says_so_before_the_timeout_and_of_all_who_are_in_the_way),
        UP_TEST(test_table_locks__the_timeout_is_the_files_or_the_options_or_five_seconds),
        UP_TEST(test_table_locks__a_statement_that_runs_alone_has_a_timeout_only_if_its_file_says_so),
        UP_TEST(test_table_locks__a_statement_that_runs_alone_keeps_those_of_the_role_that_its_file_does_not_set),
        UP_TEST(test_table_locks__a_timeout_that_a_file_sets_for_itself_outlives_its_unit),
        UP_TEST(test_table_locks__a_deadlock_is_tried_again),
        UP_TEST(test_table_locks__a_deadlock_with_an_application_is_tried_again),
        UP_TEST(test_table_locks__a_statement_runs_no_longer_than_it_may),
        UP_TEST(test_table_locks__another_runners_row_is_waited_for_as_long_as_lock_wait_says),
        UP_TEST(test_table_locks__timeouts_of_the_role_are_not_for_the_wait_for_another_runners_row),
        UP_TEST(test_table_locks__who_makes_the_ledger_is_waited_for_as_long_as_lock_wait_says),
        UP_TEST(test_table_locks__who_looked_on_at_one_migration_is_gone_before_the_next),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
