/*
 * The journal: who is told what, and that a message of any length arrives as whole characters.
 */
#include "base/journal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/testing.h"

struct listener {
    int heard;
    struct event event; /* the last one; its pointers are not to be followed any more */
    struct field field; /* the first one of it */
    char msg[4096];
};

static struct listener listener;
static struct journal journal;

static void hear(void *owner, const struct event *event)
{
    struct listener *ear = owner;
    ear->heard++;
    ear->event = *event;
    if (event->field_count > 0)
        ear->field = event->fields[0];
    strcpy(ear->msg, event->msg);
}

static int begin(void **state)
{
    (void) state;
    listener = (struct listener){ 0 };
    journal_init(&journal, LEVEL_INFO, hear, &listener);
    return 0;
}

static void test_journal__tells_what_was_noted(void **state)
{
    (void) state;
    int64_t before = clock_wall_us();
    journal_note(&journal, EVENT_MIGRATION_APPLIED, "db:5432", FIELDS(TEXT(MIGRATION, "001.sql"), NUMBER(DURATION_US, 12)),
                 "%s applied", "001.sql");
    int64_t after = clock_wall_us();
    assert_int_equal(listener.heard, 1);
    assert_int_equal(listener.event.kind, EVENT_MIGRATION_APPLIED);
    assert_int_equal(listener.event.level, LEVEL_INFO);
    assert_string_equal(listener.event.target, "db:5432");
    assert_int_equal(listener.event.field_count, 2);
    assert_int_equal(listener.field.key, FIELD_MIGRATION);
    assert_string_equal(listener.field.text, "001.sql");
    assert_string_equal(listener.msg, "001.sql applied");
    assert_true(before <= listener.event.wall_us && listener.event.wall_us <= after);
}

static void test_journal__an_event_may_have_no_fields_and_no_target(void **state)
{
    (void) state;
    journal_note(&journal, EVENT_APPLIED, NULL, NO_FIELDS, "done");
    assert_int_equal(listener.event.field_count, 0);
    assert_null(listener.event.target);
}

static void test_journal__leaves_out_what_is_below_its_level(void **state)
{
    (void) state;
    journal_note(&journal, EVENT_KNOCKED, NULL, NO_FIELDS, "below");
    assert_int_equal(listener.heard, 0);
    journal_note(&journal, EVENT_ATTEMPT_FAILED, NULL, NO_FIELDS, "above");
    assert_int_equal(listener.heard, 1);
    journal_init(&journal, LEVEL_ERROR, hear, &listener);
    journal_note(&journal, EVENT_ATTEMPT_FAILED, NULL, NO_FIELDS, "below");
    journal_note(&journal, EVENT_FAILED, NULL, NO_FIELDS, "above");
    assert_int_equal(listener.heard, 2);
    journal_init(&journal, LEVEL_DEBUG, hear, &listener);
    journal_note(&journal, EVENT_KNOCKED, NULL, NO_FIELDS, "above");
    assert_int_equal(listener.heard, 3);
}

static void test_journal__a_level_of_the_callers_choice_beats_the_tables(void **state)
{
    (void) state;
    journal_note_at(&journal, LEVEL_WARN, EVENT_NOTICE, NULL, NO_FIELDS, "a %s", "warning");
    assert_int_equal(listener.event.level, LEVEL_WARN);
    assert_string_equal(listener.msg, "a warning");
    journal_note_at(&journal, LEVEL_DEBUG, EVENT_NOTICE, NULL, NO_FIELDS, "unheard");
    assert_int_equal(listener.heard, 1);
}

static void test_journal__nobody_has_to_listen(void **state)
{
    (void) state;
    journal_note(NULL, EVENT_FAILED, NULL, NO_FIELDS, "no journal");
    journal_note_at(NULL, LEVEL_ERROR, EVENT_FAILED, NULL, NO_FIELDS, "no journal");
    journal_init(&journal, LEVEL_DEBUG, NULL, NULL);
    journal_note(&journal, EVENT_FAILED, NULL, NO_FIELDS, "no sink");
    assert_int_equal(listener.heard, 0);
}

static bool ends_whole(const char *text, size_t character_bytes, size_t before)
{
    return (strlen(text) - before) % character_bytes == 0;
}

static void test_journal__a_message_of_any_length_arrives_whole(void **state)
{
    (void) state;
    for (size_t before = 0; before < 3; before++) {
        char longest[4000];
        memset(longest, 'x', before);
        longest[before] = '\0';
        while (strlen(longest) < 3000) {
            journal_note(&journal, EVENT_NOTICE, NULL, NO_FIELDS, "%s", longest);
            assert_true(ends_whole(listener.msg, 3, before));
            assert_memory_equal(listener.msg, longest, strlen(listener.msg));
            strcat(longest, "語");
        }
        assert_true(strlen(listener.msg) > 2000);
    }
}

static void test_journal__each_line_of_a_run_has_its_name(void **state)
{
    (void) state;
    journal_note(&journal, EVENT_APPLIED, NULL, NO_FIELDS, "nobody has named it");
    assert_null(listener.event.run);
    journal_name_run(&journal);
    journal_note(&journal, EVENT_APPLIED, NULL, NO_FIELDS, "one");
    const char *first = listener.event.run;
    assert_int_equal(strlen(first), JOURNAL_RUN_BYTES - 1);
    assert_int_equal(strspn(first, "bcdfghjklmnpqrstvwxz"), JOURNAL_RUN_BYTES - 1);
    journal_note(&journal, EVENT_APPLIED, NULL, NO_FIELDS, "another");
    assert_string_equal(listener.event.run, first);
}

static void test_journal__no_two_runs_have_the_same_name(void **state)
{
    (void) state;
    struct journal other;
    journal_init(&other, LEVEL_INFO, NULL, NULL);
    journal_name_run(&other);
    journal_name_run(&journal);
    assert_string_not_equal(other.run, journal.run); /* once in 64 million times they have */
}

static void test_journal__needs_no_memory(void **state)
{
    (void) state;
    memory_fail_at(1);
    journal_note(&journal, EVENT_FAILED, "db:5432", FIELDS(NUMBER(EXIT_CODE, 1)), "out of memory");
    assert_int_equal(memory_count(), 0);
    memory_fail_at(0);
    assert_string_equal(listener.msg, "out of memory");
}

#define JOURNAL_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_journal__tells_what_was_noted),
        JOURNAL_TEST(test_journal__an_event_may_have_no_fields_and_no_target),
        JOURNAL_TEST(test_journal__leaves_out_what_is_below_its_level),
        JOURNAL_TEST(test_journal__a_level_of_the_callers_choice_beats_the_tables),
        JOURNAL_TEST(test_journal__nobody_has_to_listen),
        JOURNAL_TEST(test_journal__a_message_of_any_length_arrives_whole),
        JOURNAL_TEST(test_journal__each_line_of_a_run_has_its_name),
        JOURNAL_TEST(test_journal__no_two_runs_have_the_same_name),
        JOURNAL_TEST(test_journal__needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
