/* Connection strings told from names, and their secrets kept. */
#include "support/testing.h"

#include "plan/conninfo.h"

static void test_conninfo__is_told_from_a_name_as_psql_does(void **state)
{
    (void) state;
    assert_true(conninfo_is("postgresql://db/app"));
    assert_true(conninfo_is("postgres://db/app"));
    assert_true(conninfo_is("host=db"));
    assert_false(conninfo_is("app"));
    assert_false(conninfo_is("postgresql"));
    assert_false(conninfo_is("mysql://db/app"));
    assert_true(conninfo_is_secret("mysql://db/app"));
    assert_false(conninfo_is_secret("app"));
}

static void test_conninfo__another_scheme_is_named_and_nothing_else(void **state)
{
    static const char *const texts[][2] = {
        { "postgresql+asyncpg://app:s3cret@db/app?x=y", "\"postgresql+asyncpg://\"" },
        { "jdbc:postgresql://db/app?password=s3cret", "\"jdbc:postgresql://\"" },
        { "mysql://app:s3cret@db/app", "\"mysql://\"" },
        { "s3cret@db/app", "not a connection string" },
        { "://s3cret", "not a connection string" },
    };
    struct fault fault;
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(conninfo_check(texts[i][0], "DATABASE_URL", &fault));
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "DATABASE_URL");
        assert_contains(fault.what, texts[i][1]);
        assert_lacks(fault.what, "s3cret");
        assert_lacks(fault.hint, "s3cret");
    }
}

static void test_conninfo__keywords_may_hold_anything(void **state)
{
    struct fault fault;
    (void) state;
    assert_true(conninfo_check("host=db password='a://b'", "DATABASE_URL", &fault));
    assert_true(conninfo_check("  host = db", "DATABASE_URL", &fault));
    assert_true(conninfo_check("postgres://", "DATABASE_URL", &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conninfo__is_told_from_a_name_as_psql_does),
        cmocka_unit_test(test_conninfo__another_scheme_is_named_and_nothing_else),
        cmocka_unit_test(test_conninfo__keywords_may_hold_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
