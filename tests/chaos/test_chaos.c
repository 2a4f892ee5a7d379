/*
 * Five hundred servers with lives of their own, and one wait for all of them: it must end as the scripts say. PGUSHER_CHAOS_SEEDS says
 * how many seeds are tried, PGUSHER_CHAOS_FIRST where to begin.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../work/waiting.h"
#include "base/journal.h"
#include "crowd_inside.h"
#include "life.h"
#include "support/port.h"
#include "wire.h"

enum { TICK_MS = 5, SETTLED_TICKS = 20, USUAL_SEEDS = 20, PROGRESS_SEEDS = 20 };

struct play {
    unsigned seed;
    struct scenario scenario;
    struct fake_server *servers[LIVES];
    struct loop *loop;
    struct timer *ticks;
    struct crowd *crowd;
    struct run run;
    int64_t begun_ms;
    unsigned settled_ticks;
    bool keystones_listen;
    bool was_over;
};

static int64_t now_ms(const struct play *play)
{
    return (int64_t) uv_now(&play->loop->uv) - play->begun_ms;
}

/* --- the servers' side -------------------------------------------------------------------------------------------------- */

/* Asked twice in its last stage: whoever asks again has heard the answer before. One that refuses is not asked again. */
static bool has_settled(const struct play *play, size_t index)
{
    const struct life *life = &play->scenario.lives[index];
    unsigned asked = fake_server_connections(play->servers[index]);
    return asked >= life->count + (life_end(life) != STAGE_REFUSING);
}

static bool all_have_settled(const struct play *play, bool keystones)
{
    for (size_t i = 0; i < LIVES; i++)
        if (play->scenario.lives[i].is_keystone == keystones && !has_settled(play, i))
            return false;
    return true;
}

static void open_ports(struct play *play)
{
    for (size_t i = 0; i < LIVES; i++) {
        const struct life *life = &play->scenario.lives[i];
        if (life->is_keystone ? play->keystones_listen : now_ms(play) >= life->listens_after_ms)
            fake_server_listen(play->servers[i]);
    }
}

/* A few turns of the loop more, for what was said last to be heard. */
static bool has_been_so_for_a_while(struct play *play, bool is_so)
{
    play->settled_ticks = is_so ? play->settled_ticks + 1 : 0;
    return play->settled_ticks >= SETTLED_TICKS;
}

/*
 * A busy machine may be slower than a window is long, and what does not answer in a window is silent: that passes. All else has to be
 * as in the script.
 */
static bool is_as_scripted(const struct life *life, enum target_state state, bool is_silent)
{
    enum stage end = life_end(life);
    if (end == STAGE_REFUSING)
        return state == TARGET_REFUSED;
    bool is_good = end == STAGE_PRIMARY || end == STAGE_STANDBY;
    return state == (is_good ? TARGET_READY : TARGET_WAITING) || (state == TARGET_WAITING && is_silent);
}

static bool nobody_is_silent(const struct play *play)
{
    for (size_t i = 0; i < play->crowd->member_count; i++)
        if (!play->crowd->members[i]->is_lost && play->crowd->members[i]->seen == SEEN_SILENT)
            return false;
    return true;
}

/* Everything has been seen, and it is not enough. In a window that ends now somebody could still be told as silent. */
static void end_unready(struct crowd *crowd)
{
    timer_stop(crowd->window);
    timer_start(crowd->deadline, 0);
}

static void on_tick(void *owner)
{
    struct play *play = owner;
    open_ports(play);
    if (play->crowd == NULL || !has_been_so_for_a_while(play, all_have_settled(play, play->keystones_listen)))
        return;
    play->settled_ticks = 0;
    if (!play->keystones_listen)
        play->keystones_listen = true;
    else if (play->scenario.expected == EXPECT_NOT_READY && nobody_is_silent(play))
        end_unready(play->crowd);
}

/* --- the judgement ------------------------------------------------------------------------------------------------------ */

static const char *class_name(enum fault_class class)
{
    return class == FAULT_NONE ? "ready" : class == FAULT_NOT_READY ? "not ready" : class == FAULT_REFUSED ? "refused" : "?";
}

static void expect_outcome(const struct play *play)
{
    static const enum fault_class classes[] = {
        [EXPECT_READY] = FAULT_NONE, [EXPECT_NOT_READY] = FAULT_NOT_READY, [EXPECT_REFUSED] = FAULT_REFUSED
    };
    const struct scenario *scenario = &play->scenario;
    enum fault_class class = play->run.outcome.fault.class;
    if (class != classes[scenario->expected])
        fail_msg("seed %u, need %s: %s, and not %s\n%s", play->seed, scenario->need, class_name(class),
                 class_name(classes[scenario->expected]), play->run.outcome.fault.what);
}

/* Whoever came to its last stage before the keystones is told as what it is. */
static void expect_targets(const struct play *play)
{
    const struct readiness *readiness = crowd_readiness(play->crowd);
    assert_non_null(readiness);
    assert_int_equal(readiness->count, LIVES);
    for (size_t i = 0; i < LIVES; i++) {
        const struct life *life = &play->scenario.lives[i];
        const struct target_readiness *target = &readiness->targets[i];
        bool is_silent = strcmp(target->seen, seen_words(SEEN_SILENT)) == 0;
        if (life->is_keystone)
            continue;
        if (!is_as_scripted(life, target->state, is_silent && play->scenario.expected == EXPECT_READY))
            fail_msg("seed %u: %s is %s (%s)", play->seed, target->target, target_state_name(target->state), target->seen);
        if (target->state == TARGET_READY)
            assert_string_equal(target->role, life_end(life) == STAGE_PRIMARY ? "primary" : "standby");
    }
}

static void on_over(void *owner)
{
    struct play *play = owner;
    play->was_over = true;
    expect_outcome(play);
    if (play->scenario.expected != EXPECT_REFUSED)
        expect_targets(play);
}

/* --- a play ------------------------------------------------------------------------------------------------------------ */

static void begin(struct play *play, struct arena *arena, struct settings *settings)
{
    static const char *const environment[] = { NULL };
    const char *argv[2 * LIVES + 16] = { "pgusher",    "wait",  "--need",        play->scenario.need,
                                         "--interval", "300ms", "--attempts",    "1000000",
                                         "--grace",    "0",     "--concurrency", "16" };
    int argc = 12;
    int port = port_reserve();
    for (size_t i = 0; i < LIVES; i++) {
        const char *address = must_format("127.0.%zu.%zu", 1 + i / 250, 1 + i % 250);
        play->servers[i] = fake_server_new_at(&play->loop->uv, address, port);
        fake_server_script(play->servers[i], play->scenario.lives[i].visits, play->scenario.lives[i].count);
        argv[argc++] = "--target";
        argv[argc++] = must_format("host=%s port=%d user=u dbname=d sslmode=disable", address, port);
    }
    argv[argc] = NULL;
    struct fault fault;
    if (!settings_read(settings, arena, argc, argv, environment, &fault))
        fail_msg("%s", fault.what);
    static struct journal journal;
    journal_init(&journal, LEVEL_ERROR, NULL, NULL);
    play->run = (struct run){ .loop = play->loop, .journal = &journal, .settings = settings };
    play->crowd = crowd_start(&play->run, NULL, on_over, play, &fault);
    if (play->crowd == NULL)
        fail_msg("%s", fault.what);
}

static void play_seed(unsigned seed)
{
    static struct play play;
    struct arena arena;
    struct settings settings;
    struct fault fault;
    play = (struct play){ .seed = seed, .loop = loop_new(&fault) };
    arena_init(&arena);
    scenario_draw(&play.scenario, seed);
    begin(&play, &arena, &settings);
    play.begun_ms = (int64_t) uv_now(&play.loop->uv);
    play.ticks = timer_new_background(play.loop, on_tick, &play, &fault);
    timer_repeat(play.ticks, TICK_MS);
    loop_run(play.loop);
    assert_true(play.was_over);
    crowd_free(play.crowd);
    timer_free(play.ticks);
    for (size_t i = 0; i < LIVES; i++)
        fake_server_free(play.servers[i]);
    loop_free(play.loop);
    arena_finish(&arena);
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? (unsigned) strtoul(text, NULL, 10) : otherwise;
}

/* A thousand of them take a while. */
static void tell_progress(unsigned played, unsigned seeds)
{
    if (played % PROGRESS_SEEDS != 0 || played == seeds)
        return;
    printf("%u of %u seeds\n", played, seeds);
    fflush(stdout);
}

static void test_chaos__the_outcome_is_that_of_the_model(void **state)
{
    static const char *const outcomes[] = { "ready", "not ready", "refused" };
    unsigned first_seed = number_of("PGUSHER_CHAOS_FIRST", 1);
    unsigned seeds = number_of("PGUSHER_CHAOS_SEEDS", USUAL_SEEDS);
    unsigned counts[3] = { 0 };
    (void) state;
    for (unsigned seed = first_seed; seed < first_seed + seeds; seed++) {
        static struct scenario scenario;
        scenario_draw(&scenario, seed);
        counts[scenario.expected]++;
        play_seed(seed);
        tell_progress(seed - first_seed + 1, seeds);
    }
    for (int i = 0; i < 3; i++) {
        printf("%u seeds of %d servers: %s\n", counts[i], LIVES, outcomes[i]);
        if (seeds >= USUAL_SEEDS)
            assert_true(counts[i] > 0); /* else a part of the model was never asked */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chaos__the_outcome_is_that_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
