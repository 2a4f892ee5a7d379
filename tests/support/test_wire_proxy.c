/*
 * The proxy's counts on exchanges whose length is known, and its cuts, between libpq and a real server.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/run_program.h"
#include "support/wire_proxy.h"

static struct wire_proxy *proxy;
static PGconn *conn;

static int connect_through(void **state)
{
    (void) state;
    proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    conn = PQconnectdb(wire_proxy_conninfo(proxy, NULL));
    must(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return 0;
}

static int disconnect(void **state)
{
    (void) state;
    PQfinish(conn);
    wire_proxy_free(proxy);
    return 0;
}

static void run(const char *sql, ExecStatusType status)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != status)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

static void expect_counts(unsigned round_trips, unsigned waits)
{
    struct wire_count count = wire_proxy_count(proxy);
    assert_int_equal(count.round_trips, round_trips);
    assert_int_equal(count.waits, waits);
}

static void test_wire_proxy__a_login_alone_is_no_round_trip(void **state)
{
    (void) state;
    expect_counts(0, 0);
    assert_int_equal(wire_proxy_count(proxy).logins, 1);
    assert_int_equal(wire_proxy_count(proxy).connections, 1);
}

static void test_wire_proxy__a_simple_query_is_one_round_trip(void **state)
{
    (void) state;
    run("SELECT 1", PGRES_TUPLES_OK);
    expect_counts(1, 1);
    run("DO $$ BEGIN RAISE NOTICE 'no answer yet'; END $$", PGRES_COMMAND_OK);
    expect_counts(2, 2);
    run("SELECT generate_series(1, 100000)", PGRES_TUPLES_OK);
    expect_counts(3, 3);
    assert_int_equal(wire_proxy_count(proxy).queries, 3);
}

static void read_to_sync(void)
{
    for (ExecStatusType status = PGRES_COMMAND_OK; status != PGRES_PIPELINE_SYNC;) {
        PGresult *result = PQgetResult(conn);
        status = result != NULL ? PQresultStatus(result) : PGRES_COMMAND_OK;
        PQclear(result);
        must(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    }
}

/* libpq writes each Sync by itself: that none is answered before the other has passed is up to a lock. */
static void test_wire_proxy__two_syncs_without_a_wait_are_one_round_trip(void **state)
{
    (void) state;
    PGconn *holder = PQconnectdb(cluster_conninfo(cluster, NULL));
    PQclear(PQexec(holder, "SELECT pg_advisory_lock(1)"));
    PQenterPipelineMode(conn);
    for (int segment = 0; segment < 2; segment++) {
        for (int i = 0; i < 5; i++)
            PQsendQueryParams(conn, "SELECT pg_advisory_lock_shared(1)", 0, NULL, NULL, NULL, NULL, 0);
        PQpipelineSync(conn);
    }
    while (wire_proxy_count(proxy).syncs < 2)
        usleep(1000);
    PQfinish(holder);
    read_to_sync();
    read_to_sync();
    expect_counts(1, 1);
    PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    read_to_sync();
    expect_counts(2, 2);
    assert_int_equal(wire_proxy_count(proxy).syncs, 3);
}

static void test_wire_proxy__waiting_for_a_flush_is_seen_by_round_trips_only(void **state)
{
    (void) state;
    PQenterPipelineMode(conn);
    PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0);
    PQsendFlushRequest(conn);
    PQflush(conn);
    PQclear(PQgetResult(conn));
    PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    read_to_sync();
    expect_counts(2, 1);
}

static void test_wire_proxy__a_copy_costs_two(void **state)
{
    (void) state;
    run("CREATE TEMPORARY TABLE t (a int)", PGRES_COMMAND_OK);
    wire_proxy_reset_count(proxy);
    run("COPY t FROM STDIN", PGRES_COPY_IN);
    PQputCopyData(conn, "1\n2\n", 4);
    PQputCopyEnd(conn, NULL);
    PQclear(PQgetResult(conn));
    assert_null(PQgetResult(conn));
    expect_counts(2, 2);
    run("SELECT 1", PGRES_TUPLES_OK);
    expect_counts(3, 3);
}

static void test_wire_proxy__a_copy_in_the_extended_protocol_costs_two(void **state)
{
    (void) state;
    run("CREATE TEMPORARY TABLE t (a int)", PGRES_COMMAND_OK);
    wire_proxy_reset_count(proxy);
    PQclear(PQexecParams(conn, "COPY t FROM STDIN", 0, NULL, NULL, NULL, NULL, 0));
    PQputCopyData(conn, "1\n2\n", 4);
    PQputCopyEnd(conn, NULL);
    PQclear(PQgetResult(conn));
    assert_null(PQgetResult(conn));
    expect_counts(2, 2);
    run("SELECT 1", PGRES_TUPLES_OK);
    expect_counts(3, 3);
}

static void test_wire_proxy__a_cancel_is_no_connection(void **state)
{
    (void) state;
    PGcancel *cancel = PQgetCancel(conn);
    char error[256];
    PQsendQuery(conn, "SELECT pg_sleep(600)");
    cluster_sql(cluster, NULL,
                "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep') "
                "LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
    assert_true(PQcancel(cancel, error, sizeof error));
    PQfreeCancel(cancel);
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
    assert_null(PQgetResult(conn));
    assert_int_equal(wire_proxy_count(proxy).cancels, 1);
    assert_int_equal(wire_proxy_count(proxy).connections, 1);
}

static void test_wire_proxy__cuts_behind_a_message_of_the_client(void **state)
{
    (void) state;
    const char *database = cluster_create_database(cluster, "cut");
    PQfinish(conn);
    conn = PQconnectdb(wire_proxy_conninfo(proxy, database));
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .after_client_messages = 2 });
    run("CREATE TABLE one ()", PGRES_COMMAND_OK);
    run("CREATE TABLE two ()", PGRES_FATAL_ERROR);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    cluster_wait_until(cluster, database, "to_regclass('one') IS NOT NULL AND to_regclass('two') IS NOT NULL");
}

static void test_wire_proxy__cuts_behind_a_message_of_the_server(void **state)
{
    (void) state;
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .after_server_messages = 5 }); /* T D C Z, T */
    run("SELECT 1", PGRES_TUPLES_OK);
    run("SELECT 1", PGRES_FATAL_ERROR);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
}

static void test_wire_proxy__loses_the_answer_to_a_commit(void **state)
{
    (void) state;
    run("CREATE TABLE kept ()", PGRES_COMMAND_OK);
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .lose_answer_to = "COMMIT" });
    run("BEGIN", PGRES_COMMAND_OK);
    run("CREATE TABLE committed ()", PGRES_COMMAND_OK);
    run("COMMIT", PGRES_FATAL_ERROR);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    assert_string_equal(cluster_sql(cluster, NULL, "SELECT to_regclass('committed')"), "committed");
}

static struct wire_measure measure_select(void)
{
    wire_proxy_measure(proxy, "SELECT 1");
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
    return wire_proxy_measured(proxy);
}

static void test_wire_proxy__measures_what_both_sides_say(void **state)
{
    (void) state;
    struct wire_measure measure = measure_select();
    assert_int_equal(measure.client.messages - measure.client_at_login.messages, 1);
    assert_int_equal(measure.client.bytes - measure.client_at_text.bytes, 1 + 4 + sizeof "SELECT 1");
    assert_int_equal(measure.server.messages - measure.server_at_login.messages, 4); /* T D C Z */
    assert_int_equal(measure.server_at_text.bytes, measure.server_at_login.bytes);
}

/* The last byte of a query decides whether the server ever sees it; the last but one of an answer, whether the client does. */
static void expect_after_strike(const struct wire_strike *strike, const char *tables)
{
    cluster_sql(cluster, NULL, "DROP TABLE IF EXISTS struck");
    size_t mark = cluster_log_mark(cluster);
    wire_proxy_strike(proxy, strike);
    PQreset(conn);
    run("CREATE TABLE struck ()", PGRES_FATAL_ERROR);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    assert_true(wire_proxy_end_strike(proxy) > 0);
    cluster_wait_log(cluster, mark, "disconnection:");
    assert_string_equal(cluster_sql(cluster, NULL, "SELECT to_regclass('struck')"), tables);
}

static void test_wire_proxy__strikes_at_one_byte(void **state)
{
    (void) state;
    struct wire_measure measure = measure_select();
    size_t query = measure.client_at_login.bytes + 1 + 4 + sizeof "CREATE TABLE struck ()";
    for (enum wire_blow blow = WIRE_CLOSE; blow <= WIRE_RESET; blow++) {
        expect_after_strike(&(struct wire_strike){ .blow = blow, .at_client = true, .at = query - 1 }, "");
        expect_after_strike(&(struct wire_strike){ .blow = blow, .at = measure.server_at_login.bytes + 1 }, "struck");
    }
}

static void test_wire_proxy__strikes_before_the_first_byte(void **state)
{
    (void) state;
    wire_proxy_strike(proxy, &(struct wire_strike){ .blow = WIRE_CLOSE, .at_client = true });
    PQreset(conn);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
}

static void test_wire_proxy__refuses_whoever_comes_behind_a_strike(void **state)
{
    (void) state;
    wire_proxy_strike(proxy,
                      &(struct wire_strike){ .blow = WIRE_RESET, .in_messages = true, .at = 1, .refuses_behind = true });
    PQreset(conn);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQreset(conn);
    assert_contains(PQerrorMessage(conn), "the wire was cut");
    assert_true(wire_proxy_end_strike(proxy) > 0);
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
}

static void test_wire_proxy__strikes_the_connection_that_comes_so_far(void **state)
{
    (void) state;
    size_t login = measure_select().client_at_login.messages;
    wire_proxy_strike(proxy,
                      &(struct wire_strike){ .blow = WIRE_RESET, .at_client = true, .in_messages = true, .at = login + 2 });
    PQreset(conn);
    PQreset(conn);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    run("SELECT 1", PGRES_TUPLES_OK);
    run("SELECT 1", PGRES_FATAL_ERROR);
}

static void test_wire_proxy__goes_on_after_a_delay(void **state)
{
    (void) state;
    wire_proxy_strike(proxy, &(struct wire_strike){ .blow = WIRE_DELAY, .in_messages = true, .at = 3, .delay_ms = 20 });
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
    assert_true(wire_proxy_end_strike(proxy) > 0);
}

/* The login is the last that is heard; nobody hangs up. */
static void test_wire_proxy__falls_silent(void **state)
{
    (void) state;
    size_t login = measure_select().server_at_login.messages;
    wire_proxy_strike(proxy, &(struct wire_strike){ .blow = WIRE_SILENCE, .in_messages = true, .at = login });
    PQreset(conn);
    assert_int_equal(PQsendQuery(conn, "CREATE TABLE unheard ()"), 1);
    assert_string_equal(cluster_sql(cluster, NULL, "SELECT to_regclass('unheard')"), "");
    assert_int_equal(PQconsumeInput(conn), 1);
    assert_int_equal(PQisBusy(conn), 1);
}

/* The victim is named after the blow has fallen. */
static void test_wire_proxy__signals_and_passes_on_what_was_said(void **state)
{
    (void) state;
    size_t login = measure_select().client_at_login.messages;
    wire_proxy_strike(
        proxy, &(struct wire_strike){
                   .blow = WIRE_SIGNAL, .signal_number = SIGKILL, .at_client = true, .in_messages = true, .at = login + 1 });
    const char *const arguments[] = { "-c", "CREATE TABLE last_words ()", wire_proxy_conninfo(proxy, NULL), NULL };
    struct run *psql = run_begin(&(struct run_spec){ .program = cluster_program("psql"), .arguments = arguments });
    wire_proxy_set_victim(proxy, run_pid(psql));
    assert_int_equal(run_end(psql).signal, SIGKILL);
    cluster_sql(cluster, NULL,
                "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'last_words') "
                "LOOP PERFORM pg_sleep(0.001); END LOOP; END $$");
}

static void test_wire_proxy__passes_on_that_nobody_listens(void **state)
{
    (void) state;
    cluster_stop(cluster, CLUSTER_FAST);
    PGconn *refused = PQconnectdb(wire_proxy_conninfo(proxy, NULL));
    assert_int_equal(PQstatus(refused), CONNECTION_BAD);
    PQfinish(refused);
    cluster_start(cluster);
    PQreset(conn);
    run("SELECT 1", PGRES_TUPLES_OK);
    wire_proxy_cut_now(proxy);
    run("SELECT 1", PGRES_FATAL_ERROR);
}

#define PROXY_TEST(test) cmocka_unit_test_setup_teardown(test, connect_through, disconnect)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(test_wire_proxy__a_login_alone_is_no_round_trip),
        PROXY_TEST(test_wire_proxy__a_simple_query_is_one_round_trip),
        PROXY_TEST(test_wire_proxy__two_syncs_without_a_wait_are_one_round_trip),
        PROXY_TEST(test_wire_proxy__waiting_for_a_flush_is_seen_by_round_trips_only),
        PROXY_TEST(test_wire_proxy__a_copy_costs_two),
        PROXY_TEST(test_wire_proxy__a_copy_in_the_extended_protocol_costs_two),
        PROXY_TEST(test_wire_proxy__a_cancel_is_no_connection),
        PROXY_TEST(test_wire_proxy__cuts_behind_a_message_of_the_client),
        PROXY_TEST(test_wire_proxy__cuts_behind_a_message_of_the_server),
        PROXY_TEST(test_wire_proxy__loses_the_answer_to_a_commit),
        PROXY_TEST(test_wire_proxy__measures_what_both_sides_say),
        PROXY_TEST(test_wire_proxy__strikes_at_one_byte),
        PROXY_TEST(test_wire_proxy__strikes_before_the_first_byte),
        PROXY_TEST(test_wire_proxy__refuses_whoever_comes_behind_a_strike),
        PROXY_TEST(test_wire_proxy__strikes_the_connection_that_comes_so_far),
        PROXY_TEST(test_wire_proxy__goes_on_after_a_delay),
        PROXY_TEST(test_wire_proxy__falls_silent),
        PROXY_TEST(test_wire_proxy__signals_and_passes_on_what_was_said),
        PROXY_TEST(test_wire_proxy__passes_on_that_nobody_listens),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
