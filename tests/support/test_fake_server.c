/*
 * The fake server against libpq itself, in both of its modes.
 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "support/fixture.h"
#include "support/must.h"

static PGconn *connect_with(const char *more)
{
    return PQconnectdb(must_format("%s sslmode=disable gssencmode=disable %s", fake_server_conninfo(server), more));
}

static PGconn *connect_well(void)
{
    PGconn *conn = connect_with("");
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return conn;
}

static void expect_refused(const char *more, const char *message)
{
    PGconn *conn = connect_with(more);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    assert_contains(PQerrorMessage(conn), message);
    PQfinish(conn);
}

static void test_fake_server__refuses_until_it_listens(void **state)
{
    (void) state;
    expect_refused("", "Connection refused");
    fake_server_listen(server);
    PQfinish(connect_well());
    fake_server_refuse(server);
    expect_refused("", "Connection refused");
    fake_server_listen(server);
    PQfinish(connect_well());
    assert_int_equal(fake_server_connections(server), 2);
}

static void test_fake_server__the_nth_connection_meets_the_nth_visit(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = {
        { .manner = FAKE_REFUSE, .error = { "FATAL", "57P03", "the database system is starting up" } },
        { .manner = FAKE_CLOSE_AFTER_STARTUP },
        { .manner = FAKE_RESET_AT_ONCE },
        { .manner = FAKE_LOGIN },
    };
    fake_server_script(server, visits, 4);
    fake_server_listen(server);
    expect_refused("", "the database system is starting up");
    expect_refused("", "server closed the connection unexpectedly");
    PGconn *reset = connect_with("");
    assert_int_equal(PQstatus(reset), CONNECTION_BAD);
    PQfinish(reset);
    PQfinish(connect_well());
    PQfinish(connect_well());
    assert_int_equal(fake_server_connections(server), 5);
    assert_contains(fake_server_heard(server), "1 startup user=someone database=somewhere");
}

static void test_fake_server__a_refusal_carries_its_sqlstate_and_any_language(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_REFUSE,
                                             .error = { "СБОЙ", "28P01", "пользователь не прошёл проверку подлинности" } };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = PQconnectStart(must_format("%s sslmode=disable gssencmode=disable", fake_server_conninfo(server)));
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    while (PQconnectPoll(conn) != PGRES_POLLING_FAILED)
        assert_int_not_equal(PQstatus(conn), CONNECTION_OK);
    assert_contains(PQerrorMessage(conn), "СБОЙ:  28P01: пользователь");
    PQfinish(conn);
}

static void test_fake_server__asks_for_a_password(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .password = "p@ss word" };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    expect_refused("password=wrong", "password authentication failed");
    PGconn *conn = connect_with("password='p@ss word'");
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PQfinish(conn);
    assert_contains(fake_server_heard(server), "2 password p@ss word");
}

static void test_fake_server__answers_simple_queries_by_the_script(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "state", .rows = "a|b\n1|x\n2|\\N", .notice = "look", .times = 1 },
        { .match = "state", .error = { .sqlstate = "42P01", .message = "no relation", .hint = "make one", .position = 8 } },
        FAKE_END,
    };
    static const struct fake_visit visit = { .replies = replies };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    PGresult *result = PQexec(conn, "SELECT * FROM state");
    assert_int_equal(PQntuples(result), 2);
    assert_string_equal(PQfname(result, 1), "b");
    assert_string_equal(PQgetvalue(result, 0, 1), "x");
    assert_true(PQgetisnull(result, 1, 1));
    assert_string_equal(PQcmdStatus(result), "SELECT 2");
    PQclear(result);
    result = PQexec(conn, "SELECT * FROM state");
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42P01");
    assert_string_equal(PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION), "8");
    assert_string_equal(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT), "make one");
    PQclear(result);
    PQfinish(conn);
}

static const char *tag_of(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    const char *tag = must_format("%s", PQcmdStatus(result));
    PQclear(result);
    return tag;
}

static void test_fake_server__guesses_tags_and_follows_the_transaction(void **state)
{
    (void) state;
    fake_server_listen(server);
    PGconn *conn = connect_well();
    assert_string_equal(tag_of(conn, "-- a comment\nbegin isolation level serializable"), "BEGIN");
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    assert_string_equal(tag_of(conn, "create table t (a int)"), "CREATE TABLE");
    assert_string_equal(tag_of(conn, "SELECT 1"), "SELECT 0");
    assert_string_equal(tag_of(conn, "COMMIT"), "COMMIT");
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PGresult *result = PQexec(conn, " /* nothing */ ; ");
    assert_int_equal(PQresultStatus(result), PGRES_EMPTY_QUERY);
    PQclear(result);
    PQfinish(conn);
}

static void expect_next(PGconn *conn, ExecStatusType status)
{
    PGresult *result = PQgetResult(conn);
    assert_int_equal(PQresultStatus(result), status);
    PQclear(result);
    if (status != PGRES_PIPELINE_SYNC)
        assert_null(PQgetResult(conn));
}

static void test_fake_server__an_error_in_a_pipeline_skips_up_to_the_sync(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "bad", .error = { .sqlstate = "42601", .message = "bad" } },
        { .match = "$1", .rows = "n\n1" },
        FAKE_END,
    };
    static const struct fake_visit visit = { .replies = replies };
    const char *const values[] = { "1" };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    assert_true(PQenterPipelineMode(conn));
    PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(conn, "SELECT $1", 1, NULL, values, NULL, NULL, 0);
    PQsendQueryParams(conn, "bad", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    PQsendQueryParams(conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    expect_next(conn, PGRES_COMMAND_OK);
    expect_next(conn, PGRES_TUPLES_OK);
    expect_next(conn, PGRES_FATAL_ERROR);
    expect_next(conn, PGRES_PIPELINE_ABORTED);
    expect_next(conn, PGRES_PIPELINE_SYNC);
    expect_next(conn, PGRES_COMMAND_OK);
    expect_next(conn, PGRES_PIPELINE_SYNC);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PQfinish(conn);
}

static void test_fake_server__a_query_runs_until_a_cancel_is_heard(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "pg_sleep", .deed = FAKE_UNTIL_CANCELLED },
        FAKE_END,
    };
    static const struct fake_visit visit = {
        .replies = replies,
        .deaf_cancels = 1,
    };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    PQsendQuery(conn, "SELECT pg_sleep(60)");
    fake_server_wait_heard(server, "1 Q SELECT pg_sleep(60)");
    PGcancel *cancel = PQgetCancel(conn);
    char error[256];
    assert_true(PQcancel(cancel, error, sizeof error));
    PQconsumeInput(conn);
    assert_true(PQisBusy(conn));
    assert_true(PQcancel(cancel, error, sizeof error));
    PQfreeCancel(cancel);
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
    assert_null(PQgetResult(conn));
    PQfinish(conn);
    assert_int_equal(fake_server_cancels(server), 2);
    assert_int_equal(fake_server_connections(server), 1);
}

static void test_fake_server__takes_and_brings_the_data_of_a_copy(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { { .match = "FROM stdin", .deed = FAKE_COPY_IN },
                                                 { .match = "TO stdout", .deed = FAKE_COPY_OUT, .rows = "a\tb\n" },
                                                 FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    PGresult *result = PQexec(conn, "COPY t FROM stdin");
    assert_int_equal(PQresultStatus(result), PGRES_COPY_IN);
    PQclear(result);
    assert_int_equal(PQputCopyData(conn, "one\ntwo\n", 8), 1);
    assert_int_equal(PQputCopyEnd(conn, NULL), 1);
    result = PQgetResult(conn);
    assert_string_equal(PQcmdStatus(result), "COPY 2");
    PQclear(result);
    assert_null(PQgetResult(conn));
    result = PQexec(conn, "COPY t TO stdout");
    assert_int_equal(PQresultStatus(result), PGRES_COPY_OUT);
    PQclear(result);
    char *line = NULL;
    assert_int_equal(PQgetCopyData(conn, &line, 0), 4);
    assert_string_equal(line, "a\tb\n");
    PQfreemem(line);
    assert_int_equal(PQgetCopyData(conn, &line, 0), -1);
    PQfinish(conn);
}

static void test_fake_server__a_query_runs_until_another_connection_has_spoken(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "wait", .deed = FAKE_UNTIL_HEARD, .until = "go on", .rows = "done\nyes" }, FAKE_END
    };
    static const struct fake_visit visit = { .replies = replies };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    PGconn *other = connect_well();
    assert_int_equal(PQsendQueryParams(conn, "SELECT wait", 0, NULL, NULL, NULL, NULL, 0), 1);
    fake_server_wait_heard(server, "1 E");
    PQclear(PQexec(other, "SELECT go on"));
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQgetvalue(result, 0, 0), "yes");
    PQclear(result);
    PQfinish(other);
    PQfinish(conn);
}

static void test_fake_server__hangs_up_instead_of_an_answer(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "COMMIT", .deed = FAKE_HANG_UP },
        FAKE_END,
    };
    static const struct fake_visit visit = { .replies = replies };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    PGconn *conn = connect_well();
    assert_string_equal(tag_of(conn, "BEGIN"), "BEGIN");
    assert_string_equal(tag_of(conn, "COMMIT"), "");
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
}

static void test_fake_server__babbles_and_half_a_tls_handshake(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = {
        { .manner = FAKE_BABBLE, .error = { .message = "HTTP/1.1 400 Bad Request\r\n\r\n" } },
        { .manner = FAKE_HALF_TLS },
    };
    fake_server_script(server, visits, 2);
    fake_server_listen(server);
    PGconn *conn = connect_with("");
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
    conn = PQconnectStart(must_format("%s sslmode=require gssencmode=disable", fake_server_conninfo(server)));
    while (PQconnectPoll(conn) != PGRES_POLLING_READING)
        assert_int_not_equal(PQstatus(conn), CONNECTION_BAD);
    fake_server_wait_heard(server, "2 ssl");
    assert_int_not_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
    fake_server_wait_heard(server, "2 gone");
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void) status;
    (void) events;
    PGconn *conn = poll->data;
    uv_poll_stop(poll);
    PostgresPollingStatusType next = PQconnectPoll(conn);
    if (next == PGRES_POLLING_FAILED || next == PGRES_POLLING_OK)
        uv_close((uv_handle_t *) poll, NULL);
    else
        uv_poll_start(poll, next == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, on_readable);
}

static void test_fake_server__turns_on_the_tests_own_loop(void **state)
{
    (void) state;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct fake_server *same_loop = fake_server_new(&loop);
    fake_server_listen(same_loop);
    PGconn *conn = PQconnectStart(must_format("%s sslmode=disable gssencmode=disable", fake_server_conninfo(same_loop)));
    uv_poll_t poll = { .data = conn };
    assert_int_equal(uv_poll_init(&loop, &poll, PQsocket(conn)), 0);
    uv_poll_start(&poll, UV_WRITABLE, on_readable);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PQfinish(conn);
    fake_server_wait_heard(same_loop, "1 X");
    fake_server_free(same_loop);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, make_server, free_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_fake_server__refuses_until_it_listens),
        WITH_SERVER(test_fake_server__the_nth_connection_meets_the_nth_visit),
        WITH_SERVER(test_fake_server__a_refusal_carries_its_sqlstate_and_any_language),
        WITH_SERVER(test_fake_server__asks_for_a_password),
        WITH_SERVER(test_fake_server__answers_simple_queries_by_the_script),
        WITH_SERVER(test_fake_server__guesses_tags_and_follows_the_transaction),
        WITH_SERVER(test_fake_server__an_error_in_a_pipeline_skips_up_to_the_sync),
        WITH_SERVER(test_fake_server__a_query_runs_until_a_cancel_is_heard),
        WITH_SERVER(test_fake_server__takes_and_brings_the_data_of_a_copy),
        WITH_SERVER(test_fake_server__a_query_runs_until_another_connection_has_spoken),
        WITH_SERVER(test_fake_server__hangs_up_instead_of_an_answer),
        WITH_SERVER(test_fake_server__babbles_and_half_a_tls_handshake),
        cmocka_unit_test(test_fake_server__turns_on_the_tests_own_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
