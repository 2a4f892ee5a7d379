/* Which statements leave the session as it was. */
#ifndef PGUSHER_TEXT_SESSION_EFFECT_H
#define PGUSHER_TEXT_SESSION_EFFECT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * False only for statements known to leave nothing in the session that outlives their transaction: no setting, no temporary
 * object, no lock, no cursor. Event triggers and functions that such a statement happens to run are taken to behave.
 */
bool session_effect_possible(const char *bytes, size_t offset, size_t end);

/* True for a statement that does nothing else: SET, RESET, and SELECT of a lone set_config(). It may be said again. */
bool session_effect_only(const char *bytes, size_t offset, size_t end);

#endif
