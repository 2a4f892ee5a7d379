/*
 * The buffer: it holds what was added, up to its maximum, and a failure sticks.
 */
#include "base/buf.h"

#include "base/memory.h"
#include "support/starve.h"
#include "support/testing.h"

static struct buf buf;

static int begin(void **state)
{
    (void) state;
    buf_init(&buf, 1000000);
    return 0;
}

static int end(void **state)
{
    (void) state;
    memory_fail_at(0);
    buf_finish(&buf);
    return 0;
}

static void test_buf__an_empty_one_is_an_empty_text(void **state)
{
    (void) state;
    assert_string_equal(buf_text(&buf), "");
    assert_true(buf_ok(&buf));
    buf_add(&buf, NULL, 0);
    buf_add_text(&buf, "");
    buf_add_format(&buf, "%s", "");
    assert_string_equal(buf_text(&buf), "");
    assert_int_equal(buf.size, 0);
    assert_true(buf_ok(&buf));
}

static void test_buf__holds_what_was_added_in_order(void **state)
{
    (void) state;
    buf_add_text(&buf, "a");
    buf_add_char(&buf, 'b');
    buf_add(&buf, "c\0d", 3);
    buf_add_format(&buf, "%d%s", 5, "e");
    assert_int_equal(buf.size, 7);
    assert_memory_equal(buf_text(&buf), "abc\0d5e", 8);
}

static void test_buf__grows_and_stays_ended_by_a_nul(void **state)
{
    (void) state;
    for (size_t i = 0; i < 5000; i++) {
        buf_add_char(&buf, (char) ('a' + i % 26));
        assert_int_equal(buf_text(&buf)[i + 1], '\0');
    }
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(buf_text(&buf)[i], 'a' + i % 26);
    buf_add_format(&buf, "%100000d", 9);
    assert_int_equal(buf.size, 105000);
    assert_int_equal(strlen(buf_text(&buf)), 105000);
}

static void test_buf__takes_its_maximum_and_not_a_byte_more(void **state)
{
    (void) state;
    struct buf small;
    buf_init(&small, 4);
    buf_add_text(&small, "1234");
    assert_true(buf_ok(&small));
    assert_string_equal(buf_text(&small), "1234");
    buf_add_char(&small, '5');
    assert_false(buf_ok(&small));
    assert_string_equal(buf_text(&small), "1234");
    buf_finish(&small);
}

static void test_buf__a_formatted_text_over_the_maximum_fails_too(void **state)
{
    (void) state;
    struct buf small;
    buf_init(&small, 4);
    buf_add_format(&small, "%d", 12345);
    assert_false(buf_ok(&small));
    assert_string_equal(buf_text(&small), "");
    buf_finish(&small);
}

static void test_buf__a_size_that_would_wrap_around_fails(void **state)
{
    (void) state;
    buf_add_text(&buf, "some");
    buf_add(&buf, "x", SIZE_MAX - 2);
    assert_false(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "some");
}

static void test_buf__a_failure_sticks_until_it_is_cleared(void **state)
{
    (void) state;
    buf_add_text(&buf, "kept");
    memory_fail_at(1);
    buf_add_format(&buf, "%5000d", 1);
    memory_fail_at(0);
    assert_false(buf_ok(&buf));
    buf_add_text(&buf, "dropped");
    buf_add_char(&buf, 'x');
    buf_add_format(&buf, "%d", 1);
    assert_false(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "kept");
    buf_clear(&buf);
    assert_true(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "");
    buf_add_text(&buf, "new");
    assert_string_equal(buf_text(&buf), "new");
}

static void test_buf__clearing_keeps_the_room(void **state)
{
    (void) state;
    buf_add_format(&buf, "%5000d", 1);
    buf_clear(&buf);
    memory_fail_at(0);
    buf_add_format(&buf, "%5000d", 2);
    assert_int_equal(memory_count(), 0);
    assert_int_equal(buf.size, 5000);
}

static void test_buf__finishing_twice_or_nothing_is_fine(void **state)
{
    (void) state;
    buf_finish(NULL);
    buf_add_text(&buf, "text");
    buf_finish(&buf);
    buf_finish(&buf);
    buf_init(&buf, 10);
    buf_add_text(&buf, "again");
    assert_string_equal(buf_text(&buf), "again");
}

static bool fill_one(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf own;
    buf_init(&own, 100000);
    buf_add_text(&own, "text");
    for (int i = 0; i < 200; i++)
        buf_add_format(&own, "%d ", i);
    buf_add_format(&own, "%20000d", 1);
    bool filled = buf_ok(&own);
    buf_finish(&own);
    return filled || fault_out_of_memory(fault);
}

static void test_buf__survives_every_failed_allocation(void **state)
{
    (void) state;
    assert_true(starve(fill_one, NULL) >= 3);
}

#define BUF_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUF_TEST(test_buf__an_empty_one_is_an_empty_text),
        BUF_TEST(test_buf__holds_what_was_added_in_order),
        BUF_TEST(test_buf__grows_and_stays_ended_by_a_nul),
        BUF_TEST(test_buf__takes_its_maximum_and_not_a_byte_more),
        BUF_TEST(test_buf__a_formatted_text_over_the_maximum_fails_too),
        BUF_TEST(test_buf__a_size_that_would_wrap_around_fails),
        BUF_TEST(test_buf__a_failure_sticks_until_it_is_cleared),
        BUF_TEST(test_buf__clearing_keeps_the_room),
        BUF_TEST(test_buf__finishing_twice_or_nothing_is_fine),
        cmocka_unit_test(test_buf__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
