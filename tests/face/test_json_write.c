#include "rendered.h"

#include "face/json_write.h"
#include "face/safe_text.h"
#include "support/starve.h"

static void test_json_write__escapes_what_json_and_terminals_cannot_take(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(json_string_add, "a\"b\\c"), "\"a\\\"b\\\\c\"");
    assert_string_equal(RENDERED(json_string_add, "\n\r\t\001\033\x7F"), "\"\\n\\r\\t\\u0001\\u001b\\u007f\"");
    assert_string_equal(RENDERED(json_string_add, "\xC2\x9B\xE2\x80\xAE"), "\"\\u009b\\u202e\"");
    assert_string_equal(RENDERED(json_string_add, ""), "\"\"");
}

static void test_json_write__makes_valid_utf8_of_any_bytes(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(json_string_add, "caf\xE9"), "\"caf\\ufffd\"");
    assert_string_equal(RENDERED(json_string_add, "\xE4\xB8\xAD\xE4\xB8"), "\"\xE4\xB8\xAD\\ufffd\\ufffd\"");
}

static void test_json_write__cuts_what_is_too_long(void **state)
{
    (void) state;
    static char text[SAFE_TEXT_BYTES + 2];
    memset(text, 'x', SAFE_TEXT_BYTES + 1);
    const char *json = RENDERED(json_string_add, text);
    assert_int_equal(strlen(json), SAFE_TEXT_BYTES + 5);
    assert_string_equal(json + SAFE_TEXT_BYTES, "x...\"");
}

static void write_one_of_each(struct buf *buf, int unused)
{
    (void) unused;
    struct json json;
    json_init(&json, buf);
    json_open(&json, '{');
    json_name(&json, "text");
    json_text(&json, "t");
    json_name(&json, "nothing");
    json_text(&json, NULL);
    json_name(&json, "list");
    json_open(&json, '[');
    json_number(&json, -7);
    json_bool(&json, true);
    json_null(&json);
    json_open(&json, '[');
    json_close(&json, ']');
    json_close(&json, ']');
    json_line(&json, 2);
    json_name(&json, "last");
    json_bool(&json, false);
    json_close_line(&json, '}', 0);
}

static void test_json_write__puts_commas_between_elements_only(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(write_one_of_each, 0), "{\"text\":\"t\",\"nothing\":null,\"list\":[-7,true,null,[]],\n"
                                                        "  \"last\":false\n}");
}

static bool write_starved(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    for (int i = 0; i < 20; i++)
        write_one_of_each(&buf, 0);
    return rendered_ok(&buf, fault);
}

static void test_json_write__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(write_starved, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_write__escapes_what_json_and_terminals_cannot_take),
        cmocka_unit_test(test_json_write__makes_valid_utf8_of_any_bytes),
        cmocka_unit_test(test_json_write__cuts_what_is_too_long),
        cmocka_unit_test(test_json_write__puts_commas_between_elements_only),
        cmocka_unit_test(test_json_write__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
