/*
 * A runner that is killed without a word: the server notices, lets go of its locks, and the next run converges.
 */
#include <signal.h>

#include "up.h"

#define INTERVAL "current_setting('client_connection_check_interval')"

static void test_dead_runner__the_server_looks_after_its_client_in_every_migration(void **state)
{
    (void) state;
    const char *database = up_database("interval");
    up_run(&(struct up){ .migrations = FILES(
                             { "1.sql", "CREATE TABLE seen AS SELECT 1 AS n, " INTERVAL " AS it;" },
                             { "2.sql", "SET client_connection_check_interval = 0; INSERT INTO seen SELECT 2, " INTERVAL },
                             { "3.sql", "INSERT INTO seen SELECT 3, " INTERVAL }),
                         .database = database },
           0);
    expect_sql(database, "SELECT string_agg(it, ' ' ORDER BY n) FROM seen", "5s 0 5s");
}

static void test_dead_runner__a_roles_own_interval_is_left_alone(void **state)
{
    (void) state;
    const char *database = up_database("own");
    cluster_sql(cluster, database,
                "CREATE ROLE careful SUPERUSER LOGIN; ALTER ROLE careful SET client_connection_check_interval = '1s'");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE seen AS SELECT " INTERVAL " AS it;" }),
                         .database = database,
                         .role = "careful" },
           0);
    expect_sql(database, "SELECT it FROM seen", "1s");
}

#define PROBES                                                                                                              \
    "current_setting('tcp_keepalives_idle') || ' ' || current_setting('tcp_keepalives_interval') || ' ' || "                \
    "current_setting('tcp_keepalives_count')"

/* Its machine may vanish without a word, and the lock is held by a session that is idle then. */
static void test_dead_runner__the_server_probes_for_a_machine_that_vanished(void **state)
{
    (void) state;
    const char *database = up_database("probes");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "SET tcp_keepalives_idle = 0; CREATE TABLE seen (n int, it text);" },
                                             { "2.sql", "INSERT INTO seen SELECT 2, " PROBES }),
                         .database = database },
           0);
    expect_sql(database, "SELECT it FROM seen", "30 10 3");
}

static void test_dead_runner__a_roles_own_probes_are_left_alone(void **state)
{
    (void) state;
    const char *database = up_database("own_probes");
    cluster_sql(cluster, database,
                "CREATE ROLE probing SUPERUSER LOGIN; ALTER ROLE probing SET tcp_keepalives_idle = 20; "
                "ALTER ROLE probing SET tcp_keepalives_interval = 7; ALTER ROLE probing SET tcp_keepalives_count = 5");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE seen AS SELECT " PROBES " AS it;" }),
                         .database = database,
                         .role = "probing" },
           0);
    expect_sql(database, "SELECT it FROM seen", "20 7 5");
}

static void test_dead_runner__its_statement_ends_and_the_next_run_goes_on(void **state)
{
    (void) state;
    const char *database = up_database("killed");
    struct run *run = up_begin(&(struct up){
        .migrations = FILES({ "1.sql", "CREATE TABLE t (a int); SELECT pg_sleep(600);" }), .database = database });
    wait_until(database,
               "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");
    run_signal(run, SIGKILL);
    run_end(run);
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "CREATE TABLE t (a int);" }), .database = database }, 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_dead_runner__the_server_looks_after_its_client_in_every_migration),
        UP_TEST(test_dead_runner__a_roles_own_interval_is_left_alone),
        UP_TEST(test_dead_runner__the_server_probes_for_a_machine_that_vanished),
        UP_TEST(test_dead_runner__a_roles_own_probes_are_left_alone),
        UP_TEST(test_dead_runner__its_statement_ends_and_the_next_run_goes_on),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
