/*
 * The clocks: one never goes back, the other shows the time of day.
 */
#include "base/clock.h"

#include <time.h>

#include "support/testing.h"

static void test_clock__the_monotonic_one_never_goes_back(void **state)
{
    (void) state;
    int64_t before = clock_monotonic_us();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
}

static void test_clock__the_wall_shows_microseconds_since_1970(void **state)
{
    (void) state;
    int64_t before = (int64_t) time(NULL) * 1000000 - 1000000; /* time() may lag behind by a tick */
    int64_t now = clock_wall_us();
    int64_t after = ((int64_t) time(NULL) + 2) * 1000000;
    assert_true(before <= now && now <= after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__the_monotonic_one_never_goes_back),
        cmocka_unit_test(test_clock__the_wall_shows_microseconds_since_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
