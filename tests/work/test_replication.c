/*
 * A primary and two standbys that really follow it: who is found, who is waited for, and how far behind is too far.
 */
#include <signal.h>

#include "support/port.h"
#include "up.h"

static struct cluster *standby, *other;

static int start(void **state)
{
    up_start(state);
    standby = cluster_new_standby(cluster);
    other = cluster_new_standby(cluster);
    cluster_start(standby);
    cluster_start(other);
    return 0;
}

static int stop(void **state)
{
    cluster_free(standby);
    cluster_free(other);
    return up_stop(state);
}

static const char *conninfo_of(const char *ports, const char *hosts, const char *database)
{
    return must_format("host=%s port=%s user=postgres dbname=%s", hosts, ports, database);
}

/* The standbys come first in the list. */
static const char *all_three(const char *database)
{
    const char *ports = must_format("%d,%d,%d", cluster_port(standby), cluster_port(other), cluster_port(cluster));
    return conninfo_of(ports, "127.0.0.1,127.0.0.1,127.0.0.1", database);
}

static struct run *begin(const char *command, const char *conninfo, const char *const *words)
{
    enum { MOST = 24 };
    const char *arguments[MOST + 1] = { "--database", conninfo };
    size_t size = 2;
    for (; words != NULL && *words != NULL && size < MOST; words++)
        arguments[size++] = *words;
    arguments[size] = NULL;
    return up_begin(&(struct up){ .command = command, .arguments = arguments });
}

static const char *log_of(const char *command, const char *conninfo, const char *const *words, int exit_code)
{
    return up_end(begin(command, conninfo, words), exit_code).output;
}

static void expect_address(const char *log, const struct cluster *at)
{
    assert_contains(event_line(log, "ready"), must_format("\"address\":\"127.0.0.1:%d\"", cluster_port(at)));
}

/*
 * Returns when the standby has replayed all that the primary has written. A commit that is waited for flushes what came before it; to
 * wait for the place where the next record would begin is to wait for whatever writes one.
 */
static void catch_up(struct cluster *at)
{
    cluster_sql(cluster, NULL, "SET synchronous_commit = on; SELECT pg_current_xact_id()");
    const char *position = cluster_sql(cluster, NULL, "SELECT pg_current_wal_flush_lsn()");
    cluster_wait_until(at, NULL, must_format("pg_last_wal_replay_lsn() >= '%s'", position));
}

static const char *brief[] = { "--until", "standby", "--interval", "1s", "--attempts", "3", "--max-lag", NULL, NULL };

static const char *const *brief_with(const char *max_lag)
{
    brief[7] = max_lag;
    return brief;
}

static void set(struct cluster *at, const char *setting)
{
    cluster_sql(at, NULL, must_format("ALTER SYSTEM SET %s", setting));
    cluster_sql(at, NULL, "SELECT pg_reload_conf()");
}

static void reset(struct cluster *at, const char *name)
{
    cluster_sql(at, NULL, must_format("ALTER SYSTEM RESET %s", name));
    cluster_sql(at, NULL, "SELECT pg_reload_conf()");
}

/* --- who is found ----------------------------------------------------------------------------------------------------- */

static void test_replication__the_writable_one_is_found_wherever_it_stands(void **state)
{
    (void) state;
    expect_address(log_of("wait", all_three("postgres"), WORDS("--until", "writable"), 0), cluster);
    expect_address(log_of("wait", all_three("postgres"), WORDS("--until", "standby"), 0), standby);
}

static void test_replication__up_migrates_on_the_primary(void **state)
{
    (void) state;
    const char *database = up_database("cluster");
    catch_up(standby);
    catch_up(other);
    const char *log = log_of("up", all_three(database), WORDS("-m", FILES({ "1.sql", "CREATE TABLE a (b int);" })), 0);
    assert_int_equal(event_count(log, "migration_applied"), 1);
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "1");
}

/* --- up, and the standbys after it ------------------------------------------------------------------------------------ */

static const char *one_file(void)
{
    return FILES({ "1.sql", "CREATE TABLE a (b int);" });
}

/* What is committed from now on is replayed an hour later. */
static void delay(struct cluster *at)
{
    catch_up(at);
    set(at, "recovery_min_apply_delay = '1h'");
    cluster_wait_until(at, NULL, "current_setting('recovery_min_apply_delay') = '1h'");
}

/* The others' word is not enough: each standby's own ledger has to show every file. */
static void test_replicated__each_standby_is_waited_for(void **state)
{
    (void) state;
    const char *database = up_database("replicated");
    delay(other);
    struct run *run = begin("up", all_three(database), WORDS("-m", one_file(), "--until", "replicated"));
    run_wait_for(run, "\"crowd_waiting\"");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "1");
    reset(other, "recovery_min_apply_delay");
    const char *ready = event_line(up_end(run, 0).output, "crowd_ready");
    assert_contains(ready, "\"until\":\"replicated\"");
    assert_contains(ready, "\"primaries\":1,\"standbys\":2");
    assert_string_equal(cluster_sql(standby, database, "SELECT count(*) FROM schema_migrations"), "1");
    assert_string_equal(cluster_sql(other, database, "SELECT count(*) FROM schema_migrations"), "1");
    const char *log = log_of("up", all_three(database), WORDS("-m", one_file(), "--until", "replicated"), 0);
    assert_int_equal(event_count(log, "migration_applied"), 0); /* and with nothing pending it looks all the same */
    assert_int_equal(event_count(log, "crowd_ready"), 1);
}

static void test_replicated__files_that_are_still_missing_when_time_is_up_are_8(void **state)
{
    (void) state;
    const char *database = up_database("pending");
    catch_up(other);
    delay(other);
    const char *log = log_of("up", all_three(database),
                             WORDS("-m", one_file(), "--until", "replicated", "--interval", "500ms", "--attempts", "4"), 8);
    assert_int_equal(event_count(log, "migration_applied"), 1);
    assert_contains(event_line(log, "failed"), must_format("127.0.0.1:%d migrations are pending", cluster_port(other)));
    assert_contains(event_line(log, "finished"), "\"outcome\":\"pending\",\"exit_code\":8");
    reset(other, "recovery_min_apply_delay");
}

static void test_replicated__a_host_that_does_not_answer_is_3(void **state)
{
    (void) state;
    const char *conninfo = conninfo_of(must_format("%d,%d", cluster_port(cluster), port_reserve()), "127.0.0.1,127.0.0.1",
                                       up_database("absent"));
    const char *log = log_of("up", conninfo,
                             WORDS("-m", one_file(), "--until", "replicated", "--interval", "500ms", "--attempts", "2"), 3);
    assert_int_equal(event_count(log, "migration_applied"), 1);
    assert_contains(event_line(log, "failed"), "connection refused");
}

static void test_replicated__without_a_standby_there_is_a_warning(void **state)
{
    (void) state;
    const char *log =
        log_of("up", cluster_conninfo(cluster, up_database("alone")), WORDS("-m", one_file(), "--until", "replicated"), 0);
    assert_contains(event_line(log, "no_standby"), "\"level\":\"warn\"");
}

static void test_replicated__a_signal_ends_the_wait(void **state)
{
    (void) state;
    delay(other);
    struct run *run = begin("up", all_three(up_database("stopped")), WORDS("-m", one_file(), "--until", "replicated"));
    run_wait_for(run, "\"crowd_waiting\"");
    run_signal(run, SIGTERM);
    up_end(run, 143);
    reset(other, "recovery_min_apply_delay");
}

/* --- standbys that lag ------------------------------------------------------------------------------------------------ */

static void test_lag__a_standby_that_has_caught_up_lags_by_nothing(void **state)
{
    (void) state;
    cluster_sql(cluster, NULL, "CREATE TABLE caught_up (a int)");
    catch_up(standby);
    const char *conninfo = cluster_conninfo(standby, "postgres");
    log_of("wait", conninfo, WORDS("--until", "standby", "--max-lag", "0"), 0);
    log_of("wait", conninfo, WORDS("--until", "standby", "--max-lag", "0s"), 0); /* however idle the primary */
    log_of("wait", conninfo, WORDS("--max-lag", "16MB"), 0);
    log_of("wait", cluster_conninfo(cluster, "postgres"), WORDS("--max-lag", "0"), 0); /* a primary lags behind nobody */
}

/* Each a target of its own; the primary's word reaches the standbys of the same system. */
static void test_lag__within_a_crowd(void **state)
{
    (void) state;
    catch_up(standby);
    catch_up(other);
    const char *need = "primary=1,standby>=2";
    const char *log = log_of("wait", all_three("postgres"), WORDS("--need", need, "--max-lag", "16MB"), 0);
    assert_contains(event_line(log, "crowd_ready"), "\"primaries\":1,\"standbys\":2");
}

/* Its commits are replayed an hour later: that it lags is known from what it has received. */
static void test_lag__a_delayed_standby_is_waited_for(void **state)
{
    (void) state;
    const char *conninfo = cluster_conninfo(standby, "postgres");
    delay(standby);
    cluster_sql(cluster, NULL, "CREATE TABLE delayed (a int)");
    cluster_wait_until(standby, NULL, "pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()");
    assert_contains(event_line(log_of("wait", conninfo, brief_with("0"), 3), "failed"), "behind its primary");
    log_of("wait", conninfo, brief_with("1GB"), 0);
    log_of("wait", conninfo, brief_with("9h"), 0);
    struct run *run = begin("wait", conninfo, WORDS("--until", "standby", "--max-lag", "0", "--log-level", "debug"));
    run_wait_for(run, "behind its primary");
    reset(standby, "recovery_min_apply_delay");
    up_end(run, 0);
}

/* Bounded by time it has to be told how old its data are: the last commit that it has replayed. */
static void test_lag__by_time(void **state)
{
    (void) state;
    catch_up(other);
    cluster_sql(cluster, NULL, "CREATE TABLE by_time (a int)");
    catch_up(other);
    cluster_sql(other, NULL, "SELECT pg_wal_replay_pause()");
    cluster_wait_until(other, NULL, "pg_get_wal_replay_pause_state() = 'paused'");
    cluster_sql(cluster, NULL, "DROP TABLE by_time");
    cluster_wait_until(other, NULL, "pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()");
    const char *log = log_of("wait", cluster_conninfo(other, "postgres"), brief_with("1ms"), 3);
    assert_contains(event_line(log, "failed"), "ms behind its primary");
    cluster_sql(other, NULL, "SELECT pg_wal_replay_resume()");
    log_of("wait", cluster_conninfo(other, "postgres"), WORDS("--until", "standby", "--max-lag", "1ms"), 0);
}

/* Without a stream nothing is known, unless the primary is among the hosts and says how far it is. */
static void test_lag__a_standby_that_is_cut_off(void **state)
{
    (void) state;
    catch_up(other);
    set(other, "primary_conninfo = ''");
    cluster_wait_until(other, NULL, "NOT EXISTS (SELECT FROM pg_stat_wal_receiver)");
    const char *log = log_of("wait", cluster_conninfo(other, "postgres"), brief_with("16MB"), 3);
    assert_contains(event_line(log, "failed"), "does not stream");
    const char *ports = must_format("%d,%d", cluster_port(cluster), cluster_port(other));
    const char *both = conninfo_of(ports, "127.0.0.1,127.0.0.1", "postgres");
    expect_address(log_of("wait", both, brief_with("1GB"), 0), other);
    cluster_sql(cluster, NULL, "CREATE TABLE cut_off AS SELECT generate_series(1, 20000)");
    log = log_of("wait", both, brief_with("100kB"), 3);
    assert_contains(event_line(log, "failed"), "a standby too far behind");
    reset(other, "primary_conninfo");
    log_of("wait", both, WORDS("--until", "standby", "--max-lag", "0"), 0);
}

static void test_lag__a_role_without_privileges_can_ask(void **state)
{
    (void) state;
    cluster_sql(cluster, NULL, "CREATE ROLE anybody LOGIN");
    catch_up(standby);
    const char *conninfo = must_format("host=127.0.0.1 port=%d user=anybody dbname=postgres", cluster_port(standby));
    log_of("wait", conninfo, WORDS("--until", "standby", "--max-lag", "0"), 0);
}

/* --- promotion; from here on the cluster is another one ----------------------------------------------------------------- */

static void test_replication__a_standby_that_is_promoted_while_it_is_waited_for(void **state)
{
    (void) state;
    catch_up(standby);
    catch_up(other);
    cluster_stop(cluster, CLUSTER_FAST);
    struct run *run = begin("wait", all_three("postgres"), WORDS("--until", "writable", "--log-level", "debug"));
    run_wait_for(run, must_format("127.0.0.1:%d: a standby, not writable", cluster_port(standby)));
    run_wait_for(run, must_format("127.0.0.1:%d: a standby, not writable", cluster_port(other)));
    cluster_sql(other, NULL, "SELECT pg_promote()");
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "ready"), "\"role\":\"primary\"");
    expect_address(log, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_replication__the_writable_one_is_found_wherever_it_stands),
        UP_TEST(test_replication__up_migrates_on_the_primary),
        UP_TEST(test_replicated__each_standby_is_waited_for),
        UP_TEST(test_replicated__files_that_are_still_missing_when_time_is_up_are_8),
        UP_TEST(test_replicated__a_host_that_does_not_answer_is_3),
        UP_TEST(test_replicated__without_a_standby_there_is_a_warning),
        UP_TEST(test_replicated__a_signal_ends_the_wait),
        UP_TEST(test_lag__a_standby_that_has_caught_up_lags_by_nothing),
        UP_TEST(test_lag__within_a_crowd),
        UP_TEST(test_lag__a_delayed_standby_is_waited_for),
        UP_TEST(test_lag__by_time),
        UP_TEST(test_lag__a_standby_that_is_cut_off),
        UP_TEST(test_lag__a_role_without_privileges_can_ask),
        UP_TEST(test_replication__a_standby_that_is_promoted_while_it_is_waited_for),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start, stop);
}
