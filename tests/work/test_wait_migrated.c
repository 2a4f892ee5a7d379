/*
 * `wait --until migrated`: an application that waits for another one's `up`. What is applied is heard of, whoever may not write
 * waits as well, and a thousand of them leave room for the one who works.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "pooler.h"
#include "waiting.h"

enum { WAITERS = 30, SLOTS = 16 };

static const char *two_files(void)
{
    return FILES({ "1.sql", "CREATE TABLE a (b int);" }, { "2.sql", "CREATE TABLE c (d int);" });
}

static struct up waiter(const char *folder, const char *database)
{
    static const char *const words[] = { "--until", "migrated", "--log-level", "debug", NULL };
    return (struct up){ .command = "wait", .migrations = folder, .database = database, .arguments = words };
}

/* --- what up tells ---------------------------------------------------------------------------------------------------- */

static PGconn *listener(const char *database, const char *channel)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PGresult *result = PQexec(conn, must_format("LISTEN %s", channel));
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    return conn;
}

/* Closes it as well. */
static const char *heard_by(PGconn *conn)
{
    struct bytes heard = { 0 };
    bytes_add(&heard, "", 0);
    PQclear(PQexec(conn, "SELECT 1"));
    for (PGnotify *notify; (notify = PQnotifies(conn)) != NULL; PQfreemem(notify))
        bytes_add_format(&heard, "%s %s,", notify->relname, notify->extra);
    const char *kept = must_keep(heard.at, heard.size);
    bytes_finish(&heard);
    PQfinish(conn);
    return kept;
}

static void test_notify__each_migration_is_told_with_its_commit(void **state)
{
    (void) state;
    const char *database = up_database("told");
    PGconn *conn = listener(database, "schema_migrations");
    up_run(&(struct up){ .migrations = two_files(), .database = database }, 0);
    assert_string_equal(heard_by(conn), "schema_migrations 1.sql,schema_migrations 2.sql,");
}

static void test_notify__what_is_rolled_back_is_not_told(void **state)
{
    (void) state;
    const char *database = up_database("untold");
    const char *folder = FILES({ "1.sql", "CREATE TABLE a (b int);" }, { "2.sql", "SELECT 1 / 0;" });
    PGconn *conn = listener(database, "schema_migrations");
    up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_string_equal(heard_by(conn), "schema_migrations 1.sql,");
}

static void test_notify__the_channel_is_the_ledgers_table(void **state)
{
    (void) state;
    const char *database = up_database("channel");
    PGconn *conn = listener(database, "\"My Ledger\"");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "VACUUM pg_class;" }),
                         .database = database,
                         .arguments = WORDS("--ledger", "s.\"My Ledger\"") },
           0);
    assert_string_equal(heard_by(conn), "My Ledger 1.sql,");
}

/* --- one who waits ---------------------------------------------------------------------------------------------------- */

/* The one before it in the list lacks more. */
static void test_migrated__a_server_that_lacks_only_migrations_says_so_behind_one_that_is_away(void **state)
{
    (void) state;
    const char *conninfo = must_format("host=nobody.test,127.0.0.1 port=%d user=postgres dbname=%s", cluster_port(cluster),
                                       up_database("behind"));
    const struct up up = { .command = "wait",
                           .migrations = two_files(),
                           .hosts = write_hosts(NULL, ""),
                           .arguments = WORDS("--database", conninfo, "--until", "migrated", "--timeout", "1s") };
    assert_contains(up_failure(&up, 8), "pgusher up");
}

static void test_migrated__is_over_when_another_has_applied_everything(void **state)
{
    (void) state;
    const char *database = up_database("another");
    const char *folder = two_files();
    struct up up = waiter(folder, database);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"until\":\"migrated\"");
}

static void test_migrated__is_over_at_once_when_everything_is_applied(void **state)
{
    (void) state;
    const char *database = up_database("done");
    const char *folder = two_files();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    size_t mark = cluster_log_mark(cluster);
    struct up up = waiter(folder, database);
    up_run(&up, 0);
    assert_lacks(cluster_log(cluster, mark), "LISTEN"); /* nothing to wait for */
}

static void test_migrated__listens_and_then_reads(void **state)
{
    (void) state;
    const char *database = up_database("listens");
    size_t mark = cluster_log_mark(cluster);
    struct up up = waiter(two_files(), database);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    const char *log = cluster_log(cluster, mark);
    const char *listen = strstr(log, "LISTEN \"schema_migrations\"");
    assert_non_null(listen);
    assert_contains(listen, "pg_is_in_recovery()");
    run_signal(run, SIGTERM);
    up_end(run, 143);
}

/* Each waiter goes on when it hears of the row, and not before: the last reading is the one that a notification asked for. */
static void test_migrated__reads_again_when_it_is_told(void **state)
{
    (void) state;
    const char *database = up_database("again");
    const char *folder = two_files();
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE a (b int);" }), .database = database }, 0);
    struct up up = waiter(folder, database);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    cluster_sql(cluster, database,
                "INSERT INTO schema_migrations (migration_name) VALUES ('2.sql'); "
                "NOTIFY schema_migrations, '2.sql'");
    up_end(run, 0);
}

static void test_migrated__other_runners_rows_are_found_without_being_told(void **state)
{
    (void) state;
    const char *database = up_database("untold");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE a (b int);" }), .database = database }, 0);
    struct up up = waiter(two_files(), database);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    cluster_sql(cluster, database, "INSERT INTO schema_migrations (migration_name) VALUES ('2.sql')");
    up_end(run, 0);
}

static void test_migrated__a_role_that_may_only_read_can_wait(void **state)
{
    (void) state;
    const char *database = up_database("reader");
    const char *folder = two_files();
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE a (b int);" }), .database = database }, 0);
    cluster_sql(cluster, database,
                "CREATE ROLE reader LOGIN; GRANT SELECT ON schema_migrations TO reader; "
                "ALTER ROLE reader SET default_transaction_read_only = on");
    struct up up = waiter(folder, database);
    up.role = "reader";
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    up_end(run, 0);
}

/* The ledger is there from the first file on, and the role may read it from the second. */
static void test_migrated__a_right_that_comes_a_moment_later_is_waited_for(void **state)
{
    (void) state;
    const char *database = up_database("later");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE a (b int);" }, { "2.sql", "GRANT SELECT ON schema_migrations TO late;" });
    cluster_sql(cluster, database, "CREATE ROLE late LOGIN");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE a (b int);" }), .database = database }, 0);
    struct up up = waiter(folder, database);
    up.role = "late";
    struct run *run = up_begin(&up);
    run_wait_for(run, "logged in, but not served");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    up_end(run, 0);
}

static void test_migrated__a_right_that_does_not_come_is_a_refusal_after_the_grace(void **state)
{
    (void) state;
    const char *database = up_database("never");
    up_run(&(struct up){ .migrations = two_files(), .database = database }, 0);
    cluster_sql(cluster, database, "CREATE ROLE unlucky LOGIN");
    const struct up up = { .command = "wait",
                           .migrations = two_files(),
                           .database = database,
                           .role = "unlucky",
                           .arguments = WORDS("--until", "migrated", "--grace", "300ms") };
    const char *said = up_failure(&up, 4);
    assert_contains(said, "refuses: permission denied for table schema_migrations");
    assert_contains(said, "GRANT SELECT");
}

static void test_migrated__a_server_that_is_restarted_only_sets_it_back(void **state)
{
    (void) state;
    struct cluster *own = cluster_new();
    cluster_start(own);
    const char *folder = two_files();
    struct up up = waiter(folder, "postgres");
    up.port = cluster_port(own);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    cluster_stop(own, CLUSTER_FAST);
    run_wait_for(run, "connection refused");
    cluster_start(own);
    up_run(&(struct up){ .migrations = folder, .database = "postgres", .port = cluster_port(own) }, 0);
    up_end(run, 0);
    cluster_free(own);
}

/* A standby has no notifications, and asking for them would be an error in its log. */
static void test_migrated__a_standby_is_asked_now_and_then(void **state)
{
    (void) state;
    const char *database = up_database("standby");
    struct cluster *standby = cluster_new_standby(cluster);
    const char *folder = two_files();
    cluster_start(standby);
    size_t mark = cluster_log_mark(standby);
    struct up up = waiter(folder, database);
    up.port = cluster_port(standby);
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_contains(event_line(up_end(run, 0).output, "ready"), "\"role\":\"standby\"");
    assert_lacks(cluster_log(standby, mark), "LISTEN");
    assert_lacks(cluster_log(standby, mark), "ERROR");
    cluster_free(standby);
}

/* A pooler has fewer connections than the server, and would give what comes to whoever has the connection then. */
static void test_migrated__behind_a_pooler_nothing_is_kept(void **state)
{
    (void) state;
    const char *database = up_database("pooled");
    const char *folder = two_files();
    int port = pooler_start(cluster, "session", 1);
    size_t mark = cluster_log_mark(cluster);
    struct up up = waiter(folder, database);
    up.port = port;
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database, .port = port }, 0); /* by the only connection */
    up_end(run, 0);
    assert_lacks(cluster_log(cluster, mark), "LISTEN");
}

/*
 * One of a thousand may wait for its answer longer than a window. Who gave up then and came again would have the server do the same work
 * anew, as the others do, and none of them would ever be answered.
 */
static void test_migrated__a_busy_server_is_waited_for_beyond_a_window(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "pg_is_in_recovery",
          .rows = "pid|r|o|v|schema|ledger|log|lw|se|mc|sc|rows|log_rows\n4711|f|f|150004|public|f|f|\\N|t|t|t|\\N|\\N",
          .deed = FAKE_UNTIL_HEARD,
          .until = "now" },
        FAKE_END,
    };
    static const struct fake_visit visits[] = { { .replies = replies } };
    waiting_make(state);
    PLAY(first, visits);
    struct run *run = wait_begin(only(first), WORDS("--until", "migrated", "--migrations", folder_new(), "--interval",
                                                    "50ms", "--attempts", "1000000"));
    run_wait_for(run, "\"attempt\":5");
    PGconn *conn = PQconnectdb(fake_server_conninfo(first));
    PQclear(PQexec(conn, "now"));
    PQfinish(conn);
    up_end(run, 0);
    assert_int_equal(fake_server_connections(first), 2); /* this one's, and the waiter's only one */
    waiting_clear(state);
}

/* --- many who wait ---------------------------------------------------------------------------------------------------- */

/* Twice as many as there are connections: they keep less than half of them, and up is let in. */
static void test_migrated__a_crowd_leaves_room_for_the_one_who_works(void **state)
{
    (void) state;
    struct cluster *small = cluster_new();
    cluster_configure(small, must_format("max_connections = %d", SLOTS));
    cluster_start(small);
    const char *folder = two_files();
    struct up up = waiter(folder, "postgres");
    struct run *runs[WAITERS];
    up.port = cluster_port(small);
    for (int i = 0; i < WAITERS; i++)
        runs[i] = up_begin(&up);
    for (int i = 0; i < WAITERS; i++)
        run_wait_for(runs[i], "migrations are pending");
    cluster_wait_until(small, NULL,
                       must_format("(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgusher' AND "
                                   "state = 'idle' AND query LIKE '%%is_crowded%%') < %d / 2",
                                   SLOTS));
    up_run(&(struct up){ .migrations = folder, .database = "postgres", .port = cluster_port(small) }, 0);
    for (int i = 0; i < WAITERS; i++)
        up_end(runs[i], 0);
    const char *log = cluster_log(small, 0);
    cluster_free(small);
    assert_non_null(log);
    assert_lacks(log, "ERROR:");
    assert_lacks(log, "reset by peer");
    assert_lacks(log, "unexpected EOF");
}

static void test_migrated__a_roles_own_limit_counts_as_well(void **state)
{
    (void) state;
    const char *database = up_database("limited");
    const char *folder = two_files();
    cluster_sql(cluster, NULL, "CREATE ROLE limited LOGIN CONNECTION LIMIT 1");
    cluster_sql(cluster, database, "GRANT ALL ON SCHEMA public TO limited");
    struct up up = waiter(folder, database);
    up.role = "limited";
    struct run *run = up_begin(&up);
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = folder, .database = database, .role = "limited" }, 0);
    up_end(run, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_notify__each_migration_is_told_with_its_commit),
        UP_TEST(test_notify__what_is_rolled_back_is_not_told),
        UP_TEST(test_notify__the_channel_is_the_ledgers_table),
        UP_TEST(test_migrated__a_server_that_lacks_only_migrations_says_so_behind_one_that_is_away),
        UP_TEST(test_migrated__is_over_when_another_has_applied_everything),
        UP_TEST(test_migrated__is_over_at_once_when_everything_is_applied),
        UP_TEST(test_migrated__listens_and_then_reads),
        UP_TEST(test_migrated__reads_again_when_it_is_told),
        UP_TEST(test_migrated__other_runners_rows_are_found_without_being_told),
        UP_TEST(test_migrated__a_role_that_may_only_read_can_wait),
        UP_TEST(test_migrated__a_right_that_comes_a_moment_later_is_waited_for),
        UP_TEST(test_migrated__a_right_that_does_not_come_is_a_refusal_after_the_grace),
        UP_TEST(test_migrated__a_server_that_is_restarted_only_sets_it_back),
        UP_TEST(test_migrated__a_standby_is_asked_now_and_then),
        UP_TEST(test_migrated__behind_a_pooler_nothing_is_kept),
        UP_TEST(test_migrated__a_busy_server_is_waited_for_beyond_a_window),
        UP_TEST(test_migrated__a_crowd_leaves_room_for_the_one_who_works),
        UP_TEST(test_migrated__a_roles_own_limit_counts_as_well),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
