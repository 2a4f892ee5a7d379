/* The program's own SQL with names filled in. */
#include "text/template.h"

#include "base/fault.h"
#include "support/starve.h"
#include "support/testing.h"

static const struct template_word words[] = {
    { "ledger", "\"public\".\"schema_migrations\"" },
    { "ledger_log", "log" },
    { "type", "WRONG" },
    { NULL, NULL },
};

static void assert_filled(const char *sql, const char *expected)
{
    struct buf buf;
    buf_init(&buf, 10000);
    template_add(&buf, sql, words);
    assert_string_equal(buf_text(&buf), expected);
    buf_finish(&buf);
}

static void test_template__a_variable_is_replaced_wherever_it_stands(void **state)
{
    (void) state;
    assert_filled("", "");
    assert_filled("SELECT 1", "SELECT 1");
    assert_filled("SELECT * FROM :ledger_log", "SELECT * FROM log");
    assert_filled(":ledger_log,:ledger_log;", "log,log;");
    assert_filled("SELECT * FROM :ledger WHERE x", "SELECT * FROM \"public\".\"schema_migrations\" WHERE x");
}

static void test_template__the_whole_name_counts(void **state)
{
    (void) state;
    assert_filled(":ledger_log2 :ledge :LEDGER_LOG", ":ledger_log2 :ledge :LEDGER_LOG");
}

static void test_template__casts_are_left_alone(void **state)
{
    (void) state;
    assert_filled("SELECT '1'::type, x::type[1:2], :type", "SELECT '1'::type, x::type[1:2], WRONG");
}

static void test_template__text_in_quotes_is_left_alone(void **state)
{
    (void) state;
    assert_filled("':type' \":type\" $$:type$$ E'\\':type' $a$ :type $a$ :type",
                  "':type' \":type\" $$:type$$ E'\\':type' $a$ :type $a$ WRONG");
}

static void test_template__comments_are_left_alone_and_their_apostrophes_too(void **state)
{
    (void) state;
    assert_filled("-- the ledger's :type\n:ledger_log /* it's :type */ :ledger_log",
                  "-- the ledger's :type\nlog /* it's :type */ log");
}

static void test_template__an_identifier_is_quoted(void **state)
{
    (void) state;
    static const struct {
        const char *name;
        const char *quoted;
    } rows[] = {
        { "plain", "\"plain\"" }, { "", "\"\"" }, { "a\"b", "\"a\"\"b\"" }, { "\"", "\"\"\"\"" }, { "A b", "\"A b\"" }
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf buf;
        buf_init(&buf, 100);
        identifier_add(&buf, rows[i].name);
        assert_string_equal(buf_text(&buf), rows[i].quoted);
        buf_finish(&buf);
    }
}

static void test_template__a_literal_is_quoted(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *quoted;
    } rows[] = { { "plain", "'plain'" }, { "", "''" }, { "it's", "'it''s'" }, { "a\\\"b", "'a\\\"b'" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf buf;
        buf_init(&buf, 100);
        literal_add(&buf, rows[i].text);
        assert_string_equal(buf_text(&buf), rows[i].quoted);
        buf_finish(&buf);
    }
}

static bool add_starved(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 10000);
    for (int i = 0; i < 20; i++)
        template_add(&buf, "SELECT * FROM :ledger;", words);
    bool done = buf_ok(&buf) || fault_out_of_memory(fault);
    buf_finish(&buf);
    return done;
}

static void test_template__no_memory_is_noticed(void **state)
{
    (void) state;
    starve(add_starved, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template__a_variable_is_replaced_wherever_it_stands),
        cmocka_unit_test(test_template__the_whole_name_counts),
        cmocka_unit_test(test_template__casts_are_left_alone),
        cmocka_unit_test(test_template__text_in_quotes_is_left_alone),
        cmocka_unit_test(test_template__comments_are_left_alone_and_their_apostrophes_too),
        cmocka_unit_test(test_template__an_identifier_is_quoted),
        cmocka_unit_test(test_template__a_literal_is_quoted),
        cmocka_unit_test(test_template__no_memory_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
