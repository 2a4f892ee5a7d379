/* One event of each kind as a run may tell it, once with every field it may have and once with only those it must have. */
#ifndef PGUSHER_TESTS_EVENT_SAMPLES_H
#define PGUSHER_TESTS_EVENT_SAMPLES_H

#include "base/event.h"

/* 2026-01-31T12:00:00.123456Z */
#define SAMPLE_WALL_US INT64_C(1769860800123456)

struct event sample_full(enum event_kind kind);
struct event sample_bare(enum event_kind kind);

#endif
