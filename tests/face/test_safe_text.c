#include "rendered.h"

#include "face/safe_text.h"
#include "support/starve.h"

static void test_safe_text__shows_control_characters_as_signs(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(safe_line_add, "a\033[31mb"), "a\xE2\x90\x9B[31mb");
    assert_string_equal(RENDERED(safe_line_add, "a\nb\tc\x7F"), "a\xE2\x90\x8A"
                                                                "b c\xE2\x90\xA1");
    assert_string_equal(RENDERED(safe_line_add, "\xC2\x9B"
                                                "2J"),
                        "\xEF\xBF\xBD"
                        "2J");
    assert_string_equal(RENDERED(safe_line_add, "\xE2\x80\xAEgnp"), "\xEF\xBF\xBDgnp");
}

static void test_safe_text__shows_invalid_bytes_as_replacement_characters(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(safe_line_add, "caf\xE9!"), "caf\xEF\xBF\xBD!");
}

static void test_safe_text__keeps_what_people_write(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(safe_line_add, "\xC3\x9Cn\xC3\xAF \xE4\xB8\xAD"), "\xC3\x9Cn\xC3\xAF \xE4\xB8\xAD");
    assert_string_equal(RENDERED(safe_line_add, NULL), "");
}

static void test_safe_text__cuts_a_very_long_text_between_characters(void **state)
{
    (void) state;
    static char text[SAFE_TEXT_BYTES + 100];
    memset(text, 'x', sizeof text - 1);
    memcpy(text + SAFE_TEXT_BYTES - 2, "\xE2\x82\xAC", 3);
    const char *shown = RENDERED(safe_line_add, text);
    assert_int_equal(strlen(shown), SAFE_TEXT_BYTES - 2 + 3);
    assert_string_equal(shown + SAFE_TEXT_BYTES - 4, "xx...");
}

static void test_safe_text__a_text_of_just_the_maximum_is_not_cut(void **state)
{
    (void) state;
    static char text[SAFE_TEXT_BYTES + 1];
    memset(text, 'x', SAFE_TEXT_BYTES);
    assert_int_equal(strlen(RENDERED(safe_line_add, text)), SAFE_TEXT_BYTES);
}

static void test_safe_text__lines_are_indented_and_trailing_ends_dropped(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(safe_lines_add, "one\r\ntwo\n\033three\n\n", 2), "one\n  two\n  \xE2\x90\x9Bthree");
}

static void test_safe_text__cuts_to_columns_not_to_bytes(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(safe_line_add_cut, "abcdef", 6), "abcdef");
    assert_string_equal(RENDERED(safe_line_add_cut, "abcdefg", 6), "abc...");
    assert_string_equal(RENDERED(safe_line_add_cut, "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 5), "\xE4\xB8\xAD...");
    assert_string_equal(RENDERED(safe_line_add_cut, "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 6),
                        "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD");
    assert_string_equal(RENDERED(safe_line_add_cut, "abcdef", 2), "..");
}

static void test_safe_text__counts_the_columns_it_will_take(void **state)
{
    (void) state;
    assert_int_equal(safe_columns("a\xC3\xA9\xE4\xB8\xAD\033"), 5);
    assert_int_equal(safe_columns(NULL), 0);
}

static bool add_much(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    for (int i = 0; i < 100; i++)
        safe_lines_add(&buf, "some text\nof two lines\033", 2);
    return rendered_ok(&buf, fault);
}

static void test_safe_text__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(add_much, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safe_text__shows_control_characters_as_signs),
        cmocka_unit_test(test_safe_text__shows_invalid_bytes_as_replacement_characters),
        cmocka_unit_test(test_safe_text__keeps_what_people_write),
        cmocka_unit_test(test_safe_text__cuts_a_very_long_text_between_characters),
        cmocka_unit_test(test_safe_text__a_text_of_just_the_maximum_is_not_cut),
        cmocka_unit_test(test_safe_text__lines_are_indented_and_trailing_ends_dropped),
        cmocka_unit_test(test_safe_text__cuts_to_columns_not_to_bytes),
        cmocka_unit_test(test_safe_text__counts_the_columns_it_will_take),
        cmocka_unit_test(test_safe_text__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
