/*
 * From argv and the environment to settings: finds what was given for each option, flag before variable, and turns it into
 * a value. How the command line is cut up, how each kind of value is written and how the words for the connection are
 * ranked is known elsewhere.
 */
#include "plan/settings.h"

#include <string.h>

#include "base/duration.h"
#include "plan/arguments.h"
#include "plan/conninfo.h"
#include "plan/environment.h"
#include "plan/identifier.h"
#include "plan/notes.h"
#include "plan/options.h"
#include "plan/settings_words.h"
#include "plan/value.h"

enum {
    ATTEMPTS_MAX = 1000000000,
    CONCURRENCY_MAX = 10000,
    LOCK_RETRIES_MAX = 1000000,
    STABLE_MAX = 1000000,
    LEDGER_SUFFIX_BYTES = sizeof "_log" - 1
};

static const char *const rungs[] = { "listening", "accepting", "login", "writable", "standby", "migrated", "replicated" };

enum { WAIT_RUNGS = RUNG_MIGRATED + 1, RUNGS = RUNG_REPLICATED + 1 };

static const char *const log_formats[] = { "auto", "text", "logfmt", "json" };

static const char *const log_levels[] = { "debug", "info", "warn", "error" };

const char *rung_name(enum rung rung)
{
    return rungs[rung];
}

static struct settings default_settings(const struct arguments *arguments)
{
    /* status and plan are asked for their result; what happens on the way is of interest when it goes wrong */
    bool has_result = arguments->command == COMMAND_STATUS || arguments->command == COMMAND_PLAN;
    return (struct settings){
        .command = arguments->command,
        .help = arguments->help,
        .version = arguments->version,
        .operand = arguments->operand,
        .migrations_folder = "sql/migrations",
        .template_file = "compose.template.yml",
        .ledger_table = "schema_migrations",
        .attempts = 60,
        .interval_ms = 2000,
        .timeout_ms = -1,
        .grace_ms = 10000,
        .lock_wait_ms = -1,
        .lock_timeout_ms = 5000,
        .lock_retries = 10,
        .statement_timeout_ms = -1,
        .concurrency = 256,
        .host_concurrency = 16,
        .until = RUNG_LOGIN,
        .targets = arguments->targets.list,
        .target_count = arguments->targets.count,
        .need = need_all(),
        .stable = 1,
        .log_format = LOG_FORMAT_AUTO,
        .log_level = has_result ? LEVEL_WARN : LEVEL_INFO,
    };
}

static bool read_positive_duration(int64_t *duration_ms, const struct given *given, struct fault *fault)
{
    if (!duration_read(duration_ms, given->value, given->origin, fault))
        return false;
    if (*duration_ms == 0)
        return fault_set(fault, FAULT_CONFIG, "%s: it must be longer than 0", given->origin);
    return true;
}

static bool is_none(const struct given *given)
{
    return strcmp(given->value, "none") == 0;
}

static bool read_timeout(int64_t *timeout_ms, const struct given *given, struct fault *fault)
{
    if (!is_none(given))
        return read_positive_duration(timeout_ms, given, fault);
    *timeout_ms = -1;
    return true;
}

/* 0 is a use of its own here: give up at once when another runner is there. */
static bool read_lock_wait(int64_t *lock_wait_ms, const struct given *given, struct fault *fault)
{
    if (!is_none(given))
        return duration_read(lock_wait_ms, given->value, given->origin, fault);
    *lock_wait_ms = -1;
    return true;
}

/* As for PostgreSQL, 0 is none. */
static bool read_statement_bound(int64_t *timeout_ms, const struct given *given, struct fault *fault)
{
    if (!is_none(given))
        return duration_read(timeout_ms, given->value, given->origin, fault);
    *timeout_ms = 0;
    return true;
}

static bool read_rung(enum rung *rung, const struct given *given, struct fault *fault)
{
    size_t index;
    if (!value_choice(&index, given->value, given->origin, rungs, WAIT_RUNGS, fault))
        return false;
    *rung = (enum rung) index;
    return true;
}

/* up goes as far as migrated in any case. The variable may be meant for a wait beside it, whose rungs are none of its business. */
static bool read_rung_of_up(enum rung *rung, const struct given *given, struct fault *fault)
{
    size_t first = given->origin[0] == '-' ? RUNG_MIGRATED : RUNG_LISTENING;
    size_t index;
    if (!value_choice(&index, given->value, given->origin, rungs + first, RUNGS - first, fault))
        return false;
    *rung = first + index == RUNG_REPLICATED ? RUNG_REPLICATED : RUNG_MIGRATED;
    return true;
}

static bool read_pooler(enum pooler *pooler, const struct given *given, struct fault *fault)
{
    static const char *const poolers[] = { "auto", "session" };
    size_t index;
    if (!value_choice(&index, given->value, given->origin, poolers, sizeof poolers / sizeof poolers[0], fault))
        return false;
    *pooler = (enum pooler) index;
    return true;
}

static bool read_log_format(enum log_format *format, const struct given *given, struct fault *fault)
{
    size_t index;
    if (!value_choice(&index, given->value, given->origin, log_formats, sizeof log_formats / sizeof log_formats[0], fault))
        return false;
    *format = (enum log_format) index;
    return true;
}

static bool read_log_level(enum level *level, const struct given *given, struct fault *fault)
{
    size_t index;
    if (!value_choice(&index, given->value, given->origin, log_levels, sizeof log_levels / sizeof log_levels[0], fault))
        return false;
    *level = (enum level) index;
    return true;
}

/* Where an option's text goes as it is; NULL: it has to be read. */
static const char **place_of_text(struct settings *settings, enum option_id id)
{
    switch (id) {
    case OPTION_MIGRATIONS:
        return &settings->migrations_folder;
    case OPTION_TARGETS:
        return &settings->targets_file;
    case OPTION_MIGRATE_SERVICE:
        return &settings->migrate_service;
    case OPTION_DATABASE_SERVICE:
        return &settings->database_service;
    case OPTION_TEMPLATE:
        return &settings->template_file;
    case OPTION_OUTPUT:
        return &settings->output_file;
    default:
        return NULL;
    }
}

static bool *place_of_switch(struct settings *settings, enum option_id id)
{
    switch (id) {
    case OPTION_EACH_ADDRESS:
        return &settings->each_address;
    case OPTION_STRICT:
        return &settings->strict;
    case OPTION_CHECK:
        return &settings->check;
    case OPTION_JSON:
        return &settings->json;
    case OPTION_FIX:
        return &settings->fix;
    default:
        return NULL;
    }
}

/* A line or two for each option; those for the connection are read in settings_words.c. */
static bool read_value(struct settings *settings, enum option_id id, const struct given *given, struct arena *arena,
                       struct fault *fault)
{
    const char *text = given->value;
    const char *origin = given->origin;
    switch (id) {
    case OPTION_LEDGER:
        return identifier_read(&settings->ledger_schema, &settings->ledger_table, arena, text, origin, LEDGER_SUFFIX_BYTES,
                               fault);
    case OPTION_ATTEMPTS:
        return value_number(&settings->attempts, text, origin, 1, ATTEMPTS_MAX, fault);
    case OPTION_INTERVAL:
        return read_positive_duration(&settings->interval_ms, given, fault);
    case OPTION_TIMEOUT:
        return read_timeout(&settings->timeout_ms, given, fault);
    case OPTION_GRACE:
        return duration_read(&settings->grace_ms, text, origin, fault);
    case OPTION_LOCK_WAIT:
        return read_lock_wait(&settings->lock_wait_ms, given, fault);
    case OPTION_POOLER:
        return read_pooler(&settings->pooler, given, fault);
    case OPTION_LOCK_TIMEOUT:
        return read_statement_bound(&settings->lock_timeout_ms, given, fault);
    case OPTION_LOCK_RETRIES:
        return value_number(&settings->lock_retries, text, origin, 0, LOCK_RETRIES_MAX, fault);
    case OPTION_STATEMENT_TIMEOUT:
        return read_statement_bound(&settings->statement_timeout_ms, given, fault);
    case OPTION_CONCURRENCY:
        return value_number(&settings->concurrency, text, origin, 1, CONCURRENCY_MAX, fault);
    case OPTION_HOST_CONCURRENCY:
        return value_number(&settings->host_concurrency, text, origin, 1, CONCURRENCY_MAX, fault);
    case OPTION_NEED:
        settings->has_need = true;
        return need_read(&settings->need, text, origin, fault);
    case OPTION_STABLE:
        return value_number(&settings->stable, text, origin, 1, STABLE_MAX, fault);
    case OPTION_UNTIL:
        return settings->command == COMMAND_UP ? read_rung_of_up(&settings->until, given, fault)
                                               : read_rung(&settings->until, given, fault);
    case OPTION_LOG_FORMAT:
        return read_log_format(&settings->log_format, given, fault);
    case OPTION_LOG_LEVEL:
        return read_log_level(&settings->log_level, given, fault);
    case OPTION_MAX_LAG:
        return lag_bound_read(&settings->max_lag, text, origin, fault);
    default:
        return true;
    }
}

static bool take_value(struct settings *settings, enum option_id id, const struct given *given, struct arena *arena,
                       struct fault *fault)
{
    const char **text = place_of_text(settings, id);
    bool *is_on = place_of_switch(settings, id);
    if (is_on != NULL)
        return value_switch(is_on, given->value, given->origin, fault);
    if (text == NULL)
        return read_value(settings, id, given, arena, fault);
    *text = given->value;
    return true;
}

/* Flag before variable; a variable that loses with another value is noted, and otherwise not looked at. */
static bool find_given(struct given *given, const struct option *option, const struct arguments *arguments,
                       const char *const *environment, struct notes *notes, struct fault *fault)
{
    *given = arguments->given[option->id];
    const char *value = option->variable != NULL ? environment_find(environment, option->variable) : NULL;
    if (given->value == NULL)
        *given = (struct given){ .value = value, .origin = option->variable };
    else if (value != NULL && strcmp(given->value, value) != 0)
        return notes_add_overridden(notes, option->name, given->origin, option->variable, fault);
    return true;
}

/* A slip of the pen, whose text no complaint about the value may then quote. */
static bool check_is_no_conninfo(const struct option *option, const struct given *given, struct fault *fault)
{
    const char *wanted = option->argument != NULL ? option->argument : "switch";
    if (option->id == OPTION_TARGET || conninfo_check_is_none(given->value, given->origin, wanted, fault))
        return true;
    if (option->id == OPTION_TARGETS)
        fault_hint(fault, "A target itself is given by --target; --targets names a file of them.");
    return false;
}

static bool read_options(struct settings *settings, struct arena *arena, const struct arguments *arguments,
                         const char *const *environment, struct notes *notes, struct fault *fault)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        struct given given;
        if (option->group == GROUP_CONNECTION || !(option->commands & (1U << settings->command)))
            continue;
        if (!find_given(&given, option, arguments, environment, notes, fault))
            return false;
        if (given.value != NULL &&
            (!check_is_no_conninfo(option, &given, fault) || !take_value(settings, option->id, &given, arena, fault)))
            return false;
    }
    return true;
}

/* What is known to contradict itself before any server is asked. */
static bool check_need(const struct settings *settings, struct fault *fault)
{
    bool with_roles = settings->need.kind == NEED_ROLES;
    if (!with_roles || settings->until == RUNG_LOGIN || settings->until == RUNG_MIGRATED)
        return true;
    fault_set(fault, FAULT_CONFIG, "--need %s does not go with --until %s", settings->need.text, rung_name(settings->until));
    fault_hint(fault, "Roles are counted with --until login or --until migrated.");
    return false;
}

/* Below a login nothing is known of a standby, and what is writable is none. */
static bool check_max_lag(const struct settings *settings, struct fault *fault)
{
    bool asks = settings->until >= RUNG_LOGIN && settings->until != RUNG_WRITABLE;
    if (settings->max_lag.measure == LAG_ANY || asks)
        return true;
    fault_set(fault, FAULT_CONFIG, "--max-lag does not go with --until %s", rung_name(settings->until));
    fault_hint(fault, "It is for standbys: with --until login, standby or migrated.");
    return false;
}

bool settings_want_crowd(const struct settings *settings)
{
    return settings->target_count > 0 || settings->targets_file != NULL || settings->has_need || settings->each_address ||
           settings->stable > 1 || (settings->command == COMMAND_WAIT && settings->json);
}

/* What is wrong with the settings is told there as well, so it is known before them; of arguments that are wrong, what came first. */
static const char *find_termination_log(const struct arguments *arguments, const char *const *environment)
{
    const struct option *option = &option_table[OPTION_TERMINATION_LOG];
    struct given given = arguments->given[OPTION_TERMINATION_LOG];
    if (given.value == NULL)
        given.value = environment_find(environment, option->variable);
    if (given.value == NULL)
        return option->default_text;
    return is_none(&given) ? NULL : given.value;
}

bool settings_read(struct settings *settings, struct arena *arena, int argc, const char *const *argv,
                   const char *const *environment, struct fault *fault)
{
    struct arguments arguments;
    struct notes notes = { .arena = arena };
    bool ok = arguments_read(&arguments, arena, argc, argv, fault);
    *settings = default_settings(&arguments);
    settings->termination_log = find_termination_log(&arguments, environment);
    if (!ok)
        return false;
    if (settings->help || settings->version)
        return true;
    if (command_asks_server(settings->command) &&
        !settings_words_read(settings, arena, &arguments, environment, &notes, fault))
        return false;
    if (!read_options(settings, arena, &arguments, environment, &notes, fault) || !check_need(settings, fault) ||
        !check_max_lag(settings, fault) || !environment_note_unknown(environment, &notes, fault))
        return false;
    settings->notes = notes.list;
    settings->note_count = notes.count;
    return true;
}
