/*
 * Waiting for many targets at once, until together they look as --need says.
 *
 * Each target is looked at again and again, a ready one too, if more and more seldom: what counts is its last answer. Before the wait
 * ends well, those of which the last good answer is older than an interval are asked once more. A target that refuses for longer than the
 * grace is refused for good. The wait ends early when what is left cannot meet the need any more.
 */
#ifndef PGUSHER_WORK_CROWD_H
#define PGUSHER_WORK_CROWD_H

#include <stdbool.h>

#include "plan/readiness.h"
#include "plan/shelf.h"
#include "work/run.h"

struct crowd;

/*
 * The targets are those of the settings, else the hosts of the main configuration. shelf is discovered already, or NULL where
 * settings->until is below RUNG_MIGRATED. With RUNG_REPLICATED each host counts, and a primary is as it should be. on_over is called once, never from within crowd_start(); the run's outcome then says how it went:
 * FAULT_NOT_READY, FAULT_REFUSED, FAULT_PENDING, or what else the targets fail with. NULL on failure: FAULT_CONFIG for a target that is
 * none, a file of them that cannot be read, or a need that they cannot meet.
 */
struct crowd *crowd_start(struct run *run, struct shelf *shelf, void (*on_over)(void *owner), void *owner,
                          struct fault *fault);

/* A signal came: the crowd is over at once. */
void crowd_stop(struct crowd *crowd, int signal_number);

/* Closes everything. Accepts NULL. */
void crowd_free(struct crowd *crowd);

/* Once it is over: how everybody stood at the end. Lives as long as the crowd; NULL when there was no memory for it. */
const struct readiness *crowd_readiness(const struct crowd *crowd);

#endif
