/* The two clocks: one that only goes forward, for durations, and one that people read. */
#ifndef PGUSHER_BASE_CLOCK_H
#define PGUSHER_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds from some point in the past; never goes back. */
int64_t clock_monotonic_us(void);

/* How long ago that was, by clock_monotonic_us(). */
int64_t clock_ms_since(int64_t since_us);

/* Microseconds since 1970-01-01 00:00 UTC. */
int64_t clock_wall_us(void);

#endif
