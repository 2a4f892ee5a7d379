/*
 * Behind a real PgBouncer, in both of its modes: nothing is stranded on a server connection, nothing leaks to another client, and
 * many runners still apply each migration once.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "pooler.h"
#include "up.h"

enum { RUNNERS = 20, MIGRATIONS = 10, SERVER_CONNECTIONS = 5 };

static int transaction_port;
static int session_port;

static int start_all(void **state)
{
    int status = up_start(state);
    transaction_port = pooler_start(cluster, "transaction", SERVER_CONNECTIONS);
    session_port = pooler_start(cluster, "session", RUNNERS);
    return status;
}

static const char *ten(void)
{
    const char *folder = FILES({ "00.sql", "CREATE TABLE t (a int); SET search_path = nowhere;" });
    for (int i = 1; i < MIGRATIONS; i++)
        folder_add(folder, must_format("%02d.sql", i), must_format("INSERT INTO t VALUES (%d);", i));
    return folder;
}

static void run_many(const char *database, int port, const char *const *arguments)
{
    struct run *runs[RUNNERS];
    int applied = 0;
    const struct up up = { .migrations = ten(), .database = database, .port = port, .arguments = arguments };
    for (int i = 0; i < RUNNERS; i++)
        runs[i] = up_begin(&up);
    for (int i = 0; i < RUNNERS; i++)
        applied += event_count(up_end(runs[i], 0).output, "migration_applied");
    assert_int_equal(applied, MIGRATIONS);
    expect_sql(database, "SELECT count(*), sum(a) FROM t", "9|45");
    expect_sql(database,
               "SELECT count(*), count(DISTINCT migration_name) FROM schema_migrations_log WHERE event = 'applied'",
               "10|10");
}

#define NO_LOCK_IS_LEFT                                                                                                     \
    "NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE "       \
    "datname = current_database()))"

static void test_pooler__twenty_runners_behind_transaction_pooling(void **state)
{
    (void) state;
    const char *database = up_database("transaction");
    run_many(database, transaction_port, NULL);
    expect_sql(database, "SELECT " NO_LOCK_IS_LEFT, "t");
}

static void test_pooler__twenty_runners_behind_session_pooling(void **state)
{
    (void) state;
    run_many(up_database("session"), session_port, NULL);
}

static void test_pooler__twenty_runners_that_vouch_for_session_mode(void **state)
{
    (void) state;
    const char *database = up_database("vouched");
    run_many(database, session_port, WORDS("--pooler=session"));
    wait_until(database, NO_LOCK_IS_LEFT);
}

static void test_pooler__it_is_seen_and_told(void **state)
{
    (void) state;
    const struct up up = { .migrations = FILES({ "1.sql", "SELECT 1;" }),
                           .database = up_database("told"),
                           .port = transaction_port };
    const char *output = up_run(&up, 0).output;
    assert_int_equal(event_count(output, "pooler_seen"), 1);
    assert_int_equal(event_count(output, "lock_acquired"), 0);
    assert_int_equal(
        event_count(up_run(&(struct up){ .migrations = up.migrations, .database = up_database("direct") }, 0).output,
                    "pooler_seen"),
        0);
}

/* One server connection, which the next client is given as it was left. */
static void test_pooler__nothing_that_a_file_sets_reaches_another_client(void **state)
{
    (void) state;
    const char *database = up_database("leak");
    int port = pooler_start(cluster, "transaction", 1);
    cluster_sql(cluster, NULL, "CREATE ROLE pooled_visitor");
    up_run(
        &(struct up){ .migrations = FILES({ "1.sql", "SET search_path = nowhere; SET ROLE pooled_visitor; SET my.own = 'x';"
                                                     "SET statement_timeout = '1h';" }),
                      .database = database,
                      .port = port },
        0);
    struct run_result result = up_run(
        &(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" },
                                          { "2.sql", "CREATE TABLE seen AS SELECT current_setting('search_path') || "
                                                     "current_user || coalesce(current_setting('my.own', true), '') || "
                                                     "current_setting('statement_timeout') AS it;" }),
                      .database = database,
                      .port = port },
        0);
    assert_int_equal(event_count(result.output, "migration_applied"), 1);
    expect_sql(database, "SELECT it FROM seen", "\"$user\", publicpostgres0");
}

#define LEAVES                                                                                                              \
    "CREATE TEMP TABLE temporary (a int); PREPARE prepared AS SELECT 1; LISTEN listened; SELECT pg_advisory_lock(42);"      \
    "DECLARE held CURSOR WITH HOLD FOR SELECT 1; SELECT pg_advisory_lock_shared(4, 2);"

/* What the next client of a pooler with one server connection finds there. */
static void expect_nothing_left(const char *database, int port)
{
    PGconn *visitor = PQconnectdb(must_format("host=127.0.0.1 port=%d user=postgres dbname=%s", port, database));
    PGresult *seen = PQexec(
        visitor, "SELECT concat_ws(',', (SELECT string_agg(name, ' ') FROM pg_prepared_statements), "
                 "(SELECT string_agg(name, ' ') FROM pg_cursors WHERE name <> ''), "
                 "(SELECT string_agg(c, ' ') FROM pg_listening_channels() c), "
                 "(SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = pg_my_temp_schema()), "
                 "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database "
                 "WHERE datname = current_database())))");
    if (PQntuples(seen) != 1)
        fail_msg("%s", PQresultErrorMessage(seen));
    assert_string_equal(PQgetvalue(seen, 0, 0), "0");
    PQclear(seen);
    PQfinish(visitor);
}

static void test_pooler__nothing_that_a_file_leaves_is_stranded(void **state)
{
    (void) state;
    struct up up = { .database = up_database("stranded"), .port = pooler_start(cluster, "transaction", 1) };
    up.migrations = FILES({ "1.sql", LEAVES });
    up_run(&up, 0);
    expect_nothing_left(up.database, up.port);
    up.migrations = FILES({ "1.sql", LEAVES }, { "2.sql", LEAVES "SELECT 1 / 0;" });
    up_run(&up, 5);
    expect_nothing_left(up.database, up.port);
    up.migrations = FILES({ "1.sql", LEAVES }, { "2.sql", LEAVES "SELECT pg_sleep(600);" });
    struct run *run = up_begin(&up);
    wait_until(up.database,
               "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");
    run_signal(run, SIGTERM);
    up_end(run, 143);
    expect_nothing_left(up.database, up.port); /* PgBouncer 1.18 ends when whoever asked for a cancel has gone too early */
}

/* A table cannot be dropped while a constraint of it is still to be checked. */
static void test_pooler__deferred_constraints_of_temporary_tables_are_no_obstacle(void **state)
{
    (void) state;
    const char *tables = "CREATE TEMP TABLE town (a int PRIMARY KEY);"
                         "CREATE TEMP TABLE street (a int REFERENCES town DEFERRABLE INITIALLY DEFERRED);"
                         "INSERT INTO street VALUES (1);";
    struct up up = { .database = up_database("deferred"), .port = transaction_port };
    up.migrations = FILES({ "1.sql", must_format("%s INSERT INTO town VALUES (1);", tables) });
    up_run(&up, 0);
    up.migrations = FILES({ "1.sql", "" }, { "2.sql", tables });
    assert_contains(up_failure(&up, 5), "23503");
}

/* PgBouncer sets them on the server connection, where a RESET ALL goes back to what the database has. */
static void run_with_settings(int port, const char *const *arguments)
{
    const char *database = up_database("settings");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET client_encoding = 'LATIN1'", database));
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE said (it text); SET my.own = '1';" },
                                             { "2.sql", "INSERT INTO said VALUES ('\xC3\xA4');" },
                                             { "3.sql", "INSERT INTO said SELECT current_setting('application_name') || ' ' "
                                                        "|| current_setting('TimeZone') || ' ' || "
                                                        "current_setting('DateStyle');" }),
                         .database = database,
                         .port = port,
                         .arguments = arguments,
                         .environment = WORDS("PGTZ=Asia/Tokyo", "PGDATESTYLE=German") },
           0);
    expect_sql(database, "SELECT string_agg(ascii(it)::text || ' ' || char_length(it), ',') FROM said WHERE it !~ 'pgusher'",
               "228 1");
    expect_sql(database, "SELECT it FROM said WHERE it ~ 'Tokyo'", "pgusher Asia/Tokyo German, DMY");
}

static void test_pooler__the_encoding_and_what_else_the_client_has_set_outlive_a_reset(void **state)
{
    (void) state;
    run_with_settings(transaction_port, NULL);
    run_with_settings(session_port, WORDS("--pooler=session"));
}

static void test_pooler__a_file_outside_a_transaction_needs_a_session(void **state)
{
    (void) state;
    const char *database = up_database("outside");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "CREATE INDEX CONCURRENTLY i ON t (a);" });
    const char *said = up_failure(&(struct up){ .migrations = folder, .database = database, .port = session_port }, 2);
    assert_contains(said, "--pooler=session");
    assert_contains(said, "2.sql");
    expect_sql(database, "SELECT to_regclass('t')", "");
    up_run(
        &(struct up){
            .migrations = folder, .database = database, .port = session_port, .arguments = WORDS("--pooler", "session") },
        0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

/* Where there is no session lock, runners meet at the ledger's row: to the server a timeout of 0 would be none. */
static void test_pooler__lock_wait_0_does_not_wait_for_another_runners_row(void **state)
{
    (void) state;
    const char *database = up_database("row");
    const char *folder = FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 2;" });
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }), .database = database }, 0);
    PGconn *holder = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(holder, "BEGIN; INSERT INTO schema_migrations VALUES ('2.sql')"));
    assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
    const char *said = up_failure(
        &(struct up){
            .migrations = folder, .database = database, .port = transaction_port, .arguments = WORDS("--lock-wait", "0") },
        7);
    assert_contains(said, "another runner has recorded 2.sql");
    PQfinish(holder);
}

static void test_pooler__a_copy_and_a_failure_pass_through_it(void **state)
{
    (void) state;
    const char *database = up_database("copy");
    const char *copy = "CREATE TABLE c (a int);\nCOPY c FROM stdin;\n1\n2\n\\.\nINSERT INTO c VALUES (3);\n";
    up_run(&(struct up){ .migrations = FILES({ "1.sql", copy }), .database = database, .port = transaction_port }, 0);
    expect_sql(database, "SELECT sum(a) FROM c", "6");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", copy }, { "2.sql", "INSERT INTO c VALUES (4); SELECT 1/0;" }),
                         .database = database,
                         .port = transaction_port },
           5);
    expect_sql(database, "SELECT sum(a) FROM c", "6");
}

static void test_pooler__a_signal_ends_what_runs_behind_it(void **state)
{
    (void) state;
    const char *database = up_database("signal");
    struct run *run =
        up_begin(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE s (a int); SELECT pg_sleep(600);" }),
                               .database = database,
                               .port = transaction_port });
    wait_until(database,
               "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");
    run_signal(run, SIGTERM);
    up_end(run, 143);
    wait_until(database,
               "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");
    expect_sql(database, "SELECT to_regclass('s')", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_pooler__twenty_runners_behind_transaction_pooling),
        UP_TEST(test_pooler__twenty_runners_behind_session_pooling),
        UP_TEST(test_pooler__twenty_runners_that_vouch_for_session_mode),
        UP_TEST(test_pooler__it_is_seen_and_told),
        UP_TEST(test_pooler__nothing_that_a_file_sets_reaches_another_client),
        UP_TEST(test_pooler__nothing_that_a_file_leaves_is_stranded),
        UP_TEST(test_pooler__deferred_constraints_of_temporary_tables_are_no_obstacle),
        UP_TEST(test_pooler__the_encoding_and_what_else_the_client_has_set_outlive_a_reset),
        UP_TEST(test_pooler__a_file_outside_a_transaction_needs_a_session),
        UP_TEST(test_pooler__lock_wait_0_does_not_wait_for_another_runners_row),
        UP_TEST(test_pooler__a_copy_and_a_failure_pass_through_it),
        UP_TEST(test_pooler__a_signal_ends_what_runs_behind_it),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start_all, up_stop);
}
