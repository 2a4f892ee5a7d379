/*
 * Every call into libpq and libuv that can fail does so in turn, at each of its uses. Against a real server a run ends with a plain
 * fault, or recovers; it never says that it has done what it has not, and the next one converges. Against scripted servers the roads
 * are gone that a chain on a calm server does not take: a cancel, a witness, a second host, a look-up. On the ground there is also
 * no memory at some of our own allocations, of which test_memory.c tries each against scripted servers.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "ground.h"
#include "perform.h"
#include "seam.h"
#include "support/must.h"
#include "support/testing.h"

static bool is_plain(int exit_code, int as_ever)
{
    const int plain[] = { 0, 1, 3, 5 };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (exit_code == plain[i])
            return true;
    return exit_code == as_ever;
}

static void test_libpq__a_run_converges_after_each_failure_of(void **state)
{
    size_t which = *(const size_t *) *state;
    bool failed = true;
    long failures = 0;
    long recoveries = 0;
    for (long nth = 1; failed; nth += perform_step()) {
        const char *label = must_format("%s, use %ld", seam_name(which), nth);
        ground_clear();
        seam_arm(which, nth);
        struct whole_end end = ground_run(label);
        failed = seam_disarm() >= nth;
        failures += failed;
        recoveries += failed && end.exit_code == 0;
        must(is_plain(end.exit_code, 0), "%s: exit code %d\n%s", label, end.exit_code, end.output);
        must(failed || end.exit_code == 0, "%s: nothing failed, and exit code %d\n%s", label, end.exit_code, end.output);
        if (failed)
            ground_expect_converged(label, &end);
    }
    print_message("%s: %ld uses failed in turn, %ld of which the run got over by itself\n", seam_name(which), failures,
                  recoveries);
}

enum { ALLOCATIONS_BETWEEN = 2 }; /* a chain has a thousand */

static void test_memory__a_run_converges_after_each_failure_of_an_allocation(void **state)
{
    (void) state;
    bool failed = true;
    long failures = 0;
    for (long nth = 1; failed; nth += perform_step() * ALLOCATIONS_BETWEEN) {
        const char *label = must_format("allocation %ld", nth);
        ground_clear();
        memory_fail_at(nth);
        struct whole_end end = ground_run(label);
        failed = memory_count() >= nth;
        memory_fail_at(0);
        failures += failed;
        must(end.exit_code == 0 || (failed && end.exit_code == 1), "%s: exit code %d\n%s", label, end.exit_code, end.output);
        if (failed)
            ground_expect_converged(label, &end);
    }
    assert_true(failures > 0);
    print_message("%ld allocations failed in turn\n", failures);
}

static int run_on_the_ground(void)
{
    struct CMUnitTest *tests = must_alloc((seam_count() + 1) * sizeof *tests);
    size_t *which = must_alloc(seam_count() * sizeof *which);
    for (size_t i = 0; i < seam_count(); i++) {
        which[i] = i;
        tests[i] = (struct CMUnitTest){ must_format("test_libpq__a_run_converges_after_each_failure_of: %s", seam_name(i)),
                                        test_libpq__a_run_converges_after_each_failure_of, NULL, NULL, &which[i] };
    }
    tests[seam_count()] =
        (struct CMUnitTest) cmocka_unit_test(test_memory__a_run_converges_after_each_failure_of_an_allocation);
    int failed = _cmocka_run_group_tests("ground", tests, seam_count() + 1, ground_open, ground_close);
    free(which);
    free(tests);
    return failed;
}

static long fail_in_scene(const struct scene *scene, size_t which)
{
    for (long nth = 1, failures = 0;; nth += perform_step(), failures++) {
        const char *label = must_format("%s, %s, use %ld", scene->name, seam_name(which), nth);
        seam_arm(which, nth);
        struct performance played = perform(scene, label);
        bool failed = seam_disarm() >= nth;
        must(is_plain(played.exit_code, scene->exit_code), "%s: exit code %d\n%s", label, played.exit_code, played.output);
        if (!failed)
            return failures;
    }
}

static void test_libpq__a_scene_ends_after_each_failure(void **state)
{
    const struct scene *scene = *state;
    long failures = 0;
    for (size_t which = 0; which < seam_count(); which++)
        failures += fail_in_scene(scene, which);
    print_message("%s: %ld uses failed in turn\n", scene->name, failures);
}

static bool is_off_the_ground(const struct scene *scene)
{
    static const char *const names[] = { "up that is stopped", "up with a witness", "wait for one of two",
                                         "wait for a server by its name" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(scene->name, names[i]) == 0)
            return true;
    return false;
}

int main(void)
{
    int failed = run_on_the_ground();
    failed += perform_each("test_libpq__a_scene_ends_after_each_failure", test_libpq__a_scene_ends_after_each_failure,
                           is_off_the_ground);
    return failed;
}
