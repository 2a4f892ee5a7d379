/*
 * The values of libpq's keywords that are looked at here before libpq sees them: what libpq would refuse at each knock, as if waiting
 * could help, is refused at once. All are false with FAULT_CONFIG, which names the origin and what is accepted.
 */
#ifndef PGUSHER_WORK_KEYWORD_H
#define PGUSHER_WORK_KEYWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "work/roster.h"

bool keyword_attrs(enum session_attrs *attrs, const char *text, const char *origin, struct fault *fault);
bool keyword_sslmode(const char *text, const char *origin, struct fault *fault);

/* Seconds, as for libpq; 0 and less say nothing, and *timeout_ms stays as it is. */
bool keyword_connect_timeout(int64_t *timeout_ms, const char *text, const char *origin, struct fault *fault);

/*
 * A name that is to be looked up: no connection string, no port behind it, no quotes around it. It is shown only when it may be, and never
 * when it could hold a password.
 */
bool keyword_host(const char *name, const char *origin, bool may_be_shown, struct fault *fault);

#endif
