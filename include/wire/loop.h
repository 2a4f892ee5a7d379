/*
 * The event loop, its timers and its signals. Everything here belongs to one thread.
 */
#ifndef PGUSHER_WIRE_LOOP_H
#define PGUSHER_WIRE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct loop;
struct timer;

/*
 * Holds SIGTERM, SIGINT and SIGHUP back until loop_hear_signals(), so that none is lost in between: as PID 1 a signal without a handler
 * is ignored. Call it first thing in main. SIGPIPE is ignored from then on.
 */
void loop_hold_signals(void);

/* NULL on failure. */
struct loop *loop_new(struct fault *fault);

/*
 * Sets up the handlers and lets the held signals in. on_signal is called for each, on the loop's thread, and interrupt_signal() knows it
 * before that. A SIGHUP that was ignored
 * before, as under nohup, still is.
 */
bool loop_hear_signals(struct loop *loop, void (*on_signal)(void *owner, int signal_number), void *owner,
                       struct fault *fault);

/* "SIGTERM", of those that are heard. */
const char *signal_name(int signal_number);

/*
 * The work is over, and only what it has brought is left to be written, perhaps to somebody who does not read: from now on such a
 * signal ends the process at once, with 128 and its number. With a loop or without.
 */
void loop_end_at_signals(void);

/* Turns the loop until nothing is left to wait for, or until loop_quit(). */
void loop_run(struct loop *loop);

/*
 * The work is over. What is still in libuv's pool (a look-up, a cancel) cannot be called back and may take many seconds: if there
 * is such a straggler, loop_run() returns all the same and loop_has_stragglers() says so; then the process has to leave by _exit(),
 * because neither the loop nor the C library's exit() would return before the straggler does. Sessions that end a question first
 * (session_free()) are waited for.
 */
void loop_quit(struct loop *loop);
bool loop_has_stragglers(const struct loop *loop);

/* Closes what is left and frees the loop. Asserts that nobody forgot a handle. Not for a loop with stragglers. Accepts NULL. */
void loop_free(struct loop *loop);

/*
 * on_time is called on the loop's thread, and not before what has come by then on the sockets was heard, however long the process was
 * held up. A background timer does not keep loop_run() from returning. NULL on failure.
 */
struct timer *timer_new(struct loop *loop, void (*on_time)(void *owner), void *owner, struct fault *fault);
struct timer *timer_new_background(struct loop *loop, void (*on_time)(void *owner), void *owner, struct fault *fault);

/* Rings once after delay_ms; a running timer starts over. */
void timer_start(struct timer *timer, int64_t delay_ms);

/* Rings every period_ms. */
void timer_repeat(struct timer *timer, int64_t period_ms);

void timer_stop(struct timer *timer);

/* Accepts NULL. */
void timer_free(struct timer *timer);

#endif
