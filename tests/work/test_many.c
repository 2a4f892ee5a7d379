/*
 * Several runners at once on one database: each migration is applied once, and nobody waits longer than was said.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "up.h"

enum { RUNNERS = 8, MIGRATIONS = 20 };

#define SLEEPING "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')"

static const char *twenty(void)
{
    const char *folder = FILES({ "00.sql", "CREATE TABLE t (a int);" });
    for (int i = 1; i < MIGRATIONS; i++)
        folder_add(folder, must_format("%02d.sql", i), must_format("INSERT INTO t VALUES (%d);", i));
    return folder;
}

static int run_side_by_side(const struct up *up)
{
    struct run *runs[RUNNERS];
    int applied = 0;
    for (int i = 0; i < RUNNERS; i++)
        runs[i] = up_begin(up);
    for (int i = 0; i < RUNNERS; i++)
        applied += event_count(up_end(runs[i], 0).output, "migration_applied");
    return applied;
}

static void test_many__eight_runners_apply_each_migration_once(void **state)
{
    (void) state;
    const char *database = up_database("eight");
    size_t mark = cluster_log_mark(cluster);
    assert_int_equal(run_side_by_side(&(struct up){ .migrations = twenty(), .database = database }), MIGRATIONS);
    expect_sql(database, "SELECT count(*), sum(a) FROM t", "19|190");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "20");
    expect_sql(database, "SELECT count(*), count(DISTINCT migration_name) FROM schema_migrations_log", "20|20");
    assert_lacks(cluster_log(cluster, mark), "ERROR:");
}

static void test_many__all_start_together_while_the_server_is_still_starting(void **state)
{
    (void) state;
    struct cluster *late = cluster_new();
    struct run *runs[RUNNERS];
    const struct up up = { .migrations = twenty(),
                           .database = "postgres",
                           .port = cluster_port(late),
                           .arguments = WORDS("--interval", "200ms", "--attempts", "600") };
    for (int i = 0; i < RUNNERS; i++)
        runs[i] = up_begin(&up);
    run_wait_for(runs[0], "\"event\":\"attempt_failed\"");
    cluster_start(late);
    for (int i = 0; i < RUNNERS; i++)
        up_end(runs[i], 0);
    assert_string_equal(cluster_sql(late, NULL, "SELECT count(*) FROM schema_migrations"), "20");
    cluster_free(late);
}

static const char *read_state(PGconn *conn, const char *column)
{
    const char *sql = folder_read(PGUSHER_DEMO_MIGRATIONS, "../state.sql");
    PGresult *result = PQexecParams(conn, sql, 2, NULL, (const char *const[]){ NULL, "schema_migrations" }, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(conn));
    const char *value = must_format("%s", PQgetvalue(result, 0, PQfnumber(result, column)));
    PQclear(result);
    return value;
}

/* Names are looked up in the present and columns in the query's snapshot: between the two a ledger must not seem to be another's. */
static void test_many__a_ledger_made_just_now_is_none_or_a_whole_one(void **state)
{
    (void) state;
    const char *database = up_database("justnow");
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ"));
    PQclear(PQexec(conn, "SELECT 1"));
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }), .database = database }, 0);
    assert_string_equal(read_state(conn, "ledger_exists"), "f");
    assert_string_equal(read_state(conn, "log_exists"), "f");
    PQclear(PQexec(conn, "COMMIT"));
    assert_string_equal(read_state(conn, "ledger_is_ours"), "t");
    assert_string_equal(read_state(conn, "log_is_ours"), "t");
    PQfinish(conn);
}

static void test_many__runners_of_other_databases_and_ledgers_do_not_meet(void **state)
{
    (void) state;
    const char *busy = up_database("busy");
    struct run *holder =
        up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT pg_sleep(600);" }), .database = busy });
    wait_until(busy, SLEEPING);
    const char *folder = FILES({ "2.sql", "SELECT 2;" });
    up_run(&(struct up){ .migrations = folder, .database = up_database("free"), .arguments = WORDS("--lock-wait", "0") }, 0);
    up_run(
        &(struct up){ .migrations = folder, .database = busy, .arguments = WORDS("--lock-wait", "0", "--ledger", "other") },
        0);
    run_signal(holder, SIGTERM);
    up_end(holder, 143);
}

static const char *log_of_locked_out(const char *lock_wait, const char **holder_began)
{
    const char *database = up_database("locked");
    struct run *holder = up_begin(&(struct up){ .migrations = FILES({ "1.sql", "SELECT pg_sleep(600);" }),
                                                .database = database,
                                                .environment = WORDS("PGAPPNAME=the-slow-one") });
    wait_until(database, SLEEPING);
    struct run_result result = up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                                                    .database = database,
                                                    .arguments = WORDS("--lock-wait", lock_wait) },
                                      7);
    const char *pid =
        cluster_sql(cluster, database, "SELECT pid FROM pg_stat_activity WHERE application_name = 'the-slow-one'");
    *holder_began = cluster_sql(cluster, database,
                                "SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                                "FROM pg_stat_activity WHERE application_name = 'the-slow-one'");
    assert_contains(result.errors, "the-slow-one");
    assert_contains(result.errors, must_format("process %s", pid));
    assert_contains(result.errors, must_format("connected since %s", *holder_began));
    assert_contains(event_line(result.output, "finished"), "\"outcome\":\"locked\",\"exit_code\":7");
    run_signal(holder, SIGTERM);
    up_end(holder, 143);
    return result.output;
}

static void test_many__lock_wait_0_ends_at_once_with_7_and_names_the_holder(void **state)
{
    (void) state;
    const char *holder_began;
    assert_int_equal(event_count(log_of_locked_out("0", &holder_began), "lock_waiting"), 0);
}

static void test_many__lock_wait_ends_with_7_and_names_the_holder(void **state)
{
    (void) state;
    const char *holder_began;
    const char *waiting = event_line(log_of_locked_out("300ms", &holder_began), "lock_waiting");
    assert_contains(waiting, "\"holder_application\":\"the-slow-one\"");
    assert_contains(waiting, "\"holder_address\":\"127.0.0.1\"");
    assert_contains(waiting, must_format("\"holder_since\":\"%s\"", holder_began));
}

/* Of another role's session the server shows little, and what it does not show is not said. */
static void test_many__what_a_role_may_not_see_of_the_holder_is_not_made_up(void **state)
{
    (void) state;
    const char *database = up_database("unseen");
    const char *folder = FILES({ "1.sql", "SELECT pg_sleep(600);" });
    struct run *holder = up_begin(&(struct up){ .migrations = folder, .database = database });
    wait_until(database, SLEEPING);
    cluster_sql(cluster, database,
                "CREATE ROLE onlooker LOGIN; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO onlooker");
    const char *said = up_failure(
        &(struct up){
            .migrations = folder, .database = database, .role = "onlooker", .arguments = WORDS("--lock-wait", "300ms") },
        7);
    assert_contains(said, "pgusher");
    assert_lacks(said, "from local");
    assert_lacks(said, "\"holder_address\"");
    assert_lacks(said, "connected since");
    run_signal(holder, SIGTERM);
    up_end(holder, 143);
}

static void test_many__with_nothing_pending_nobody_waits_for_the_lock(void **state)
{
    (void) state;
    const char *database = up_database("idle");
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    struct run *holder = up_begin(&(struct up){
        .migrations = FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT pg_sleep(600);" }), .database = database });
    wait_until(database, SLEEPING);
    up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--lock-wait", "0") }, 0);
    run_signal(holder, SIGTERM);
    up_end(holder, 143);
}

static void test_many__a_waiting_runner_goes_on_when_the_holder_is_killed(void **state)
{
    (void) state;
    const char *database = up_database("killed");
    cluster_sql(cluster, database, "CREATE TABLE pause AS SELECT 600 AS seconds");
    const struct up up = { .migrations =
                               FILES({ "1.sql", "SELECT pg_sleep(seconds) FROM pause;" }, { "2.sql", "SELECT 2;" }),
                           .database = database };
    struct run *holder = up_begin(&up);
    wait_until(database, SLEEPING);
    struct run *waiter = up_begin(&up);
    run_wait_for(waiter, "\"event\":\"lock_waiting\"");
    cluster_sql(cluster, database, "UPDATE pause SET seconds = 0");
    run_signal(holder, SIGKILL);
    run_end(holder);
    cluster_sql(cluster, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    struct run_result result = up_end(waiter, 0);
    assert_int_equal(event_count(result.output, "migration_applied"), 2);
}

/* A runner that takes no lock: psql with the row and the work in one transaction. */
static void test_many__a_runner_without_a_lock_does_not_make_us_apply_twice(void **state)
{
    (void) state;
    const char *database = up_database("lockless");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "INSERT INTO t VALUES (1);" },
                               { "3.sql", "INSERT INTO t VALUES (2);" });
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE t (a int);" }), .database = database }, 0);
    struct run *other = run_begin(&(struct run_spec){
        .program = cluster_program("psql"),
        .arguments = WORDS("-qAt", "-d", cluster_socket_conninfo(cluster, database)),
        .input = "BEGIN; INSERT INTO schema_migrations (migration_name) VALUES ('2.sql'); INSERT INTO t VALUES (1);\n"
                 "SELECT 'in';\nDO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = "
                 "'transactionid') LOOP "
                 "PERFORM pg_stat_clear_snapshot(); END LOOP; END $$;\nCOMMIT;\n" });
    run_wait_for(other, "in");
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_int_equal(run_end(other).exit_code, 0);
    assert_int_equal(event_count(result.output, "migration_applied"), 1);
    expect_sql(database, "SELECT count(*), sum(a) FROM t", "2|3");
    assert_string_equal(ledger_names(database), "1.sql,2.sql,3.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_many__eight_runners_apply_each_migration_once),
        UP_TEST(test_many__all_start_together_while_the_server_is_still_starting),
        UP_TEST(test_many__a_ledger_made_just_now_is_none_or_a_whole_one),
        UP_TEST(test_many__runners_of_other_databases_and_ledgers_do_not_meet),
        UP_TEST(test_many__lock_wait_0_ends_at_once_with_7_and_names_the_holder),
        UP_TEST(test_many__lock_wait_ends_with_7_and_names_the_holder),
        UP_TEST(test_many__what_a_role_may_not_see_of_the_holder_is_not_made_up),
        UP_TEST(test_many__with_nothing_pending_nobody_waits_for_the_lock),
        UP_TEST(test_many__a_waiting_runner_goes_on_when_the_holder_is_killed),
        UP_TEST(test_many__a_runner_without_a_lock_does_not_make_us_apply_twice),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
