/*
 * The check of JSON logs: that it accepts what the schema accepts, and says what is wrong with what it does not.
 */
#include "support/log_schema.h"
#include "support/must.h"
#include "support/testing.h"

#define SWAPPED_LINE                                                                                                        \
    "{\"level\":\"info\",\"ts\":\"2026-01-31T12:00:00.123456Z\",\"phase\":\"start\",\"event\":\"started\","                 \
    "\"version\":\"0.1.0\",\"command\":\"up\",\"msg\":\"pgusher 0.1.0\"}\n"

#define GOOD_LINE                                                                                                           \
    "{\"ts\":\"2026-01-31T12:00:00.123456Z\",\"level\":\"info\",\"phase\":\"start\",\"event\":\"started\","                 \
    "\"version\":\"0.1.0\",\"command\":\"up\",\"msg\":\"pgusher 0.1.0\"}\n"

static void test_log_schema__accepts_an_event(void **state)
{
    (void) state;
    const char *problem = log_problem(GOOD_LINE GOOD_LINE);
    if (problem != NULL)
        fail_msg("%s", problem);
    assert_log_is_valid(GOOD_LINE);
}

static void expect_problem(const char *log, const char *part)
{
    const char *problem = log_problem(log);
    assert_non_null(problem);
    assert_contains(problem, part);
}

static void test_log_schema__names_the_first_bad_line(void **state)
{
    (void) state;
    expect_problem(GOOD_LINE "{\"ts\":\"yesterday\"}\n" GOOD_LINE, "line 2: ");
    expect_problem("{\"ts\": NaN}\n", "NaN is not JSON");
    expect_problem(GOOD_LINE "level=info event=started\n", "line 2: not JSON");
    expect_problem(SWAPPED_LINE, "line 1: the keys are out of order");
    expect_problem("{\"ts\":1,\"ts\":2}\n", "ts comes twice");
    expect_problem(GOOD_LINE "{}", "the line has no end");
}

static void test_log_schema__finds_nothing_in_an_empty_log(void **state)
{
    (void) state;
    expect_problem("", "there is no line to look at");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_schema__accepts_an_event),
        cmocka_unit_test(test_log_schema__names_the_first_bad_line),
        cmocka_unit_test(test_log_schema__finds_nothing_in_an_empty_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
