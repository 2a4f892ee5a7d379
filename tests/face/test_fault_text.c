#include "rendered.h"

#include "face/fault_text.h"
#include "support/starve.h"

static const char bots_text[] = "CREATE TABLE a ();\nSELECT * FROM bots;\n";
static const struct source bots = { .name = "003_add_bots.sql", .bytes = bots_text, .size = sizeof bots_text - 1 };
enum { BOTS_OFFSET = 33 };

static struct fault missing_relation(void)
{
    struct fault fault;
    fault_set(&fault, FAULT_MIGRATION, "relation \"bots\" does not exist");
    fault_sqlstate(&fault, "42P01");
    fault_place(&fault, bots.name, BOTS_OFFSET);
    return fault;
}

static void test_fault_text__shows_place_excerpt_and_everything_the_server_said(void **state)
{
    (void) state;
    struct fault fault = missing_relation();
    fault_detail(&fault, "It was dropped.");
    fault_context(&fault, "SQL function \"f\"\nduring inlining");
    fault_hint(&fault, "Make it again.");
    assert_string_equal(RENDERED(fault_text_add, &fault, &bots, false),
                        "pgusher: 003_add_bots.sql:2:15: ERROR 42P01: relation \"bots\" does not exist\n"
                        "   2 | SELECT * FROM bots;\n"
                        "     |               ^\n"
                        "  detail: It was dropped.\n"
                        "  context: SQL function \"f\"\n"
                        "    during inlining\n"
                        "  hint: Make it again.\n");
}

static void test_fault_text__without_the_source_names_the_file_only(void **state)
{
    (void) state;
    struct fault fault = missing_relation();
    assert_string_equal(RENDERED(fault_text_add, &fault, NULL, false),
                        "pgusher: 003_add_bots.sql: ERROR 42P01: relation \"bots\" does not exist\n");
}

static void test_fault_text__without_a_place_is_one_line(void **state)
{
    (void) state;
    struct fault fault;
    fault_set(&fault, FAULT_CONFIG, "unknown option --migation");
    assert_string_equal(RENDERED(fault_text_add, &fault, &bots, false), "pgusher: unknown option --migation\n");
}

static void test_fault_text__has_colour_only_when_asked(void **state)
{
    (void) state;
    struct fault fault = missing_relation();
    assert_lacks(RENDERED(fault_text_add, &fault, &bots, false), "\033");
    assert_contains(RENDERED(fault_text_add, &fault, &bots, true), "\033[31mERROR\033[0m");
}

static void test_fault_text__no_text_can_steer_a_terminal(void **state)
{
    (void) state;
    static const char text[] = "SELECT '\033[2J' FROM bots;\n";
    const struct source evil = { .name = "evil", .bytes = text, .size = sizeof text - 1 };
    struct fault fault;
    fault_set(&fault, FAULT_MIGRATION, "a\033[2J\nb");
    fault_place(&fault, "\033c.sql", 3);
    fault_hint(&fault, "\033c");
    const char *shown = RENDERED(fault_text_add, &fault, &evil, false);
    assert_lacks(shown, "\033");
    assert_contains(shown, "[2J' FROM bots;\n");
}

static bool show(void *argument, struct fault *fault)
{
    (void) argument;
    struct fault shown = missing_relation();
    fault_detail(&shown, "%0500d", 7);
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    fault_text_add(&buf, &shown, &bots, true);
    return rendered_ok(&buf, fault);
}

static void test_fault_text__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(show, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_text__shows_place_excerpt_and_everything_the_server_said),
        cmocka_unit_test(test_fault_text__without_the_source_names_the_file_only),
        cmocka_unit_test(test_fault_text__without_a_place_is_one_line),
        cmocka_unit_test(test_fault_text__has_colour_only_when_asked),
        cmocka_unit_test(test_fault_text__no_text_can_steer_a_terminal),
        cmocka_unit_test(test_fault_text__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
