/* The line of an error and the caret below it. */
#include "text/excerpt.h"

#include "reading.h"
#include "support/starve.h"
#include "support/testing.h"

static void assert_excerpt(const char *text, size_t offset, size_t width, const char *expected)
{
    struct source source = source_of(text);
    struct buf buf;
    buf_init(&buf, 10000);
    excerpt_add(&buf, &source, offset, width);
    assert_string_equal(buf_text(&buf), expected);
    buf_finish(&buf);
}

static void test_excerpt__the_caret_is_below_the_character(void **state)
{
    (void) state;
    assert_excerpt("SELECT 1\nFROM x;\n", 14, 80, "   2 | FROM x;\n     |      ^\n");
    assert_excerpt("SELECT 1", 0, 80, "   1 | SELECT 1\n     | ^\n");
}

static void test_excerpt__the_end_of_the_text_is_a_place(void **state)
{
    (void) state;
    assert_excerpt("SELECT", 6, 80, "   1 | SELECT\n     |       ^\n");
    assert_excerpt("SELECT", 99, 80, "   1 | SELECT\n     |       ^\n");
    assert_excerpt("", 0, 80, "   1 | \n     | ^\n");
}

static void test_excerpt__tabs_and_control_characters_are_single_spaces(void **state)
{
    (void) state;
    assert_excerpt("\ta\x1B[31mb\tc", 9, 80, "   1 |  a [31mb c\n     |          ^\n");
}

static void test_excerpt__a_carriage_return_is_part_of_the_line_end(void **state)
{
    (void) state;
    assert_excerpt("ab\r\ncd", 3, 80, "   1 | ab\n     |   ^\n");
}

static void test_excerpt__the_byte_order_mark_is_not_shown(void **state)
{
    (void) state;
    assert_excerpt("\xEF\xBB\xBF"
                   "ab",
                   4, 80, "   1 | ab\n     |  ^\n");
    assert_excerpt("\xEF\xBB\xBF"
                   "ab",
                   0, 80, "   1 | ab\n     | ^\n");
}

static void test_excerpt__characters_of_several_bytes_are_one_column(void **state)
{
    (void) state;
    assert_excerpt("'\xC3\xA9\xC3\xA9' x", 7, 80, "   1 | '\xC3\xA9\xC3\xA9' x\n     |      ^\n");
}

static void test_excerpt__east_asian_characters_are_two_columns(void **state)
{
    (void) state;
    assert_excerpt("'\xE6\xBC\xA2' x", 6, 80, "   1 | '\xE6\xBC\xA2' x\n     |      ^\n");
}

static void test_excerpt__combining_marks_are_no_column(void **state)
{
    (void) state;
    assert_excerpt("e\xCC\x81 x", 4, 80, "   1 | e\xCC\x81 x\n     |   ^\n");
}

static void test_excerpt__a_wide_line_is_cut_around_the_place(void **state)
{
    (void) state;
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    assert_excerpt(text, 18, 20, "   1 | ...bcdefghijklmno...\n     |           ^\n");
    assert_excerpt(text, 0, 20, "   1 | 0123456789abcd...\n     | ^\n");
    assert_excerpt(text, 35, 20, "   1 | ...mnopqrstuvwxyz\n     |                 ^\n");
    assert_excerpt(text, 18, 36, "   1 | 0123456789abcdefghijklmnopqrstuvwxyz\n     |                   ^\n");
}

static void test_excerpt__a_cut_never_parts_a_character(void **state)
{
    (void) state;
    static const char text[] = "\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2"
                               "\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2";
    struct source source = source_of(text);
    struct fault fault;
    for (size_t offset = 0; offset <= source.size; offset += 3) {
        struct buf buf;
        buf_init(&buf, 10000);
        excerpt_add(&buf, &source, offset, 17);
        struct source shown = source_of(buf_text(&buf));
        assert_true(source_check(&shown, &fault));
        buf_finish(&buf);
    }
}

static void test_excerpt__a_line_number_of_five_digits_moves_the_caret(void **state)
{
    (void) state;
    char text[12001];
    memset(text, '\n', sizeof text - 1);
    text[12000] = '\0';
    memcpy(text + 11998, "ab", 2);
    assert_excerpt(text, 11999, 80, "11999 | ab\n      |  ^\n");
}

static bool add_starved(void *argument, struct fault *fault)
{
    struct source *source = argument;
    struct buf buf;
    buf_init(&buf, 10000);
    excerpt_add(&buf, source, 200, 1000);
    bool done = buf_ok(&buf) || fault_out_of_memory(fault);
    buf_finish(&buf);
    return done;
}

static void test_excerpt__no_memory_is_noticed(void **state)
{
    (void) state;
    char text[401];
    memset(text, 'x', sizeof text - 1);
    text[400] = '\0';
    struct source source = source_of(text);
    starve(add_starved, &source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excerpt__the_caret_is_below_the_character),
        cmocka_unit_test(test_excerpt__the_end_of_the_text_is_a_place),
        cmocka_unit_test(test_excerpt__tabs_and_control_characters_are_single_spaces),
        cmocka_unit_test(test_excerpt__a_carriage_return_is_part_of_the_line_end),
        cmocka_unit_test(test_excerpt__the_byte_order_mark_is_not_shown),
        cmocka_unit_test(test_excerpt__characters_of_several_bytes_are_one_column),
        cmocka_unit_test(test_excerpt__east_asian_characters_are_two_columns),
        cmocka_unit_test(test_excerpt__combining_marks_are_no_column),
        cmocka_unit_test(test_excerpt__a_wide_line_is_cut_around_the_place),
        cmocka_unit_test(test_excerpt__a_cut_never_parts_a_character),
        cmocka_unit_test(test_excerpt__a_line_number_of_five_digits_moves_the_caret),
        cmocka_unit_test(test_excerpt__no_memory_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
