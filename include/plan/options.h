/*
 * The option table: one row an option, from which parsing, environment names, --help and the manual come. And the command
 * table beside it.
 */
#ifndef PGUSHER_PLAN_OPTIONS_H
#define PGUSHER_PLAN_OPTIONS_H

#include <stddef.h>

#include "plan/settings.h"

enum option_group { GROUP_CONNECTION, GROUP_MIGRATIONS, GROUP_WAIT, GROUP_OUTPUT, GROUP_OTHER, GROUP_COUNT };

struct option {
    const char *name;         /* the long flag without "--"; NULL when there is only a variable */
    char letter;              /* the short flag, 0 for none */
    const char *variable;     /* the environment variable, NULL for none */
    const char *argument;     /* "DIR", "DURATION"; NULL for a switch */
    const char *default_text; /* as --help shows it; NULL for none */
    const char *help;         /* one sentence */
    enum option_group group;
    unsigned commands; /* bits 1 << COMMAND_X of the commands that take it */
    /* parsing details are the table's own business: see src/plan/options.c */
    int id;
};

struct command_row {
    enum command command;
    const char *name;
    const char *summary;     /* one line */
    const char *description; /* a paragraph or two for its --help */
    const char *examples[4]; /* each "pgusher ...", explained after a tab; NULL-terminated */
};

extern const struct option option_table[];
extern const size_t option_count;
extern const struct command_row command_table[];
extern const size_t command_count;

const char *option_group_title(enum option_group group);

#endif
