/* Numbers, switches, choices and ports. */
#include "support/testing.h"

#include "plan/value.h"

static void test_value__a_number_within_its_bounds(void **state)
{
    struct fault fault;
    int64_t number;
    (void) state;
    assert_true(value_number(&number, "1", "--attempts", 1, 100, &fault));
    assert_int_equal(number, 1);
    assert_true(value_number(&number, "0100", "--attempts", 1, 100, &fault));
    assert_int_equal(number, 100);
}

static void test_value__no_number_is_refused_with_its_bounds(void **state)
{
    static const char *const texts[] = { "", "0", "101", "-1", "+1", "1.5", "1 ", "abc", "18446744073709551617" };
    struct fault fault;
    int64_t number;
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (value_number(&number, texts[i], "--attempts", 1, 100, &fault))
            fail_msg("\"%s\" was accepted", texts[i]);
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "--attempts");
        assert_contains(fault.what, "from 1 to 100");
    }
}

static void test_value__switches_are_postgresql_booleans(void **state)
{
    static const char *const on[] = { "on", "ON", "true", "True", "yes", "1" };
    static const char *const off[] = { "off", "false", "no", "NO", "0" };
    struct fault fault;
    bool value;
    (void) state;
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
        value = false;
        assert_true(value_switch(&value, on[i], "PGUSHER_STRICT", &fault));
        assert_true(value);
    }
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        assert_true(value_switch(&value, off[i], "PGUSHER_STRICT", &fault));
        assert_false(value);
    }
    assert_false(value_switch(&value, "maybe", "PGUSHER_STRICT", &fault));
    assert_string_equal(fault.what, "PGUSHER_STRICT: \"maybe\" is neither on nor off");
}

static void test_value__a_choice_that_is_none_lists_them(void **state)
{
    static const char *const names[] = { "auto", "text", "json" };
    struct fault fault;
    size_t index = 0;
    (void) state;
    assert_true(value_choice(&index, "json", "--log-format", names, 3, &fault));
    assert_int_equal(index, 2);
    assert_false(value_choice(&index, "JSON", "--log-format", names, 3, &fault));
    assert_string_equal(fault.what, "--log-format: \"JSON\" is not a choice");
    assert_string_equal(fault.hint, "Accepted are auto, text and json.");
}

static void test_value__ports_as_libpq_lists_them(void **state)
{
    static const char *const good[] = {
        "5432", "1", "65535", "5432,5433", "5432,,5433", ",5433", "5432,", " 5432 ", "05432"
    };
    static const char *const bad[] = { "0",
                                       "65536",
                                       "-1",
                                       "abc",
                                       "5432x",
                                       "54 32",
                                       "5432;5433",
                                       "5432,0",
                                       "5432,ab",
                                       "5432.",
                                       "0x10",
                                       "4294972728",
                                       "tcp://10.0.0.1:5432" };
    struct fault fault;
    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!value_ports(good[i], "-p", &fault))
            fail_msg("%s", fault.what);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (value_ports(bad[i], "POSTGRES_PORT", &fault))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "POSTGRES_PORT");
        assert_contains(fault.what, bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value__a_number_within_its_bounds),
        cmocka_unit_test(test_value__no_number_is_refused_with_its_bounds),
        cmocka_unit_test(test_value__switches_are_postgresql_booleans),
        cmocka_unit_test(test_value__a_choice_that_is_none_lists_them),
        cmocka_unit_test(test_value__ports_as_libpq_lists_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
