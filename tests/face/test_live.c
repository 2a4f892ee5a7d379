#include "rendered.h"

#include "base/journal.h"
#include "event_samples.h"
#include "face/live.h"
#include "support/starve.h"

enum { SECOND = 1000 * 1000 };

static void hear(struct live_line *live, enum event_kind kind, int64_t now_us)
{
    struct event event = sample_full(kind);
    live_hear(live, &event, now_us);
}

static bool covers(const struct live_line *live, enum event_kind kind)
{
    struct event event = sample_full(kind);
    return live_covers(live, &event);
}

static void draw(struct buf *buf, struct live_line *live, int64_t now_us, size_t columns)
{
    live_draw(live, buf, now_us, columns, false);
}

static void erase(struct buf *buf, struct live_line *live)
{
    live_erase(live, buf);
}

static void test_live__draws_nothing_while_nothing_takes_time(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_STARTED, 0);
    assert_false(live_is_active(&live));
    assert_string_equal(RENDERED(draw, &live, SECOND, 80), "");
    assert_string_equal(RENDERED(erase, &live), "");
}

static void test_live__waiting_tells_target_time_attempt_and_what_was_seen(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_WAIT_STARTED, 0);
    assert_true(live_is_active(&live));
    assert_string_equal(RENDERED(draw, &live, 0, 80), "\r\xE2\xA0\x8B waiting for db:5432  \033[K");
    hear(&live, EVENT_KNOCKED, SECOND);
    assert_contains(RENDERED(draw, &live, SECOND, 80), "waiting for db:5432  1 s, attempt 1/60: connection refused\033[K");
    hear(&live, EVENT_ATTEMPT_FAILED, 6 * SECOND);
    assert_contains(RENDERED(draw, &live, 12 * SECOND, 80), "waiting for db:5432  12 s, attempt 4/60: starting up\033[K");
    hear(&live, EVENT_READY, 13 * SECOND);
    assert_false(live_is_active(&live));
}

static void test_live__a_migration_is_counted_among_the_pending_ones(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_PLANNED, 0);
    hear(&live, EVENT_MIGRATION_STARTED, 0);
    hear(&live, EVENT_MIGRATION_APPLIED, 1);
    assert_false(live_is_active(&live));
    hear(&live, EVENT_MIGRATION_STARTED, 1);
    assert_contains(RENDERED(draw, &live, 125 * SECOND + 1, 80),
                    "applying 002_add_characters.sql  2 min 05 s, 2 of 2\033[K");
}

static void test_live__another_runner_is_named(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_LOCK_WAITING, 10 * SECOND);
    assert_contains(RENDERED(draw, &live, 11 * SECOND, 80), "waiting for another runner  11 s, pid 42 pgusher\033[K");
    hear(&live, EVENT_LOCK_ACQUIRED, 12 * SECOND);
    assert_false(live_is_active(&live));
}

static void test_live__a_migration_that_lost_its_server_is_not_shown_any_more(void **state)
{
    (void) state;
    static const enum event_kind ends[] = { EVENT_CONNECTION_LOST, EVENT_SERVER_READ_ONLY };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct live_line live = { 0 };
        hear(&live, EVENT_MIGRATION_STARTED, 0);
        assert_true(live_is_active(&live));
        hear(&live, ends[i], 1);
        assert_false(live_is_active(&live));
    }
}

static void test_live__stopping_goes_on_until_the_end(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_MIGRATION_STARTED, 0);
    hear(&live, EVENT_STOPPING, SECOND);
    assert_contains(RENDERED(draw, &live, SECOND, 80), "stopping what runs on the server");
    hear(&live, EVENT_FINISHED, SECOND);
    assert_false(live_is_active(&live));
}

static void test_live__is_never_wider_than_the_terminal(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_WAIT_STARTED, 0);
    assert_string_equal(RENDERED(draw, &live, 0, 20), "\r\xE2\xA0\x8B waiting for db...\033[K");
    assert_string_equal(RENDERED(draw, &live, 0, 3), "");
}

static void test_live__is_erased_once(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_WAIT_STARTED, 0);
    RENDERED(draw, &live, 0, 80);
    assert_string_equal(RENDERED(erase, &live), "\r\033[K");
    assert_string_equal(RENDERED(erase, &live), "");
}

static void test_live__no_name_can_steer_the_terminal(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    const struct field fields[] = { TEXT(MIGRATION, "a\033[2J.sql") };
    struct event event = sample_full(EVENT_MIGRATION_STARTED);
    event.fields = fields;
    event.field_count = 1;
    live_hear(&live, &event, 0);
    assert_contains(RENDERED(draw, &live, 0, 80), "applying a\xE2\x90\x9B[2J.sql");
}

static void test_live__an_attempt_is_news_only_when_it_saw_something_else(void **state)
{
    (void) state;
    struct live_line live = { 0 };
    hear(&live, EVENT_WAIT_STARTED, 0);
    assert_false(covers(&live, EVENT_ATTEMPT_FAILED));
    hear(&live, EVENT_ATTEMPT_FAILED, 1);
    assert_true(covers(&live, EVENT_ATTEMPT_FAILED));
    const struct field fields[] = { NUMBER(ATTEMPT, 4), NUMBER(ATTEMPTS, 60), TEXT(SEEN, "starting up slowly") };
    struct event event = sample_full(EVENT_ATTEMPT_FAILED);
    event.fields = fields;
    event.field_count = 3;
    assert_false(live_covers(&live, &event));
}

static bool draw_all(void *argument, struct fault *fault)
{
    (void) argument;
    struct live_line live = { 0 };
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        hear(&live, (enum event_kind) kind, kind);
        live_draw(&live, &buf, kind, 80, true);
    }
    live_erase(&live, &buf);
    bool is_whole = !live.table.lacks_rows;
    live_finish(&live);
    return rendered_ok(&buf, fault) && (is_whole || fault_out_of_memory(fault));
}

static void test_live__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(draw_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live__draws_nothing_while_nothing_takes_time),
        cmocka_unit_test(test_live__waiting_tells_target_time_attempt_and_what_was_seen),
        cmocka_unit_test(test_live__a_migration_is_counted_among_the_pending_ones),
        cmocka_unit_test(test_live__another_runner_is_named),
        cmocka_unit_test(test_live__a_migration_that_lost_its_server_is_not_shown_any_more),
        cmocka_unit_test(test_live__stopping_goes_on_until_the_end),
        cmocka_unit_test(test_live__is_never_wider_than_the_terminal),
        cmocka_unit_test(test_live__is_erased_once),
        cmocka_unit_test(test_live__no_name_can_steer_the_terminal),
        cmocka_unit_test(test_live__an_attempt_is_news_only_when_it_saw_something_else),
        cmocka_unit_test(test_live__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
