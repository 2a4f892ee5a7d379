/*
 * Connections that a server ends while the run has use for them: in a statement, in the wait for the lock, between two tries, in the
 * middle of a transaction that is idle, and right after each login.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "support/fake_server.h"
#include "support/wire_proxy.h"
#include "up.h"

static PGconn *connect_to(const char *database, const char *sql)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, sql));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

#define AT_THE_GATE                                                                                                         \
    "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted AND database = "                \
    "(SELECT oid FROM pg_database WHERE datname = current_database()))"
#define GATE       "SELECT pg_advisory_xact_lock_shared(7);"
#define CLOSE_GATE "SELECT pg_advisory_lock(7)"

/* Ends the run's session each time that it has come to the gate. The next one may be there before anybody has seen it gone. */
static void end_at_the_gate(const char *database, int times)
{
    const char *pid = "0";
    while (times-- > 0) {
        const char *waits =
            must_format("FROM pg_stat_activity WHERE application_name = 'pgusher' AND pid <> %s AND datname = "
                        "current_database() AND wait_event_type = 'Lock' AND " AT_THE_GATE,
                        pid);
        wait_until(database, must_format("EXISTS (SELECT %s)", waits));
        pid = cluster_sql(cluster, database, must_format("SELECT pid %s", waits));
        expect_sql(database, must_format("SELECT pg_terminate_backend(%s)", pid), "t");
    }
    wait_until(database, must_format("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", pid));
}

static const char *two(void)
{
    return FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "CREATE TABLE two (a int); " GATE });
}

static struct run *begin(const char *database, const char *folder)
{
    return up_begin(
        &(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--lock-timeout", "none") });
}

static void expect_two_applied(const char *database)
{
    expect_sql(database, "SELECT string_agg(migration_name, ',' ORDER BY id) FROM schema_migrations_log", "1.sql,2.sql");
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

/* --- an answer that is lost --------------------------------------------------------------------------------------------- */

/* All of them were committed, and nobody was told: the ledger is asked, and nothing is done twice. */
static void test_lost__commits_that_were_not_answered_are_looked_up(void **state)
{
    (void) state;
    const char *database = up_database("commit");
    cluster_sql(cluster, database, "CREATE TABLE effect (a int)");
    const char *folder = folder_new();
    for (int i = 0; i < 20; i++)
        folder_add(folder, must_format("%02d.sql", i), must_format("INSERT INTO effect VALUES (%d);", i));
    struct wire_proxy *proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .lose_answer_to = "INSERT INTO effect VALUES (19)" });
    const char *log =
        up_run(&(struct up){ .migrations = folder, .database = database, .port = wire_proxy_port(proxy) }, 0).output;
    wire_proxy_free(proxy);
    assert_int_equal(event_count(log, "connection_lost"), 1);
    assert_contains(event_line_with(log, "planned", "\"pending\":0"), "\"applied\":20");
    assert_int_equal(event_count(log, "migration_applied") + event_count(log, "migration_settled"), 20);
    assert_contains(log, "19.sql is applied: the answer to its COMMIT was lost");
    assert_contains(event_line(log, "finished"), "\"applied\":20");
    expect_sql(database, "SELECT count(*), count(DISTINCT a) FROM effect", "20|20");
    expect_sql(database, "SELECT count(*) FROM schema_migrations_log", "20");
}

/* --- ended by somebody -------------------------------------------------------------------------------------------------- */

static void test_lost__a_session_that_is_ended_in_a_statement_is_made_again(void **state)
{
    (void) state;
    const char *database = up_database("statement");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    struct run *run = begin(database, two());
    end_at_the_gate(database, 2);
    PQfinish(gate);
    const char *log = up_end(run, 0).output;
    assert_int_equal(event_count(log, "connection_lost"), 2);
    assert_contains(event_line(log, "connection_lost"), "\"sqlstate\":\"57P01\"");
    assert_contains(event_line(log, "connection_lost"), "\"migration\":\"2.sql\"");
    expect_two_applied(database);
}

static void test_lost__three_times_in_a_row_is_a_failed_migration_that_is_told_of(void **state)
{
    (void) state;
    const char *database = up_database("thrice");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    struct run *run = begin(database, two());
    end_at_the_gate(database, 3);
    struct run_result result = up_end(run, 5);
    PQfinish(gate);
    assert_int_equal(event_count(result.output, "connection_lost"), 3);
    const char *line = event_line(result.output, "migration_failed");
    assert_contains(line, "\"migration\":\"2.sql\"");
    assert_contains(line, "3 times in a row");
    assert_contains(line, "\"hint\":\"");
    assert_contains(result.errors, "3 times in a row");
    assert_string_equal(ledger_names(database), "1.sql");
    up_run(&(struct up){ .migrations = two(), .database = database }, 0);
    expect_two_applied(database);
}

/* The third loss is that of the answer to its COMMIT. The runner is held up before it, so that the wire is cut where it shall be. */
static void test_lost__a_migration_that_was_committed_at_the_third_loss_has_not_failed(void **state)
{
    (void) state;
    const char *database = up_database("third");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    struct wire_proxy *proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    struct run *run = up_begin(&(struct up){ .migrations = two(),
                                             .database = database,
                                             .port = wire_proxy_port(proxy),
                                             .arguments = WORDS("--lock-timeout", "none") });
    end_at_the_gate(database, 1);
    wait_until(database, AT_THE_GATE);
    PGconn *hold = connect_to(database, "SELECT 1");
    assert_int_equal(PQsendQuery(hold, "BEGIN; LOCK TABLE schema_migrations"), 1);
    wait_until(database, "EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted AND relation = "
                         "'schema_migrations'::regclass)");
    end_at_the_gate(database, 1);
    PQclear(PQgetResult(hold));
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .lose_answer_to = "CREATE TABLE two" });
    PQfinish(gate);
    PQfinish(hold);
    const char *log = up_end(run, 0).output;
    wire_proxy_free(proxy);
    assert_int_equal(event_count(log, "connection_lost"), 3);
    assert_int_equal(event_count(log, "migration_failed"), 0);
    assert_contains(event_line(log, "migration_settled"), "\"migration\":\"2.sql\"");
    expect_two_applied(database);
}

static void test_lost__a_waiter_whose_session_is_ended_waits_on(void **state)
{
    (void) state;
    const char *database = up_database("waiter");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    struct run *holder = begin(database, two());
    wait_until(database, AT_THE_GATE);
    struct run *waiter =
        up_begin(&(struct up){ .migrations = two(), .database = database, .environment = WORDS("PGAPPNAME=the waiter") });
    run_wait_for(waiter, "\"event\":\"lock_waiting\"");
    wait_until(database, "(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                         "'the waiter') = 1");
    run_wait_for(waiter, "\"event\":\"connection_lost\"");
    PQfinish(gate);
    up_end(holder, 0);
    const char *log = up_end(waiter, 0).output;
    assert_int_equal(event_count(log, "migration_applied"), 0);
    expect_two_applied(database);
}

/* Nothing is said between two tries, so the loss shows when the next one begins. */
static void test_lost__a_session_that_is_ended_between_two_tries(void **state)
{
    (void) state;
    const char *database = up_database("tries");
    cluster_sql(cluster, database, "CREATE TABLE t (a int)");
    PGconn *conn = connect_to(database, "BEGIN; LOCK TABLE t");
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "ALTER TABLE t ADD COLUMN b int;" }),
                                             .database = database,
                                             .arguments = WORDS("--lock-timeout", "50ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"event\":\"migration_retried\"");
    wait_until(database, "(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pgusher' "
                         "AND datname = current_database() AND state = 'idle') = 1");
    run_wait_for(run, "\"event\":\"connection_lost\"");
    PQfinish(conn);
    up_end(run, 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

/* Whether it will be tried again was known, but not whether it was rolled back: that is looked up. */
static void test_lost__a_lock_timeout_whose_rollback_is_not_answered_is_no_failure(void **state)
{
    (void) state;
    const char *database = up_database("rollback");
    cluster_sql(cluster, database, "CREATE TABLE t (a int)");
    PGconn *conn = connect_to(database, "BEGIN; LOCK TABLE t");
    struct wire_proxy *proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .lose_answer_to = "ROLLBACK" });
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "ALTER TABLE t ADD COLUMN b int;" }),
                                             .database = database,
                                             .port = wire_proxy_port(proxy),
                                             .arguments = WORDS("--lock-timeout", "50ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"event\":\"connection_lost\"");
    PQfinish(conn);
    const char *log = up_end(run, 0).output;
    wire_proxy_free(proxy);
    assert_int_equal(event_count(log, "migration_failed"), 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

/* --- ended by a timeout of the server ----------------------------------------------------------------------------------- */

/* A COPY is waited for with everything before it answered; a runner that is stopped then leaves its transaction idle. */
static void test_lost__a_transaction_that_was_idle_for_too_long_is_begun_again(void **state)
{
    (void) state;
    const char *database = up_database("idle");
    cluster_sql(cluster, database,
                "CREATE ROLE hasty SUPERUSER LOGIN; ALTER ROLE hasty SET idle_in_transaction_session_timeout = '200ms'");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    size_t mark = cluster_log_mark(cluster);
    struct run *run = up_begin(
        &(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE t (a int);\n" GATE
                                                     "\nCOPY t FROM stdin;\n1\n2\n\\.\nINSERT INTO t VALUES (3);" }),
                      .database = database,
                      .role = "hasty",
                      .arguments = WORDS("--lock-timeout", "none") });
    wait_until(database, AT_THE_GATE);
    run_signal(run, SIGSTOP);
    PQfinish(gate);
    cluster_wait_log(cluster, mark, "terminating connection due to idle-in-transaction timeout");
    run_signal(run, SIGCONT);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "connection_lost"), "\"sqlstate\":\"25P03\"");
    expect_sql(database, "SELECT string_agg(a::text, ',') FROM t", "1,2,3");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "1");
}

/* --- a reading that fails ----------------------------------------------------------------------------------------------- */

/* Its look at the ledger waits for a lock, until the role's statement_timeout ends it: that is no reason to give up. */
static void test_lost__a_reading_that_fails_in_the_wait_for_the_lock_is_done_again(void **state)
{
    (void) state;
    const char *database = up_database("reading");
    cluster_sql(cluster, database, "CREATE ROLE brief SUPERUSER LOGIN; ALTER ROLE brief SET statement_timeout = '300ms'");
    PGconn *gate = connect_to(database, CLOSE_GATE);
    struct run *holder = begin(database, two());
    wait_until(database, AT_THE_GATE);
    struct run *waiter = up_begin(&(struct up){ .migrations = two(), .database = database, .role = "brief" });
    run_wait_for(waiter, "\"event\":\"lock_waiting\"");
    PGconn *log_table = connect_to(database, "BEGIN; LOCK TABLE schema_migrations_log");
    run_wait_for(waiter, "\"event\":\"reading_failed\"");
    PQfinish(log_table);
    PQfinish(gate);
    up_end(holder, 0);
    const char *log = up_end(waiter, 0).output;
    assert_contains(event_line(log, "reading_failed"), "\"sqlstate\":\"57014\"");
    expect_two_applied(database);
}

/* Each window that ends without an answer is followed by another knock; who knocked before does not stay on the server. */
static void test_lost__a_reading_that_is_given_up_at_the_end_of_a_window_is_not_left_behind(void **state)
{
    (void) state;
    const char *database = up_database("window");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }), .database = database }, 0);
    PGconn *conn = connect_to(database, "BEGIN; LOCK TABLE schema_migrations");
    struct run *run = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                             .database = database,
                                             .arguments = WORDS("--interval", "500ms", "--attempts", "8") });
    run_wait_for(run, "\"attempt\":6,");
    wait_until(database, "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
                         "'pgusher') <= 2");
    up_end(run, 3);
    wait_until(database,
               "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
               "'pgusher')");
    PQfinish(conn);
}

/* --- ended always ------------------------------------------------------------------------------------------------------- */

#define LETS_IN                                                                                                             \
    {                                                                                                                       \
        .match = "AS in_recovery", .rows = "pid|r|o|v|s|e|c|u|l|lu|lr|lw|se|mc|sc\n1|f|f|150004|public|f|\\N|f|f|f|f|f|t|t" \
                                           "|t"                                                                             \
    }

static const struct fake_reply to_hang_up[] = { LETS_IN,
                                                { .match = "client_connection_check_interval", .deed = FAKE_HANG_UP },
                                                FAKE_END };
static const struct fake_visit hangs_up[] = { { .replies = to_hang_up } };

static struct run *begin_at(struct fake_server *server, const char *const *arguments)
{
    return up_begin(
        &(struct up){ .migrations = two(),
                      .arguments = arguments,
                      .environment = WORDS("PGHOST=127.0.0.1", must_format("PGPORT=%d", fake_server_port(server)),
                                           "PGUSER=postgres", "PGSSLMODE=disable") });
}

/* A pooler of which --pooler=session says that there is none, or none that shares: what it granted is somebody else's. */
static void test_lost__a_lock_that_was_granted_and_is_not_ours_is_none(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        LETS_IN,
        { .match = "pg_try_advisory_lock", .rows = "l|n|t\nt|t|f" },
        { .match = "AS is_us", .rows = "is_us|pid|a|h|s|q\nf|7|pgusher|local|2026|SELECT 1" },
        FAKE_END,
    };
    static const struct fake_visit visits[] = { { .replies = replies } };
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, visits, 1);
    fake_server_listen(server);
    struct run_result result = up_end(begin_at(server, WORDS("--pooler=session")), 1);
    assert_contains(result.errors, "does not show it as held by us");
    assert_int_equal(event_count(result.output, "lock_acquired"), 0);
    assert_lacks(fake_server_heard(server), "CREATE TABLE");
    fake_server_free(server);
}

static void test_lost__a_server_that_hangs_up_after_each_login_is_given_up(void **state)
{
    (void) state;
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, hangs_up, 1);
    fake_server_listen(server);
    struct run_result result =
        up_end(begin_at(server, WORDS("--attempts", "4", "--interval", "10s", "--pooler=session")), 3);
    assert_int_equal(fake_server_connections(server), 5);
    assert_int_equal(event_count(result.output, "connection_lost"), 5);
    const char *line = event_line(result.output, "failed");
    assert_contains(line, "lost 5 times in a row");
    assert_contains(line, "hangs up");
    fake_server_free(server);
}

static void test_lost__the_deadline_bounds_the_rests_too(void **state)
{
    (void) state;
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, hangs_up, 1);
    fake_server_listen(server);
    struct run_result result = up_end(
        begin_at(server, WORDS("--attempts", "1000000", "--interval", "10s", "--timeout", "1s", "--pooler=session")), 3);
    assert_contains(event_line(result.output, "failed"), "--timeout 1s");
    assert_true(fake_server_connections(server) < 40); /* without a rest it would be hundreds */
    fake_server_free(server);
}

static void test_lost__a_signal_ends_the_rest(void **state)
{
    (void) state;
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, hangs_up, 1);
    fake_server_listen(server);
    struct run *run = begin_at(server, WORDS("--attempts", "1000000", "--interval", "10s", "--pooler=session"));
    fake_server_wait_connections(server, 6);
    run_signal(run, SIGTERM);
    up_end(run, 143);
    fake_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_lost__commits_that_were_not_answered_are_looked_up),
        UP_TEST(test_lost__a_session_that_is_ended_in_a_statement_is_made_again),
        UP_TEST(test_lost__three_times_in_a_row_is_a_failed_migration_that_is_told_of),
        UP_TEST(test_lost__a_migration_that_was_committed_at_the_third_loss_has_not_failed),
        UP_TEST(test_lost__a_waiter_whose_session_is_ended_waits_on),
        UP_TEST(test_lost__a_session_that_is_ended_between_two_tries),
        UP_TEST(test_lost__a_lock_timeout_whose_rollback_is_not_answered_is_no_failure),
        UP_TEST(test_lost__a_transaction_that_was_idle_for_too_long_is_begun_again),
        UP_TEST(test_lost__a_reading_that_fails_in_the_wait_for_the_lock_is_done_again),
        UP_TEST(test_lost__a_reading_that_is_given_up_at_the_end_of_a_window_is_not_left_behind),
        UP_TEST(test_lost__a_lock_that_was_granted_and_is_not_ours_is_none),
        UP_TEST(test_lost__a_server_that_hangs_up_after_each_login_is_given_up),
        UP_TEST(test_lost__the_deadline_bounds_the_rests_too),
        UP_TEST(test_lost__a_signal_ends_the_rest),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
