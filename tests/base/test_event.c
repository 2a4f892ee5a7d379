/*
 * The tables of names: complete, of one form, and without two of a kind, since they are an interface.
 */
#include "base/event.h"

#include "base/journal.h"
#include "support/testing.h"

static bool is_snake_case(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == size && name[0] != '_' && name[size - 1] != '_';
}

static void test_event__every_event_has_a_name_of_its_own(void **state)
{
    (void) state;
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        const char *name = event_name((enum event_kind) kind);
        if (!is_snake_case(name))
            fail_msg("event %d is called \"%s\"", kind, name);
        for (int other = 0; other < kind; other++)
            assert_string_not_equal(name, event_name((enum event_kind) other));
    }
}

static void test_event__every_field_has_a_name_of_its_own(void **state)
{
    (void) state;
    static const char *const taken[] = { "ts", "level", "phase", "event", "target", "msg" };
    for (int key = FIELD_END + 1; key < FIELD_COUNT; key++) {
        const char *name = field_name((enum field_key) key);
        if (!is_snake_case(name))
            fail_msg("field %d is called \"%s\"", key, name);
        for (int other = FIELD_END; other < key; other++)
            assert_string_not_equal(name, field_name((enum field_key) other));
        for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
            assert_string_not_equal(name, taken[i]);
    }
}

static void test_event__phases_come_in_the_order_of_a_run(void **state)
{
    (void) state;
    static const char *const wanted[] = { "start", "discover", "resolve", "wait", "lock", "plan", "apply", "finish" };
    assert_int_equal(PHASE_COUNT, sizeof wanted / sizeof wanted[0]);
    for (int phase = 0; phase < PHASE_COUNT; phase++)
        assert_string_equal(phase_name((enum phase) phase), wanted[phase]);
}

static void test_event__every_phase_has_an_event_and_every_event_a_phase(void **state)
{
    (void) state;
    unsigned seen = 0;
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        assert_true(event_phase((enum event_kind) kind) < PHASE_COUNT);
        seen |= 1U << event_phase((enum event_kind) kind);
    }
    assert_int_equal(seen, (1U << PHASE_COUNT) - 1);
}

static void test_event__levels_rise_from_debug_to_error(void **state)
{
    (void) state;
    assert_string_equal(level_name(LEVEL_DEBUG), "debug");
    assert_string_equal(level_name(LEVEL_INFO), "info");
    assert_string_equal(level_name(LEVEL_WARN), "warn");
    assert_string_equal(level_name(LEVEL_ERROR), "error");
    assert_true(LEVEL_DEBUG < LEVEL_INFO && LEVEL_INFO < LEVEL_WARN && LEVEL_WARN < LEVEL_ERROR);
}

static void test_event__what_went_wrong_is_not_told_as_information(void **state)
{
    (void) state;
    assert_int_equal(event_level(EVENT_MIGRATION_FAILED), LEVEL_ERROR);
    assert_int_equal(event_level(EVENT_FAILED), LEVEL_ERROR);
    assert_int_equal(event_level(EVENT_HISTORY_CHANGED), LEVEL_WARN);
    assert_int_equal(event_level(EVENT_HISTORY_MISSING), LEVEL_WARN);
    assert_int_equal(event_level(EVENT_CONFIG_OVERRIDDEN), LEVEL_WARN);
    assert_int_equal(event_level(EVENT_MIGRATION_APPLIED), LEVEL_INFO);
}

static void test_event__a_field_is_found_by_its_key(void **state)
{
    (void) state;
    const struct field *fields = FIELDS(TEXT(NAME, "001.sql"), NUMBER(DURATION_US, 0));
    const struct event event = { .fields = fields, .field_count = 2 };
    assert_string_equal(event_field(&event, FIELD_NAME)->text, "001.sql");
    assert_int_equal(event_field(&event, FIELD_DURATION_US)->type, FIELD_TYPE_NUMBER);
    assert_null(event_field(&event, FIELD_SQLSTATE));
    assert_null(event_field(&(struct event){ 0 }, FIELD_NAME));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__every_event_has_a_name_of_its_own),
        cmocka_unit_test(test_event__every_field_has_a_name_of_its_own),
        cmocka_unit_test(test_event__phases_come_in_the_order_of_a_run),
        cmocka_unit_test(test_event__every_phase_has_an_event_and_every_event_a_phase),
        cmocka_unit_test(test_event__levels_rise_from_debug_to_error),
        cmocka_unit_test(test_event__what_went_wrong_is_not_told_as_information),
        cmocka_unit_test(test_event__a_field_is_found_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
