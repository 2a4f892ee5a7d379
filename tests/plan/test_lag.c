/* How far a standby may be behind: the words for it, and the verdict. */
#include "support/testing.h"

#include "plan/lag.h"

static void test_lag__sizes_are_written_as_postgresql_writes_them(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = { { "0", 0 },
                  { "0B", 0 },
                  { "512B", 512 },
                  { "8kB", 8192 },
                  { "16MB", 16777216 },
                  { "2GB", INT64_C(2147483648) },
                  { "16 MB", 16777216 },
                  { "1TB", INT64_C(1099511627776) } };
    struct lag_bound bound;
    struct fault fault;
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(lag_bound_read(&bound, cases[i].text, "--max-lag", &fault));
        assert_int_equal(bound.measure, LAG_BYTES);
        assert_int_equal(bound.most, cases[i].bytes);
    }
}

static void test_lag__durations_are_those_of_every_other_option(void **state)
{
    struct lag_bound bound;
    struct fault fault;
    (void) state;
    assert_true(lag_bound_read(&bound, "1.5s", "--max-lag", &fault));
    assert_int_equal(bound.measure, LAG_TIME);
    assert_int_equal(bound.most, 1500);
    assert_true(lag_bound_read(&bound, "0ms", "--max-lag", &fault));
    assert_int_equal(bound.measure, LAG_TIME);
    assert_int_equal(bound.most, 0);
}

/* Of a bare number nobody knows whether it is seconds or bytes. */
static void test_lag__what_is_neither_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "16", "16mb", "16 mB", "MB", "-1MB", "1.5MB", "2 seconds", "9999999999999999B"
    };
    struct lag_bound bound;
    struct fault fault;
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (lag_bound_read(&bound, texts[i], "--max-lag", &fault))
            fail_msg("\"%s\" was accepted", texts[i]);
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "--max-lag");
        assert_contains(fault.hint, "16MB, 2s");
    }
    assert_false(lag_bound_read(&bound, "999999999TB", "--max-lag", &fault));
    assert_contains(fault.what, "too large");
}

static void test_lag__the_verdict(void **state)
{
    static const struct lag_bound bytes = { LAG_BYTES, 100 }, time = { LAG_TIME, 2000 }, any = { LAG_ANY, 0 };
    static const struct {
        const struct lag_bound *bound;
        struct lag lag;
        enum lag_verdict verdict;
    } cases[] = {
        { &any, { -1, -1, -1 }, LAG_WITHIN },
        { &bytes, { 1000, 1000, -1 }, LAG_WITHIN },
        { &bytes, { 1000, 1100, -1 }, LAG_WITHIN },
        { &bytes, { 1000, 1101, 0 }, LAG_BEYOND },
        { &bytes, { 1000, -1, 0 }, LAG_UNKNOWN },
        { &bytes, { -1, 1000, 0 }, LAG_UNKNOWN },
        { &time, { 1000, 1000, 86400000 }, LAG_WITHIN }, /* an idle primary */
        { &time, { 1001, 1000, 86400000 }, LAG_WITHIN }, /* the primary was asked a moment before */
        { &time, { 1000, 1001, 2000 }, LAG_WITHIN },
        { &time, { 1000, 1001, 2001 }, LAG_BEYOND },
        { &time, { 1000, 1001, -1 }, LAG_UNKNOWN },
        { &time, { 1000, -1, 0 }, LAG_UNKNOWN },
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (lag_judge(cases[i].bound, &cases[i].lag) != cases[i].verdict)
            fail_msg("case %zu", i);
}

static void test_lag__is_told_in_words(void **state)
{
    static const struct lag_bound bytes = { LAG_BYTES, 100 }, time = { LAG_TIME, 2000 };
    char line[128];
    (void) state;
    lag_tell(line, sizeof line, &bytes, &(struct lag){ 0, 20 << 20, 0 });
    assert_string_equal(line, "20 MB behind its primary");
    lag_tell(line, sizeof line, &bytes, &(struct lag){ 0, 2 << 20, 0 });
    assert_string_equal(line, "2048 kB behind its primary");
    lag_tell(line, sizeof line, &time, &(struct lag){ 0, 1, 3500 });
    assert_string_equal(line, "3500 ms behind its primary");
    lag_tell(line, sizeof line, &time, &(struct lag){ 0, 1, -1 });
    assert_contains(line, "replayed no transaction");
    lag_tell(line, sizeof line, &time, &(struct lag){ 0, -1, -1 });
    assert_contains(line, "does not stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lag__sizes_are_written_as_postgresql_writes_them),
        cmocka_unit_test(test_lag__durations_are_those_of_every_other_option),
        cmocka_unit_test(test_lag__what_is_neither_is_refused),
        cmocka_unit_test(test_lag__the_verdict),
        cmocka_unit_test(test_lag__is_told_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
