/* The loop's own things: timers, signals, stragglers in the pool, and that nothing is forgotten. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/must.h"
#include "support/starve.h"
#include "support/testing.h"
#include "wire.h"

struct ringing {
    struct loop *loop;
    struct timer *timer;
    unsigned rings;
    unsigned stop_after;
};

static struct loop *make_loop(void)
{
    struct fault fault;
    struct loop *loop = loop_new(&fault);
    assert_non_null(loop);
    return loop;
}

static void count_ring(void *owner)
{
    struct ringing *ringing = owner;
    ringing->rings++;
    if (ringing->rings == ringing->stop_after)
        timer_stop(ringing->timer);
}

static void free_in_ring(void *owner)
{
    struct ringing *ringing = owner;
    ringing->rings++;
    timer_free(ringing->timer);
}

static void begin(struct ringing *ringing, void (*on_time)(void *owner))
{
    struct fault fault;
    *ringing = (struct ringing){ .loop = make_loop() };
    ringing->timer = timer_new(ringing->loop, on_time, ringing, &fault);
    assert_non_null(ringing->timer);
}

/* --- timers ------------------------------------------------------------------------------------------------------------ */

static void test_loop__an_empty_one_returns_at_once(void **state)
{
    (void) state;
    struct loop *loop = make_loop();
    loop_run(loop);
    assert_false(loop_has_stragglers(loop));
    loop_free(loop);
    loop_free(NULL);
}

static void test_loop__a_timer_rings_once(void **state)
{
    (void) state;
    struct ringing ringing;
    begin(&ringing, count_ring);
    timer_start(ringing.timer, 1);
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 1);
    timer_start(ringing.timer, -5); /* a deadline that has passed */
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 2);
    timer_free(ringing.timer);
    loop_free(ringing.loop);
}

static void test_loop__a_running_timer_starts_over(void **state)
{
    (void) state;
    struct ringing ringing;
    begin(&ringing, count_ring);
    timer_start(ringing.timer, 100000000);
    timer_start(ringing.timer, 1);
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 1);
    timer_start(ringing.timer, 1);
    timer_stop(ringing.timer);
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 1);
    timer_free(ringing.timer);
    loop_free(ringing.loop);
}

static void test_loop__a_timer_repeats_until_it_is_stopped(void **state)
{
    (void) state;
    struct ringing ringing;
    begin(&ringing, count_ring);
    ringing.stop_after = 3;
    timer_repeat(ringing.timer, 1);
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 3);
    timer_free(ringing.timer);
    loop_free(ringing.loop);
}

static void test_loop__a_timer_may_be_freed_when_it_rings(void **state)
{
    (void) state;
    struct ringing ringing;
    begin(&ringing, free_in_ring);
    timer_start(ringing.timer, 0);
    loop_run(ringing.loop);
    assert_int_equal(ringing.rings, 1);
    loop_free(ringing.loop);
    timer_free(NULL);
    timer_stop(NULL);
}

static void test_loop__a_background_timer_keeps_nobody(void **state)
{
    (void) state;
    struct fault fault;
    struct ringing background = { .loop = make_loop() };
    background.timer = timer_new_background(background.loop, count_ring, &background, &fault);
    timer_repeat(background.timer, 1);
    loop_run(background.loop);
    assert_int_equal(background.rings, 0);
    struct ringing ringing = { .stop_after = 5 };
    ringing.timer = timer_new(background.loop, count_ring, &ringing, &fault);
    timer_repeat(ringing.timer, 2);
    loop_run(background.loop);
    assert_int_equal(ringing.rings, 5);
    assert_in_range(background.rings, 1, 1000);
    timer_free(ringing.timer);
    timer_free(background.timer);
    loop_free(background.loop);
}

/* A timer whose time has come, and a socket that has something to say: as after a stall of the process. */
struct stalled {
    struct ringing ringing;
    uv_poll_t poll;
    int pipe[2];
    bool heard;
    bool rang_before_it_was_heard;
    bool stops; /* what is heard stops the timer */
};

static void on_said(uv_poll_t *poll, int status, int events)
{
    struct stalled *stalled = poll->data;
    (void) status, (void) events;
    stalled->heard = true;
    if (stalled->stops)
        timer_stop(stalled->ringing.timer);
    uv_close((uv_handle_t *) poll, NULL);
}

static void on_deadline(void *owner)
{
    struct stalled *stalled = owner; /* which begins with its ringing */
    stalled->ringing.rings++;
    stalled->rang_before_it_was_heard = !stalled->heard;
}

static void play_stalled(struct stalled *stalled, bool stops)
{
    *stalled = (struct stalled){ .stops = stops };
    begin(&stalled->ringing, on_deadline);
    must(pipe(stalled->pipe) == 0 && write(stalled->pipe[1], "x", 1) == 1, "cannot make a pipe");
    uv_poll_init(&stalled->ringing.loop->uv, &stalled->poll, stalled->pipe[0]);
    stalled->poll.data = stalled;
    uv_poll_start(&stalled->poll, UV_READABLE, on_said);
    timer_start(stalled->ringing.timer, 0);
    loop_run(stalled->ringing.loop);
    timer_free(stalled->ringing.timer);
    loop_free(stalled->ringing.loop);
    close(stalled->pipe[0]);
    close(stalled->pipe[1]);
}

static void test_loop__what_has_come_is_heard_before_a_timer_rings(void **state)
{
    (void) state;
    struct stalled stalled;
    play_stalled(&stalled, false);
    assert_int_equal(stalled.ringing.rings, 1);
    assert_false(stalled.rang_before_it_was_heard);
}

static void test_loop__what_has_come_may_stop_a_timer_that_is_due(void **state)
{
    (void) state;
    struct stalled stalled;
    play_stalled(&stalled, true);
    assert_true(stalled.heard);
    assert_int_equal(stalled.ringing.rings, 0);
}

static struct ringing twins[3]; /* due in the same moment */

static void free_the_others(void *owner)
{
    struct ringing *ringing = owner;
    ringing->rings++;
    for (int i = 0; i < 3; i++)
        if (&twins[i] != ringing)
            timer_free(twins[i].timer);
}

static void test_loop__a_timer_that_is_due_may_be_freed_by_another(void **state)
{
    (void) state;
    struct fault fault;
    struct loop *loop = make_loop();
    for (int i = 0; i < 3; i++) {
        twins[i] = (struct ringing){ .loop = loop };
        twins[i].timer = timer_new(loop, i == 1 ? free_the_others : count_ring, &twins[i], &fault);
    }
    timer_start(twins[1].timer, 0); /* the first to ring */
    timer_start(twins[0].timer, 0);
    timer_start(twins[2].timer, 0);
    loop_run(loop);
    assert_int_equal(twins[0].rings + twins[2].rings, 0);
    assert_int_equal(twins[1].rings, 1);
    timer_free(twins[1].timer);
    loop_free(loop);
}

static int end_with_a_forgotten_timer(void)
{
    struct fault fault;
    struct loop *loop = loop_new(&fault);
    timer_new(loop, count_ring, NULL, &fault);
    bool quiet = freopen("/dev/null", "w", stderr) != NULL; /* the assertion's own words */
    loop_free(loop);
    return quiet;
}

static int status_of_child(int (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        _exit(act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_loop__a_forgotten_timer_is_a_bug_that_shows(void **state)
{
    (void) state;
    int status = status_of_child(end_with_a_forgotten_timer);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* --- signals ----------------------------------------------------------------------------------------------------------- */

struct hearing {
    struct timer *keeper; /* keeps the loop turning until a signal comes */
    int heard[4];
    size_t count;
    size_t wanted;
};

static void hear(void *owner, int signal_number)
{
    struct hearing *hearing = owner;
    hearing->heard[hearing->count++] = signal_number;
    if (hearing->count == hearing->wanted)
        timer_stop(hearing->keeper);
}

static void give_up(void *owner)
{
    (void) owner;
}

static int hear_in_child(size_t wanted, void (*before)(void), void (*after)(void), int *sum)
{
    struct fault fault;
    struct hearing hearing = { .wanted = wanted };
    loop_hold_signals();
    before();
    struct loop *loop = loop_new(&fault);
    hearing.keeper = timer_new(loop, give_up, &hearing, &fault);
    if (!loop_hear_signals(loop, hear, &hearing, &fault))
        return 1;
    after();
    timer_start(hearing.keeper, PATIENCE_MS);
    loop_run(loop);
    timer_free(hearing.keeper);
    loop_free(loop);
    *sum = 0;
    for (size_t i = 0; i < hearing.count; i++)
        *sum += hearing.heard[i];
    return 0;
}

static void nothing(void)
{
}

static void signal_both(void)
{
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
}

static int hear_what_came_before(void)
{
    int sum;
    return hear_in_child(2, signal_both, nothing, &sum) != 0 || sum != SIGTERM + SIGINT;
}

static int hear_what_comes_after(void)
{
    int sum;
    return hear_in_child(2, nothing, signal_both, &sum) != 0 || sum != SIGTERM + SIGINT;
}

static void signal_pipe(void)
{
    kill(getpid(), SIGPIPE);
    kill(getpid(), SIGINT);
}

static int survive_sigpipe(void)
{
    int sum;
    return hear_in_child(1, nothing, signal_pipe, &sum) != 0 || sum != SIGINT;
}

static int return_though_signals_are_heard(void)
{
    struct fault fault;
    struct hearing hearing = { .wanted = 1 };
    struct loop *loop = loop_new(&fault);
    bool hears = loop_hear_signals(loop, hear, &hearing, &fault);
    loop_run(loop);
    loop_free(loop);
    return !hears;
}

static void test_loop__a_signal_that_came_early_is_not_lost(void **state)
{
    (void) state;
    assert_int_equal(status_of_child(hear_what_came_before), 0);
}

static void test_loop__each_signal_is_heard(void **state)
{
    (void) state;
    assert_int_equal(status_of_child(hear_what_comes_after), 0);
}

static void test_loop__a_broken_pipe_is_no_end(void **state)
{
    (void) state;
    assert_int_equal(status_of_child(survive_sigpipe), 0);
}

static void test_loop__listening_for_signals_keeps_nobody(void **state)
{
    (void) state;
    assert_int_equal(status_of_child(return_though_signals_are_heard), 0);
}

/* --- stragglers -------------------------------------------------------------------------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct loop *straggling;

static void wait_at_the_gate(uv_work_t *work)
{
    (void) work;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void through_the_gate(uv_work_t *work, int status)
{
    (void) work, (void) status;
    loop_pool_left(straggling);
}

static void quit(void *owner)
{
    struct ringing *ringing = owner;
    loop_quit(ringing->loop);
    if (!loop_has_stragglers(ringing->loop))
        pthread_mutex_unlock(&gate); /* with a leak check, stragglers are waited for */
}

static void test_loop__does_not_wait_for_stragglers(void **state)
{
    (void) state;
    struct ringing ringing;
    uv_work_t work;
    begin(&ringing, quit);
    straggling = ringing.loop;
    pthread_mutex_lock(&gate);
    uv_queue_work(&ringing.loop->uv, &work, wait_at_the_gate, through_the_gate);
    loop_pool_entered(ringing.loop);
    timer_start(ringing.timer, 0);
    loop_run(ringing.loop);
    if (loop_has_stragglers(ringing.loop))
        pthread_mutex_unlock(&gate); /* the test waits, so that it can close the loop */
    timer_free(ringing.timer);
    loop_run(ringing.loop);
    assert_false(loop_has_stragglers(ringing.loop));
    loop_free(ringing.loop);
}

static void end_hush(void *owner)
{
    struct ringing *ringing = owner;
    loop_hush_ended(ringing->loop);
}

/* A program may have a second work on the same loop, in which a session that nobody waits for ends beside a look-up. */
static void test_loop__that_was_quit_once_is_not_quit_by_a_hush(void **state)
{
    (void) state;
    struct ringing ringing;
    struct fault fault;
    begin(&ringing, count_ring);
    loop_quit(ringing.loop);
    loop_run(ringing.loop);
    struct timer *hush = timer_new(ringing.loop, end_hush, &ringing, &fault);
    ringing.loop->hushed = 1;
    loop_pool_entered(ringing.loop);
    timer_start(hush, 0);
    timer_start(ringing.timer, 5);
    loop_run(ringing.loop);
    loop_pool_left(ringing.loop);
    assert_int_equal(ringing.rings, 1);
    timer_free(hush);
    timer_free(ringing.timer);
    loop_run(ringing.loop);
    loop_free(ringing.loop);
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

static bool make_and_free(void *argument, struct fault *fault)
{
    (void) argument;
    struct loop *loop = loop_new(fault);
    if (loop == NULL)
        return false;
    struct timer *one = timer_new(loop, give_up, NULL, fault);
    struct timer *two = one == NULL ? NULL : timer_new_background(loop, give_up, NULL, fault);
    timer_free(one);
    timer_free(two);
    loop_free(loop);
    return two != NULL;
}

static void test_loop__ends_cleanly_without_memory(void **state)
{
    (void) state;
    assert_int_equal(starve(make_and_free, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop__an_empty_one_returns_at_once),
        cmocka_unit_test(test_loop__a_timer_rings_once),
        cmocka_unit_test(test_loop__a_running_timer_starts_over),
        cmocka_unit_test(test_loop__a_timer_repeats_until_it_is_stopped),
        cmocka_unit_test(test_loop__a_timer_may_be_freed_when_it_rings),
        cmocka_unit_test(test_loop__a_background_timer_keeps_nobody),
        cmocka_unit_test(test_loop__what_has_come_is_heard_before_a_timer_rings),
        cmocka_unit_test(test_loop__what_has_come_may_stop_a_timer_that_is_due),
        cmocka_unit_test(test_loop__a_timer_that_is_due_may_be_freed_by_another),
        cmocka_unit_test(test_loop__a_forgotten_timer_is_a_bug_that_shows),
        cmocka_unit_test(test_loop__a_signal_that_came_early_is_not_lost),
        cmocka_unit_test(test_loop__each_signal_is_heard),
        cmocka_unit_test(test_loop__a_broken_pipe_is_no_end),
        cmocka_unit_test(test_loop__listening_for_signals_keeps_nobody),
        cmocka_unit_test(test_loop__does_not_wait_for_stragglers),
        cmocka_unit_test(test_loop__that_was_quit_once_is_not_quit_by_a_hush),
        cmocka_unit_test(test_loop__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
