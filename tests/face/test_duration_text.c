#include "support/testing.h"

#include "face/duration_text.h"

struct row {
    int64_t us;
    const char *text;
};

static char text[TIMESTAMP_TEXT_BYTES];

static void test_duration__is_rounded_to_what_people_read(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { 0, "0.0 ms" },
        { -5, "0.0 ms" },
        { 412, "0.4 ms" },
        { 949, "0.9 ms" },
        { 950, "1 ms" },
        { 3499, "3 ms" },
        { 12345, "12 ms" },
        { 999499, "999 ms" },
        { 999500, "1.0 s" },
        { 1249999, "1.2 s" },
        { 1250000, "1.3 s" },
        { 59949999, "59.9 s" },
        { 59950000, "1 min 00 s" },
        { 125000000, "2 min 05 s" },
        { INT64_C(3599499999), "59 min 59 s" },
        { INT64_C(3599500000), "1 h 00 min" },
        { INT64_C(11220000000), "3 h 07 min" },
        { INT64_MAX, "2562047788 h 00 min" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        duration_text(text, rows[i].us);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_elapsed__counts_whole_seconds_that_have_passed(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { -1, "0 s" }, { 999999, "0 s" }, { 12900000, "12 s" }, { 59999999, "59 s" }, { 60000000, "1 min 00 s" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        elapsed_text(text, rows[i].us);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_timestamp__is_rfc_3339_in_utc_with_microseconds(void **state)
{
    (void) state;
    timestamp_text(text, INT64_C(1769860800123456));
    assert_string_equal(text, "2026-01-31T12:00:00.123456Z");
    timestamp_text(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    timestamp_text(text, -1);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

static void test_time_of_day__has_milliseconds(void **state)
{
    (void) state;
    time_of_day_text(text, INT64_C(1769860800123999));
    assert_string_equal(text, "12:00:00.123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration__is_rounded_to_what_people_read),
        cmocka_unit_test(test_elapsed__counts_whole_seconds_that_have_passed),
        cmocka_unit_test(test_timestamp__is_rfc_3339_in_utc_with_microseconds),
        cmocka_unit_test(test_time_of_day__has_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
