/*
 * Waiting for one server, which is scripted: what each answer leads to, how often it is knocked at, and what is told of it.
 */
#include <signal.h>
#include <stdlib.h>

#include "waiting.h"

/* --- a server that comes up -------------------------------------------------------------------------------------------- */

static void test_wait__is_over_when_the_server_is_up(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    struct run_result result = up_end(wait_begin(only(first), NULL), 0);
    const char *ready = event_line(result.output, "ready");
    expect_winner(result.output, first);
    assert_contains(ready, "\"attempt\":1");
    assert_contains(ready, "\"role\":\"primary\"");
    assert_contains(ready, "\"pid\":4711");
    assert_contains(ready, "\"until\":\"login\"");
    assert_int_equal(event_count(result.output, "attempt_failed"), 0);
    assert_int_equal(fake_server_connections(first), 1);
    assert_string_equal(result.errors, "");
    fake_server_wait_heard(first, "1 X\n");
}

static void test_wait__starting_up_three_times_and_then_ready(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { STARTING_UP, STARTING_UP, STARTING_UP, { .replies = replies } };
    PLAY(first, visits);
    const char *log = wait_log(only(first), WORDS("--log-level", "debug"), 0);
    assert_int_equal(fake_server_connections(first), 4);
    assert_int_equal(event_count(log, "knocked"), 3);
    assert_contains(event_line(log, "knocked"), "the database system is starting up");
    assert_contains(event_line(log, "ready"), "\"attempt\":1");
}

static void test_wait__a_server_that_listens_later(void **state)
{
    (void) state;
    struct run *run = wait_begin(only(first), WORDS(SHORT, "--attempts", "1000"));
    run_wait_for(run, "\"attempt_failed\"");
    PLAY_ONE(first, &visit_primary);
    expect_winner(up_end(run, 0).output, first);
}

static void test_wait__a_server_that_comes_and_goes_only_sets_it_back(void **state)
{
    (void) state;
    static const struct fake_reply hanging_up[] = { { .match = "pg_is_in_recovery", .deed = FAKE_HANG_UP }, FAKE_END };
    static const struct fake_reply resetting[] = { { .match = "pg_is_in_recovery", .deed = FAKE_RESET }, FAKE_END };
    static const struct fake_reply failing[] = {
        { .match = "pg_is_in_recovery", .error = { "FATAL", "57P01", "terminating connection" } }, FAKE_END
    };
    static const struct fake_reply crashing[] = {
        { .match = "pg_is_in_recovery", .error = { "ERROR", "XX000", "no server for this pool" } }, FAKE_END
    };
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = {
        { .manner = FAKE_CLOSE_AFTER_STARTUP },
        { .manner = FAKE_RESET_AFTER_STARTUP },
        { .manner = FAKE_CLOSE_AT_ONCE },
        { .replies = hanging_up },
        { .replies = resetting },
        { .replies = failing },
        { .replies = crashing },
        STARTING_UP,
        { .replies = replies },
    };
    PLAY(first, visits);
    const char *log = wait_log(only(first), NULL, 0);
    expect_winner(log, first);
    assert_int_equal(fake_server_connections(first), 9);
}

static void test_wait__what_is_not_known_is_waited_for_too(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = {
        REFUSING("53300", "sorry, too many clients already"),
        REFUSING("08P01", "no such pool"),
        REFUSING("XX000", "whatever"),
        { .manner = FAKE_BABBLE, .error.message = "HTTP/1.1 400 Bad Request\r\n\r\n" },
        { .replies = replies },
    };
    PLAY(first, visits);
    wait_log(only(first), WORDS("--grace", "0"), 0);
    assert_int_equal(fake_server_connections(first), 5);
}

/* --- windows ----------------------------------------------------------------------------------------------------------- */

static void test_wait__each_window_is_told_once(void **state)
{
    (void) state;
    const char *log = wait_log(only(first), WORDS(SHORT, "--attempts", "4"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 4);
    for (int attempt = 1; attempt <= 4; attempt++) {
        const char *line = event_line_with(log, "attempt_failed", must_format("\"attempt\":%d,", attempt));
        assert_contains(line, "\"attempts\":4");
        assert_contains(line, "\"seen_for_ms\":");
        assert_lacks(line, "\"sqlstate\"");
    }
    event_line_with(log, "attempt_failed", "\"seen\":\"connection refused\"");
    assert_contains(event_line(log, "failed"), "within 4 attempts of 100ms");
    assert_contains(event_line(log, "failed"), "connection refused");
}

static void test_wait__the_sqlstate_is_told(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = { STARTING_UP };
    PLAY(first, visits);
    const char *log = wait_log(only(first), WORDS("--interval", "1s", "--attempts", "2"), 3);
    const char *line = event_line_with(log, "attempt_failed", "\"sqlstate\":\"57P03\"");
    assert_contains(line, "the database system is starting up");
    assert_contains(event_line(log, "failed"), "\"sqlstate\":\"57P03\"");
}

static void test_wait__what_was_seen_longer_counts_from_when_it_was_seen(void **state)
{
    (void) state;
    const char *log = wait_log(only(first), WORDS("--interval", "200ms", "--attempts", "4"), 3);
    const char *line = event_line_with(log, "attempt_failed", "\"attempt\":4,");
    long for_ms = strtol(strstr(line, "\"seen_for_ms\":") + strlen("\"seen_for_ms\":"), NULL, 10);
    assert_true(for_ms > 250); /* more than the last window */
}

static void test_wait__a_silent_server_costs_one_connection_a_window(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS(SHORT, "--attempts", "3"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 3);
    event_line_with(log, "attempt_failed", "\"seen\":\"no answer\"");
    assert_in_range(fake_server_connections(first), 1, 3);
}

static void test_wait__one_attempt_is_one_window(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS("--interval", "200ms", "--attempts", "1"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 1);
    assert_int_equal(fake_server_connections(first), 1);
    assert_contains(event_line(log, "failed"), "within 1 attempt of");
}

static void test_wait__half_a_handshake_is_no_answer(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_HALF_TLS };
    PLAY_ONE(first, &visit);
    const char *words = must_format("host=127.0.0.1 port=%d user=u dbname=d sslmode=require", fake_server_port(first));
    const char *log = wait_log(words, WORDS(SHORT, "--attempts", "3"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 3);
    assert_in_range(fake_server_connections(first), 1, 4);
}

static void test_wait__a_server_that_falls_silent_after_the_login(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { { .match = "pg_is_in_recovery", .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS(SHORT, "--attempts", "4"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 4);
    assert_in_range(fake_server_connections(first), 1, 4);
}

/* A knock is never earlier than its rest: so many fit into a second at most, however fast the machine. */
static void expect_kindness(const struct fake_visit *visit, unsigned most)
{
    PLAY_ONE(first, visit);
    wait_log(only(first), WORDS("--interval", "500ms", "--attempts", "2", "--grace", "60s"), 3);
    assert_in_range(fake_server_connections(first), 2, most);
}

static void test_wait__is_kind_to_a_server_that_starts_up(void **state)
{
    (void) state;
    static const struct fake_visit visit = STARTING_UP;
    expect_kindness(&visit, 36);
}

static void test_wait__is_kinder_to_a_server_that_refuses(void **state)
{
    (void) state;
    static const struct fake_visit visit = REFUSING("28P01", "no");
    expect_kindness(&visit, 4);
}

static void test_wait__is_kind_to_a_server_that_is_full(void **state)
{
    (void) state;
    static const struct fake_visit visit = REFUSING("53300", "sorry, too many clients already");
    expect_kindness(&visit, 9);
}

/* --- the deadline ------------------------------------------------------------------------------------------------------ */

static void test_wait__the_deadline_bounds_silence(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS("--interval", "1h", "--timeout", "200ms"), 3);
    assert_contains(event_line(log, "failed"), "within --timeout 200ms");
    assert_int_equal(event_count(log, "attempt_failed"), 0);
}

static void test_wait__the_deadline_bounds_a_query(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { { .match = "pg_is_in_recovery", .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    PLAY_ONE(first, &visit);
    wait_log(only(first), WORDS("--interval", "1h", "--timeout", "700ms"), 3);
    assert_contains(fake_server_heard(first), "pg_is_in_recovery");
}

static void test_wait__the_deadline_is_shorter_than_the_grace(void **state)
{
    (void) state;
    static const struct fake_visit visit = REFUSING("28P01", "no");
    PLAY_ONE(first, &visit);
    wait_log(only(first), WORDS("--timeout", "300ms", "--grace", "1h"), 3);
}

static void test_wait__a_connect_timeout_is_honoured(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    const char *words = must_format("%s connect_timeout=1", only(first));
    const char *log = wait_log(words, WORDS("--interval", "1h", "--timeout", "1900ms", "--log-level", "debug"), 3);
    assert_int_equal(event_count(log, "knocked"), 1);
    assert_int_equal(fake_server_connections(first), 2);
}

/* --- signals ----------------------------------------------------------------------------------------------------------- */

static void expect_signal(int signal_number)
{
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    unsigned before = fake_server_connections(first);
    struct run *run = wait_begin(only(first), WORDS("--interval", "1h"));
    fake_server_wait_connections(first, before + 1);
    run_signal(run, signal_number);
    up_end(run, 128 + signal_number);
}

static void test_wait__a_signal_ends_it(void **state)
{
    (void) state;
    expect_signal(SIGTERM);
    expect_signal(SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait__is_over_when_the_server_is_up),
        WAIT_TEST(test_wait__starting_up_three_times_and_then_ready),
        WAIT_TEST(test_wait__a_server_that_listens_later),
        WAIT_TEST(test_wait__a_server_that_comes_and_goes_only_sets_it_back),
        WAIT_TEST(test_wait__what_is_not_known_is_waited_for_too),
        WAIT_TEST(test_wait__each_window_is_told_once),
        WAIT_TEST(test_wait__the_sqlstate_is_told),
        WAIT_TEST(test_wait__what_was_seen_longer_counts_from_when_it_was_seen),
        WAIT_TEST(test_wait__a_silent_server_costs_one_connection_a_window),
        WAIT_TEST(test_wait__one_attempt_is_one_window),
        WAIT_TEST(test_wait__half_a_handshake_is_no_answer),
        WAIT_TEST(test_wait__a_server_that_falls_silent_after_the_login),
        WAIT_TEST(test_wait__is_kind_to_a_server_that_starts_up),
        WAIT_TEST(test_wait__is_kinder_to_a_server_that_refuses),
        WAIT_TEST(test_wait__is_kind_to_a_server_that_is_full),
        WAIT_TEST(test_wait__the_deadline_bounds_silence),
        WAIT_TEST(test_wait__the_deadline_bounds_a_query),
        WAIT_TEST(test_wait__the_deadline_is_shorter_than_the_grace),
        WAIT_TEST(test_wait__a_connect_timeout_is_honoured),
        WAIT_TEST(test_wait__a_signal_ends_it),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
