/* Durations: what is accepted, what it comes to, and what is refused. */
#include "support/testing.h"

#include "base/duration.h"

static int64_t read_one(const char *text)
{
    struct fault fault;
    int64_t ms = -7;
    fault_clear(&fault);
    if (!duration_read(&ms, text, "--interval", &fault))
        fail_msg("%s: %s", text, fault.what);
    return ms;
}

static void test_duration__each_unit_and_none(void **state)
{
    (void) state;
    assert_int_equal(read_one("500ms"), 500);
    assert_int_equal(read_one("2s"), 2000);
    assert_int_equal(read_one("3m"), 180000);
    assert_int_equal(read_one("1h"), 3600000);
    assert_int_equal(read_one("90"), 90000);
    assert_int_equal(read_one("0"), 0);
    assert_int_equal(read_one("007s"), 7000);
}

static void test_duration__fractions_round_up_to_a_millisecond(void **state)
{
    (void) state;
    assert_int_equal(read_one("1.5s"), 1500);
    assert_int_equal(read_one("0.25m"), 15000);
    assert_int_equal(read_one("2.05"), 2050);
    assert_int_equal(read_one("0.1ms"), 1);
    assert_int_equal(read_one("0.000000001h"), 1);
}

static void test_duration__what_is_none_is_refused_by_name(void **state)
{
    static const char *const texts[] = { "",     "abc", "-1s",  "+1s", " 2s", "2 s",  "2s ",           "1.s", ".5s",
                                         "1,5s", "2d",  "2min", "1e3", "ms",  "0x10", "1.0000000001s", "2S",  "1.5.5s" };
    struct fault fault;
    int64_t ms;
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (duration_read(&ms, texts[i], "PGUSHER_GRACE", &fault))
            fail_msg("\"%s\" was accepted", texts[i]);
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "PGUSHER_GRACE");
        assert_contains(fault.what, texts[i]);
        assert_contains(fault.hint, "500ms");
    }
}

static void test_duration__the_longest_and_one_beyond(void **state)
{
    static const char *const texts[] = { "10000.000001h",        "10001h",
                                         "36000000001ms",        "9223372036854775807",
                                         "9223372036854775807h", "99999999999999999999999999999999999999999999ms",
                                         "18446744073709551617s" };
    struct fault fault;
    int64_t ms;
    (void) state;
    assert_true(read_one("10000h") == DURATION_MAX_MS);
    assert_true(read_one("36000000s") == DURATION_MAX_MS);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (duration_read(&ms, texts[i], "--timeout", &fault))
            fail_msg("\"%s\" was accepted as %lld", texts[i], (long long) ms);
        assert_contains(fault.what, "too long");
    }
}

static void test_duration__is_written_in_the_largest_unit_that_fits(void **state)
{
    static const char *const words[] = { "0s", "1ms", "1500ms", "2s", "90s", "1m", "61m", "3h", "10000h" };
    (void) state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char written[DURATION_WORD_BYTES];
        duration_write(written, read_one(words[i]));
        assert_string_equal(written, words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration__each_unit_and_none),
        cmocka_unit_test(test_duration__fractions_round_up_to_a_millisecond),
        cmocka_unit_test(test_duration__what_is_none_is_refused_by_name),
        cmocka_unit_test(test_duration__the_longest_and_one_beyond),
        cmocka_unit_test(test_duration__is_written_in_the_largest_unit_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
