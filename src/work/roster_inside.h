/* What the two files of the roster share. Both fill a target from what was merged, and are false with merge->fault set. */
#ifndef PGUSHER_WORK_ROSTER_INSIDE_H
#define PGUSHER_WORK_ROSTER_INSIDE_H

#include "merge.h"
#include "work/roster.h"

bool roster_fill_hosts(struct target *target, struct merge *merge);
bool roster_fill_label(struct target *target, struct merge *merge);

#endif
