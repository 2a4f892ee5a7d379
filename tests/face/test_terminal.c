#include "rendered.h"

#include "base/journal.h"
#include "event_samples.h"
#include "face/colour.h"
#include "face/terminal.h"
#include "support/starve.h"

#define TICK  "\xE2\x9C\x93"
#define CROSS "\xE2\x9C\x97"
#define DOT   "\xC2\xB7"

static void show(struct buf *buf, enum event_kind kind, size_t columns, bool colour)
{
    struct event event = sample_full(kind);
    terminal_event_add(buf, &event, columns, colour);
}

static void test_terminal__a_migration_has_its_duration_at_the_right_edge(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(show, EVENT_MIGRATION_APPLIED, 40, false),
                        TICK " 002_add_characters.sql           12 ms\n");
    assert_string_equal(RENDERED(show, EVENT_MIGRATION_APPLIED, 20, false), TICK " 002_add_characters.sql  12 ms\n");
}

static void test_terminal__a_wide_terminal_does_not_tear_name_and_duration_apart(void **state)
{
    (void) state;
    assert_int_equal(strlen(RENDERED(show, EVENT_MIGRATION_APPLIED, 300, false)), 80 + strlen(TICK) - 1 + 1);
}

static void test_terminal__wide_characters_in_a_name_keep_the_edge(void **state)
{
    (void) state;
    const struct field fields[] = { TEXT(MIGRATION, "\xE4\xB8\xAD.sql"), NUMBER(DURATION_US, 12345) };
    struct event event = sample_full(EVENT_MIGRATION_APPLIED);
    event.fields = fields;
    event.field_count = 2;
    assert_string_equal(RENDERED(terminal_event_add, &event, 20, false), TICK " \xE4\xB8\xAD.sql       12 ms\n");
}

static void test_terminal__an_error_stands_below_its_migration(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(show, EVENT_MIGRATION_FAILED, 40, false),
                        CROSS " 003_add_bots.sql                  3 ms\n"
                              "  003_add_bots.sql:12:15: ERROR 42P01: relation \"bots\" does not exist\n"
                              "      12 | SELECT * FROM bots;\n"
                              "         |               ^\n"
                              "    detail: It was dropped.\n"
                              "    context: SQL statement \"SELECT 1\"\n"
                              "      PL/pgSQL function f() line 1\n"
                              "    hint: Did an earlier file empty the search_path?\n");
}

static void test_terminal__the_summary_shows_where_the_time_went(void **state)
{
    (void) state;
    const struct field fields[] = { NUMBER(EXIT_CODE, 0), NUMBER(START_US, 0), NUMBER(WAIT_US, 3000000), NUMBER(PLAN_US, 1),
                                    NUMBER(APPLY_US, 300000) };
    struct event event = sample_full(EVENT_FINISHED);
    event.fields = fields;
    event.field_count = sizeof fields / sizeof fields[0];
#define TEN                                                                                                                 \
    "\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94"  \
    "\x81"
    assert_string_equal(RENDERED(terminal_event_add, &event, 80, false),
                        "\n" TICK " 2 migrations applied in 1.3 s\n"
                        "    wait            3.0 s  " TEN TEN TEN "\n"
                        "    plan           0.0 ms\n"
                        "    apply          300 ms  \xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\n");
}

static void test_terminal__a_failed_run_ends_with_a_cross(void **state)
{
    (void) state;
    const struct field fields[] = { NUMBER(EXIT_CODE, 5) };
    struct event event = sample_full(EVENT_FINISHED);
    event.fields = fields;
    event.field_count = 1;
    assert_string_equal(RENDERED(terminal_event_add, &event, 80, false), "\n" CROSS " 2 migrations applied in 1.3 s\n");
}

static void test_terminal__levels_have_marks(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_FOLDER_EMPTY);
    assert_string_equal(RENDERED(terminal_event_add, &event, 80, false), "! there is no migration in sql/migrations\n");
    event.level = LEVEL_INFO;
    assert_string_equal(RENDERED(terminal_event_add, &event, 80, false), DOT " there is no migration in sql/migrations\n");
    event.level = LEVEL_ERROR;
    assert_string_equal(RENDERED(terminal_event_add, &event, 80, false), CROSS " there is no migration in sql/migrations\n");
}

static void test_terminal__colour_is_only_there_when_asked_for_and_always_ends(void **state)
{
    (void) state;
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        assert_lacks(RENDERED(show, (enum event_kind) kind, 80, false), "\033");
        const char *coloured = RENDERED(show, (enum event_kind) kind, 80, true);
        const char *last = strrchr(coloured, '\033');
        assert_non_null(last);
        assert_memory_equal(last, "\033[0m", 4);
    }
}

static void test_terminal__no_message_can_steer_it(void **state)
{
    (void) state;
    const struct field fields[] = { TEXT(MIGRATION, "\033c.sql"), TEXT(SEVERITY, "\033c"), TEXT(MESSAGE, "\033[2J\r\n\a"),
                                    TEXT(EXCERPT, "1 | \033[2J"), TEXT(DETAIL, "\033c"),   TEXT(CONTEXT, "\033c"),
                                    TEXT(HINT, "\033c"),          TEXT(SQLSTATE, "\033c") };
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        struct event event = sample_full((enum event_kind) kind);
        event.fields = fields;
        event.field_count = sizeof fields / sizeof fields[0];
        event.msg = "\033[2J";
        const char *shown = RENDERED(terminal_event_add, &event, 80, false);
        assert_lacks(shown, "\033");
        assert_lacks(shown, "\r");
        assert_lacks(shown, "\a");
    }
}

static void test_look__no_color_and_dumb_terminals_are_honoured(void **state)
{
    (void) state;
    assert_int_equal(look_read(NULL, "xterm-256color"), LOOK_COLOUR);
    assert_int_equal(look_read("", "xterm"), LOOK_COLOUR);
    assert_int_equal(look_read("1", "xterm"), LOOK_MONOCHROME);
    assert_int_equal(look_read(NULL, "dumb"), LOOK_DUMB);
    assert_int_equal(look_read("1", "dumb"), LOOK_DUMB);
    assert_int_equal(look_read(NULL, NULL), LOOK_DUMB);
    assert_int_equal(look_read(NULL, ""), LOOK_DUMB);
}

static bool show_all(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    for (int kind = 0; kind < EVENT_COUNT; kind++)
        show(&buf, (enum event_kind) kind, 80, true);
    return rendered_ok(&buf, fault);
}

static void test_terminal__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(show_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal__a_migration_has_its_duration_at_the_right_edge),
        cmocka_unit_test(test_terminal__a_wide_terminal_does_not_tear_name_and_duration_apart),
        cmocka_unit_test(test_terminal__wide_characters_in_a_name_keep_the_edge),
        cmocka_unit_test(test_terminal__an_error_stands_below_its_migration),
        cmocka_unit_test(test_terminal__the_summary_shows_where_the_time_went),
        cmocka_unit_test(test_terminal__a_failed_run_ends_with_a_cross),
        cmocka_unit_test(test_terminal__levels_have_marks),
        cmocka_unit_test(test_terminal__colour_is_only_there_when_asked_for_and_always_ends),
        cmocka_unit_test(test_terminal__no_message_can_steer_it),
        cmocka_unit_test(test_look__no_color_and_dumb_terminals_are_honoured),
        cmocka_unit_test(test_terminal__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
