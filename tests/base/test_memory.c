/*
 * The door to the heap: zeroed blocks, and an n-th allocation that fails on demand and only once.
 */
#include "base/memory.h"

#include "support/testing.h"

static int let_all_succeed(void **state)
{
    (void) state;
    memory_fail_at(0);
    return 0;
}

static void test_memory__a_block_is_zeroed_and_never_null_for_nothing(void **state)
{
    (void) state;
    unsigned char *block = memory_alloc(1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    memory_free(block);
    void *nothing = memory_alloc(0);
    assert_non_null(nothing);
    nothing = memory_realloc(nothing, 0);
    assert_non_null(nothing);
    memory_free(nothing);
    memory_free(NULL);
}

static void test_memory__the_nth_allocation_fails_once(void **state)
{
    (void) state;
    memory_fail_at(3);
    for (long nth = 1; nth <= 5; nth++) {
        void *block = memory_alloc(8);
        assert_int_equal(block == NULL, nth == 3);
        assert_int_equal(memory_count(), nth);
        memory_free(block);
    }
}

static void test_memory__a_failed_realloc_leaves_the_block_alone(void **state)
{
    (void) state;
    char *block = memory_alloc(8);
    strcpy(block, "kept");
    memory_fail_at(1);
    assert_null(memory_realloc(block, 100000));
    assert_string_equal(block, "kept");
    block = memory_realloc(block, 100000);
    assert_string_equal(block, "kept");
    memory_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__a_block_is_zeroed_and_never_null_for_nothing),
        cmocka_unit_test_teardown(test_memory__the_nth_allocation_fails_once, let_all_succeed),
        cmocka_unit_test_teardown(test_memory__a_failed_realloc_leaves_the_block_alone, let_all_succeed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
