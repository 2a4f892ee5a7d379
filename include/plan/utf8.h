/* Whether a name or a value is text at all. */
#ifndef PGUSHER_PLAN_UTF8_H
#define PGUSHER_PLAN_UTF8_H

#include <stdbool.h>

/* By the same rule as the text of a migration. */
bool utf8_is_valid(const char *text);

#endif
