/* The exit codes are an interface: never renumbered. This is the one place where a fault becomes one. */
#ifndef PGUSHER_CLI_EXIT_CODE_H
#define PGUSHER_CLI_EXIT_CODE_H

#include "base/fault.h"

int exit_code(const struct fault *fault);

/* The outcome's name in the logs: "ok", "migration_failed" ... */
const char *outcome_name(const struct fault *fault);

#endif
