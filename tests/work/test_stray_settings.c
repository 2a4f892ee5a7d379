/*
 * Settings that would lead the runner itself astray: a search_path without a schema, and what a file outside a transaction has SET
 * when it fails.
 */
#include <libpq-fe.h>
#include <signal.h>

#include "up.h"

static void test_ledger__is_found_again_when_no_schema_of_the_search_path_exists(void **state)
{
    (void) state;
    const char *database = up_database("nowhere");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET search_path = missing", database));
    const struct up up = { .migrations = FILES({ "1.sql", "CREATE TABLE public.once (a int);" }), .database = database };
    up_run(&up, 0);
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
    expect_sql(database, "SELECT count(*) FROM public.schema_migrations", "1");
    up_run(
        &(struct up){
            .command = "status", .migrations = up.migrations, .database = database, .arguments = WORDS("--check") },
        0);
}

static void test_ledger__a_role_that_may_not_use_public_can_still_wait(void **state)
{
    (void) state;
    const char *database = up_database("hardened");
    cluster_sql(cluster, database, "REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE outsider LOGIN");
    up_run(&(struct up){ .command = "wait", .database = database, .role = "outsider" }, 0);
}

static void test_stray_settings__the_next_try_looks_for_the_ledger_where_it_was(void **state)
{
    (void) state;
    const char *database = up_database("emptied");
    cluster_sql(cluster, database, "CREATE SCHEMA app; CREATE TABLE app.t (a int)");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET search_path = app", database));
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, "BEGIN; LOCK TABLE t"));
    const char *folder = FILES({ "1.sql", "CREATE TABLE app.once (a int);" },
                               { "2.sql", "-- pgusher: transaction=off\nSET search_path = '';\n"
                                          "ALTER TABLE app.t ADD COLUMN b int;" });
    struct run *run = up_begin(&(struct up){ .migrations = folder,
                                             .database = database,
                                             .arguments = WORDS("--lock-timeout", "100ms", "--lock-retries", "1000") });
    run_wait_for(run, "\"attempt\":2,\"attempts\":1000");
    PQfinish(conn);
    up_end(run, 0);
    expect_sql(database, "SELECT string_agg(migration_name, ',') FROM app.schema_migrations", "1.sql,2.sql");
    expect_sql(database, "SELECT to_regclass('public.schema_migrations')", "");
}

static void test_stray_settings__a_failure_is_logged_by_the_runner_and_not_by_the_files_role(void **state)
{
    (void) state;
    const char *database = up_database("humble");
    cluster_sql(cluster, database, "CREATE ROLE humble");
    const char *text = "-- pgusher: transaction=off\nSET ROLE humble;\nSELECT 1 / 0;";
    up_run(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = database }, 5);
    expect_sql(database, "SELECT event, statement, sqlstate FROM schema_migrations_log ORDER BY id DESC LIMIT 1",
               "failed|2|22012");
}

static void test_stray_settings__the_bound_on_the_lock_holds_though_the_idle_session_is_ended_again_and_again(void **state)
{
    (void) state;
    const char *database = up_database("fleeting");
    cluster_sql(cluster, database,
                "CREATE ROLE fleeting SUPERUSER LOGIN; ALTER ROLE fleeting SET idle_session_timeout = '50ms'");
    struct up up = { .migrations = FILES({ "1.sql", "SELECT pg_sleep(600);" }), .database = database };
    struct run *holder = up_begin(&up);
    run_wait_for(holder, "\"event\":\"lock_acquired\"");
    up.role = "fleeting";
    up.arguments = WORDS("--lock-wait", "1s");
    assert_int_not_equal(event_count(up_run(&up, 7).output, "connection_lost"), 0);
    run_signal(holder, SIGTERM);
    up_end(holder, 143);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_ledger__is_found_again_when_no_schema_of_the_search_path_exists),
        UP_TEST(test_ledger__a_role_that_may_not_use_public_can_still_wait),
        UP_TEST(test_stray_settings__the_next_try_looks_for_the_ledger_where_it_was),
        UP_TEST(test_stray_settings__a_failure_is_logged_by_the_runner_and_not_by_the_files_role),
        UP_TEST(test_stray_settings__the_bound_on_the_lock_holds_though_the_idle_session_is_ended_again_and_again),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
