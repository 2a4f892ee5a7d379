/*
 * What the user asked for: argv and the environment, merged by the option table (plan/options.h). Built once, then frozen.
 * Pure: no file is opened and no server asked; DATABASE_URL stays one text here, and libpq's own variables are left to libpq.
 */
#ifndef PGUSHER_PLAN_SETTINGS_H
#define PGUSHER_PLAN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fault.h"
#include "plan/lag.h"
#include "plan/need.h"
#include "plan/targets.h"

enum command {
    COMMAND_NONE,
    COMMAND_UP,
    COMMAND_WAIT,
    COMMAND_STATUS,
    COMMAND_PLAN,
    COMMAND_COMPOSE, /* only with --help: what it does is done by those below */
    COMMAND_COMPOSE_CHECK,
    COMMAND_COMPOSE_GENERATE,
};

enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/*
 * Each includes those before it, but for RUNG_STANDBY, which stands beside RUNG_WRITABLE. RUNG_REPLICATED is for up alone: each standby
 * among the hosts is migrated as well.
 */
enum rung { RUNG_LISTENING, RUNG_ACCEPTING, RUNG_LOGIN, RUNG_WRITABLE, RUNG_STANDBY, RUNG_MIGRATED, RUNG_REPLICATED };

const char *rung_name(enum rung rung);

/* What the user knows of a pooler between us and the server. */
enum pooler { POOLER_AUTO, POOLER_SESSION };

/* A smaller rank beats a larger one. */
enum rank { RANK_FLAG, RANK_PGUSHER, RANK_DATABASE_URL, RANK_POSTGRES, RANK_LIBPQ };

enum word_form {
    WORD_VALUE,    /* value of one libpq keyword */
    WORD_CONNINFO, /* a URI or keyword=value string; keyword is NULL */
    WORD_FILE,     /* path of a file that holds the value of keyword, read at each attempt */
    WORD_CONNINFO_FILE,
};

/* One thing that one source says about the connection. */
struct connection_word {
    enum word_form form;
    enum rank rank;
    const char *keyword; /* libpq's: "host", "port", "user", "password", "dbname" */
    const char *value;
    const char *origin; /* the flag (as written, "-h" or "--host") or the variable it came from, for messages */
};

/* Something to tell once the journal stands. */
struct setting_note {
    enum event_kind kind; /* EVENT_CONFIG_OVERRIDDEN or EVENT_CONFIG_IGNORED */
    const char *keyword;  /* of an overridden one: "migrations", "host" ... */
    const char *winner;   /* names only, never values */
    const char *loser;    /* of an ignored one: the variable */
    const char *reason;   /* of an ignored one */
    bool is_misspelt;     /* an ignored one that was probably meant for us */
};

struct settings {
    enum command command;
    bool help;    /* --help was given: nothing but the command's name was checked */
    bool version; /* --version: the same */

    const struct connection_word *words; /* in order of rank; of two with one keyword the first wins */
    size_t word_count;

    const char *migrations_folder;
    const char *ledger_schema; /* NULL: settled by the session's search_path */
    const char *ledger_table;  /* unquoted, folded as SQL folds it */

    int64_t attempts;
    int64_t interval_ms;
    int64_t timeout_ms; /* -1: none */
    int64_t grace_ms;
    int64_t lock_wait_ms;    /* -1: none */
    int64_t lock_timeout_ms; /* 0: none */
    int64_t lock_retries;
    int64_t statement_timeout_ms; /* 0: none, -1: as the role has it */
    enum pooler pooler;
    int64_t concurrency;      /* open connections, all together */
    int64_t host_concurrency; /* the same to one address and port */
    enum rung until;

    const struct target_text *targets; /* of --target */
    size_t target_count;
    const char *targets_file; /* NULL: none; "-": stdin */
    bool each_address;
    bool has_need; /* it was said: each host of a connection string counts by itself */
    struct need need;
    int64_t stable; /* good answers in a row */
    struct lag_bound max_lag;

    enum log_format log_format;
    enum level log_level;
    const char *termination_log; /* a file's name, NULL: none; known also when settings_read() failed */
    bool strict;
    bool check;
    bool json;

    const char *operand;          /* what stands after the command without an option; NULL: nothing */
    bool fix;                     /* compose check: write what is suggested */
    const char *migrate_service;  /* compose check: NULL: found by what it runs */
    const char *database_service; /* the same */
    const char *template_file;    /* compose generate */
    const char *output_file;      /* compose generate; NULL: stdout */

    const struct setting_note *notes;
    size_t note_count;
};

/* Whether the wait is for a crowd of targets, and not for the one server of the main configuration. */
bool settings_want_crowd(const struct settings *settings);

/*
 * argv[0] is the program's name; environment is NULL-terminated like environ. All that is built lives in arena. False with
 * FAULT_CONFIG; an unknown option or command names the nearest known one. Texts may point into argv and environment.
 */
bool settings_read(struct settings *settings, struct arena *arena, int argc, const char *const *argv,
                   const char *const *environment, struct fault *fault);

#endif
