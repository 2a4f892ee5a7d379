/* The three forms of a pipe. */
#include "rendered.h"

#include "base/journal.h"
#include "event_samples.h"
#include "face/json.h"
#include "face/logfmt.h"
#include "face/text.h"
#include "support/starve.h"

static struct event with_msg(const char *msg)
{
    struct event event = sample_full(EVENT_STOPPING);
    event.field_count = 0;
    event.msg = msg;
    return event;
}

static void test_json__has_the_keys_in_the_order_of_the_contract(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_MIGRATION_APPLIED);
    assert_string_equal(RENDERED(json_event_add, &event),
                        "{\"ts\":\"2026-01-31T12:00:00.123456Z\",\"level\":\"info\",\"phase\":\"apply\","
                        "\"event\":\"migration_applied\",\"target\":\"db:5432\",\"migration\":\"002_add_characters.sql\","
                        "\"statements\":3,\"duration_us\":12345,\"run\":\"kqwzpt\","
                        "\"msg\":\"applied 002_add_characters.sql\"}\n");
}

static void test_json__leaves_out_what_is_absent_and_keeps_zeroes(void **state)
{
    (void) state;
    struct event event = sample_bare(EVENT_MIGRATION_FAILED);
    static const struct field fields[] = { TEXT(SQLSTATE, NULL), TEXT(DETAIL, ""), NUMBER(EXIT_CODE, 0) };
    event.fields = fields;
    event.field_count = 3;
    const char *json = RENDERED(json_event_add, &event);
    assert_lacks(json, "target");
    assert_lacks(json, "\"run\"");
    assert_lacks(json, "sqlstate");
    assert_lacks(json, "detail");
    assert_contains(json, "\"exit_code\":0,");
}

static void test_json__takes_the_level_of_the_event_not_of_the_table(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_ECHO);
    event.level = LEVEL_WARN;
    assert_contains(RENDERED(json_event_add, &event), "\"level\":\"warn\"");
}

static void test_logfmt__quotes_only_where_it_must(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_NOTICE);
    assert_string_equal(
        RENDERED(logfmt_event_add, &event),
        "ts=2026-01-31T12:00:00.123456Z level=info phase=apply event=notice target=db:5432 migration=003_add_bots.sql "
        "severity=NOTICE sqlstate=42P07 message=\"relation \\\"bots\\\" already exists, skipping\" detail=\"It is a view.\" "
        "hint=\"Drop it first.\" context=\"PL/pgSQL function make_bots() line 3\" "
        "run=kqwzpt msg=\"NOTICE: relation \\\"bots\\\" already exists, skipping\"\n");
}

static void assert_logfmt_msg(const char *msg, const char *expected)
{
    struct event event = with_msg(msg);
    assert_contains(RENDERED(logfmt_event_add, &event), expected);
}

static void test_logfmt__escapes_within_quotes(void **state)
{
    (void) state;
    assert_logfmt_msg("a=b", " msg=\"a=b\"\n");
    assert_logfmt_msg("two\nlines\tand\\more", " msg=\"two\\nlines\\tand\\\\more\"\n");
    assert_logfmt_msg("\033[2J", " msg=\"\\u001b[2J\"\n");
    assert_logfmt_msg("caf\xE9", " msg=\"caf\\ufffd\"\n");
    assert_logfmt_msg("", " msg=\"\"\n");
    assert_logfmt_msg("plain", " msg=plain\n");
    assert_logfmt_msg("\xC3\xBC", " msg=\xC3\xBC\n");
}

static void test_forms__an_event_of_a_machines_form_is_one_line_whatever_it_holds(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_MIGRATION_FAILED);
    event.target = "a\nb";
    event.msg = "c\r\nd";
    const char *json = RENDERED(json_event_add, &event);
    assert_ptr_equal(strchr(json, '\n'), json + strlen(json) - 1);
    const char *logfmt = RENDERED(logfmt_event_add, &event);
    assert_ptr_equal(strchr(logfmt, '\n'), logfmt + strlen(logfmt) - 1);
}

static void test_text__says_time_level_and_sentence(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_MIGRATION_APPLIED);
    assert_string_equal(RENDERED(text_event_add, &event), "12:00:00.123  info   applied 002_add_characters.sql\n");
    event.level = LEVEL_ERROR;
    assert_string_equal(RENDERED(text_event_add, &event), "12:00:00.123  error  applied 002_add_characters.sql\n");
}

static void test_text__shows_an_error_with_its_place_excerpt_and_advice(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_MIGRATION_FAILED);
    assert_string_equal(RENDERED(text_event_add, &event),
                        "12:00:00.123  error  003_add_bots.sql:12:15: ERROR 42P01: relation \"bots\" does not exist\n"
                        "                       12 | SELECT * FROM bots;\n"
                        "                          |               ^\n"
                        "                     detail: It was dropped.\n"
                        "                     context: SQL statement \"SELECT 1\"\n"
                        "                       PL/pgSQL function f() line 1\n"
                        "                     hint: Did an earlier file empty the search_path?\n");
}

static void test_text__shows_a_notice_as_psql_does(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_NOTICE);
    assert_string_equal(RENDERED(text_event_add, &event),
                        "12:00:00.123  info   003_add_bots.sql: NOTICE: relation \"bots\" already exists, skipping\n"
                        "                     detail: It is a view.\n"
                        "                     hint: Drop it first.\n");
}

static void test_text__a_failure_without_a_place_says_only_what_happened(void **state)
{
    (void) state;
    struct event event = sample_bare(EVENT_FAILED);
    assert_string_equal(RENDERED(text_event_add, &event),
                        "12:00:00.123  error  password authentication failed for user \"bot\"\n");
}

static void test_forms__no_form_lets_an_escape_sequence_through(void **state)
{
    (void) state;
    struct event event = sample_full(EVENT_NOTICE);
    const struct field fields[] = { TEXT(MIGRATION, "\033]0;x\a.sql"), TEXT(SEVERITY, "\033[1m"),
                                    TEXT(MESSAGE, "\033[2J\n\xC2\x9B"), TEXT(DETAIL, "\033c"), TEXT(HINT, "\033c") };
    event.fields = fields;
    event.field_count = sizeof fields / sizeof fields[0];
    event.target = "\033[31m";
    event.msg = "\033[31m";
    assert_lacks(RENDERED(json_event_add, &event), "\033");
    assert_lacks(RENDERED(logfmt_event_add, &event), "\033");
    assert_lacks(RENDERED(text_event_add, &event), "\033");
    assert_lacks(RENDERED(text_event_add, &event), "\xC2\x9B");
}

static bool render_all(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        struct event event = sample_full((enum event_kind) kind);
        json_event_add(&buf, &event);
        logfmt_event_add(&buf, &event);
        text_event_add(&buf, &event);
    }
    return rendered_ok(&buf, fault);
}

static void test_forms__survive_every_failed_allocation(void **state)
{
    (void) state;
    starve(render_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__has_the_keys_in_the_order_of_the_contract),
        cmocka_unit_test(test_json__leaves_out_what_is_absent_and_keeps_zeroes),
        cmocka_unit_test(test_json__takes_the_level_of_the_event_not_of_the_table),
        cmocka_unit_test(test_logfmt__quotes_only_where_it_must),
        cmocka_unit_test(test_logfmt__escapes_within_quotes),
        cmocka_unit_test(test_forms__an_event_of_a_machines_form_is_one_line_whatever_it_holds),
        cmocka_unit_test(test_text__says_time_level_and_sentence),
        cmocka_unit_test(test_text__shows_an_error_with_its_place_excerpt_and_advice),
        cmocka_unit_test(test_text__shows_a_notice_as_psql_does),
        cmocka_unit_test(test_text__a_failure_without_a_place_says_only_what_happened),
        cmocka_unit_test(test_forms__no_form_lets_an_escape_sequence_through),
        cmocka_unit_test(test_forms__survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
