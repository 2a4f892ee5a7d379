/*
 * Waiting for real servers: one that is started, restarted or promoted while it is waited for, a role or a database that is made a
 * moment later, and each rung.
 */
#include "up.h"

static struct cluster *own; /* the one that a test starts and stops */

static int make(void **state)
{
    (void) state;
    own = cluster_new();
    return 0;
}

static int clear(void **state)
{
    up_clean(state);
    cluster_free(own);
    return 0;
}

static struct run *begin(const char *conninfo, const char *const *words)
{
    enum { MOST = 24 };
    const char *arguments[MOST + 1] = { "--database", conninfo };
    size_t size = 2;
    for (; words != NULL && *words != NULL && size < MOST; words++)
        arguments[size++] = *words;
    arguments[size] = NULL;
    return up_begin(&(struct up){ .command = "wait", .arguments = arguments });
}

static const char *log_of(const char *conninfo, const char *const *words, int exit_code)
{
    return up_end(begin(conninfo, words), exit_code).output;
}

static const char *conninfo_as(const char *role, const char *database)
{
    return must_format("host=127.0.0.1 port=%d user=%s dbname=%s", cluster_port(cluster), role, database);
}

/* --- servers that come ------------------------------------------------------------------------------------------------- */

static void test_wait__a_server_that_is_starting(void **state)
{
    (void) state;
    struct run *run = begin(cluster_conninfo(own, "postgres"), NULL);
    run_wait_for(run, "\"wait_started\"");
    cluster_launch(own);
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"role\":\"primary\"");
    cluster_wait_ready(own);
}

static void test_wait__over_the_unix_socket(void **state)
{
    (void) state;
    struct run *run = begin(cluster_socket_conninfo(own, "postgres"), WORDS("--interval", "100ms", "--attempts", "600"));
    run_wait_for(run, "no such unix socket");
    cluster_launch(own);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "ready"), must_format("\"address\":\"%s:", cluster_socket_folder(own)));
    cluster_wait_ready(own);
}

/* As the official images do: a first server answers, goes away, and another one comes. */
static void test_wait__a_server_that_is_restarted_in_the_middle(void **state)
{
    (void) state;
    cluster_make_standby(own);
    cluster_start(own);
    struct run *run = begin(cluster_conninfo(own, "postgres"), WORDS("--until", "writable", "--log-level", "debug"));
    run_wait_for(run, "a standby, not writable");
    cluster_stop(own, CLUSTER_FAST);
    run_wait_for(run, "connection refused");
    cluster_start(own);
    cluster_sql(own, NULL, "SELECT pg_promote()");
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"role\":\"primary\"");
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

static void test_wait__a_standby_that_is_promoted(void **state)
{
    (void) state;
    cluster_make_standby(own);
    cluster_start(own);
    const char *conninfo = cluster_conninfo(own, "postgres");
    assert_contains(event_line(log_of(conninfo, NULL, 0), "ready"), "\"role\":\"standby\"");
    assert_contains(event_line(log_of(conninfo, WORDS("--until", "standby"), 0), "ready"), "\"until\":\"standby\"");
    size_t mark = cluster_log_mark(own);
    struct run *run = begin(conninfo, WORDS("--until", "writable", "--log-level", "debug"));
    run_wait_for(run, "a standby, not writable");
    cluster_sql(own, NULL, "SELECT pg_promote()");
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"role\":\"primary\"");
    assert_int_equal(
        count(cluster_log(own, mark), "connection authorized: user=postgres database=postgres application_name=pgusher"), 1);
    log_of(conninfo, WORDS("--until", "standby", "--attempts", "1", "--interval", "100ms"), 3);
}

/* On a standby nobody can LISTEN: what is asked there now and then is heard of once it is a primary. */
static void test_wait__migrated_on_a_standby_that_is_promoted(void **state)
{
    (void) state;
    cluster_make_standby(own);
    cluster_start(own);
    const char *folder = FILES({ "1.sql", "CREATE TABLE a (b int);" });
    const char *conninfo = cluster_conninfo(own, "postgres");
    struct run *run = begin(conninfo, WORDS("--until", "migrated", "-m", folder, "--log-level", "debug"));
    run_wait_for(run, "migrations are pending");
    cluster_sql(own, NULL, "SELECT pg_promote()");
    up_run(&(struct up){ .migrations = folder, .arguments = WORDS("--database", conninfo) }, 0);
    const char *ready = event_line(up_end(run, 0).output, "ready");
    assert_contains(ready, "\"until\":\"migrated\"");
    assert_contains(ready, "\"role\":\"primary\"");
}

/* --- what is made a moment later --------------------------------------------------------------------------------------- */

static void test_wait__a_database_that_is_made_a_moment_later(void **state)
{
    (void) state;
    struct run *run = begin(conninfo_as("postgres", "later"), WORDS("--log-level", "debug", "--grace", "60s"));
    run_wait_for(run, "\"knocked\"");
    cluster_sql(cluster, NULL, "CREATE DATABASE later");
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "knocked"), "no such database");
}

static void test_wait__a_role_that_is_made_a_moment_later(void **state)
{
    (void) state;
    struct run *run = begin(conninfo_as("newcomer", "postgres"), WORDS("--log-level", "debug", "--grace", "60s"));
    run_wait_for(run, "\"knocked\"");
    cluster_sql(cluster, NULL, "CREATE ROLE newcomer LOGIN");
    assert_contains(event_line(up_end(run, 0).output, "knocked"), "login refused");
}

static void test_wait__what_is_never_made_is_a_refusal(void **state)
{
    (void) state;
    const char *log = log_of(conninfo_as("postgres", "never"), WORDS("--grace", "0"), 4);
    assert_contains(event_line(log, "failed"), "\"sqlstate\":\"3D000\"");
    log = log_of(conninfo_as("nobody", "postgres"), WORDS("--grace", "0"), 4);
    assert_contains(event_line(log, "failed"), "\"sqlstate\":\"28000\"");
}

static void test_wait__a_server_that_is_full_is_waited_for(void **state)
{
    (void) state;
    cluster_sql(cluster, NULL, "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0");
    struct run *run = begin(conninfo_as("crowd", "postgres"), WORDS("--log-level", "debug", "--grace", "0"));
    run_wait_for(run, "too many connections");
    cluster_sql(cluster, NULL, "ALTER ROLE crowd CONNECTION LIMIT 1");
    up_end(run, 0);
}

/* --- rungs ------------------------------------------------------------------------------------------------------------- */

static void test_wait__below_a_login_neither_role_nor_database_has_to_be_there(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    log_of(conninfo_as("nobody", "nowhere"), WORDS("--until", "listening"), 0);
    assert_lacks(cluster_log(cluster, mark), "user=nobody");
    log_of(conninfo_as("nobody", "nowhere"), WORDS("--until", "accepting", "--grace", "0"), 0);
}

static void test_wait__a_database_that_is_read_only_by_default_is_not_writable(void **state)
{
    (void) state;
    const char *database = up_database("frozen");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET default_transaction_read_only = on", database));
    const char *conninfo = cluster_conninfo(cluster, database);
    assert_contains(event_line(log_of(conninfo, NULL, 0), "ready"), "\"role\":\"read-only\"");
    const char *log = log_of(conninfo, WORDS("--until", "writable", "--interval", "1s", "--attempts", "2"), 3);
    assert_contains(event_line(log, "failed"), "read-only");
}

static void test_wait__migrated_waits_for_another_runner(void **state)
{
    (void) state;
    const char *database = up_database("migrated");
    const char *folder = FILES({ "1.sql", "CREATE TABLE a (b int);" }, { "2.sql", "CREATE TABLE c (d int);" });
    const char *conninfo = cluster_conninfo(cluster, database);
    const char *log = log_of(conninfo, WORDS("--until", "migrated", "-m", folder, "--interval", "1s", "--attempts", "2"), 8);
    assert_contains(event_line(log, "failed"), "pgusher status shows which");
    struct run *run = begin(conninfo, WORDS("--until", "migrated", "-m", folder, "--log-level", "debug"));
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"until\":\"migrated\"");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "2");
}

static void test_wait__migrated_writes_nothing(void **state)
{
    (void) state;
    const char *database = up_database("looking");
    const char *folder = FILES({ "1.sql", "CREATE TABLE a (b int);" });
    log_of(cluster_conninfo(cluster, database),
           WORDS("--until", "migrated", "-m", folder, "--interval", "1s", "--attempts", "2"), 8);
    expect_sql(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", "0");
}

static void test_wait__it_leaves_without_a_trace_in_the_servers_log(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    log_of(cluster_conninfo(cluster, "postgres"), NULL, 0);
    cluster_wait_log(cluster, mark, "disconnection");
    const char *log = cluster_log(cluster, mark);
    assert_lacks(log, "ERROR");
    assert_lacks(log, "reset by peer");
    assert_lacks(log, "unexpected EOF");
}

#define OWN(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN(test_wait__a_server_that_is_starting),
        OWN(test_wait__over_the_unix_socket),
        OWN(test_wait__a_server_that_is_restarted_in_the_middle),
        OWN(test_wait__a_standby_that_is_promoted),
        OWN(test_wait__migrated_on_a_standby_that_is_promoted),
        UP_TEST(test_wait__a_database_that_is_made_a_moment_later),
        UP_TEST(test_wait__a_role_that_is_made_a_moment_later),
        UP_TEST(test_wait__what_is_never_made_is_a_refusal),
        UP_TEST(test_wait__a_server_that_is_full_is_waited_for),
        UP_TEST(test_wait__below_a_login_neither_role_nor_database_has_to_be_there),
        UP_TEST(test_wait__a_database_that_is_read_only_by_default_is_not_writable),
        UP_TEST(test_wait__migrated_waits_for_another_runner),
        UP_TEST(test_wait__migrated_writes_nothing),
        UP_TEST(test_wait__it_leaves_without_a_trace_in_the_servers_log),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
