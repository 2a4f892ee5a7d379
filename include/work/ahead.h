/*
 * The folder's checksums, computed while the server is being waited for.
 */
#ifndef PGUSHER_WORK_AHEAD_H
#define PGUSHER_WORK_AHEAD_H

#include "plan/shelf.h"
#include "wire/loop.h"

struct ahead;

/* Begins; the shelf outlives it. What has no checksum when it is needed is read then. NULL on failure. */
struct ahead *ahead_start(struct loop *loop, struct shelf *shelf, struct fault *fault);

/* Ends it, done or not. Accepts NULL. */
void ahead_free(struct ahead *ahead);

#endif
