/* Lists of targets: lines, comments, and where it is said that something is wrong. */
#include "support/testing.h"

#include "plan/targets.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"

static struct arena arena;
static struct target_texts targets;

static int make(void **state)
{
    (void) state;
    arena_init(&arena);
    targets = (struct target_texts){ .arena = &arena };
    return 0;
}

static int clear(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

static bool add(const char *text, struct fault *fault)
{
    return targets_add_lines(&targets, text, strlen(text), "hosts", fault);
}

static void test_targets__one_a_line_without_blanks_and_comments(void **state)
{
    struct fault fault;
    (void) state;
    assert_true(add("# all of them\n\n  postgresql://a/x\t\r\nhost=b  port=6000\n   # not this\npostgres://c", &fault));
    assert_int_equal(targets.count, 3);
    assert_string_equal(targets.list[0].text, "postgresql://a/x");
    assert_string_equal(targets.list[0].origin, "hosts:3:3");
    assert_string_equal(targets.list[1].text, "host=b  port=6000");
    assert_string_equal(targets.list[1].origin, "hosts:4:1");
    assert_string_equal(targets.list[2].text, "postgres://c");
    assert_string_equal(targets.list[2].origin, "hosts:6:1");
}

static void test_targets__what_is_none_is_refused_with_its_place_and_not_shown(void **state)
{
    struct fault fault;
    (void) state;
    assert_false(add("host=a\n  secretword\n", &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "hosts:2:3");
    assert_lacks(fault.what, "secretword");
    assert_false(add("mysql://u:secretword@h/d", &fault));
    assert_contains(fault.what, "hosts:1:1");
    assert_lacks(fault.what, "secretword");
}

static void test_targets__a_nul_byte_is_refused_where_it_stands(void **state)
{
    struct fault fault;
    (void) state;
    assert_false(targets_add_lines(&targets, " host=a\0b", 9, "hosts", &fault));
    assert_contains(fault.what, "hosts:1:8");
}

static void test_targets__many_keep_their_order(void **state)
{
    struct fault fault;
    (void) state;
    for (int i = 0; i < 1000; i++)
        assert_true(targets_add(&targets, must_format("host=h%d", i), "--target", &fault));
    assert_int_equal(targets.count, 1000);
    assert_string_equal(targets.list[0].text, "host=h0");
    assert_string_equal(targets.list[999].text, "host=h999");
}

static void test_targets__a_file_is_read_and_one_that_is_not_there_is_named(void **state)
{
    struct fault fault;
    const char *folder = folder_with((const struct folder_file[]){ { "hosts", "host=a\n#host=b\nhost=c" }, { 0 } });
    (void) state;
    assert_true(targets_add_file(&targets, must_format("%s/hosts", folder), &fault));
    assert_int_equal(targets.count, 2);
    assert_contains(targets.list[1].origin, "hosts:3:1");
    assert_false(targets_add_file(&targets, must_format("%s/none", folder), &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "/none");
    assert_false(targets_add_file(&targets, folder, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
}

static bool add_some(void *argument, struct fault *fault)
{
    (void) argument;
    struct arena scratch;
    arena_init(&scratch);
    struct target_texts some = { .arena = &scratch };
    bool ok = targets_add_lines(&some, "host=a\nhost=b\n", 14, "hosts", fault);
    arena_finish(&scratch);
    return ok;
}

static void test_targets__without_memory_it_says_so(void **state)
{
    (void) state;
    starve(add_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_targets__one_a_line_without_blanks_and_comments, make, clear),
        cmocka_unit_test_setup_teardown(test_targets__what_is_none_is_refused_with_its_place_and_not_shown, make, clear),
        cmocka_unit_test_setup_teardown(test_targets__a_nul_byte_is_refused_where_it_stands, make, clear),
        cmocka_unit_test_setup_teardown(test_targets__many_keep_their_order, make, clear),
        cmocka_unit_test_setup_teardown(test_targets__a_file_is_read_and_one_that_is_not_there_is_named, make, clear),
        cmocka_unit_test(test_targets__without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
