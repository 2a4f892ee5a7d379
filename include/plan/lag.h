/* How far a standby may be behind its primary, and whether it is. */
#ifndef PGUSHER_PLAN_LAG_H
#define PGUSHER_PLAN_LAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum lag_measure { LAG_ANY, LAG_BYTES, LAG_TIME };

struct lag_bound {
    enum lag_measure measure;
    int64_t most; /* bytes, or milliseconds */
};

/*
 * A size as PostgreSQL writes it (kB, MB, GB, TB, B, and no unit for 0), or a duration (ms, s, m, h). False with FAULT_CONFIG that
 * names origin, the flag or variable that text came from.
 */
bool lag_bound_read(struct lag_bound *bound, const char *text, const char *origin, struct fault *fault);

/* What is known of a standby. Positions in the WAL count bytes from its beginning; -1 is unknown. */
struct lag {
    int64_t replayed;
    int64_t primary; /* how far its primary is, as far as anybody has said */
    int64_t age_ms;  /* how long ago the last transaction that it has replayed was committed; -1: it has replayed none yet */
};

enum lag_verdict { LAG_WITHIN, LAG_BEYOND, LAG_UNKNOWN };

/* One that has replayed all that its primary has written lags by nothing, however long ago that was: the primary is idle. */
enum lag_verdict lag_judge(const struct lag_bound *bound, const struct lag *lag);

/* A line for people about one that is not within its bound. */
void lag_tell(char *line, size_t size, const struct lag_bound *bound, const struct lag *lag);

#endif
