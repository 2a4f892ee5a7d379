/* Which file names are migrations, and which of those are refused. */
#ifndef PGUSHER_PLAN_FILE_NAME_H
#define PGUSHER_PLAN_FILE_NAME_H

#include <stdbool.h>

#include "base/fault.h"

enum { MIGRATION_NAME_MAX_CHARACTERS = 255 }; /* the width of migration_name in the ledger */

/* Ends in ".sql", in exactly these letters, and is not hidden. */
bool file_name_is_migration(const char *name);

/* False with FAULT_CONFIG for a migration's name that the ledger or a log could not hold, or that is another tool's. */
bool file_name_check(const char *name, struct fault *fault);

#endif
