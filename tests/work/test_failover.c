/*
 * Failover with real streaming replication: the primary dies or is demoted in the middle of a chain, and the run goes on at the one
 * that takes writes. Where in the chain is not left to chance: a migration in its middle stops at a gate, an advisory lock that the
 * test holds on the old primary and nobody on the new one.
 */
#include <libpq-fe.h>

#include "pooler.h"
#include "up.h"

enum { CHAIN = 200 };

static struct cluster *first, *second, *third; /* in the order of the list of hosts */

static int make_three(void **state)
{
    (void) state;
    first = cluster_new();
    cluster_start(first);
    second = cluster_new_standby(first);
    third = cluster_new_standby(first);
    cluster_start(second);
    cluster_start(third);
    return 0;
}

static int make_one(void **state)
{
    (void) state;
    first = cluster_new();
    cluster_start(first);
    return 0;
}

static int clear(void **state)
{
    up_clean(state);
    cluster_free(third);
    cluster_free(second);
    cluster_free(first);
    first = second = third = NULL;
    return 0;
}

static const char *three_hosts(void)
{
    return must_format("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/postgres", cluster_port(first),
                       cluster_port(second), cluster_port(third));
}

static struct run *begin(const char *url, const char *folder)
{
    return up_begin(&(struct up){ .migrations = folder,
                                  .arguments = WORDS("--database", url, "--lock-timeout", "none", "--log-level", "debug") });
}

/* --- the chain --------------------------------------------------------------------------------------------------------- */

static const char *name_of(int number)
{
    return must_format("%03d.sql", number);
}

/* 000.sql makes the table, each other one adds its number to it; those at a gate wait there first. */
static const char *chain(int gate, int other_gate)
{
    const char *folder = FILES({ "000.sql", "CREATE TABLE t (a int);" });
    for (int i = 1; i < CHAIN; i++) {
        const char *wait = i == gate || i == other_gate ? must_format("SELECT pg_advisory_xact_lock_shared(%d);\n", i) : "";
        folder_add(folder, name_of(i), must_format("%sINSERT INTO t VALUES (%d);\n", wait, i));
    }
    return folder;
}

static void expect_whole_chain(struct cluster *at)
{
    assert_string_equal(cluster_sql(at, NULL, "SELECT count(*), count(DISTINCT a), sum(a) FROM t"),
                        must_format("%d|%d|%d", CHAIN - 1, CHAIN - 1, CHAIN * (CHAIN - 1) / 2));
    assert_string_equal(cluster_sql(at, NULL, "SELECT count(*), max(migration_name) FROM schema_migrations"),
                        must_format("%d|%s", CHAIN, name_of(CHAIN - 1)));
    assert_string_equal(
        cluster_sql(at, NULL,
                    "SELECT count(*), count(DISTINCT migration_name) FROM schema_migrations_log WHERE event = 'applied'"),
        must_format("%d|%d", CHAIN, CHAIN));
}

/* Locked until it is opened, or until the server that it stands on is gone. */
static PGconn *close_gate(int gate)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(first, NULL));
    PQclear(PQexec(conn, must_format("SELECT pg_advisory_lock(%d)", gate)));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static void wait_at_gate(struct cluster *at, int gate)
{
    cluster_wait_until(
        at, NULL,
        must_format("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %d AND NOT granted)", gate));
}

static void wait_for_row(struct cluster *at, int number)
{
    cluster_wait_until(at, NULL, "to_regclass('schema_migrations') IS NOT NULL");
    cluster_wait_until(at, NULL,
                       must_format("EXISTS (SELECT FROM schema_migrations WHERE migration_name = '%s')", name_of(number)));
}

static void promote(struct cluster *standby)
{
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_promote()"), "t");
}

/* How often the log tells that this migration was applied. */
static int times_applied(const char *log, int number)
{
    int times = 0;
    const char *text = must_format("\"event\":\"migration_applied\",\"target\":\"127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d\","
                                   "\"migration\":\"%s\"",
                                   cluster_port(first), cluster_port(second), cluster_port(third), name_of(number));
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

/* --- three servers ----------------------------------------------------------------------------------------------------- */

static void test_failover__a_chain_goes_on_at_the_new_primary(void **state)
{
    (void) state;
    const char *folder = chain(80, 0);
    PGconn *gate = close_gate(80);
    struct run *run = begin(three_hosts(), folder);
    wait_at_gate(first, 80);
    struct run *waiter = begin(three_hosts(), folder);
    run_wait_for(waiter, "\"event\":\"lock_waiting\"");
    wait_for_row(second, 79);
    cluster_stop(first, CLUSTER_IMMEDIATE);
    promote(second);
    const char *log = up_end(run, 0).output;
    const char *other_log = up_end(waiter, 0).output;
    PQfinish(gate);
    expect_whole_chain(second);
    assert_int_equal(event_count(log, "connection_lost"), 1);
    assert_contains(event_line_with(log, "ready", "\"until\":\"writable\""),
                    must_format("\"address\":\"127.0.0.1:%d\",\"role\":\"primary\"", cluster_port(second)));
    assert_int_equal(times_applied(log, 79), 1);
    for (int i = 0; i < CHAIN; i++)
        assert_int_equal(times_applied(log, i) + times_applied(other_log, i), 1);
    assert_int_equal(event_count(log, "migration_failed") + event_count(other_log, "migration_failed"), 0);
}

/* The standby did not hear of them before the primary died: there they have not happened, and so they happen again. */
static void test_failover__what_the_new_primary_never_heard_of_is_applied_again(void **state)
{
    (void) state;
    PGconn *gate = close_gate(80);
    PGconn *other_gate = close_gate(150);
    struct run *run = begin(must_format("%s?target_session_attrs=read-write", three_hosts()), chain(80, 150));
    wait_for_row(second, 79);
    cluster_sql(second, NULL, "ALTER SYSTEM SET primary_conninfo = ''");
    cluster_sql(second, NULL, "SELECT pg_reload_conf()");
    cluster_wait_until(second, NULL, "NOT EXISTS (SELECT FROM pg_stat_wal_receiver)");
    PQfinish(gate);
    run_wait_for(run, must_format("\"migration\":\"%s\",\"statements\":2,\"duration_us\"", name_of(80)));
    wait_at_gate(first, 150);
    run_wait_for(run, must_format("\"migration\":\"%s\",\"statements\":1,\"duration_us\"", name_of(149)));
    cluster_stop(first, CLUSTER_IMMEDIATE);
    promote(second);
    const char *log = up_end(run, 0).output;
    PQfinish(other_gate);
    expect_whole_chain(second);
    assert_int_equal(times_applied(log, 79), 1);
    assert_int_equal(times_applied(log, 80), 2);
    assert_int_equal(times_applied(log, 149), 2);
    assert_int_equal(times_applied(log, 150), 1);
}

/* Which of two primaries is the right one cannot be known from outside: the first in the list is taken, as libpq does. */
static void test_failover__of_two_primaries_the_first_in_the_list_is_taken(void **state)
{
    (void) state;
    promote(third);
    promote(second);
    struct run_result result =
        up_run(&(struct up){ .command = "wait", .arguments = WORDS("--database", three_hosts(), "--until", "writable") }, 0);
    assert_contains(event_line(result.output, "ready"), must_format("\"address\":\"127.0.0.1:%d\"", cluster_port(first)));
    cluster_stop(first, CLUSTER_IMMEDIATE);
    result = up_run(&(struct up){ .migrations = chain(0, 0), .arguments = WORDS("--database", three_hosts()) }, 0);
    assert_contains(event_line(result.output, "ready"), must_format("\"address\":\"127.0.0.1:%d\"", cluster_port(second)));
    expect_whole_chain(second);
    assert_string_equal(cluster_sql(third, NULL, "SELECT to_regclass('schema_migrations')"), "");
}

/* It is logged into, and found to be a standby that lacks migrations. */
static void test_failover__a_standby_that_is_first_in_the_list_is_passed_over(void **state)
{
    (void) state;
    const char *url =
        must_format("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres", cluster_port(second), cluster_port(first));
    struct run_result result = up_run(&(struct up){ .migrations = chain(0, 0), .arguments = WORDS("--database", url) }, 0);
    assert_contains(event_line_with(result.output, "ready", "\"until\":\"writable\""),
                    must_format("\"address\":\"127.0.0.1:%d\"", cluster_port(first)));
    expect_whole_chain(first);
    wait_for_row(second, CHAIN - 1);
    result = up_run(&(struct up){ .migrations = chain(0, 0), .arguments = WORDS("--database", url) }, 0);
    assert_contains(event_line(result.output, "ready"), "\"role\":\"standby\"");
    assert_int_equal(event_count(result.output, "ready"), 1);
}

/* --- one server that is demoted, or made read-only ---------------------------------------------------------------------- */

static const char *one_host(void)
{
    return cluster_url(first, NULL);
}

static void test_failover__a_primary_that_comes_back_as_a_standby_is_waited_for(void **state)
{
    (void) state;
    PGconn *gate = close_gate(100);
    struct run *run = begin(one_host(), chain(100, 0));
    wait_at_gate(first, 100);
    cluster_stop(first, CLUSTER_FAST);
    cluster_make_standby(first);
    cluster_start(first);
    run_wait_for(run, "a standby, not writable");
    promote(first);
    const char *log = up_end(run, 0).output;
    PQfinish(gate);
    expect_whole_chain(first);
    assert_contains(event_line(log, "connection_lost"), "\"sqlstate\":\"57P01\"");
}

/* Returns when every session has been told: the postmaster lets nobody in before. */
static void set_read_only(const char *value)
{
    size_t mark = cluster_log_mark(first);
    cluster_sql(first, NULL, must_format("ALTER SYSTEM SET default_transaction_read_only = %s", value));
    cluster_sql(first, NULL, "SELECT pg_reload_conf()");
    cluster_wait_log(first, mark, "received SIGHUP");
    assert_string_equal(cluster_sql(first, NULL, "SHOW default_transaction_read_only"), value);
}

static void test_failover__a_server_that_is_made_read_only_is_waited_for(void **state)
{
    (void) state;
    PGconn *gate = close_gate(100);
    struct run *run = begin(one_host(), chain(100, 0));
    wait_at_gate(first, 100);
    set_read_only("on");
    PQfinish(gate);
    run_wait_for(run, "\"event\":\"server_read_only\"");
    run_wait_for(run, "\"seen\":\"read-only\"");
    set_read_only("off");
    const char *log = up_end(run, 0).output;
    expect_whole_chain(first);
    assert_contains(event_line(log, "server_read_only"), "\"role\":\"read-only\",\"migration\":\"101.sql\"");
    assert_int_equal(event_count(log, "migration_failed"), 0);
    assert_int_equal(event_count(log, "server_read_only"), 1);
}

static void test_failover__a_server_that_stays_read_only_ends_the_run_with_3(void **state)
{
    (void) state;
    PGconn *gate = close_gate(1);
    struct run *run = up_begin(&(struct up){
        .migrations = FILES({ "1.sql", "CREATE TABLE t (a int); SELECT pg_advisory_xact_lock(1);" },
                            { "2.sql", "INSERT INTO t VALUES (2);" }),
        .arguments = WORDS("--database", one_host(), "--lock-timeout", "none", "--attempts", "2", "--interval", "100ms") });
    wait_at_gate(first, 1);
    set_read_only("on");
    PQfinish(gate);
    struct run_result result = up_end(run, 3);
    assert_contains(result.errors, "read-only");
    assert_int_equal(event_count(result.output, "migration_failed"), 0);
    assert_string_equal(cluster_sql(first, NULL, "SELECT string_agg(migration_name, ',') FROM schema_migrations"), "1.sql");
}

/* --- a file that is read-only by its own words -------------------------------------------------------------------------- */

static void expect_own_read_only(const char *text)
{
    const char *database = cluster_create_database(first, "own");
    struct run_result result =
        up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }, { "2.sql", text }, { "3.sql", "SELECT 3;" }),
                             .arguments = WORDS("--database", cluster_url(first, database)) },
               5);
    const char *line = event_line(result.output, "migration_failed");
    assert_contains(line, "\"migration\":\"2.sql\"");
    assert_contains(line, "\"sqlstate\":\"25006\"");
    assert_int_equal(event_count(result.output, "server_read_only"), 0);
    assert_int_equal(event_count(result.output, "connection_lost"), 0);
    assert_string_equal(cluster_sql(first, database, "SELECT string_agg(migration_name, ',') FROM schema_migrations"),
                        "1.sql");
    assert_string_equal(
        cluster_sql(first, database,
                    "SELECT migration_name, sqlstate FROM schema_migrations_log WHERE event = 'failed' ORDER BY id"),
        "2.sql|25006");
}

static void test_read_only__a_files_own_doing_is_a_failed_migration(void **state)
{
    (void) state;
    expect_own_read_only("SET TRANSACTION READ ONLY;\nCREATE TABLE t (a int);");
    expect_own_read_only("BEGIN READ ONLY;\nSELECT 2;\nCOMMIT;");
    expect_own_read_only("SET transaction_read_only = on;\nCREATE TABLE t (a int);");
    expect_own_read_only("SELECT 1;\nSET LOCAL transaction_read_only = on;\nCREATE TABLE t (a int);");
    expect_own_read_only("-- pgusher: transaction=off\nSET default_transaction_read_only = on;\nCREATE TABLE t (a int);");
}

static void test_read_only__a_default_that_a_file_sets_does_not_reach_the_next(void **state)
{
    (void) state;
    struct run_result result =
        up_run(&(struct up){ .migrations = FILES({ "1.sql", "SET default_transaction_read_only = on;" },
                                                 { "2.sql", "CREATE TABLE t (a int);" }),
                             .arguments = WORDS("--database", one_host()) },
               0);
    assert_int_equal(event_count(result.output, "server_read_only"), 0);
    assert_int_equal(event_count(result.output, "migration_applied"), 2);
}

/* --- behind a pooler ---------------------------------------------------------------------------------------------------- */

static void expect_to_outlive_a_restart(const char *pool_mode)
{
    int port = pooler_start(first, pool_mode, 5);
    const char *database = cluster_create_database(first, "pooled");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" },
                               { "2.sql", "CREATE TABLE two (a int); SELECT pg_advisory_xact_lock_shared(2);" },
                               { "3.sql", "CREATE TABLE three (a int);" });
    PGconn *gate = PQconnectdb(cluster_conninfo(first, database));
    PQclear(PQexec(gate, "SELECT pg_advisory_lock(2)"));
    const char *url = must_format("postgresql://postgres@127.0.0.1:%d/%s", port, database);
    struct run *run = begin(url, folder);
    wait_at_gate(first, 2);
    cluster_stop(first, CLUSTER_IMMEDIATE);
    PQfinish(gate);
    run_wait_for(run, "\"event\":\"connection_lost\"");
    cluster_start(first);
    const char *line = event_line(up_end(run, 0).output, "connection_lost");
    assert_contains(line, "\"sqlstate\":\"08P01\"");
    assert_contains(line, "\"migration\":\"2.sql\"");
    assert_string_equal(cluster_sql(first, database,
                                    "SELECT string_agg(migration_name, ',' ORDER BY migration_name), count(*) FROM "
                                    "schema_migrations_log WHERE event = 'applied'"),
                        "1.sql,2.sql,3.sql|3");
}

static void test_failover__a_server_that_dies_behind_a_pooler(void **state)
{
    (void) state;
    expect_to_outlive_a_restart("transaction");
    expect_to_outlive_a_restart("session");
}

#define THREE(test) cmocka_unit_test_setup_teardown(test, make_three, clear)
#define ONE(test)   cmocka_unit_test_setup_teardown(test, make_one, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        THREE(test_failover__a_chain_goes_on_at_the_new_primary),
        THREE(test_failover__what_the_new_primary_never_heard_of_is_applied_again),
        THREE(test_failover__of_two_primaries_the_first_in_the_list_is_taken),
        THREE(test_failover__a_standby_that_is_first_in_the_list_is_passed_over),
        ONE(test_failover__a_primary_that_comes_back_as_a_standby_is_waited_for),
        ONE(test_failover__a_server_that_is_made_read_only_is_waited_for),
        ONE(test_failover__a_server_that_stays_read_only_ends_the_run_with_3),
        ONE(test_read_only__a_files_own_doing_is_a_failed_migration),
        ONE(test_read_only__a_default_that_a_file_sets_does_not_reach_the_next),
        ONE(test_failover__a_server_that_dies_behind_a_pooler),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
