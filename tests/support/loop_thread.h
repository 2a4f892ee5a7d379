/*
 * A libuv loop for a fake server or a proxy: the caller's own, or one that turns in a thread of ours. What touches the loop is
 * an act; loop_thread_do() runs it where the loop turns.
 */
#ifndef PGUSHER_SUPPORT_LOOP_THREAD_H
#define PGUSHER_SUPPORT_LOOP_THREAD_H

#include <stdbool.h>
#include <uv.h>

struct loop_thread;

/* loop NULL: a thread is started and turns a loop of its own. */
struct loop_thread *loop_thread_new(uv_loop_t *loop);

/* Whoever put handles on the loop has closed them and is done with it. A loop of our own must close clean. */
void loop_thread_free(struct loop_thread *thread);

bool loop_thread_is_ours(const struct loop_thread *thread);
uv_loop_t *loop_thread_loop(struct loop_thread *thread);

/* Runs act on the loop's thread and returns when it has run. */
void loop_thread_do(struct loop_thread *thread, void (*act)(void *argument), void *argument);

/* On the loop's thread: something changed that a loop_thread_wait() may be after. */
void loop_thread_changed(struct loop_thread *thread);

/*
 * Returns true as soon as is_so (called on the loop's thread) says so, false when that takes longer than anybody's patience.
 * The caller's own loop is turned meanwhile.
 */
bool loop_thread_wait(struct loop_thread *thread, bool (*is_so)(void *argument), void *argument);

#endif
