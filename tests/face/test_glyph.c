#include "support/testing.h"

#include "face/glyph.h"

static void assert_reads(const char *bytes, uint32_t code, size_t length, bool valid)
{
    struct glyph glyph = glyph_read(bytes, strlen(bytes));
    assert_int_equal(glyph.code, code);
    assert_int_equal(glyph.bytes, length);
    assert_int_equal(glyph.valid, valid);
}

static void test_glyph__reads_characters_of_one_to_four_bytes(void **state)
{
    (void) state;
    assert_reads("a", 'a', 1, true);
    assert_reads("\xC3\xA9", 0xE9, 2, true);
    assert_reads("\xE2\x82\xAC", 0x20AC, 3, true);
    assert_reads("\xF0\x9F\x90\x98", 0x1F418, 4, true);
    assert_reads("\xF4\x8F\xBF\xBF", 0x10FFFF, 4, true);
}

static void test_glyph__refuses_what_is_no_utf8_one_byte_at_a_time(void **state)
{
    (void) state;
    static const char *const bad[] = {
        "\x80",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE2\x82",
        "\xE0\x80\x80",
        "\xED\xA0\x80",
        "\xF0\x80\x80\x80",
        "\xF0\x9F",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_reads(bad[i], 0xFFFD, 1, false);
}

static void test_glyph__never_reads_past_the_given_size(void **state)
{
    (void) state;
    assert_false(glyph_read("\xE2\x82\xAC", 2).valid);
    assert_int_equal(glyph_read("\xE2\x82\xAC", 2).bytes, 1);
}

static void test_glyph__what_steers_a_terminal_or_the_reader_is_harmful(void **state)
{
    (void) state;
    static const uint32_t harmful[] = { 0, 7, '\n', '\t', 0x1B, 0x7F, 0x80, 0x9B, 0x9F, 0x202E, 0x2066, 0x2028 };
    static const uint32_t harmless[] = { ' ', 'a', '~', 0xA0, 0xE9, 0x20AC, 0x1F418, 0xFFFD };
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++)
        assert_true(glyph_is_harmful(harmful[i]));
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        assert_false(glyph_is_harmful(harmless[i]));
}

static void test_glyph__east_asian_characters_take_two_columns_and_accents_none(void **state)
{
    (void) state;
    assert_int_equal(glyph_columns('a'), 1);
    assert_int_equal(glyph_columns(0xE9), 1);
    assert_int_equal(glyph_columns(0x4E2D), 2);
    assert_int_equal(glyph_columns(0x1F418), 2);
    assert_int_equal(glyph_columns(0x0301), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glyph__reads_characters_of_one_to_four_bytes),
        cmocka_unit_test(test_glyph__refuses_what_is_no_utf8_one_byte_at_a_time),
        cmocka_unit_test(test_glyph__never_reads_past_the_given_size),
        cmocka_unit_test(test_glyph__what_steers_a_terminal_or_the_reader_is_harmful),
        cmocka_unit_test(test_glyph__east_asian_characters_take_two_columns_and_accents_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
