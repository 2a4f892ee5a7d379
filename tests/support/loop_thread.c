/*
 * One door between the test's thread and the loop's: a single order at a time, rung in by uv_async and waited for.
 */
#include "support/loop_thread.h"

#include <signal.h>
#include <stdlib.h>

#include "support/must.h"

struct loop_thread {
    uv_loop_t *loop; /* own_loop or the caller's */
    bool is_ours;
    uv_loop_t own_loop;
    uv_thread_t thread;
    uv_async_t bell;
    uv_mutex_t mutex; /* guards what follows */
    uv_cond_t news;
    void (*act)(void *argument); /* NULL: no order */
    void *argument;
    bool over;
    unsigned long changes;
};

static void take_order(uv_async_t *bell)
{
    struct loop_thread *thread = bell->data;
    uv_mutex_lock(&thread->mutex);
    void (*act)(void *) = thread->act;
    void *argument = thread->argument;
    bool over = thread->over;
    uv_mutex_unlock(&thread->mutex);
    if (act != NULL)
        act(argument);
    if (over)
        uv_close((uv_handle_t *) bell, NULL);
    uv_mutex_lock(&thread->mutex);
    thread->act = NULL;
    uv_cond_broadcast(&thread->news);
    uv_mutex_unlock(&thread->mutex);
}

static void turn_loop(void *argument)
{
    struct loop_thread *thread = argument;
    uv_run(&thread->own_loop, UV_RUN_DEFAULT);
}

/* With every signal blocked in the new thread, they all go on to the test's own. */
static void start_thread(struct loop_thread *thread)
{
    must(uv_loop_init(&thread->own_loop) == 0, "cannot make a loop");
    must(uv_async_init(&thread->own_loop, &thread->bell, take_order) == 0, "cannot make a bell");
    thread->bell.data = thread;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    must(uv_thread_create(&thread->thread, turn_loop, thread) == 0, "cannot start a thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct loop_thread *loop_thread_new(uv_loop_t *loop)
{
    struct loop_thread *thread = must_alloc(sizeof *thread);
    must(uv_mutex_init(&thread->mutex) == 0 && uv_cond_init(&thread->news) == 0, "cannot make a mutex");
    thread->is_ours = loop == NULL;
    thread->loop = thread->is_ours ? &thread->own_loop : loop;
    if (thread->is_ours)
        start_thread(thread);
    return thread;
}

static void stop_thread(struct loop_thread *thread)
{
    uv_mutex_lock(&thread->mutex);
    thread->over = true;
    uv_mutex_unlock(&thread->mutex);
    uv_async_send(&thread->bell);
    uv_thread_join(&thread->thread);
    must(uv_loop_close(&thread->own_loop) == 0, "a handle of the harness was left open");
}

void loop_thread_free(struct loop_thread *thread)
{
    if (thread->is_ours)
        stop_thread(thread);
    uv_cond_destroy(&thread->news);
    uv_mutex_destroy(&thread->mutex);
    free(thread);
}

bool loop_thread_is_ours(const struct loop_thread *thread)
{
    return thread->is_ours;
}

uv_loop_t *loop_thread_loop(struct loop_thread *thread)
{
    return thread->loop;
}

void loop_thread_do(struct loop_thread *thread, void (*act)(void *argument), void *argument)
{
    if (!thread->is_ours) {
        act(argument);
        return;
    }
    uv_mutex_lock(&thread->mutex);
    thread->act = act;
    thread->argument = argument;
    uv_async_send(&thread->bell);
    while (thread->act != NULL)
        uv_cond_wait(&thread->news, &thread->mutex);
    uv_mutex_unlock(&thread->mutex);
}

void loop_thread_changed(struct loop_thread *thread)
{
    uv_mutex_lock(&thread->mutex);
    thread->changes++;
    uv_cond_broadcast(&thread->news);
    uv_mutex_unlock(&thread->mutex);
}

struct question {
    bool (*is_so)(void *argument);
    void *argument;
    bool answer;
};

static void ask(void *argument)
{
    struct question *question = argument;
    question->answer = question->is_so(question->argument);
}

static unsigned long count_changes(struct loop_thread *thread)
{
    uv_mutex_lock(&thread->mutex);
    unsigned long changes = thread->changes;
    uv_mutex_unlock(&thread->mutex);
    return changes;
}

static void wait_for_change(struct loop_thread *thread, unsigned long since, int64_t begun)
{
    uv_mutex_lock(&thread->mutex);
    while (thread->changes == since && patience_left_ms(begun) > 0)
        uv_cond_timedwait(&thread->news, &thread->mutex, (uint64_t) patience_left_ms(begun) * 1000000);
    uv_mutex_unlock(&thread->mutex);
}

static bool wait_for_thread(struct loop_thread *thread, struct question *question)
{
    int64_t begun = patience_begin();
    while (patience_left_ms(begun) > 0) {
        unsigned long since = count_changes(thread);
        loop_thread_do(thread, ask, question);
        if (question->answer)
            return true;
        wait_for_change(thread, since, begun);
    }
    return false;
}

static void let_patience_end(uv_timer_t *timer)
{
    *(bool *) timer->data = true;
}

/* The timer also keeps the loop turning when all that is left on it are unreferenced handles. */
static bool wait_turning(uv_loop_t *loop, struct question *question)
{
    uv_timer_t timer;
    bool over = false;
    must(uv_timer_init(loop, &timer) == 0, "cannot make a timer");
    timer.data = &over;
    uv_timer_start(&timer, let_patience_end, PATIENCE_MS, 0);
    while (ask(question), !question->answer && !over)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *) &timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return question->answer;
}

bool loop_thread_wait(struct loop_thread *thread, bool (*is_so)(void *argument), void *argument)
{
    struct question question = { .is_so = is_so, .argument = argument };
    return thread->is_ours ? wait_for_thread(thread, &question) : wait_turning(thread->loop, &question);
}
