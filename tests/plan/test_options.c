/* Promises that hold for every row of the two tables. */
#include "support/testing.h"

#include <ctype.h>
#include <stdio.h>

#include "plan/options.h"

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void test_options__each_row_stands_in_its_place(void **state)
{
    (void) state;
    assert_int_equal(option_count, OPTION_COUNT);
    for (size_t i = 0; i < option_count; i++)
        assert_int_equal(option_table[i].id, i);
}

static void test_options__no_name_is_given_twice(void **state)
{
    (void) state;
    for (size_t i = 0; i < option_count; i++)
        for (size_t j = i + 1; j < option_count; j++) {
            const struct option *a = &option_table[i], *b = &option_table[j];
            if (same(a->name, b->name) || same(a->variable, b->variable) || (a->letter != 0 && a->letter == b->letter))
                fail_msg("rows %zu and %zu share a name", i, j);
        }
}

static void test_options__each_row_can_be_reached_and_is_explained(void **state)
{
    (void) state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        assert_true(option->name != NULL || option->variable != NULL);
        assert_non_null(option->help);
        assert_int_equal(option->help[strlen(option->help) - 1], '.');
        assert_int_not_equal(option->commands, 0);
    }
}

/* "lock-wait" is PGUSHER_LOCK_WAIT: nobody has to look that up. */
static void test_options__our_variables_are_called_like_their_flags(void **state)
{
    (void) state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        char expected[64];
        if (option->group == GROUP_CONNECTION || option->variable == NULL)
            continue;
        snprintf(expected, sizeof expected, "PGUSHER_%s", option->name);
        for (char *c = expected; *c != '\0'; c++)
            *c = *c == '-' ? '_' : (char) toupper((unsigned char) *c);
        assert_string_equal(option->variable, expected);
    }
}

static void test_options__every_row_is_found(void **state)
{
    (void) state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (option->name != NULL)
            assert_ptr_equal(option_find(option->name, strlen(option->name)), option);
        if (option->letter != 0)
            assert_ptr_equal(option_find_letter(option->letter), option);
        if (option->variable != NULL)
            assert_ptr_equal(option_find_variable(option->variable, strlen(option->variable)), option);
    }
    assert_null(option_find("hos", 3));
    assert_null(option_find("hosts", 5));
    assert_null(option_find("", 0));
    assert_null(option_find_letter(0));
    assert_null(option_find_letter('x'));
}

static void test_options__every_command_is_found_and_explained(void **state)
{
    (void) state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command_row *row = &command_table[i];
        assert_ptr_equal(command_find(row->command), row);
        assert_ptr_equal(command_find_name(row->name), row);
        assert_non_null(row->summary);
        assert_non_null(row->description);
        assert_non_null(row->examples[0]);
        for (const char *const *example = row->examples; *example != NULL; example++) {
            assert_int_equal(strncmp(*example, "pgusher ", 8), 0);
            assert_non_null(strchr(*example, '\t'));
        }
    }
    assert_null(command_find(COMMAND_NONE));
    assert_null(command_find_name("u"));
}

static void test_options__every_group_has_a_title(void **state)
{
    (void) state;
    for (enum option_group group = GROUP_CONNECTION; group < GROUP_COUNT; group++)
        assert_non_null(option_group_title(group));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options__each_row_stands_in_its_place),
        cmocka_unit_test(test_options__no_name_is_given_twice),
        cmocka_unit_test(test_options__each_row_can_be_reached_and_is_explained),
        cmocka_unit_test(test_options__our_variables_are_called_like_their_flags),
        cmocka_unit_test(test_options__every_row_is_found),
        cmocka_unit_test(test_options__every_command_is_found_and_explained),
        cmocka_unit_test(test_options__every_group_has_a_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
