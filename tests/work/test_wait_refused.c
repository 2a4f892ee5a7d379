/*
 * Waiting for one scripted server that refuses: what is refused for good, and how long it is asked all the same.
 */
#include "waiting.h"

static void test_wait__without_grace_a_refusal_ends_it_at_once(void **state)
{
    (void) state;
    static const struct {
        struct fake_visit visit;
        const char *told;
    } cases[] = {
        { REFUSING("28P01", "Passwort-Authentifizierung fehlgeschlagen"), "\"sqlstate\":\"28P01\"" },
        { REFUSING("28000", "no pg_hba.conf entry"), "\"sqlstate\":\"28000\"" },
        { REFUSING("3D000", "database \\\"d\\\" does not exist"), "\"sqlstate\":\"3D000\"" },
        { { .password = "wanted" }, "POSTGRES_PASSWORD" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned before = fake_server_connections(first);
        PLAY_ONE(first, &cases[i].visit);
        const char *log = wait_log(only(first), WORDS("--grace", "0"), 4);
        fake_server_refuse(first);
        assert_contains(event_line(log, "failed"), cases[i].told);
        assert_int_equal(fake_server_connections(first), before + 1);
    }
}

static void test_wait__a_server_without_tls_is_a_refusal(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *words = must_format("host=127.0.0.1 port=%d user=u dbname=d sslmode=require", fake_server_port(first));
    const char *log = wait_log(words, WORDS("--grace", "0"), 4);
    assert_contains(event_line(log, "failed"), "does not support SSL");
}

static void test_wait__a_refusal_is_tried_again_within_the_grace(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { REFUSING("28P01", "no"), { .replies = replies } };
    PLAY(first, visits);
    wait_log(only(first), WORDS("--grace", "60s"), 0);
    assert_int_equal(fake_server_connections(first), 2);
}

static void test_wait__a_refusal_that_stays_ends_it_after_the_grace(void **state)
{
    (void) state;
    static const struct fake_visit visit = REFUSING("28P01", "no");
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS("--grace", "300ms"), 4);
    assert_in_range(fake_server_connections(first), 2, 3);
    assert_contains(event_line(log, "failed"), "refuses: no");
}

/*
 * With the rests as they are, four knocks in a row take 1.0 to 1.3 s, and seven of them 2.6 s or more: a grace that did not begin again
 * would have passed, and a busy machine has another second.
 */
#define FOUR_REFUSALS(state, message)                                                                                       \
    REFUSING(state, message), REFUSING(state, message), REFUSING(state, message), REFUSING(state, message)
#define LONG_GRACE "--grace", "2600ms"

static void test_wait__the_grace_begins_again_when_the_answer_changes(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { FOUR_REFUSALS("28P01", "no"),
                                                FOUR_REFUSALS("3D000", "no database"),
                                                { .replies = replies } };
    PLAY(first, visits);
    wait_log(only(first), WORDS(LONG_GRACE), 0);
    assert_int_equal(fake_server_connections(first), 9);
}

static void test_wait__a_refusal_is_forgotten_when_the_server_starts_again(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = {
        FOUR_REFUSALS("28P01", "no"), STARTING_UP, FOUR_REFUSALS("28P01", "no"), { .replies = replies }
    };
    PLAY(first, visits);
    wait_log(only(first), WORDS(LONG_GRACE), 0);
    assert_int_equal(fake_server_connections(first), 10);
}

/* It is silent at first, and lets us in at the second knock. */
static void test_wait__an_address_that_has_not_answered_yet_may_still_let_us_in(void **state)
{
    (void) state;
    static const struct fake_visit refusing = REFUSING("28000", "no pg_hba.conf entry");
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { { .manner = FAKE_SILENT }, { .replies = replies } };
    struct fake_server *other = fake_server_new_at(NULL, "127.0.0.2", fake_server_port(first));
    PLAY_ONE(first, &refusing);
    play(other, visits, 2);
    const char *conninfo = must_format("host=db.test port=%d user=u dbname=d sslmode=disable", fake_server_port(first));
    struct run *run = wait_begin_with_hosts(write_hosts(NULL, "db.test 127.0.0.1 127.0.0.2\n"), conninfo,
                                            WORDS("--grace", "0", "--interval", "300ms"));
    up_end(run, 0);
    fake_server_free(other);
}

static void test_wait__a_server_that_is_too_old_is_refused(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { STATE_OF("f", "f", "120017"), FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    PLAY_ONE(first, &visit);
    assert_contains(event_line(wait_log(only(first), WORDS("--grace", "0"), 4), "failed"), "PostgreSQL 12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait__without_grace_a_refusal_ends_it_at_once),
        WAIT_TEST(test_wait__a_server_without_tls_is_a_refusal),
        WAIT_TEST(test_wait__a_refusal_is_tried_again_within_the_grace),
        WAIT_TEST(test_wait__a_refusal_that_stays_ends_it_after_the_grace),
        WAIT_TEST(test_wait__the_grace_begins_again_when_the_answer_changes),
        WAIT_TEST(test_wait__a_refusal_is_forgotten_when_the_server_starts_again),
        WAIT_TEST(test_wait__an_address_that_has_not_answered_yet_may_still_let_us_in),
        WAIT_TEST(test_wait__a_server_that_is_too_old_is_refused),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
