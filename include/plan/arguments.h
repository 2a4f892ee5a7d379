/*
 * argv taken apart by the option table: which command, which options, each with its value as text.
 */
#ifndef PGUSHER_PLAN_ARGUMENTS_H
#define PGUSHER_PLAN_ARGUMENTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/options.h"

/* A text and the flag or variable it came from; both NULL when there is none. */
struct given {
    const char *value;  /* a switch without a value is "on" */
    const char *origin; /* "--host", "-h" or "POSTGRES_HOST" */
};

struct arguments {
    enum command command;
    const char *operand; /* NULL when none was given */
    bool help;
    bool version;
    struct given given[OPTION_COUNT]; /* of an option given twice the last */
    struct target_texts targets;      /* --target, each of them */
};

/*
 * Values point into argv, origins live in arena. With --help or --version nothing but the command's name is checked, and there
 * need not be one. Else false with FAULT_CONFIG: no command, an unknown command or option (the nearest known one is named), an
 * option the command does not take, a value or an operand too few or too many. A text that may hold a password is never shown.
 */
bool arguments_read(struct arguments *arguments, struct arena *arena, int argc, const char *const *argv,
                    struct fault *fault);

#endif
