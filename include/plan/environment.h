/* The environment, as main() was given it. */
#ifndef PGUSHER_PLAN_ENVIRONMENT_H
#define PGUSHER_PLAN_ENVIRONMENT_H

#include "base/fault.h"
#include "plan/notes.h"

/* The value of a variable, or NULL: an empty one counts as unset. environment is NULL-terminated like environ. */
const char *environment_find(const char *const *environment, const char *variable);

/* Notes each PGUSHER_* variable that is none of ours, with the one that was probably meant. False only without memory. */
bool environment_note_unknown(const char *const *environment, struct notes *notes, struct fault *fault);

#endif
