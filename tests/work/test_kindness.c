/* How soon it is kind to come again. */
#include "support/testing.h"

#include "kindness.h"

enum { INTERVAL_MS = 2000 };

static struct look look_at(enum seen seen)
{
    return (struct look){ .seen = seen, .interval_ms = INTERVAL_MS };
}

/* The rests after so many of the same answers, the first of which is news. */
static int64_t rest_after(int times, struct look look)
{
    struct kindness kindness = { 0 };
    int64_t rest_ms = 0;
    for (int i = 0; i < times; i++) {
        look.is_news = i == 0;
        rest_ms = kindness_rest_ms(&kindness, &look);
    }
    return rest_ms;
}

static void test_kindness__what_is_about_to_change_is_asked_again_soon(void **state)
{
    (void) state;
    static const enum seen seen[] = { SEEN_REFUSED, SEEN_NO_SOCKET, SEEN_CLOSED, SEEN_STARTING_UP };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        assert_int_equal(rest_after(1, look_at(seen[i])), 5);
        assert_int_equal(rest_after(2, look_at(seen[i])), 9);
        assert_int_equal(rest_after(20, look_at(seen[i])), 45);
    }
}

static void test_kindness__a_refusal_is_a_line_in_a_log_and_asked_for_seldom(void **state)
{
    (void) state;
    static const enum seen seen[] = { SEEN_NO_PASSWORD, SEEN_AUTHENTICATION, SEEN_NO_DATABASE,
                                      SEEN_TLS_VERIFY,  SEEN_TLS_MISSING,    SEEN_NOT_SERVED };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        struct look look = look_at(seen[i]);
        for (int others = 0; others < 2; others++, look.for_others = true) {
            assert_int_equal(rest_after(1, look), 250);
            assert_int_equal(rest_after(20, look), 1000);
        }
    }
}

static void test_kindness__one_that_is_ready_is_looked_at_more_and_more_seldom(void **state)
{
    (void) state;
    assert_int_equal(rest_after(1, look_at(SEEN_READY)), INTERVAL_MS);
    assert_int_equal(rest_after(2, look_at(SEEN_READY)), INTERVAL_MS * 8 / 5 + 1);
    assert_int_equal(rest_after(20, look_at(SEEN_READY)), 16 * INTERVAL_MS);
    assert_int_equal(rest_after(20, look_at(SEEN_UNSTABLE)), INTERVAL_MS);
}

static void test_kindness__another_answer_begins_anew(void **state)
{
    (void) state;
    struct kindness kindness = { 0 };
    struct look look = look_at(SEEN_REFUSED);
    for (int i = 0; i < 20; i++)
        kindness_rest_ms(&kindness, &look);
    look = look_at(SEEN_STARTING_UP);
    look.is_news = true;
    assert_int_equal(kindness_rest_ms(&kindness, &look), 5);
}

/* --- a thousand who wait for another ---------------------------------------------------------------------------------- */

static struct look look_for_others(enum seen seen, int64_t took_ms)
{
    struct look look = look_at(seen);
    look.for_others = true;
    look.took_ms = took_ms;
    return look;
}

static int64_t rest_for_others(struct kindness *kindness, enum seen seen, int64_t took_ms)
{
    const struct look look = look_for_others(seen, took_ms);
    return kindness_rest_ms(kindness, &look);
}

static void test_kindness__for_others_it_is_a_slow_poll(void **state)
{
    (void) state;
    assert_int_equal(rest_after(1, look_for_others(SEEN_PENDING, 10)), 5000);
    assert_int_equal(rest_after(20, look_for_others(SEEN_PENDING, 10)), 5000);
    assert_int_equal(rest_after(20, look_for_others(SEEN_STARTING_UP, 10)), 1000);
}

/* All of them come in the same moment, and the server is slow for the first look of each. */
static void test_kindness__one_slow_look_is_no_slow_server(void **state)
{
    (void) state;
    struct kindness kindness = { 0 };
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 4000), 5000);
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 20), 5000);
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 4000), 5000);
}

static void test_kindness__a_server_that_stays_slow_is_looked_at_less_often(void **state)
{
    (void) state;
    struct kindness kindness = { 0 };
    rest_for_others(&kindness, SEEN_PENDING, 300);
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 400), 6000);
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 4000), 8000);
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 4000), 10000); /* and that is the longest */
    assert_int_equal(rest_for_others(&kindness, SEEN_PENDING, 100), 5000);
}

/* A session that stays open costs no login. */
static void test_kindness__a_look_in_a_session_that_is_kept_is_cheap(void **state)
{
    (void) state;
    struct look look = look_for_others(SEEN_PENDING, 4000);
    look.keeps_session = true;
    assert_int_equal(rest_after(3, look), 5000);
}

/* By each other, mostly: the first ones that are let in are gone a moment later. */
static void test_kindness__too_many_connections_are_tried_sooner_at_first(void **state)
{
    (void) state;
    assert_int_equal(rest_after(1, look_for_others(SEEN_TOO_MANY, 2)), 1000);
    assert_int_equal(rest_after(2, look_for_others(SEEN_TOO_MANY, 2)), 1601);
    assert_int_equal(rest_after(20, look_for_others(SEEN_TOO_MANY, 2)), 5000);
}

static void test_kindness__silence_is_worth_a_longer_rest_each_time(void **state)
{
    (void) state;
    assert_int_equal(rest_after(1, look_for_others(SEEN_SILENT, 10000)), 5000);
    assert_int_equal(rest_after(20, look_for_others(SEEN_SILENT, 10000)), 10000);
}

static void test_kindness__a_rest_is_spread_and_no_shorter_than_the_least(void **state)
{
    (void) state;
    assert_int_equal(kindness_spread_ms(1000, 0, 0), 1000);
    assert_int_equal(kindness_spread_ms(1000, 0, 255), 751);
    assert_int_equal(kindness_spread_ms(45, 1000, 256), 1334);
    for (long chance = 0; chance < 256; chance++)
        for (int64_t least_ms = 0; least_ms < 100; least_ms++)
            assert_true(kindness_spread_ms(45, least_ms, chance) >= least_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kindness__a_rest_is_spread_and_no_shorter_than_the_least),
        cmocka_unit_test(test_kindness__what_is_about_to_change_is_asked_again_soon),
        cmocka_unit_test(test_kindness__a_refusal_is_a_line_in_a_log_and_asked_for_seldom),
        cmocka_unit_test(test_kindness__one_that_is_ready_is_looked_at_more_and_more_seldom),
        cmocka_unit_test(test_kindness__another_answer_begins_anew),
        cmocka_unit_test(test_kindness__for_others_it_is_a_slow_poll),
        cmocka_unit_test(test_kindness__one_slow_look_is_no_slow_server),
        cmocka_unit_test(test_kindness__a_server_that_stays_slow_is_looked_at_less_often),
        cmocka_unit_test(test_kindness__a_look_in_a_session_that_is_kept_is_cheap),
        cmocka_unit_test(test_kindness__too_many_connections_are_tried_sooner_at_first),
        cmocka_unit_test(test_kindness__silence_is_worth_a_longer_rest_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
