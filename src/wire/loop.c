/*
 * One libuv loop and the handles that are not sockets. It knows how the loop begins and ends; it does not know what is being
 * waited for.
 *
 * libuv runs timers before it looks at the sockets. After a stall of the process (a stopped one, a busy machine) a deadline would ring
 * while the answer that it is about lies unread in a socket. So a timer whose time has come is only noted as due, and rings when the
 * sockets have been looked at once more.
 */
#include "wire/loop.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/memory.h"
#include "wire.h"

#if defined(__SANITIZE_ADDRESS__)
enum { WAITS_FOR_STRAGGLERS = true }; /* a leak check wants everything given back */
#else
enum { WAITS_FOR_STRAGGLERS = false };
#endif

enum { SIGNAL_EXIT_BASE = 128 }; /* as a shell has it */

struct timer {
    uv_timer_t uv;
    bool is_due;
    struct timer *before; /* of those that are due */
    struct timer *after;
    struct loop *loop;
    void (*on_time)(void *owner);
    void *owner;
};

static const int stop_signals[LOOP_SIGNALS] = { SIGTERM, SIGINT, SIGHUP };

static void mask_signals(int how)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < LOOP_SIGNALS; i++)
        sigaddset(&set, stop_signals[i]);
    pthread_sigmask(how, &set, NULL);
}

void loop_hold_signals(void)
{
    mask_signals(SIG_BLOCK);
    signal(SIGPIPE, SIG_IGN);
}

static void ring_those_due(uv_check_t *check);

/* Neither of them keeps the loop turning by itself. */
static void prepare_for_timers(struct loop *loop)
{
    uv_check_init(&loop->uv, &loop->after_sockets);
    uv_idle_init(&loop->uv, &loop->hurry);
    loop->open_handles += 2;
    loop->after_sockets.data = loop;
    uv_check_start(&loop->after_sockets, ring_those_due);
    uv_unref((uv_handle_t *) &loop->after_sockets);
    uv_unref((uv_handle_t *) &loop->hurry);
}

/* libuv aborts the process where it has no descriptors for the pipe of its signals, which it makes behind the poller's. */
static bool has_descriptors(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    int third = dup(ends[0]);
    close(third);
    close(ends[0]);
    close(ends[1]);
    return third >= 0;
}

struct loop *loop_new(struct fault *fault)
{
    struct loop *loop = memory_alloc(sizeof *loop);
    if (loop == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    int status = has_descriptors() ? uv_loop_init(&loop->uv) : UV_EMFILE;
    if (status < 0) {
        fault_set(fault, FAULT_INTERNAL, "cannot set up an event loop: %s", uv_strerror(status));
        memory_free(loop);
        return NULL;
    }
    loop->uv.data = loop;
    prepare_for_timers(loop);
    return loop;
}

const char *signal_name(int signal_number)
{
    return signal_number == SIGTERM ? "SIGTERM" : signal_number == SIGINT ? "SIGINT" : "SIGHUP";
}

static void on_signal_heard(uv_signal_t *handle, int signal_number)
{
    struct loop *loop = handle->data;
    loop->on_signal(loop->signal_owner, signal_number);
}

/* Under nohup a SIGHUP is ignored from the start, and stays so. */
static bool is_wanted(int signal_number)
{
    struct sigaction action;
    return signal_number != SIGHUP || sigaction(SIGHUP, NULL, &action) != 0 || action.sa_handler != SIG_IGN;
}

static void (*hand_to_libuv)(int signal_number);

static void on_arrival(int signal_number)
{
    interrupt_note(signal_number);
    hand_to_libuv(signal_number);
}

/* libuv tells of a signal when the loop turns, which it does not while somebody waits within a callback. */
static void tell_at_once(int signal_number)
{
    struct sigaction action;
    if (sigaction(signal_number, NULL, &action) != 0 || action.sa_handler == on_arrival)
        return;
    hand_to_libuv = action.sa_handler;
    action.sa_handler = on_arrival;
    sigaction(signal_number, &action, NULL);
}

static bool hear_signal(struct loop *loop, int signal_number, struct fault *fault)
{
    uv_signal_t *handle = &loop->signals[loop->signal_count];
    int status = uv_signal_init(&loop->uv, handle);
    if (status == 0) {
        loop->signal_count++;
        loop->open_handles++;
        handle->data = loop;
        uv_unref((uv_handle_t *) handle);
        status = uv_signal_start(handle, on_signal_heard, signal_number);
    }
    if (status == 0)
        tell_at_once(signal_number);
    return status == 0 || fault_set(fault, FAULT_INTERNAL, "cannot listen for signals: %s", uv_strerror(status));
}

bool loop_hear_signals(struct loop *loop, void (*on_signal)(void *owner, int signal_number), void *owner,
                       struct fault *fault)
{
    loop->on_signal = on_signal;
    loop->signal_owner = owner;
    bool hears = true;
    interrupt_forget();
    for (size_t i = 0; i < LOOP_SIGNALS && hears; i++)
        hears = !is_wanted(stop_signals[i]) || hear_signal(loop, stop_signals[i], fault);
    mask_signals(SIG_UNBLOCK);
    return hears;
}

/* As process 1 too, where one without a handler is ignored. */
static void leave(int signal_number)
{
    _exit(SIGNAL_EXIT_BASE + signal_number);
}

void loop_end_at_signals(void)
{
    for (size_t i = 0; i < LOOP_SIGNALS; i++)
        if (is_wanted(stop_signals[i]))
            signal(stop_signals[i], leave);
    mask_signals(SIG_UNBLOCK);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop->quits = false; /* there may be another work */
}

/* Whoever stays for half a second at the most, because a server may have to be told, is waited for. */
static void stop_if_over(struct loop *loop)
{
    if (loop->quits && loop->hushed == 0 && loop_has_stragglers(loop))
        uv_stop(&loop->uv);
}

void loop_quit(struct loop *loop)
{
    loop->quits = true;
    stop_if_over(loop);
}

void loop_hush_ended(struct loop *loop)
{
    loop->hushed--;
    stop_if_over(loop);
}

bool loop_has_stragglers(const struct loop *loop)
{
    return loop->pool_requests > 0 && !WAITS_FOR_STRAGGLERS;
}

void loop_pool_entered(struct loop *loop)
{
    loop->pool_requests++;
}

void loop_pool_left(struct loop *loop)
{
    loop->pool_requests--;
}

static void on_closed(uv_handle_t *handle)
{
    struct loop *loop = handle->loop->data;
    loop->open_handles--;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    for (size_t i = 0; i < loop->signal_count; i++)
        uv_close((uv_handle_t *) &loop->signals[i], on_closed);
    uv_close((uv_handle_t *) &loop->after_sockets, on_closed);
    uv_close((uv_handle_t *) &loop->hurry, on_closed);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    assert(loop->open_handles == 0);
    int status = uv_loop_close(&loop->uv);
    assert(status == 0);
    (void) status;
    memory_free(loop);
}

/* --- timers ----------------------------------------------------------------------------------------------------------- */

static void forget_due(struct timer *timer)
{
    struct loop *loop = timer->loop;
    if (!timer->is_due)
        return;
    *(timer->before != NULL ? &timer->before->after : &loop->due) = timer->after;
    *(timer->after != NULL ? &timer->after->before : &loop->last_due) = timer->before;
    timer->is_due = false;
}

static void ring_those_due(uv_check_t *check)
{
    struct loop *loop = check->data;
    uv_idle_stop(&loop->hurry);
    uv_unref((uv_handle_t *) &loop->hurry);
    while (loop->due != NULL) {
        struct timer *timer = loop->due;
        forget_due(timer);
        timer->on_time(timer->owner);
    }
}

static void on_hurry(uv_idle_t *hurry)
{
    (void) hurry;
}

/* From libuv 1.45 on timers run last in a turn of the loop, which may be the last turn: one that is due keeps it for another. */
static void look_at_sockets(struct loop *loop, bool for_foreground)
{
    if (for_foreground)
        uv_ref((uv_handle_t *) &loop->hurry);
    uv_idle_start(&loop->hurry, on_hurry);
}

static void on_timer(uv_timer_t *handle)
{
    struct timer *timer = handle->data;
    struct loop *loop = timer->loop;
    if (timer->is_due)
        return;
    timer->is_due = true;
    timer->before = loop->last_due;
    timer->after = NULL;
    *(loop->last_due != NULL ? &loop->last_due->after : &loop->due) = timer;
    loop->last_due = timer;
    look_at_sockets(loop, uv_has_ref((uv_handle_t *) handle) != 0);
}

struct timer *timer_new(struct loop *loop, void (*on_time)(void *owner), void *owner, struct fault *fault)
{
    struct timer *timer = memory_alloc(sizeof *timer);
    if (timer == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *timer = (struct timer){ .loop = loop, .on_time = on_time, .owner = owner };
    uv_timer_init(&loop->uv, &timer->uv);
    loop->open_handles++;
    timer->uv.data = timer;
    return timer;
}

struct timer *timer_new_background(struct loop *loop, void (*on_time)(void *owner), void *owner, struct fault *fault)
{
    struct timer *timer = timer_new(loop, on_time, owner, fault);
    if (timer != NULL)
        uv_unref((uv_handle_t *) &timer->uv);
    return timer;
}

static uint64_t at_least_zero(int64_t ms)
{
    return ms > 0 ? (uint64_t) ms : 0;
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
    forget_due(timer);
    uv_update_time(&timer->loop->uv); /* the loop's cached time may be old after a long computation */
    uv_timer_start(&timer->uv, on_timer, at_least_zero(delay_ms), 0);
}

void timer_repeat(struct timer *timer, int64_t period_ms)
{
    uv_timer_start(&timer->uv, on_timer, at_least_zero(period_ms), at_least_zero(period_ms));
}

void timer_stop(struct timer *timer)
{
    if (timer == NULL)
        return;
    forget_due(timer);
    uv_timer_stop(&timer->uv);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct timer *timer = handle->data;
    timer->loop->open_handles--;
    memory_free(timer);
}

void timer_free(struct timer *timer)
{
    if (timer == NULL)
        return;
    forget_due(timer);
    uv_close((uv_handle_t *) &timer->uv, on_timer_closed);
}
