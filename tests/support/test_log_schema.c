/*
 * The check of JSON logs, tried with a schema of two keys: that it accepts what is good, and says what is wrong with the rest.
 */
#include "support/folder.h"
#include "support/log_schema.h"
#include "support/testing.h"

#define SCHEMA                                                                                                              \
    "{ \"type\": \"object\", \"required\": [\"ts\", \"msg\"],"                                                              \
    "  \"properties\": { \"ts\": { \"type\": \"string\" }, \"msg\": { \"type\": \"string\" } } }"
#define GOOD_LINE "{\"ts\":\"now\",\"level\":\"info\",\"msg\":\"so\"}\n"

static const char *schema;

static int write_schema(void **state)
{
    (void) state;
    schema = folder_add(folder_new(), "schema.json", SCHEMA);
    return 0;
}

static void expect_problem(const char *log, const char *part)
{
    const char *problem = log_problem_by(schema, log);
    assert_non_null(problem);
    assert_contains(problem, part);
}

static void test_log_schema__accepts_good_lines(void **state)
{
    (void) state;
    assert_null(log_problem_by(schema, GOOD_LINE GOOD_LINE));
}

static void test_log_schema__names_the_first_bad_line(void **state)
{
    (void) state;
    expect_problem(GOOD_LINE "{\"ts\":1,\"msg\":\"\"}\n" GOOD_LINE, "line 2: ts: 1 is not of type 'string'");
    expect_problem("{\"ts\":NaN}\n", "NaN is not JSON");
    expect_problem("{\"ts\":\"1\",\"ts\":\"2\",\"msg\":\"\"}\n", "line 1: not JSON: ts comes twice");
    expect_problem("{\"level\":\"info\",\"ts\":\"1\",\"msg\":\"\"}\n", "line 1: the keys are out of order");
    expect_problem("{\"ts\":\"1\",\"msg\":\"\",\"pid\":7}\n", "line 1: the keys are out of order");
    expect_problem(GOOD_LINE "level=info event=started\n", "line 2: not JSON");
    expect_problem(GOOD_LINE "{}", "line 2: the line has no end");
}

static void test_log_schema__finds_nothing_in_an_empty_log(void **state)
{
    (void) state;
    expect_problem("", "there is no line to look at");
}

static void test_log_schema__the_programs_own_schema_is_read(void **state)
{
    (void) state;
    assert_contains(log_problem("{}\n"), "is a required property");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_schema__accepts_good_lines),
        cmocka_unit_test(test_log_schema__names_the_first_bad_line),
        cmocka_unit_test(test_log_schema__finds_nothing_in_an_empty_log),
        cmocka_unit_test(test_log_schema__the_programs_own_schema_is_read),
    };
    return cmocka_run_group_tests(tests, write_schema, NULL);
}
