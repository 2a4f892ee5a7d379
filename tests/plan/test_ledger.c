/* Looking up rows in byte order. */
#include "support/testing.h"

#include <stdio.h>

#include "plan/ledger.h"

static void test_ledger__finds_each_row_and_none_between(void **state)
{
    static struct ledger_row rows[] = { { .migration_name = "001_a.sql" },
                                        { .migration_name = "001_b.sql" },
                                        { .migration_name = "A.sql" },
                                        { .migration_name = "a.sql" },
                                        { .migration_name = "\xC3\xA4.sql" } };
    (void) state;
    for (size_t count = 0; count <= sizeof rows / sizeof rows[0]; count++) {
        const struct ledger ledger = { .exists = true, .rows = rows, .row_count = count };
        for (size_t i = 0; i < count; i++)
            assert_ptr_equal(ledger_find(&ledger, rows[i].migration_name), &rows[i]);
        for (size_t i = count; i < sizeof rows / sizeof rows[0]; i++)
            assert_null(ledger_find(&ledger, rows[i].migration_name));
        assert_null(ledger_find(&ledger, ""));
        assert_null(ledger_find(&ledger, "001_aa.sql"));
        assert_null(ledger_find(&ledger, "\xF0"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger__finds_each_row_and_none_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
