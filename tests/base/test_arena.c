/*
 * The arena: what it hands out is zeroed, aligned, apart from all else, and there until the end.
 */
#include "base/arena.h"

#include <stdio.h>

#include "support/starve.h"
#include "support/testing.h"

static struct arena arena;

static int begin(void **state)
{
    (void) state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

static bool is_zeroed(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void test_arena__memory_is_zeroed_and_aligned_at_every_size(void **state)
{
    (void) state;
    for (size_t size = 0; size < 20000; size = size * 3 / 2 + 1) {
        unsigned char *bytes = arena_alloc(&arena, size);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t) bytes % _Alignof(max_align_t), 0);
        assert_true(is_zeroed(bytes, size));
        memset(bytes, 0xFF, size);
    }
}

static void test_arena__nothing_handed_out_overlaps(void **state)
{
    (void) state;
    enum { PIECES = 3000 };
    unsigned char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i % 97 + (i % 500 == 0 ? 40000 : 1);
        pieces[i] = arena_alloc(&arena, size);
        memset(pieces[i], (int) (i % 251), size);
    }
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i % 97 + (i % 500 == 0 ? 40000 : 1);
        for (size_t at = 0; at < size; at++)
            if (pieces[i][at] != i % 251)
                fail_msg("piece %zu was written over at %zu", i, at);
    }
}

static void test_arena__a_large_piece_leaves_the_room_for_small_ones(void **state)
{
    (void) state;
    const unsigned char *before = arena_alloc(&arena, 16);
    assert_non_null(arena_alloc(&arena, 100000));
    const unsigned char *after = arena_alloc(&arena, 16);
    assert_ptr_equal(after, before + 16);
}

static void test_arena__an_impossible_size_is_no_memory(void **state)
{
    (void) state;
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(arena_array(&arena, SIZE_MAX / 4, 8));
    assert_null(arena_array(&arena, 8, SIZE_MAX / 4));
    assert_non_null(arena_array(&arena, 0, 8));
    assert_non_null(arena_array(&arena, 8, 0));
}

static void test_arena__a_list_grows_only_when_it_is_full_and_keeps_what_is_in_it(void **state)
{
    (void) state;
    size_t *list = NULL;
    size_t room = 0;
    for (size_t count = 0; count < 100; count++) {
        size_t *grown = arena_grow(&arena, list, count, &room, sizeof *list);
        assert_true(room > count);
        assert_true(grown == list || count == 0 || room == 2 * count);
        list = grown;
        list[count] = count;
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(list[i], i);
    room = SIZE_MAX / 4;
    assert_null(arena_grow(&arena, list, room, &room, sizeof *list));
    assert_int_equal(room, SIZE_MAX / 4);
}

static void test_arena__two_long_lists_grow_side_by_side(void **state)
{
    (void) state;
    size_t *lists[2] = { NULL, NULL };
    size_t rooms[2] = { 0, 0 };
    for (size_t count = 0; count < 100000; count++) {
        for (size_t i = 0; i < 2; i++) {
            lists[i] = arena_grow(&arena, lists[i], count, &rooms[i], sizeof *lists[i]);
            lists[i][count] = 2 * count + i;
        }
    }
    const char *small = arena_text(&arena, "still there");
    for (size_t count = 0; count < 100000; count++)
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(lists[i][count], 2 * count + i);
    assert_string_equal(small, "still there");
}

static void test_arena__copies_end_with_a_nul_and_keep_those_inside(void **state)
{
    (void) state;
    char original[] = { 'a', '\0', 'b' };
    const char *copy = arena_copy(&arena, original, sizeof original);
    memset(original, 'x', sizeof original);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
}

static void test_arena__text_of_nothing_is_nothing(void **state)
{
    (void) state;
    assert_null(arena_text(&arena, NULL));
    assert_string_equal(arena_text(&arena, ""), "");
    assert_string_equal(arena_text(&arena, "müsli"), "müsli");
}

static void test_arena__formats_text_of_any_length(void **state)
{
    (void) state;
    assert_string_equal(arena_format(&arena, "%s:%d", "host", 5432), "host:5432");
    assert_string_equal(arena_format(&arena, "%s", ""), "");
    const char *padded = arena_format(&arena, "%50000d", 7);
    assert_int_equal(strlen(padded), 50000);
    assert_int_equal(padded[49999], '7');
}

static void test_arena__finishing_twice_or_nothing_is_fine(void **state)
{
    (void) state;
    arena_finish(NULL);
    assert_non_null(arena_alloc(&arena, 10));
    arena_finish(&arena);
    arena_finish(&arena);
    assert_non_null(arena_alloc(&arena, 10));
}

static bool fill(struct arena *into)
{
    for (int i = 0; i < 40; i++)
        if (arena_alloc(into, 2000) == NULL)
            return false;
    return arena_array(into, 1000, 100) != NULL && arena_text(into, "text") != NULL &&
           arena_format(into, "%20000d", 1) != NULL && arena_copy(into, "abc", 3) != NULL;
}

static bool fill_one(void *argument, struct fault *fault)
{
    (void) argument;
    struct arena own;
    arena_init(&own);
    bool filled = fill(&own);
    arena_finish(&own);
    return filled || fault_out_of_memory(fault);
}

static void test_arena__survives_every_failed_allocation(void **state)
{
    (void) state;
    assert_true(starve(fill_one, NULL) >= 4);
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_arena__memory_is_zeroed_and_aligned_at_every_size),
        ARENA_TEST(test_arena__nothing_handed_out_overlaps),
        ARENA_TEST(test_arena__a_large_piece_leaves_the_room_for_small_ones),
        ARENA_TEST(test_arena__an_impossible_size_is_no_memory),
        ARENA_TEST(test_arena__a_list_grows_only_when_it_is_full_and_keeps_what_is_in_it),
        ARENA_TEST(test_arena__two_long_lists_grow_side_by_side),
        ARENA_TEST(test_arena__copies_end_with_a_nul_and_keep_those_inside),
        ARENA_TEST(test_arena__text_of_nothing_is_nothing),
        ARENA_TEST(test_arena__formats_text_of_any_length),
        ARENA_TEST(test_arena__finishing_twice_or_nothing_is_fine),
        cmocka_unit_test(test_arena__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
