/* The table of many targets: what is shown, what is left out, and that it fits the terminal. */
#include "rendered.h"

#include <stdio.h>

#include "base/journal.h"
#include "face/live.h"
#include "support/must.h"
#include "support/starve.h"

enum { SECOND = 1000 * 1000 };

static struct live_table table;
static struct buf screen;

static int make(void **state)
{
    (void) state;
    table = (struct live_table){ .rows = NULL };
    buf_init(&screen, 1024 * 1024);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    live_table_finish(&table);
    buf_finish(&screen);
    return 0;
}

static void listen_to(void *owner, const struct event *event)
{
    live_table_hear(&table, event, *(const int64_t *) owner);
}

static void hear(int64_t now_us, enum event_kind kind, const char *target, const struct field *fields)
{
    struct journal journal;
    journal_init(&journal, LEVEL_DEBUG, listen_to, &now_us);
    journal_note(&journal, kind, target, fields, "x");
}

/* By its name, as if no two were called the same. */
static int64_t place_of(const char *target)
{
    enum { MOST = 256 };
    static const char *targets[MOST];
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (strcmp(targets[i], target) == 0)
            return (int64_t) i + 1;
    assert_true(count < MOST);
    targets[count++] = target;
    return (int64_t) count;
}

static void change_at(int64_t place, int64_t now_us, const char *target, const char *rung, const char *role,
                      const char *seen)
{
    hear(now_us, EVENT_TARGET_CHANGED, target,
         FIELDS(NUMBER(PLACE, place), TEXT(RUNG, rung), TEXT(ROLE, role), TEXT(SEEN, seen)));
}

static void change(int64_t now_us, const char *target, const char *rung, const char *role, const char *seen)
{
    change_at(place_of(target), now_us, target, rung, role, seen);
}

static void refuse(int64_t now_us, const char *target)
{
    hear(now_us, EVENT_TARGET_REFUSED, target, FIELDS(NUMBER(PLACE, place_of(target))));
}

static void start(int targets)
{
    hear(0, EVENT_CROWD_STARTED, NULL, FIELDS(NUMBER(TARGETS, targets)));
}

/* As a person sees it: without the sequences that steer the terminal. */
static const char *drawn(int64_t now_us, size_t columns, size_t lines)
{
    struct bytes plain = { 0 };
    buf_clear(&screen);
    live_table_draw(&table, &screen, now_us, columns, lines, false);
    for (const char *at = buf_text(&screen); *at != '\0'; at++) {
        if (strncmp(at, "\033[K", 3) == 0)
            at += 2;
        else if (*at != '\r')
            bytes_add(&plain, at, 1);
    }
    bytes_add(&plain, "", 0);
    const char *text = must_keep(plain.at, plain.size);
    bytes_finish(&plain);
    return text;
}

static void test_table__all_are_shown_where_they_fit(void **state)
{
    (void) state;
    start(4);
    change(0, "a:5432", "writable", "primary", "ready");
    change(1 * SECOND, "b:5432", "listening", NULL, "not accepting connections yet");
    change(2 * SECOND, "c:5432", NULL, NULL, "no such host name");
    change(3 * SECOND, "d:5432", "accepting", NULL, "login refused");
    refuse(65 * SECOND, "d:5432");
    assert_string_equal(drawn(70 * SECOND, 80, 10),
                        "\n  target  rung       role       last seen                            since"
                        "\n  a:5432  writable   primary    ready                                1 min 10 s"
                        "\n  b:5432  listening             not accepting connections yet        1 min 09 s"
                        "\n  c:5432                        no such host name                    1 min 08 s"
                        "\n  d:5432  accepting             login refused                        5 s");
}

static void test_table__the_ready_ones_are_left_out_first(void **state)
{
    (void) state;
    start(2000);
    for (int i = 0; i < 100; i++)
        change(0, must_format("r%d:5432", i), "login", "standby", "ready");
    change(0, "w1:5432", NULL, NULL, "connection refused");
    change(0, "w2:5432", NULL, NULL, "connection refused");
    change(0, "x:5432", NULL, NULL, "login refused");
    refuse(0, "x:5432");
    const char *text = drawn(0, 80, 7);
    assert_contains(text, "w1:5432");
    assert_contains(text, "w2:5432");
    assert_contains(text, "x:5432");
    assert_contains(text, "r0:5432");
    assert_contains(text, "r1:5432");
    assert_lacks(text, "r2:5432");
    assert_contains(text, "\n  and 1995 more");
    text = drawn(0, 80, 4);
    assert_contains(text, "x:5432");
    assert_contains(text, "w1:5432");
    assert_lacks(text, "w2:5432");
    assert_contains(text, "\n  and 1998 more");
}

static void test_table__the_sum_counts_everybody(void **state)
{
    char sum[128];
    (void) state;
    start(10);
    live_table_sum(&table, sum, sizeof sum);
    assert_string_equal(sum, "0 ready, 10 waiting");
    change(0, "a", "login", "primary", "ready");
    change(0, "b", NULL, NULL, "connection refused");
    change(0, "c", "accepting", NULL, "login refused");
    refuse(0, "c");
    live_table_sum(&table, sum, sizeof sum);
    assert_string_equal(sum, "1 ready, 1 refused, 8 waiting");
    change(0, "a", NULL, NULL, "connection refused"); /* it went away */
    change(0, "b", "login", "primary", "ready");
    live_table_sum(&table, sum, sizeof sum);
    assert_string_equal(sum, "1 ready, 1 refused, 8 waiting");
}

/* The same host and port, but another role, say. */
static void test_table__targets_that_are_called_the_same_have_a_row_each(void **state)
{
    char sum[128];
    (void) state;
    start(3);
    change_at(1001, 0, "a:5432", "writable", "primary", "ready");
    change_at(1002, 0, "a:5432", "accepting", NULL, "login refused");
    change_at(1003, 0, "a:5432", "writable", "primary", "ready");
    live_table_sum(&table, sum, sizeof sum);
    assert_string_equal(sum, "2 ready, 1 waiting");
    assert_string_equal(drawn(0, 80, 10), "\n  target  rung       role       last seen                            since"
                                          "\n  a:5432  writable   primary    ready                                0 s"
                                          "\n  a:5432  accepting             login refused                        0 s"
                                          "\n  a:5432  writable   primary    ready                                0 s");
}

static void test_table__who_has_left_is_not_shown(void **state)
{
    char sum[128];
    (void) state;
    start(3);
    change(0, "a:5432", "writable", "primary", "ready");
    change(0, "b:5432", NULL, NULL, "login refused");
    refuse(0, "b:5432");
    change(0, "c:5432", "writable", "primary", "ready");
    hear(0, EVENT_TARGET_LEFT, "a:5432", FIELDS(NUMBER(PLACE, place_of("a:5432"))));
    hear(0, EVENT_TARGET_LEFT, "b:5432", FIELDS(NUMBER(PLACE, place_of("b:5432"))));
    hear(0, EVENT_TARGET_LEFT, "never:5432", FIELDS(NUMBER(PLACE, 2000)));
    live_table_sum(&table, sum, sizeof sum);
    assert_string_equal(sum, "1 ready, 2 waiting"); /* how many there are now is told at the end of the attempt */
    const char *text = drawn(0, 80, 10);
    assert_lacks(text, "a:5432");
    assert_lacks(text, "b:5432");
    assert_contains(text, "c:5432");
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        widest = size > widest ? size : widest;
        text += size + (text[size] == '\n');
    }
    return widest;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void test_table__it_fits_any_terminal(void **state)
{
    (void) state;
    start(500);
    for (int i = 0; i < 50; i++)
        change(0, must_format("a-rather-long-name-of-a-host-in-some-cluster-%d.example.net:5432", i), "listening",
               "read-only", "not accepting connections yet");
    for (size_t columns = 1; columns < 160; columns++)
        for (size_t lines = 0; lines < 20; lines++) {
            const char *text = drawn(3600 * (int64_t) SECOND, columns, lines);
            if (widest_line(text) >= columns && *text != '\0')
                fail_msg("%zu columns are too wide for %zu:%s", widest_line(text), columns, text);
            assert_true(count_lines(text) <= lines);
        }
}

static void test_table__what_servers_are_called_cannot_steer_the_terminal(void **state)
{
    (void) state;
    start(1);
    change(0, "a\033[2Jb", NULL, NULL, "x");
    assert_lacks(drawn(0, 80, 10), "\033");
}

/* --- with the line above it -------------------------------------------------------------------------------------------- */

static struct live_line live;

static void listen_live(void *owner, const struct event *event)
{
    (void) owner;
    live_hear(&live, event, 0);
}

static void test_live__the_table_is_drawn_over_itself_and_taken_away(void **state)
{
    struct journal journal;
    (void) state;
    live = (struct live_line){ .state = LIVE_IDLE };
    journal_init(&journal, LEVEL_DEBUG, listen_live, NULL);
    journal_note(&journal, EVENT_CROWD_STARTED, NULL,
                 FIELDS(TEXT(UNTIL, "login"), TEXT(NEED, "any=2"), NUMBER(TARGETS, 3), NUMBER(ATTEMPTS, 60)), "x");
    journal_note(&journal, EVENT_TARGET_CHANGED, "a:5432", FIELDS(NUMBER(PLACE, 1), TEXT(SEEN, "ready")), "x");
    live_draw(&live, &screen, 0, 100, false);
    assert_contains(buf_text(&screen), "waiting for 3 targets (login, need any=2)");
    assert_contains(buf_text(&screen), "attempt 1/60: 1 ready, 2 waiting");
    assert_contains(buf_text(&screen), "a:5432");
    assert_int_equal(live.table_lines, 3);
    buf_clear(&screen);
    live_draw(&live, &screen, 0, 100, false);
    assert_int_equal(strncmp(buf_text(&screen), "\r\033[3A", 5), 0);
    buf_clear(&screen);
    live_erase(&live, &screen);
    assert_string_equal(buf_text(&screen), "\r\033[3A\033[J");
    journal_note(&journal, EVENT_CROWD_READY, NULL, NO_FIELDS, "x");
    assert_false(live_is_active(&live));
    buf_clear(&screen);
    live_draw(&live, &screen, 0, 100, false);
    assert_string_equal(buf_text(&screen), "");
    live_finish(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table__all_are_shown_where_they_fit, make, clear),
        cmocka_unit_test_setup_teardown(test_table__the_ready_ones_are_left_out_first, make, clear),
        cmocka_unit_test_setup_teardown(test_table__the_sum_counts_everybody, make, clear),
        cmocka_unit_test_setup_teardown(test_table__targets_that_are_called_the_same_have_a_row_each, make, clear),
        cmocka_unit_test_setup_teardown(test_table__who_has_left_is_not_shown, make, clear),
        cmocka_unit_test_setup_teardown(test_table__it_fits_any_terminal, make, clear),
        cmocka_unit_test_setup_teardown(test_table__what_servers_are_called_cannot_steer_the_terminal, make, clear),
        cmocka_unit_test_setup_teardown(test_live__the_table_is_drawn_over_itself_and_taken_away, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
