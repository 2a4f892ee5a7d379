/*
 * The fault: filled anew each time, never longer than its lines, and never cut in the middle of a character.
 */
#include "base/fault.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/testing.h"

static struct fault fault;

/* Characters of one to four bytes, in an order that puts each boundary somewhere else. */
static const char mixed[] = "aéß€語😀bя漢🐘zäö∞𝄞";

static bool is_whole(const char *text)
{
    for (const unsigned char *at = (const unsigned char *) text; *at != '\0';) {
        int more = *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC0 ? 1 : 0;
        if (*at >= 0x80 && *at < 0xC0)
            return false;
        at++;
        while (more-- > 0)
            if ((*at++ & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static void test_text_cut__keeps_whole_characters_at_every_size(void **state)
{
    (void) state;
    for (size_t size = 1; size <= sizeof mixed + 3; size++) {
        char to[sizeof mixed + 4];
        memset(to, '#', sizeof to);
        text_cut(to, size, mixed);
        assert_true(strlen(to) < size);
        assert_true(is_whole(to));
        assert_memory_equal(to, mixed, strlen(to));
        size_t fits = size - 1 < strlen(mixed) ? size - 1 : strlen(mixed);
        assert_true(fits - strlen(to) < 4);
        if (size < sizeof to)
            assert_int_equal(to[size], '#');
    }
}

static void test_text_cut__keeps_a_text_that_just_fits(void **state)
{
    (void) state;
    char to[5];
    text_cut(to, sizeof to, "a語");
    assert_string_equal(to, "a語");
    text_cut(to, sizeof to, "ab語");
    assert_string_equal(to, "ab");
    text_cut(to, sizeof to, "😀");
    assert_string_equal(to, "😀");
    text_cut(to, 4, "😀");
    assert_string_equal(to, "");
}

static void test_text_cut__ends_on_bytes_that_are_no_utf8(void **state)
{
    (void) state;
    char to[4];
    text_cut(to, sizeof to, "\x80\x80\x80\x80\x80");
    assert_true(strlen(to) < sizeof to);
    text_cut(to, sizeof to, "\xFF\xFF\xFF\xFF\xFF");
    assert_true(strlen(to) < sizeof to);
    text_cut(to, sizeof to, "");
    assert_string_equal(to, "");
}

static void test_text_cut__a_text_may_be_cut_where_it_stands(void **state)
{
    (void) state;
    char text[] = "ab語";
    text_cut(text, 4, text);
    assert_string_equal(text, "ab");
}

static void test_fault__starts_anew_each_time(void **state)
{
    (void) state;
    fault_set(&fault, FAULT_MIGRATION, "first");
    fault_sqlstate(&fault, "42P01");
    fault_detail(&fault, "a detail of %d", 1);
    fault_hint(&fault, "a hint");
    fault_context(&fault, "a context");
    fault_place(&fault, "001.sql", 17);
    assert_false(fault_set(&fault, FAULT_CONFIG, "second %s", "thing"));
    struct fault fresh;
    fault_clear(&fresh);
    fresh.class = FAULT_CONFIG;
    strcpy(fresh.what, "second thing");
    assert_memory_equal(&fault, &fresh, sizeof fault);
}

static void test_fault__is_set_by_its_class(void **state)
{
    (void) state;
    fault_clear(&fault);
    assert_false(fault_is_set(&fault));
    fault_set(&fault, FAULT_LOCKED, "locked");
    assert_true(fault_is_set(&fault));
    fault_clear(&fault);
    assert_false(fault_is_set(&fault));
}

static void test_fault__adds_the_systems_word(void **state)
{
    (void) state;
    assert_false(fault_set_errno(&fault, FAULT_CONFIG, EACCES, "cannot read %s", "a file"));
    assert_string_equal(fault.what, "cannot read a file: Permission denied");
    assert_int_equal(fault.system_errno, EACCES);
    assert_int_equal(fault.class, FAULT_CONFIG);
    char who[64];
    snprintf(who, sizeof who, "user %u, group %u", (unsigned) geteuid(), (unsigned) getegid());
    assert_contains(fault.hint, who);
    fault_set_errno(&fault, FAULT_CONFIG, EMFILE, "cannot read a file");
    assert_int_equal(fault.class, FAULT_INTERNAL); /* that files run out is nobody's configuration */
    assert_contains(fault.hint, "ulimit");
    fault_set_errno(&fault, FAULT_CONFIG, ENOENT, "cannot read a file");
    assert_string_equal(fault.hint, "");
}

static void test_fault__lines_that_are_too_long_are_cut_between_characters(void **state)
{
    (void) state;
    for (int pad = 0; pad < 4; pad++) {
        char longer[2 * FAULT_LINE_BYTES] = "";
        memset(longer, 'x', (size_t) pad);
        while (strlen(longer) < FAULT_LINE_BYTES + 50)
            strcat(longer, "語");
        fault_set(&fault, FAULT_INTERNAL, "%s", longer);
        fault_detail(&fault, "%s", longer);
        fault_hint(&fault, "%s", longer);
        fault_context(&fault, "%s", longer);
        const char *const lines[] = { fault.what, fault.detail, fault.hint, fault.context };
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
            assert_true(is_whole(lines[i]));
            assert_true(strlen(lines[i]) >= FAULT_LINE_BYTES - 4 && strlen(lines[i]) < FAULT_LINE_BYTES);
        }
    }
}

static void test_fault__a_long_line_and_the_systems_word_stay_whole(void **state)
{
    (void) state;
    char longer[2 * FAULT_LINE_BYTES] = "";
    while (strlen(longer) < FAULT_LINE_BYTES + 50)
        strcat(longer, "語");
    fault_set_errno(&fault, FAULT_INTERNAL, ENOENT, "%s", longer);
    assert_true(is_whole(fault.what));
    assert_true(strlen(fault.what) < FAULT_LINE_BYTES);
}

static void test_fault__a_place_is_a_name_and_an_offset(void **state)
{
    (void) state;
    fault_set(&fault, FAULT_MIGRATION, "no such table");
    assert_false(fault.has_offset);
    fault_place(&fault, "001.sql", 0);
    assert_true(fault.has_offset);
    assert_int_equal(fault.offset_bytes, 0);
    assert_string_equal(fault.source, "001.sql");
    char name[2 * FAULT_NAME_BYTES] = "x";
    while (strlen(name) < FAULT_NAME_BYTES + 20)
        strcat(name, "é");
    fault_place(&fault, name, 7);
    assert_true(is_whole(fault.source));
    assert_true(strlen(fault.source) < FAULT_NAME_BYTES);
}

static void test_fault__an_sqlstate_has_five_characters(void **state)
{
    (void) state;
    fault_set(&fault, FAULT_MIGRATION, "x");
    fault_sqlstate(&fault, "57P03");
    assert_string_equal(fault.sqlstate, "57P03");
    fault_sqlstate(&fault, "57P03 and more");
    assert_string_equal(fault.sqlstate, "57P03");
}

static void test_fault__no_memory_is_told_without_memory(void **state)
{
    (void) state;
    memory_fail_at(1);
    assert_false(fault_out_of_memory(&fault));
    assert_int_equal(memory_count(), 0);
    memory_fail_at(0);
    assert_int_equal(fault.class, FAULT_INTERNAL);
    assert_string_equal(fault.what, "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cut__keeps_whole_characters_at_every_size),
        cmocka_unit_test(test_text_cut__keeps_a_text_that_just_fits),
        cmocka_unit_test(test_text_cut__ends_on_bytes_that_are_no_utf8),
        cmocka_unit_test(test_text_cut__a_text_may_be_cut_where_it_stands),
        cmocka_unit_test(test_fault__starts_anew_each_time),
        cmocka_unit_test(test_fault__is_set_by_its_class),
        cmocka_unit_test(test_fault__adds_the_systems_word),
        cmocka_unit_test(test_fault__lines_that_are_too_long_are_cut_between_characters),
        cmocka_unit_test(test_fault__a_long_line_and_the_systems_word_stay_whole),
        cmocka_unit_test(test_fault__a_place_is_a_name_and_an_offset),
        cmocka_unit_test(test_fault__an_sqlstate_has_five_characters),
        cmocka_unit_test(test_fault__no_memory_is_told_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
