/* Names of files: which are migrations, and which of those cannot be. */
#include "support/testing.h"

#include "plan/file_name.h"

static void assert_refuses(const char *name, const char *why, const char *shown)
{
    struct fault fault;
    if (file_name_check(name, &fault))
        fail_msg("accepted, but expected: %s", why);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, why);
    assert_contains(fault.what, shown);
    assert_true(fault.hint[0] != '\0');
}

static void test_file_name__only_visible_sql_files_are_migrations(void **state)
{
    (void) state;
    assert_true(file_name_is_migration("001_users.sql"));
    assert_true(file_name_is_migration("a b.sql"));
    assert_true(file_name_is_migration("x.up.sql"));
    assert_false(file_name_is_migration(".hidden.sql"));
    assert_false(file_name_is_migration(".sql"));
    assert_false(file_name_is_migration("..data"));
    assert_false(file_name_is_migration("001.SQL"));
    assert_false(file_name_is_migration("001.sql~"));
    assert_false(file_name_is_migration("001.sql.bak"));
    assert_false(file_name_is_migration("sql"));
    assert_false(file_name_is_migration(""));
}

static void test_file_name__fit_names_in_any_language(void **state)
{
    struct fault fault;
    (void) state;
    assert_true(file_name_check("001_users.sql", &fault));
    assert_true(file_name_check("002_\xC3\xA4pfel \xE6\xBC\xA2\xF0\x9F\x90\x98.sql", &fault));
    assert_true(file_name_check("it's 100% \"quoted\".sql", &fault));
    assert_true(file_name_check("x.up.sql", &fault));
    assert_true(file_name_check("download.sql", &fault));
}

static void test_file_name__what_a_ledger_or_a_log_cannot_hold(void **state)
{
    (void) state;
    assert_refuses("caf\xE9.sql", "UTF-8", "caf\\xE9.sql");
    assert_refuses("a\nb.sql", "control", "a\\x0Ab.sql");
    assert_refuses("a\x1B[31m.sql", "control", "a\\x1B[31m.sql");
    assert_refuses("a\x7F.sql", "control", "a\\x7F.sql");
    assert_refuses("a\xC2\x9B.sql", "control", "a\\xC2\\x9B.sql");
}

static void test_file_name__the_ledger_counts_characters(void **state)
{
    char name[MIGRATION_NAME_MAX_CHARACTERS * 2 + 8];
    struct fault fault;
    (void) state;
    for (size_t i = 0; i < MIGRATION_NAME_MAX_CHARACTERS; i++)
        memcpy(name + 2 * i, "\xC3\xA4", 2);
    strcpy(name + 2 * (MIGRATION_NAME_MAX_CHARACTERS - 4), ".sql");
    assert_true(file_name_check(name, &fault));
    strcat(name, "x.sql");
    assert_refuses(name, "255", "\\xC3\\xA4");
}

static void test_file_name__the_way_back_is_no_migration(void **state)
{
    (void) state;
    assert_refuses("001_users.down.sql", "way back", "001_users.down.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_name__only_visible_sql_files_are_migrations),
        cmocka_unit_test(test_file_name__fit_names_in_any_language),
        cmocka_unit_test(test_file_name__what_a_ledger_or_a_log_cannot_hold),
        cmocka_unit_test(test_file_name__the_ledger_counts_characters),
        cmocka_unit_test(test_file_name__the_way_back_is_no_migration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
