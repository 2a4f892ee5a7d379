/*
 * A few files at a time, between the loop's other business, so that no answer of the server lies about for long. It begins a moment
 * late: the server shall have something to do before we have. It decides nothing and tells nobody; what it could not read is
 * read, and complained about, by those who need it.
 */
#include "work/ahead.h"

#include "base/clock.h"
#include "base/memory.h"

enum { BEGINS_AFTER_MS = 2, SLICE_US = 100 };

struct ahead {
    struct timer *timer;
    struct shelf *shelf;
    size_t next;
};

static void on_time(void *owner)
{
    struct ahead *ahead = owner;
    int64_t until_us = clock_monotonic_us() + SLICE_US;
    while (ahead->next < ahead->shelf->count && clock_monotonic_us() < until_us)
        migration_sum(&ahead->shelf->migrations[ahead->next++]);
    if (ahead->next < ahead->shelf->count)
        timer_start(ahead->timer, 0);
}

struct ahead *ahead_start(struct loop *loop, struct shelf *shelf, struct fault *fault)
{
    struct ahead *ahead = memory_alloc(sizeof *ahead);
    if (ahead == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *ahead = (struct ahead){ .shelf = shelf, .timer = timer_new_background(loop, on_time, ahead, fault) };
    if (ahead->timer == NULL) {
        memory_free(ahead);
        return NULL;
    }
    timer_start(ahead->timer, BEGINS_AFTER_MS);
    return ahead;
}

void ahead_free(struct ahead *ahead)
{
    if (ahead == NULL)
        return;
    timer_free(ahead->timer);
    memory_free(ahead);
}
