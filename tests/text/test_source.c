/* Positions in bytes, lines and characters, and what is no text. */
#include "reading.h"
#include "support/testing.h"

static void assert_position(const char *text, size_t offset, size_t line, size_t column)
{
    struct source source = source_of(text);
    struct position position = source_position(&source, offset);
    assert_int_equal(position.line, line);
    assert_int_equal(position.column, column);
}

static void test_source__positions_count_from_one(void **state)
{
    (void) state;
    assert_position("", 0, 1, 1);
    assert_position("ab\ncd", 0, 1, 1);
    assert_position("ab\ncd", 1, 1, 2);
    assert_position("ab\ncd", 2, 1, 3);
    assert_position("ab\ncd", 3, 2, 1);
    assert_position("ab\ncd", 4, 2, 2);
}

static void test_source__a_position_beyond_the_end_is_the_end(void **state)
{
    (void) state;
    assert_position("ab\n", 3, 2, 1);
    assert_position("ab\n", 99, 2, 1);
}

static void test_source__columns_count_characters(void **state)
{
    (void) state;
    assert_position("'h\xC3\xA9' \xE6\xBC\xA2 \xF0\x9F\x90\x98 x", strlen("'h\xC3\xA9' \xE6\xBC\xA2 \xF0\x9F\x90\x98 "), 1,
                    10);
}

static void test_source__crlf_is_one_line_end(void **state)
{
    (void) state;
    assert_position("ab\r\ncd", 2, 1, 3);
    assert_position("ab\r\ncd", 3, 1, 3);
    assert_position("ab\r\ncd", 4, 2, 1);
}

static void test_source__a_lone_carriage_return_is_a_character(void **state)
{
    (void) state;
    assert_position("a\rb", 2, 1, 3);
}

static void test_source__the_byte_order_mark_has_no_column(void **state)
{
    (void) state;
    assert_position("\xEF\xBB\xBF"
                    "ab",
                    0, 1, 1);
    assert_position("\xEF\xBB\xBF"
                    "ab",
                    3, 1, 1);
    assert_position("\xEF\xBB\xBF"
                    "ab",
                    4, 1, 2);
}

static void test_source__the_text_begins_behind_the_byte_order_mark(void **state)
{
    (void) state;
    struct source with = source_of("\xEF\xBB\xBF"
                                   "ab");
    struct source without = source_of("ab");
    struct source half = source_of("\xEF\xBB");
    assert_int_equal(source_begin(&with), 3);
    assert_int_equal(source_begin(&without), 0);
    assert_int_equal(source_begin(&half), 0);
}

static void test_source__forward_goes_over_whole_characters(void **state)
{
    (void) state;
    struct source source = source_of("a\xC3\xA9\xE6\xBC\xA2"
                                     "b");
    assert_int_equal(source_forward(&source, 0, 0), 0);
    assert_int_equal(source_forward(&source, 0, 1), 1);
    assert_int_equal(source_forward(&source, 0, 2), 3);
    assert_int_equal(source_forward(&source, 0, 3), 6);
    assert_int_equal(source_forward(&source, 3, 1), 6);
    assert_int_equal(source_forward(&source, 0, 99), 7);
    assert_int_equal(source_forward(&source, 99, 1), 7);
}

static bool check(const char *bytes, size_t size, struct fault *fault)
{
    struct source source = { .name = "m.sql", .bytes = bytes, .size = size };
    fault_clear(fault);
    return source_check(&source, fault);
}

static void test_source__valid_text_passes(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "",
        "SELECT 1;",
        "\xEF\xBB\xBFSELECT 1;",
        "\x7F\t\r\n",
        "0123456\xC3\xA9",
        "01234567\xC2\x80\xDF\xBF",
        "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF",
        "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!check(texts[i], strlen(texts[i]), &fault))
            fail_msg("text %zu: %s", i, fault.what);
}

static void test_source__invalid_utf8_is_refused_where_it_is(void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t size;
        size_t offset;
    } rows[] = {
        { "ab\x80", 3, 2 },                 /* a byte that continues nothing */
        { "ab\xC3", 3, 2 },                 /* the text ends within a character */
        { "ab\xC3x", 4, 2 },                /* one that is not continued */
        { "\xC0\x80", 2, 0 },               /* overlong */
        { "\xC1\xBF", 2, 0 },               /* overlong */
        { "\xE0\x9F\xBF", 3, 0 },           /* overlong */
        { "\xF0\x8F\xBF\xBF", 4, 0 },       /* overlong */
        { "\xED\xA0\x80", 3, 0 },           /* a surrogate */
        { "\xF4\x90\x80\x80", 4, 0 },       /* beyond Unicode */
        { "\xF5\x80\x80\x80", 4, 0 },       /* beyond Unicode */
        { "0123456789abcdef\xFF", 17, 16 }, /* behind what is checked in words of eight bytes */
        { "-- caf\xE9\nSELECT 1;", 17, 6 }, /* LATIN1 in a comment */
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(check(rows[i].bytes, rows[i].size, &fault));
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "not valid UTF-8");
        assert_string_equal(fault.source, "m.sql");
        assert_int_equal(fault.offset_bytes, rows[i].offset);
    }
}

static void test_source__a_nul_byte_is_refused_where_it_is(void **state)
{
    (void) state;
    struct fault fault;
    for (size_t offset = 0; offset < 20; offset++) {
        char bytes[20];
        memset(bytes, 'x', sizeof bytes);
        bytes[offset] = '\0';
        assert_false(check(bytes, sizeof bytes, &fault));
        assert_contains(fault.what, "NUL");
        assert_int_equal(fault.offset_bytes, offset);
    }
}

static void test_source__utf16_is_named(void **state)
{
    (void) state;
    struct fault fault;
    assert_false(check("\xFF\xFEs\0", 4, &fault));
    assert_contains(fault.what, "UTF-16");
    assert_false(check("\xFE\xFF\0s", 4, &fault));
    assert_contains(fault.what, "UTF-16");
    assert_contains(fault.hint, "UTF-8");
}

static void test_source__a_custom_format_dump_is_named(void **state)
{
    (void) state;
    struct fault fault;
    assert_false(check("PGDMP\x01\x0E\0", 8, &fault));
    assert_contains(fault.hint, "pg_restore");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source__positions_count_from_one),
        cmocka_unit_test(test_source__a_position_beyond_the_end_is_the_end),
        cmocka_unit_test(test_source__columns_count_characters),
        cmocka_unit_test(test_source__crlf_is_one_line_end),
        cmocka_unit_test(test_source__a_lone_carriage_return_is_a_character),
        cmocka_unit_test(test_source__the_byte_order_mark_has_no_column),
        cmocka_unit_test(test_source__the_text_begins_behind_the_byte_order_mark),
        cmocka_unit_test(test_source__forward_goes_over_whole_characters),
        cmocka_unit_test(test_source__valid_text_passes),
        cmocka_unit_test(test_source__invalid_utf8_is_refused_where_it_is),
        cmocka_unit_test(test_source__a_nul_byte_is_refused_where_it_is),
        cmocka_unit_test(test_source__utf16_is_named),
        cmocka_unit_test(test_source__a_custom_format_dump_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
