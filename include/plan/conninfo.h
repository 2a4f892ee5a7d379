/* Connection strings, as far as they can be told from other texts without libpq. */
#ifndef PGUSHER_PLAN_CONNINFO_H
#define PGUSHER_PLAN_CONNINFO_H

#include <stdbool.h>

#include "base/fault.h"

/* Whether psql would take it, as a database name, for a connection string: a URI, or something with "=" in it. */
bool conninfo_is(const char *text);

/* Whether it may hold a password: a connection string of any scheme. Such a text is never shown. */
bool conninfo_is_secret(const char *text);

/*
 * False with FAULT_CONFIG, which names origin and never shows the text, when the text can hardly be anything but a connection string
 * (it has "://" in it, or keywords with a password), where a wanted was to be: a FILE, a HOST.
 */
bool conninfo_check_is_none(const char *text, const char *origin, const char *wanted, struct fault *fault);

/*
 * False with FAULT_CONFIG, which names origin and never shows the text, when it cannot be a connection string: a bare name, or
 * a URI of another scheme (whose parts libpq would quote in its complaint). The rest is libpq's to judge.
 */
bool conninfo_check(const char *text, const char *origin, struct fault *fault);

#endif
