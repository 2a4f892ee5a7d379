/*
 * The option table: one row an option, from which parsing, environment names, --help and the manual come. And the command
 * table beside it. A new option is a row here, an id, and a line in take_value() of src/plan/settings.c.
 */
#ifndef PGUSHER_PLAN_OPTIONS_H
#define PGUSHER_PLAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/settings.h"

enum option_group { GROUP_CONNECTION, GROUP_MIGRATIONS, GROUP_WAIT, GROUP_COMPOSE, GROUP_OUTPUT, GROUP_OTHER, GROUP_COUNT };

/* The place of each row in option_table. */
enum option_id {
    OPTION_HOST,
    OPTION_PORT,
    OPTION_USERNAME,
    OPTION_PASSWORD,
    OPTION_PASSWORD_FILE,
    OPTION_DBNAME,
    OPTION_DATABASE,
    OPTION_DATABASE_FILE,
    OPTION_USERNAME_FILE,
    OPTION_DBNAME_FILE,
    OPTION_MIGRATIONS,
    OPTION_LEDGER,
    OPTION_STRICT,
    OPTION_TARGET,
    OPTION_TARGETS,
    OPTION_EACH_ADDRESS,
    OPTION_UNTIL,
    OPTION_NEED,
    OPTION_STABLE,
    OPTION_MAX_LAG,
    OPTION_ATTEMPTS,
    OPTION_INTERVAL,
    OPTION_TIMEOUT,
    OPTION_GRACE,
    OPTION_LOCK_WAIT,
    OPTION_POOLER,
    OPTION_LOCK_TIMEOUT,
    OPTION_LOCK_RETRIES,
    OPTION_STATEMENT_TIMEOUT,
    OPTION_CONCURRENCY,
    OPTION_HOST_CONCURRENCY,
    OPTION_CHECK,
    OPTION_JSON,
    OPTION_FIX,
    OPTION_MIGRATE_SERVICE,
    OPTION_DATABASE_SERVICE,
    OPTION_TEMPLATE,
    OPTION_OUTPUT,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
    OPTION_TERMINATION_LOG,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT
};

struct option {
    const char *name;         /* the long flag without "--"; NULL when there is only a variable */
    char letter;              /* the short flag, 0 for none */
    const char *variable;     /* the environment variable, NULL for none */
    const char *argument;     /* "DIR", "DURATION"; NULL for a switch */
    const char *default_text; /* as --help shows it; NULL for none */
    const char *help;         /* one sentence */
    enum option_group group;
    unsigned commands; /* bits 1 << COMMAND_X of the commands that take it */
    enum option_id id;
};

struct command_row {
    enum command command;
    const char *name;        /* of one word, or two where the first is a command too: "compose check" */
    const char *operand;     /* what it takes beside options, "FILE"; NULL for nothing */
    const char *summary;     /* one line */
    const char *description; /* a paragraph or two for its --help, divided by "\n\n" and otherwise on one line */
    const char *examples[4]; /* each "pgusher ...", explained after a tab; NULL-terminated */
};

extern const struct option option_table[];
extern const size_t option_count;
extern const struct command_row command_table[];
extern const size_t command_count;

const char *option_group_title(enum option_group group);

/* The row with that long flag or that letter, or NULL. */
const struct option *option_find(const char *name, size_t name_size);
const struct option *option_find_letter(char letter);

/* The row with that variable, or NULL. */
const struct option *option_find_variable(const char *name, size_t name_size);

/* NULL for COMMAND_NONE and for a name that is none. */
const struct command_row *command_find(enum command command);
const struct command_row *command_find_name(const char *name);

/* The row of "compose check", from that of "compose" and the word "check"; NULL when there is none. */
const struct command_row *command_find_below(const struct command_row *above, const char *word);

/* The last word of the name of a row below another ("check"), else NULL. */
const char *command_last_word(const struct command_row *row, const struct command_row *above);

/* Whether a command asks a server, and so takes the options of the connection. */
bool command_asks_server(enum command command);

#endif
