/* Which mistyped words are worth a guess. */
#include "support/testing.h"

#include "base/nearest.h"

static const char *guess(const char *word)
{
    static const char *const known[] = { "host",     "port",  "migrations", "timeout",  "interval",
                                         "attempts", "until", "up",         "lock-wait" };
    struct nearest nearest = { .word = word, .word_size = strlen(word) };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        nearest_offer(&nearest, known[i]);
    return nearest.found;
}

static void test_nearest__one_slip_of_each_kind(void **state)
{
    (void) state;
    assert_string_equal(guess("migration"), "migrations");
    assert_string_equal(guess("migrationss"), "migrations");
    assert_string_equal(guess("timeuot"), "timeout");
    assert_string_equal(guess("imterval"), "interval");
    assert_string_equal(guess("pu"), "up");
    assert_string_equal(guess("lock_wait"), "lock-wait");
    assert_string_equal(guess("hsot"), "host");
}

static void test_nearest__the_nearest_of_two_wins(void **state)
{
    (void) state;
    assert_string_equal(guess("pot"), "port");
    assert_string_equal(guess("ost"), "host");
    assert_string_equal(guess("ports"), "port");
}

static void test_nearest__a_beginning_is_near(void **state)
{
    (void) state;
    assert_string_equal(guess("migr"), "migrations");
    assert_string_equal(guess("att"), "attempts");
}

static void test_nearest__no_guess_is_better_than_a_wild_one(void **state)
{
    char endless[4096];
    (void) state;
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    assert_null(guess("frobnicate"));
    assert_null(guess("x"));
    assert_null(guess(""));
    assert_null(guess(endless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest__one_slip_of_each_kind),
        cmocka_unit_test(test_nearest__the_nearest_of_two_wins),
        cmocka_unit_test(test_nearest__a_beginning_is_near),
        cmocka_unit_test(test_nearest__no_guess_is_better_than_a_wild_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
