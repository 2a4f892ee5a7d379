/*
 * Ends that are not ours: a server that is shut down, crashes or is full, a disk or a memory that is, and a log that nobody can write
 * to. Each has its exit code, says what a person needs, and leaves a database on which the next run goes on.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "up.h"

static struct cluster *own; /* the one that a test stops, breaks or fills */

static int make(void **state)
{
    (void) state;
    own = cluster_new();
    cluster_start(own);
    return 0;
}

static int clear(void **state)
{
    up_clean(state);
    cluster_free(own);
    return 0;
}

#define GATE        "SELECT pg_advisory_xact_lock_shared(7);"
#define AT_THE_GATE "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted)"

static const char *three(void)
{
    return FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "CREATE TABLE two (a int); " GATE },
                 { "3.sql", "CREATE TABLE three (a int);" });
}

static PGconn *connect_to(struct cluster *to, const char *sql)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(to, NULL));
    PQclear(PQexec(conn, sql));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static PGconn *close_gate(void)
{
    return connect_to(own, "SELECT pg_advisory_lock(7)");
}

static struct run *begin(const char *folder)
{
    return up_begin(&(struct up){ .migrations = folder,
                                  .arguments = WORDS("--database", cluster_url(own, NULL), "--lock-timeout", "none") });
}

static struct run *begin_up_to_the_gate(void)
{
    struct run *run = begin(three());
    cluster_wait_until(own, NULL, AT_THE_GATE);
    return run;
}

static void expect_three_applied(void)
{
    assert_string_equal(
        cluster_sql(own, NULL, "SELECT string_agg(migration_name, ',' ORDER BY id) FROM schema_migrations_log"),
        "1.sql,2.sql,3.sql");
    assert_string_equal(cluster_sql(own, NULL, "SELECT count(*) FROM schema_migrations"), "3");
}

/* --- shut down ---------------------------------------------------------------------------------------------------------- */

static void go_on_after_shutdown(enum cluster_stop_mode mode)
{
    PGconn *gate = close_gate();
    struct run *run = begin_up_to_the_gate();
    cluster_stop(own, mode);
    PQfinish(gate);
    run_wait_for(run, "\"event\":\"connection_lost\"");
    cluster_start(own);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "connection_lost"), "\"migration\":\"2.sql\"");
    assert_int_equal(event_count(log, "connection_lost"), 1);
    expect_three_applied();
}

static void test_ends__a_fast_shutdown_in_the_middle(void **state)
{
    (void) state;
    go_on_after_shutdown(CLUSTER_FAST);
}

static void test_ends__an_immediate_shutdown_in_the_middle(void **state)
{
    (void) state;
    go_on_after_shutdown(CLUSTER_IMMEDIATE);
}

/* More windows than --attempts in all, and fewer in each of the two waits. */
static void test_ends__each_wait_has_all_attempts(void **state)
{
    (void) state;
    cluster_sql(own, NULL, "CREATE TABLE woken (a int)");
    cluster_stop(own, CLUSTER_FAST);
    const char *folder = FILES({ "1.sql", "SELECT pg_sleep(600) WHERE NOT EXISTS (SELECT FROM woken);" });
    struct run *run = up_begin(
        &(struct up){ .migrations = folder,
                      .arguments = WORDS("--database", cluster_url(own, NULL), "--attempts", "30", "--interval", "250ms") });
    run_wait_for(run, "attempt 16 of 30");
    cluster_start(own);
    cluster_wait_until(own, NULL, "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')");
    cluster_sql(own, NULL, "INSERT INTO woken VALUES (1)");
    cluster_stop(own, CLUSTER_FAST);
    run_wait_for_times(run, 2, "attempt 16 of 30");
    cluster_start(own);
    assert_int_equal(event_count(up_end(run, 0).output, "connection_lost"), 1);
}

/* It waits for the sessions that are there, and so for the run; one that comes later waits for the next server. */
static void test_ends__a_smart_shutdown_lets_the_run_finish(void **state)
{
    (void) state;
    PGconn *gate = close_gate();
    struct run *run = begin_up_to_the_gate();
    size_t mark = cluster_log_mark(own);
    kill(cluster_pid(own), SIGTERM);
    cluster_wait_log(own, mark, "received smart shutdown request");
    struct run *late = begin(three());
    run_wait_for(late, "\"sqlstate\":\"57P03\"");
    PQfinish(gate);
    assert_int_equal(event_count(up_end(run, 0).output, "connection_lost"), 0);
    cluster_wait_log(own, mark, "database system is shut down");
    cluster_stop(own, CLUSTER_FAST);
    cluster_start(own);
    assert_int_equal(event_count(up_end(late, 0).output, "migration_applied"), 0);
    expect_three_applied();
}

/* --- a crash ------------------------------------------------------------------------------------------------------------ */

/* The server ends every session when one of its processes dies, and recovers. */
static void crash(const char *backend)
{
    PGconn *gate = close_gate();
    struct run *run = begin_up_to_the_gate();
    const char *pid = backend != NULL ? cluster_sql(own, NULL, backend) : must_format("%d", PQbackendPID(gate));
    assert_int_equal(kill(atoi(pid), SIGKILL), 0);
    const char *log = up_end(run, 0).output;
    PQfinish(gate);
    assert_contains(event_line(log, "connection_lost"), "\"migration\":\"2.sql\"");
    expect_three_applied();
}

static void test_ends__the_server_crashes_because_of_another_session(void **state)
{
    (void) state;
    crash(NULL);
}

static void test_ends__the_runs_own_backend_is_killed(void **state)
{
    (void) state;
    crash("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgusher' AND wait_event_type = 'Lock'");
}

/* A login that came in before the server had noticed the death is lost as well, but in no migration. */
static int times_lost_in(const char *log, const char *migration)
{
    int times = 0;
    const char *text = must_format("\"migration\":\"%s\"", migration);
    for (const char *at = log; (at = strstr(at, "\"event\":\"connection_lost\"")) != NULL; at++)
        times += strstr(must_keep(at, strcspn(at, "\n")), text) != NULL;
    return times;
}

/* As the kernel does to one that takes all of the memory. */
static void test_ends__a_migration_that_brings_the_server_down_each_time_is_a_failed_one(void **state)
{
    (void) state;
    static const char suicide[] = "CREATE TABLE two (a int);\n"
                                  "COPY two FROM PROGRAM 'kill -9 $PPID';";
    struct run *run = begin(FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", suicide }));
    struct run_result result = up_end(run, 5);
    assert_int_equal(times_lost_in(result.output, "2.sql"), 3);
    assert_contains(event_line(result.output, "migration_failed"), "what brings the server down");
    assert_contains(result.errors, "3 times in a row during 2.sql");
    cluster_wait_log(own, 0, "all server processes terminated; reinitializing");
    up_end(begin(three()), 0);
    expect_three_applied();
}

/* --- no room ------------------------------------------------------------------------------------------------------------ */

/* The disk is full: its file is /dev/full, to which nothing can be written. What makes room is the file that was there. */
static void test_ends__a_full_disk_is_a_failed_migration(void **state)
{
    (void) state;
    cluster_sql(own, NULL, "CREATE TABLE t (a int)");
    const char *path =
        must_format("%s/%s", cluster_data_folder(own), cluster_sql(own, NULL, "SELECT pg_relation_filepath('t')"));
    const char *aside = must_format("%s.aside", path);
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" },
                               { "2.sql", "CREATE TABLE two (a int);\nINSERT INTO t\nSELECT generate_series(1, 1000);" },
                               { "3.sql", "CREATE TABLE three (a int);" });
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink("/dev/full", path), 0);
    struct run_result result = up_end(begin(folder), 5);
    const char *line = event_line(result.output, "migration_failed");
    assert_contains(line, "\"migration\":\"2.sql\",\"statement\":2,\"line\":2");
    assert_contains(line, "\"sqlstate\":\"53100\"");
    assert_contains(line, "No space left on device");
    assert_contains(line, "Check free disk space.");
    assert_contains(result.errors, "Check free disk space.");
    assert_string_equal(cluster_sql(own, NULL, "SELECT to_regclass('one'), to_regclass('two'), to_regclass('three')"),
                        "one||");
    assert_string_equal(cluster_sql(own, NULL, "SELECT sqlstate FROM schema_migrations_log WHERE event = 'failed'"),
                        "53100");
    assert_int_equal(rename(aside, path), 0);
    up_end(begin(folder), 0);
    assert_string_equal(cluster_sql(own, NULL, "SELECT count(*) FROM t"), "1000");
}

/* A backend that cannot write the WAL panics, and the server recovers; by then there is room. */
static void test_ends__a_full_pg_wal_is_a_crash_of_the_server(void **state)
{
    (void) state;
    static const char much_wal[] =
        "CREATE TABLE two (a int); " GATE
        " SELECT pg_logical_emit_message(false, 'much', repeat('x', 1000000)) FROM generate_series(1, 40);";
    PGconn *gate = close_gate();
    struct run *run = begin(
        FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", much_wal }, { "3.sql", "CREATE TABLE three (a int);" }));
    cluster_wait_until(own, NULL, AT_THE_GATE);
    const char *pid = cluster_sql(own, NULL, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgusher'");
    cluster_sql(own, NULL,
                must_format("CREATE TABLE said (a text); COPY said FROM PROGRAM 'prlimit --pid %s --fsize=1000000:'", pid));
    PQfinish(gate);
    const char *log = up_end(run, 0).output;
    assert_non_null(strstr(cluster_log(own, 0), "PANIC:  could not write to "));
    assert_contains(event_line(log, "connection_lost"), "\"migration\":\"2.sql\"");
    assert_int_equal(event_count(log, "migration_failed"), 0);
    expect_three_applied();
}

static void restart_with_memory(long most_kb)
{
    cluster_stop(own, CLUSTER_FAST);
    cluster_limit_memory(own, most_kb);
    cluster_start(own);
}

static void test_ends__a_backend_without_memory_is_a_failed_migration(void **state)
{
    (void) state;
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE one (a int);" },
              { "2.sql", "CREATE TABLE two AS\nSELECT octet_length(repeat(repeat('x', 1000), 900000)) AS a;" },
              { "3.sql", "CREATE TABLE three (a int);" });
    restart_with_memory(700 * 1024);
    struct run_result result = up_end(begin(folder), 5);
    const char *line = event_line(result.output, "migration_failed");
    assert_contains(line, "\"migration\":\"2.sql\",\"statement\":1,\"line\":1");
    assert_contains(line, "\"sqlstate\":\"53200\"");
    assert_contains(line, "\"hint\":\"The server");
    assert_contains(result.errors, "out of memory");
    assert_int_equal(event_count(result.output, "connection_lost"), 0);
    assert_string_equal(cluster_sql(own, NULL, "SELECT string_agg(migration_name, ',') FROM schema_migrations"), "1.sql");
    restart_with_memory(0);
    up_end(begin(folder), 0);
    assert_string_equal(cluster_sql(own, NULL, "SELECT a FROM two"), "900000000");
}

/* --- no connection slot ------------------------------------------------------------------------------------------------- */

enum { SLOTS = 6, RESERVED = 3 };

static const char *as_guest(void)
{
    return must_format("host=127.0.0.1 port=%d user=guest dbname=postgres", cluster_port(own));
}

static struct run *begin_as_guest(void)
{
    return up_begin(
        &(struct up){ .migrations = three(),
                      .arguments = WORDS("--database", as_guest(), "--lock-timeout", "none", "--log-level", "debug") });
}

static void restart_with_few_slots(void)
{
    cluster_stop(own, CLUSTER_FAST);
    cluster_configure(own, must_format("max_connections = %d\nsuperuser_reserved_connections = %d", SLOTS, RESERVED));
    cluster_start(own);
    cluster_sql(own, NULL, "CREATE ROLE guest LOGIN; GRANT CREATE ON SCHEMA public TO guest");
}

/* With all slots taken but those that are kept for superusers, on which the test itself comes in. */
static void test_ends__a_server_without_a_free_slot_is_waited_for(void **state)
{
    (void) state;
    restart_with_few_slots();
    PGconn *guests[SLOTS - RESERVED];
    for (int i = 0; i < SLOTS - RESERVED; i++)
        guests[i] = PQconnectdb(as_guest());
    struct run *run = begin_as_guest();
    run_wait_for(run, "too many connections");
    for (int i = 0; i < SLOTS - RESERVED; i++)
        PQfinish(guests[i]);
    up_end(run, 0);
    expect_three_applied();
}

/* The slot that the lost session leaves is one of those that are kept for superusers. */
static void test_ends__a_server_without_a_free_slot_is_waited_for_after_a_lost_connection(void **state)
{
    (void) state;
    restart_with_few_slots();
    PGconn *gate = close_gate();
    struct run *run = begin_as_guest();
    cluster_wait_until(own, NULL, AT_THE_GATE);
    PGconn *crowd[SLOTS + 1] = { NULL };
    int count = 0;
    while (count < SLOTS && PQstatus(crowd[count] = PQconnectdb(cluster_conninfo(own, NULL))) == CONNECTION_OK)
        count++;
    PQfinish(crowd[count]);
    PQclear(PQexec(gate, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guest'"));
    run_wait_for(run, "too many connections");
    while (count > 0)
        PQfinish(crowd[--count]);
    PQfinish(gate);
    const char *log = up_end(run, 0).output;
    assert_int_equal(event_count(log, "connection_lost"), 1);
    expect_three_applied();
}

/* --- a log that cannot be written --------------------------------------------------------------------------------------- */

static struct run_result run_into_full_disk(const char *folder, const char *database, const char *format)
{
    return run_program(
        &(struct run_spec){ .program = "/bin/sh",
                            .arguments = WORDS("-c", "exec \"$0\" \"$@\" > /dev/full", run_pgusher(), "up", "-m", folder,
                                               "--database", cluster_url(cluster, database), "--log-format", format) });
}

static void test_ends__a_log_on_a_full_disk_stops_no_migration(void **state)
{
    (void) state;
    static const char *const formats[] = { "json", "logfmt", "text" };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *database = up_database("full");
        struct run_result result = run_into_full_disk(
            FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "SELECT 2;" }), database, formats[i]);
        assert_int_equal(result.exit_code, 0);
        assert_string_equal(ledger_names(database), "1.sql,2.sql");
    }
}

static void test_ends__a_failure_has_its_exit_code_and_its_words_without_a_log(void **state)
{
    (void) state;
    struct run_result result = run_into_full_disk(FILES({ "1.sql", "SELECT 1 / 0;" }), up_database("fullfail"), "json");
    assert_int_equal(result.exit_code, 5);
    assert_contains(result.errors, "1.sql:1:");
    assert_contains(result.errors, "22012");
}

/* The other end is closed while a migration runs, and not before. */
static void test_ends__a_reader_that_goes_away_in_the_middle_stops_no_migration(void **state)
{
    (void) state;
    const char *database = up_database("gone");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "SELECT 1 / 0;" });
    static const char script[] = "\"$0\" \"$@\" 2>&3 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}";
    struct run_result result =
        run_program(&(struct run_spec){ .program = "/bin/bash",
                                        .arguments = WORDS("-c", must_format("exec 3>&2; %s", script), run_pgusher(), "up",
                                                           "-m", folder, "--database", cluster_url(cluster, database)) });
    assert_int_equal(result.exit_code, 5);
    assert_contains(result.errors, "22012");
    assert_string_equal(ledger_names(database), "1.sql");
}

#define OWN(test) cmocka_unit_test_setup_teardown(test, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN(test_ends__a_fast_shutdown_in_the_middle),
        OWN(test_ends__an_immediate_shutdown_in_the_middle),
        OWN(test_ends__each_wait_has_all_attempts),
        OWN(test_ends__a_smart_shutdown_lets_the_run_finish),
        OWN(test_ends__the_server_crashes_because_of_another_session),
        OWN(test_ends__the_runs_own_backend_is_killed),
        OWN(test_ends__a_migration_that_brings_the_server_down_each_time_is_a_failed_one),
        OWN(test_ends__a_full_disk_is_a_failed_migration),
        OWN(test_ends__a_full_pg_wal_is_a_crash_of_the_server),
        OWN(test_ends__a_backend_without_memory_is_a_failed_migration),
        OWN(test_ends__a_server_without_a_free_slot_is_waited_for),
        OWN(test_ends__a_server_without_a_free_slot_is_waited_for_after_a_lost_connection),
        UP_TEST(test_ends__a_log_on_a_full_disk_stops_no_migration),
        UP_TEST(test_ends__a_failure_has_its_exit_code_and_its_words_without_a_log),
        UP_TEST(test_ends__a_reader_that_goes_away_in_the_middle_stops_no_migration),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
