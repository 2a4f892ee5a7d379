/* How a crowd of targets stands at the end of a wait: what is printed as its result. Plain values. */
#ifndef PGUSHER_PLAN_READINESS_H
#define PGUSHER_PLAN_READINESS_H

#include <stddef.h>
#include <stdint.h>

#include "plan/need.h"

enum target_state {
    TARGET_WAITING,
    TARGET_READY,
    TARGET_REFUSED, /* for good */
};

/* Texts are NULL, numbers -1 where there is nothing to say. */
struct target_readiness {
    const char *target; /* its label */
    enum target_state state;
    const char *rung;    /* the highest that was reached at the last look */
    const char *role;    /* "primary", "standby", "read-only" */
    const char *address; /* of the host that was looked at */
    const char *server_version;
    const char *seen; /* the last answer in a few words */
    const char *sqlstate;
    const char *message;
    int64_t seen_for_us;    /* for how long it has been seen */
    int64_t ready_after_us; /* from the beginning of the wait, the last time that it became ready */
    int64_t resolve_us;     /* of the last look: where its time went */
    int64_t connect_us;
    int64_t tls_us;
    int64_t login_us;
    int64_t query_us;
};

struct readiness {
    const char *until;
    const char *need;
    struct need_counts counts;
    int64_t attempts; /* that were begun */
    int64_t duration_us;
    const struct target_readiness *targets;
    size_t count;
};

/* "ready", "waiting", "refused" */
const char *target_state_name(enum target_state state);

#endif
