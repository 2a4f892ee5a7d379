/*
 * The cluster against itself: that it is ready when it says so, stops, starts again on its port, and logs what tests look for.
 */
#include <libpq-fe.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/workspace.h"

static bool logs_in(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    bool good = PQstatus(conn) == CONNECTION_OK;
    PQfinish(conn);
    return good;
}

static void test_cluster__is_ready_when_start_returns(void **state)
{
    (void) state;
    assert_true(logs_in(cluster_conninfo(cluster, NULL)));
    assert_true(logs_in(cluster_url(cluster, "postgres")));
    assert_true(logs_in(cluster_socket_conninfo(cluster, NULL)));
}

static void test_cluster__sql_answers_like_psql(void **state)
{
    (void) state;
    assert_string_equal(cluster_sql(cluster, NULL, "VALUES (1, 'a'), (2, NULL)"), "1|a\n2|");
    assert_string_equal(cluster_sql(cluster, NULL, "CREATE TEMPORARY TABLE t (a int); SELECT * FROM t"), "");
}

static void test_cluster__databases_have_names_of_their_own(void **state)
{
    (void) state;
    const char *one = cluster_create_database(cluster, "same");
    const char *two = cluster_create_database(cluster, "same");
    assert_string_not_equal(one, two);
    assert_string_equal(cluster_sql(cluster, two, "SELECT current_database()"), two);
}

static void test_cluster__the_log_shows_a_clients_life(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    PGconn *conn = PQconnectdb(must_format("%s application_name=subject", cluster_conninfo(cluster, NULL)));
    PQclear(PQexec(conn, "SELECT 'a text to look for'"));
    PQclear(PQexec(conn, "SELECT 1/0"));
    PQfinish(conn);
    cluster_wait_log(cluster, mark, "disconnection:");
    const char *log = cluster_log(cluster, mark);
    assert_contains(log, "connection received: host=127.0.0.1");
    assert_contains(log, "postgres@postgres(subject) LOG:  statement: SELECT 'a text to look for'");
    assert_contains(log, " 22012 postgres@postgres(subject) ERROR:  division by zero");
}

static void test_cluster__own_sessions_log_no_statements(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    cluster_sql(cluster, NULL, "SELECT 'whispered'");
    cluster_wait_log(cluster, mark, "disconnection:");
    assert_lacks(cluster_log(cluster, mark), "whispered");
}

static void test_cluster__hba_is_in_force_at_once(void **state)
{
    (void) state;
    cluster_write_hba(cluster, "host all all 127.0.0.1/32 reject");
    assert_false(logs_in(cluster_conninfo(cluster, NULL)));
    assert_string_equal(cluster_sql(cluster, NULL, "SELECT 1"), "1");
    cluster_write_hba(cluster, NULL);
    assert_true(logs_in(cluster_conninfo(cluster, NULL)));
}

static void test_cluster__starts_again_on_the_same_port(void **state)
{
    (void) state;
    int port = cluster_port(cluster);
    cluster_stop(cluster, CLUSTER_FAST);
    assert_false(logs_in(cluster_conninfo(cluster, NULL)));
    cluster_configure(cluster, "work_mem = '5MB'");
    cluster_start(cluster);
    assert_int_equal(cluster_port(cluster), port);
    assert_string_equal(cluster_sql(cluster, NULL, "SHOW work_mem"), "5MB");
}

static void test_cluster__recovers_from_an_immediate_stop(void **state)
{
    (void) state;
    cluster_stop(cluster, CLUSTER_IMMEDIATE);
    cluster_launch(cluster);
    cluster_wait_ready(cluster);
    assert_string_equal(cluster_sql(cluster, NULL, "SELECT 1"), "1");
}

static void test_cluster__can_be_a_standby_and_be_promoted(void **state)
{
    (void) state;
    struct cluster *standby = cluster_new();
    cluster_make_standby(standby);
    cluster_start(standby);
    assert_int_not_equal(cluster_port(standby), cluster_port(cluster));
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_is_in_recovery()"), "t");
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_promote()"), "t");
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_is_in_recovery()"), "f");
    cluster_free(standby);
}

static void test_cluster__a_standby_follows_and_takes_over(void **state)
{
    (void) state;
    cluster_sql(cluster, NULL, "CREATE TABLE copied AS SELECT 1 AS a");
    struct cluster *standby = cluster_new_standby(cluster);
    cluster_start(standby);
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_is_in_recovery(), a FROM copied"), "t|1");
    cluster_sql(cluster, NULL, "INSERT INTO copied VALUES (2)");
    cluster_wait_until(standby, NULL, "(SELECT count(*) FROM copied) = 2");
    cluster_stop(cluster, CLUSTER_FAST);
    assert_string_equal(cluster_sql(standby, NULL, "SELECT pg_promote()"), "t");
    cluster_follow(cluster, standby);
    cluster_start(cluster);
    cluster_sql(standby, NULL, "INSERT INTO copied VALUES (3)");
    cluster_wait_until(cluster, NULL, "pg_is_in_recovery() AND (SELECT count(*) FROM copied) = 3");
    cluster_free(standby);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster__is_ready_when_start_returns),
        cmocka_unit_test(test_cluster__sql_answers_like_psql),
        cmocka_unit_test(test_cluster__databases_have_names_of_their_own),
        cmocka_unit_test(test_cluster__the_log_shows_a_clients_life),
        cmocka_unit_test(test_cluster__own_sessions_log_no_statements),
        cmocka_unit_test(test_cluster__hba_is_in_force_at_once),
        cmocka_unit_test(test_cluster__starts_again_on_the_same_port),
        cmocka_unit_test(test_cluster__recovers_from_an_immediate_stop),
        cmocka_unit_test(test_cluster__can_be_a_standby_and_be_promoted),
        cmocka_unit_test(
            test_cluster__a_standby_follows_and_takes_over), /* the last: the cluster is a standby from then on */
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
