/*
 * A crowd on a loop of the test's own: without memory, freed in the middle, and told to go while it begins.
 */
#include <stdlib.h>

#include "base/journal.h"
#include "base/memory.h"
#include "waiting.h"
#include "wire.h"
#include "work/crowd.h"

struct watching {
    struct arena arena;
    struct settings settings;
    struct journal journal;
    struct run run;
    struct crowd *crowd;
    unsigned overs;
};

static void on_over(void *owner)
{
    struct watching *watching = owner;
    watching->overs++;
}

static void set_up(struct watching *watching, const char *const *words)
{
    static const char *const environment[] = { NULL };
    const char *argv[32] = { "pgusher", "wait" };
    int argc = 2;
    struct fault fault;
    for (; *words != NULL; words++)
        argv[argc++] = *words;
    *watching = (struct watching){ .overs = 0 };
    arena_init(&watching->arena);
    if (!settings_read(&watching->settings, &watching->arena, argc, argv, environment, &fault))
        fail_msg("%s", fault.what);
    journal_init(&watching->journal, LEVEL_ERROR, NULL, NULL);
    watching->run = (struct run){ .loop = loop_new(&fault), .journal = &watching->journal, .settings = &watching->settings };
}

static bool begin(struct watching *watching, struct fault *fault)
{
    watching->crowd = crowd_start(&watching->run, NULL, on_over, watching, fault);
    assert_int_equal(watching->overs, 0);
    return watching->crowd != NULL;
}

static void tear_down(struct watching *watching)
{
    crowd_free(watching->crowd);
    loop_free(watching->run.loop);
    arena_finish(&watching->arena);
}

#define TWO_TARGETS WORDS("--target", only(first), "--target", only(second), "--interval", "1h")

/* Whichever allocation fails: it is ready after all, or it ends once with that fault, and everything is given back. */
static bool crowd_starved(long nth)
{
    struct watching watching;
    struct fault fault;
    set_up(&watching, TWO_TARGETS);
    memory_fail_at(nth);
    bool began = begin(&watching, &fault);
    if (began) {
        loop_run(watching.run.loop);
        assert_int_equal(watching.overs, 1);
    }
    bool was_hit = memory_count() >= nth;
    memory_fail_at(0);
    const struct fault *end = began ? &watching.run.outcome.fault : &fault;
    if (!began || fault_is_set(end)) {
        assert_true(was_hit);
        assert_string_equal(end->what, "out of memory");
    }
    tear_down(&watching);
    return !was_hit;
}

static void test_crowd__ends_cleanly_without_memory(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_standby);
    long nth = 1;
    while (!crowd_starved(nth))
        nth++;
    assert_true(nth > 20);
}

static void test_crowd__it_may_be_freed_at_any_time(void **state)
{
    (void) state;
    struct watching watching;
    struct fault fault;
    PLAY_ONE(first, &visit_primary);
    set_up(&watching, TWO_TARGETS);
    assert_true(begin(&watching, &fault));
    tear_down(&watching);
    assert_int_equal(watching.overs, 0);
    crowd_free(NULL);
}

static void free_from_a_timer(void *owner)
{
    struct watching *watching = owner;
    crowd_free(watching->crowd);
    watching->crowd = NULL;
}

static void test_crowd__it_may_be_freed_in_the_middle(void **state)
{
    (void) state;
    for (int64_t after_ms = 0; after_ms < 8; after_ms++) {
        struct watching watching;
        struct fault fault;
        PLAY_ONE(first, &visit_primary);
        set_up(&watching,
               WORDS("--target", only(first), "--target", only(second), "--interval", "3ms", "--attempts", "1000000"));
        struct timer *timer = timer_new(watching.run.loop, free_from_a_timer, &watching, &fault);
        timer_start(timer, after_ms);
        assert_true(begin(&watching, &fault));
        loop_run(watching.run.loop);
        timer_free(timer);
        tear_down(&watching);
    }
}

/* libuv refuses such a name before it asks anybody; the deadline must not keep the loop alive after that. */
static void test_crowd__a_name_that_cannot_be_one_ends_it_at_once(void **state)
{
    (void) state;
    struct watching watching;
    struct fault fault;
    char name[320];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    set_up(&watching, WORDS("--target", must_format("host=%s", name), "--timeout", "1h", "--interval", "1h"));
    if (begin(&watching, &fault)) {
        loop_run(watching.run.loop);
        assert_int_equal(watching.overs, 1);
        fault = watching.run.outcome.fault;
    }
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "cannot look up");
    tear_down(&watching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_crowd__ends_cleanly_without_memory),
        WAIT_TEST(test_crowd__it_may_be_freed_at_any_time),
        WAIT_TEST(test_crowd__it_may_be_freed_in_the_middle),
        WAIT_TEST(test_crowd__a_name_that_cannot_be_one_ends_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
