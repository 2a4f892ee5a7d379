/* Variables found, empty ones passed over, and strangers that look like ours noted. */
#include "support/testing.h"

#include "plan/environment.h"
#include "support/starve.h"

static void test_environment__finds_whole_names_only(void **state)
{
    static const char *const environment[] = { "PGHOST_OLD=a", "PGHOS=b", "PGHOST=c=d", "PGHOST=e", "PGPORT=", "ODD", NULL };
    (void) state;
    assert_string_equal(environment_find(environment, "PGHOST"), "c=d");
    assert_null(environment_find(environment, "PGPORT"));
    assert_null(environment_find(environment, "PGUSER"));
    assert_null(environment_find(environment, "ODD"));
}

static void test_environment__strangers_are_noted_with_a_guess(void **state)
{
    static const char *const environment[] = {
        "PGUSHER_MIGRATION=x",           "PGUSHER_TIMEOUT=1s",     "PGUSHER_EMPTY=",       "OTHER_TIMEOUT=1s",
        "PGUSHER_SERVICE_HOST=10.0.0.1", "PGUSHER_TIMEUOT=s3cret", "PGUSHER_PORT_80_TCP=", NULL
    };
    struct arena arena;
    struct fault fault;
    struct notes notes = { .arena = &arena };
    (void) state;
    arena_init(&arena);
    assert_true(environment_note_unknown(environment, &notes, &fault));
    assert_int_equal(notes.count, 3);
    assert_int_equal(notes.list[0].kind, EVENT_CONFIG_IGNORED);
    assert_string_equal(notes.list[0].loser, "PGUSHER_MIGRATION");
    assert_contains(notes.list[0].reason, "did you mean PGUSHER_MIGRATIONS?");
    assert_string_equal(notes.list[1].loser, "PGUSHER_SERVICE_HOST");
    assert_lacks(notes.list[1].reason, "did you mean");
    assert_string_equal(notes.list[2].loser, "PGUSHER_TIMEUOT");
    assert_contains(notes.list[2].reason, "did you mean PGUSHER_TIMEOUT?");
    assert_lacks(notes.list[2].reason, "s3cret");
    arena_finish(&arena);
}

enum { STRANGERS = 600 };

static bool note_many(void *argument, struct fault *fault)
{
    const char *environment[STRANGERS + 1];
    struct arena arena;
    (void) argument;
    arena_init(&arena);
    struct notes notes = { .arena = &arena };
    for (size_t i = 0; i < STRANGERS; i++)
        environment[i] = "PGUSHER_MIGRATION=x";
    environment[STRANGERS] = NULL;
    bool ok = environment_note_unknown(environment, &notes, fault);
    if (ok)
        assert_int_equal(notes.count, STRANGERS);
    arena_finish(&arena);
    return ok;
}

static void test_environment__many_strangers_starve_cleanly(void **state)
{
    (void) state;
    assert_true(starve(note_many, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment__finds_whole_names_only),
        cmocka_unit_test(test_environment__strangers_are_noted_with_a_guess),
        cmocka_unit_test(test_environment__many_strangers_starve_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
