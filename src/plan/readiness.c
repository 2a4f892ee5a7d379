/* The names of what a target can be. */
#include "plan/readiness.h"

const char *target_state_name(enum target_state state)
{
    static const char *const names[] = {
        [TARGET_WAITING] = "waiting",
        [TARGET_READY] = "ready",
        [TARGET_REFUSED] = "refused",
    };
    return names[state];
}
