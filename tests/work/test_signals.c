/*
 * SIGTERM and SIGINT at every stage of a run: it ends soon with 143 or 130, nothing half done remains, and nothing is committed after it.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>

#include "support/fake_server.h"
#include "up.h"
#include "wire/talk.h"

#define SLEEPING "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')"

#define NO_SESSION_OF_OURS                                                                                                  \
    "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgusher')"

/* Such a build waits, for the sake of its leak check, for a look-up or a cancel that still runs. */
static void skip_with_sanitizers(void)
{
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
}

static void stop_in_sleep(int signal_number)
{
    const char *database = up_database("sleep");
    const char *folder = FILES({ "1.sql", "CREATE TABLE kept (a int);" },
                               { "2.sql", "CREATE TABLE gone (a int); SELECT pg_sleep(60); CREATE TABLE never (a int);" },
                               { "3.sql", "CREATE TABLE after (a int);" });
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    run_wait_for(run, "\"event\":\"migration_applied\"");
    wait_until(database, SLEEPING);
    up_stop_confirmed(run, signal_number);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT to_regclass('kept'), to_regclass('gone'), to_regclass('never'), to_regclass('after')",
               "kept|||");
    assert_string_equal(ledger_names(database), "1.sql");
    expect_sql(database,
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database "
               "WHERE datname = current_database())",
               "0");
}

static void test_signals__sigterm_in_a_long_statement_leaves_nothing(void **state)
{
    (void) state;
    stop_in_sleep(SIGTERM);
}

static void test_signals__sigint_in_a_long_statement_leaves_nothing(void **state)
{
    (void) state;
    stop_in_sleep(SIGINT);
}

static void test_signals__a_rerun_after_a_stop_goes_on(void **state)
{
    (void) state;
    const char *database = up_database("rerun");
    cluster_sql(cluster, database, "CREATE TABLE pause AS SELECT 60 AS seconds");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int); SELECT pg_sleep(seconds) FROM pause;" });
    const struct up up = { .migrations = folder, .database = database };
    struct run *run = up_begin(&up);
    wait_until(database, SLEEPING);
    up_stop_confirmed(run, SIGTERM);
    cluster_sql(cluster, database, "UPDATE pause SET seconds = 0");
    up_run(&up, 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_signals__while_no_server_is_there(void **state)
{
    (void) state;
    struct cluster *absent = cluster_new();
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                             .database = "postgres",
                                             .port = cluster_port(absent),
                                             .arguments = WORDS("--interval", "50ms") });
    run_wait_for(run, "\"event\":\"attempt_failed\"");
    up_stop_run(run, SIGTERM);
    cluster_free(absent);
}

static void test_signals__while_a_server_accepts_and_says_nothing(void **state)
{
    (void) state;
    struct cluster *stopped = cluster_new();
    cluster_start(stopped);
    kill(cluster_pid(stopped), SIGSTOP);
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                             .database = "postgres",
                                             .port = cluster_port(stopped),
                                             .arguments = WORDS("--interval", "50ms") });
    run_wait_for(run, "\"event\":\"attempt_failed\"");
    up_stop_run(run, SIGINT);
    cluster_free(stopped);
}

/* Its file of names is a pipe to which nobody writes: reading it takes for ever, like a resolver that does not answer. */
static const char *silent_hosts(void)
{
    const char *path = folder_path(folder_new(), "hosts");
    must(mkfifo(path, 0644) == 0, "cannot make a pipe");
    must(chmod(path, 0644) == 0, "cannot open the pipe up");
    return path;
}

static struct run *begin_look_up(const char *hosts, const char *const *arguments)
{
    return up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                  .hosts = hosts,
                                  .arguments = arguments,
                                  .environment = WORDS("PGHOST=db.test", "PGUSER=postgres") });
}

static void test_signals__while_a_name_is_looked_up_for_ever(void **state)
{
    (void) state;
    skip_with_sanitizers();
    struct run *run = begin_look_up(silent_hosts(), WORDS("--interval", "50ms"));
    run_wait_for(run, "\"event\":\"attempt_failed\"");
    up_stop_run(run, SIGTERM);
}

static void test_signals__a_look_up_does_not_outlive_the_deadline(void **state)
{
    (void) state;
    skip_with_sanitizers();
    struct run *run = begin_look_up(silent_hosts(), WORDS("--timeout", "100ms"));
    up_end(run, 3);
}

static struct run *hold_lock(const char *database)
{
    struct run *holder =
        up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT pg_sleep(600);" }), .database = database });
    wait_until(database, SLEEPING);
    return holder;
}

static void test_signals__while_waiting_for_the_lock(void **state)
{
    (void) state;
    const char *database = up_database("lock");
    struct run *holder = hold_lock(database);
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }), .database = database });
    run_wait_for(run, "\"event\":\"lock_waiting\"");
    up_stop_run(run, SIGTERM);
    up_stop_run(holder, SIGTERM);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
}

/* A reading that waits for somebody's lock does not notice that its client has gone: it has to be told. */
static void stop_in_reading(const char *hint, const char *const *words)
{
    const char *database = up_database(hint);
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    folder_add(folder, "2.sql", "SELECT 2;");
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, "BEGIN; LOCK TABLE schema_migrations"));
    struct run *run =
        up_begin(&(struct up){ .command = words[0], .migrations = folder, .database = database, .arguments = words + 1 });
    wait_until(database, "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                         "'Lock' AND application_name = 'pgusher')");
    up_stop_run(run, SIGTERM);
    wait_until(database, NO_SESSION_OF_OURS);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    PQfinish(conn);
}

static void test_signals__a_reading_that_waits_for_a_lock_is_not_left_behind(void **state)
{
    (void) state;
    stop_in_reading("reading", WORDS("up"));
    stop_in_reading("reading", WORDS("wait", "--until", "migrated"));
}

/* The trigger sleeps at the first row, so that most of the data stands in the sockets' buffers. */
static void test_signals__during_a_copy_of_much_data(void **state)
{
    (void) state;
    const char *database = up_database("copy");
    struct bytes text = { 0 };
    bytes_add_format(
        &text, "CREATE TABLE t (a text);\n"
               "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; "
               "END $$;\nCREATE TRIGGER pause BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pause();\n"
               "COPY t FROM stdin;\n");
    for (int i = 0; i < 300000; i++)
        bytes_add_format(&text, "a row of some length, which is number %d\n", i);
    bytes_add_format(&text, "\\.\n");
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", text.at }), .database = database });
    bytes_finish(&text);
    wait_until(database, SLEEPING);
    up_stop_confirmed(run, SIGTERM);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT to_regclass('t') IS NULL, count(*) FROM schema_migrations", "t|0");
}

static void test_signals__during_a_copy_to_nobody(void **state)
{
    (void) state;
    const char *database = up_database("copyout");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE t ();\nCOPY (SELECT i, pg_sleep(CASE WHEN i > 50000 THEN 60 ELSE 0 END) "
                         "FROM generate_series(1, 100000) AS i) TO stdout;\n" });
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    wait_until(database,
               "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' "
               "AND query LIKE 'COPY%')");
    up_stop_confirmed(run, SIGTERM);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT to_regclass('t') IS NULL, count(*) FROM schema_migrations", "t|0");
}

static void test_signals__in_a_statement_outside_transactions(void **state)
{
    (void) state;
    const char *database = up_database("outside");
    cluster_sql(cluster, database,
                "CREATE TABLE t AS SELECT 1 AS a; CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql "
                "AS $$ BEGIN PERFORM pg_sleep(60); RETURN $1; END $$");
    const char *folder = FILES({ "1.sql", "CREATE INDEX CONCURRENTLY i ON t (slow(a));" });
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    wait_until(database, SLEEPING);
    up_stop_confirmed(run, SIGTERM);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT string_agg(event, ',' ORDER BY id) FROM schema_migrations_log", "started");
}

/* The server does not answer the cancel, so the connection is closed; and a second signal does not wait for that. */
static void test_signals__a_second_one_ends_at_once(void **state)
{
    (void) state;
    skip_with_sanitizers();
    struct cluster *frozen = cluster_new();
    cluster_start(frozen);
    struct run *run = up_begin(&(struct up){
        .migrations = FILES({ "1.sql", "SELECT pg_sleep(60);" }), .database = "postgres", .port = cluster_port(frozen) });
    cluster_sql(frozen, NULL, "DO $$ BEGIN WHILE NOT " SLEEPING " LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
    kill(cluster_pid(frozen), SIGSTOP);
    run_signal(run, SIGTERM);
    run_wait_for(run, "\"event\":\"stopping\"");
    run_signal(run, SIGINT);
    struct run_result result = up_end(run, 130);
    assert_int_equal(event_count(result.output, "stopping"), 2);
    assert_int_equal(event_count(result.output, "stop_unconfirmed"), 0); /* with which the first one's patience ends */
    cluster_free(frozen);
}

static void test_signals__a_frozen_server_holds_nobody_up(void **state)
{
    (void) state;
    skip_with_sanitizers();
    struct cluster *frozen = cluster_new();
    cluster_start(frozen);
    struct run *run = up_begin(&(struct up){
        .migrations = FILES({ "1.sql", "SELECT pg_sleep(60);" }), .database = "postgres", .port = cluster_port(frozen) });
    cluster_sql(frozen, NULL, "DO $$ BEGIN WHILE NOT " SLEEPING " LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
    kill(cluster_pid(frozen), SIGSTOP);
    struct run_result result = up_stop_run(run, SIGTERM);
    assert_contains(event_line(result.output, "stop_unconfirmed"), "\"migration\":\"1.sql\"");
    cluster_free(frozen);
}

/* It takes the cancel, as one does behind a wire that has gone silent, and no answer comes: the bound is the run's own. */
static void test_signals__a_server_that_never_answers_the_cancel_holds_nobody_up(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "AS in_recovery", .rows = "pid|r|o|v|s|l|g|lw|se|mc|sc|lr|gr\n1|f|f|150004|public|f|f|f|t|t|t|\\N|\\N" },
        { .match = "pg_try_advisory_lock", .rows = "l|n|t\nt|t|f" },
        { .match = "AS is_us", .rows = "is_us|pid|a|h|s|q\nt|1|pgusher|local|2026|SELECT 1" },
        { .match = "CREATE TABLE one", .deed = FAKE_SAY_NOTHING },
        FAKE_END
    };
    static const struct fake_visit visits[] = { { .replies = replies } };
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, visits, 1);
    fake_server_listen(server);
    struct run *run =
        up_begin(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE one (a int);" }),
                               .arguments = WORDS("--pooler=session"),
                               .environment = WORDS("PGHOST=127.0.0.1", must_format("PGPORT=%d", fake_server_port(server)),
                                                    "PGUSER=postgres", "PGSSLMODE=disable") });
    fake_server_wait_heard(server, "CREATE TABLE one");
    struct run_result result = up_stop_run(run, SIGTERM);
    assert_contains(event_line(result.output, "stop_unconfirmed"), "\"migration\":\"1.sql\"");
    assert_true(fake_server_cancels(server) > 0);
    fake_server_free(server);
}

/* A one-row migration is eight acts at least: BEGIN, the row, the INSERT, two for the role, the log, the guard, COMMIT. */
enum { CHAIN = 5000, WINDOW_MOST = TALK_WINDOW_ACTS / 8 };

static const char *chain_folder(void)
{
    const char *folder = FILES({ "00000.sql", "CREATE TABLE t (a int);" });
    for (int i = 1; i <= CHAIN; i++)
        folder_add(folder, must_format("%05d.sql", i), must_format("INSERT INTO t VALUES (%d);", i));
    return folder;
}

/* A cancel can fall between two messages and vanish: what was in flight may still be committed, and then it is told, but no more. */
static void stop_chain_after(const char *folder, const char *name)
{
    const char *database = up_database("chain");
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    run_wait_for(run, name);
    struct run_result result = up_stop_run(run, SIGTERM);
    long at_exit = sql_number(database, "SELECT count(*) FROM schema_migrations");
    wait_until(database, NO_SESSION);
    long in_the_end = sql_number(database, "SELECT count(*) FROM schema_migrations");
    assert_int_equal(at_exit, in_the_end);
    assert_int_equal(event_count(result.output, "migration_applied"), in_the_end);
    assert_int_equal(sql_number(database, "SELECT count(*) FROM t"), in_the_end - 1);
    const char *stopping = strstr(result.output, "\"event\":\"stopping\"");
    assert_true(event_count(stopping, "migration_applied") <= WINDOW_MOST);
    assert_true(in_the_end < CHAIN);
}

static void test_signals__a_chain_in_full_flight_stops_and_its_ledger_is_true(void **state)
{
    (void) state;
    const char *folder = chain_folder();
    stop_chain_after(folder, "\"migration\":\"00003.sql\"");
    stop_chain_after(folder, "\"migration\":\"00100.sql\"");
    stop_chain_after(folder, "\"migration\":\"01000.sql\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_signals__sigterm_in_a_long_statement_leaves_nothing),
        UP_TEST(test_signals__sigint_in_a_long_statement_leaves_nothing),
        UP_TEST(test_signals__a_rerun_after_a_stop_goes_on),
        UP_TEST(test_signals__while_no_server_is_there),
        UP_TEST(test_signals__while_a_server_accepts_and_says_nothing),
        UP_TEST(test_signals__while_a_name_is_looked_up_for_ever),
        UP_TEST(test_signals__a_look_up_does_not_outlive_the_deadline),
        UP_TEST(test_signals__while_waiting_for_the_lock),
        UP_TEST(test_signals__a_reading_that_waits_for_a_lock_is_not_left_behind),
        UP_TEST(test_signals__during_a_copy_of_much_data),
        UP_TEST(test_signals__during_a_copy_to_nobody),
        UP_TEST(test_signals__in_a_statement_outside_transactions),
        UP_TEST(test_signals__a_second_one_ends_at_once),
        UP_TEST(test_signals__a_frozen_server_holds_nobody_up),
        UP_TEST(test_signals__a_server_that_never_answers_the_cancel_holds_nobody_up),
        UP_TEST(test_signals__a_chain_in_full_flight_stops_and_its_ledger_is_true),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
