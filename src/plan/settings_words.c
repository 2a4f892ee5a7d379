/*
 * Gathers what flags and variables say about the connection and puts it in order of rank. It opens no file and takes no
 * connection string apart: who reads those merges keyword by keyword and notes what loses inside them.
 */
#include "plan/settings_words.h"

#include <string.h>

#include "plan/conninfo.h"
#include "plan/environment.h"
#include "plan/value.h"

enum { NO_FILE = OPTION_COUNT };

static const struct keyword_row {
    const char *keyword;
    int option;
    int file_option; /* NO_FILE where the official image has none either */
    const char *libpq_variable;
} keywords[] = {
    { "host", OPTION_HOST, NO_FILE, "PGHOST" },
    { "port", OPTION_PORT, NO_FILE, "PGPORT" },
    { "user", OPTION_USERNAME, OPTION_USERNAME_FILE, "PGUSER" },
    { "password", OPTION_PASSWORD, OPTION_PASSWORD_FILE, "PGPASSWORD" },
    { "dbname", OPTION_DBNAME, OPTION_DBNAME_FILE, "PGDATABASE" },
};

enum { KEYWORD_COUNT = sizeof keywords / sizeof keywords[0], WORDS_MAX = 2 * KEYWORD_COUNT + 3 };

struct gathering {
    const struct arguments *arguments;
    const char *const *environment;
    struct notes *notes;
    struct connection_word *words;
    size_t count;
};

static void add_word(struct gathering *gathering, enum word_form form, enum rank rank, const char *keyword,
                     struct given given)
{
    gathering->words[gathering->count++] = (struct connection_word){
        .form = form, .rank = rank, .keyword = keyword, .value = given.value, .origin = given.origin
    };
}

static struct given find_variable(const struct gathering *gathering, int option)
{
    struct given given = { NULL, NULL };
    if (option == NO_FILE)
        return given;
    given.value = environment_find(gathering->environment, option_table[option].variable);
    given.origin = given.value != NULL ? option_table[option].variable : NULL;
    return given;
}

static bool add_conninfo(struct gathering *gathering, enum rank rank, struct given given, struct fault *fault)
{
    if (!conninfo_check(given.value, given.origin, fault))
        return false;
    add_word(gathering, WORD_CONNINFO, rank, NULL, given);
    return true;
}

/* What is not a password would be shown: a host in each line of the log, a file's name when it cannot be read. */
static bool check_is_no_conninfo(int option, struct given given, struct fault *fault)
{
    return given.value == NULL || option == OPTION_PASSWORD ||
           conninfo_check_is_none(given.value, given.origin, option_table[option].argument, fault);
}

static bool flag_is_conninfo(const struct keyword_row *row, struct given flag)
{
    return row->option == OPTION_DBNAME && conninfo_is_secret(flag.value);
}

static bool add_flags(struct gathering *gathering, struct fault *fault)
{
    const struct given *flags = gathering->arguments->given;
    const struct given database = flags[OPTION_DATABASE];
    const struct given dbname = flags[OPTION_DBNAME];
    if (database.value != NULL && !add_conninfo(gathering, RANK_FLAG, database, fault))
        return false;
    if (dbname.value != NULL && conninfo_is_secret(dbname.value) && !add_conninfo(gathering, RANK_FLAG, dbname, fault))
        return false;
    for (size_t i = 0; i < KEYWORD_COUNT; i++) {
        const struct given flag = flags[keywords[i].option];
        if (flag.value == NULL || flag_is_conninfo(&keywords[i], flag))
            continue;
        if (!check_is_no_conninfo(keywords[i].option, flag, fault))
            return false;
        if (keywords[i].option == OPTION_PORT && !value_ports(flag.value, flag.origin, fault))
            return false;
        add_word(gathering, WORD_VALUE, RANK_FLAG, keywords[i].keyword, flag);
    }
    return true;
}

static bool refuse_both(struct given plain, struct given file, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "both %s and %s are set", plain.origin, file.origin);
    fault_hint(fault, "Unset one of them: they say the same thing, and only one can be meant.");
    return false;
}

static bool add_database_url(struct gathering *gathering, struct fault *fault)
{
    struct given plain = find_variable(gathering, OPTION_DATABASE);
    struct given file = find_variable(gathering, OPTION_DATABASE_FILE);
    if (plain.value != NULL && file.value != NULL)
        return refuse_both(plain, file, fault);
    if (!check_is_no_conninfo(OPTION_DATABASE_FILE, file, fault))
        return false;
    if (file.value != NULL)
        add_word(gathering, WORD_CONNINFO_FILE, RANK_DATABASE_URL, NULL, file);
    return plain.value == NULL || add_conninfo(gathering, RANK_DATABASE_URL, plain, fault);
}

/* Kubernetes sets POSTGRES_PORT=tcp://ADDRESS:PORT in every pod beside a service that is called postgres. */
static bool is_service_link(const struct keyword_row *row, struct given plain)
{
    return row->option == OPTION_PORT && plain.value != NULL && strncmp(plain.value, "tcp://", 6) == 0;
}

static bool add_postgres(struct gathering *gathering, const struct keyword_row *row, struct fault *fault)
{
    struct given plain = find_variable(gathering, row->option);
    struct given file = find_variable(gathering, row->file_option);
    if (plain.value != NULL && file.value != NULL)
        return refuse_both(plain, file, fault);
    if (is_service_link(row, plain))
        return notes_add_ignored(gathering->notes, plain.origin, "it is a Kubernetes service link (tcp://...), not a port",
                                 false, fault);
    if (!check_is_no_conninfo(row->option, plain, fault) || !check_is_no_conninfo(row->file_option, file, fault))
        return false;
    if (plain.value != NULL && row->option == OPTION_PORT && !value_ports(plain.value, plain.origin, fault))
        return false;
    if (plain.value != NULL)
        add_word(gathering, WORD_VALUE, RANK_POSTGRES, row->keyword, plain);
    if (file.value != NULL)
        add_word(gathering, WORD_FILE, RANK_POSTGRES, row->keyword, file);
    return true;
}

/* What a file holds is unknown here and counts as different. */
static bool words_differ(const struct connection_word *a, const struct connection_word *b)
{
    return a->form != WORD_VALUE || b->form != WORD_VALUE || strcmp(a->value, b->value) != 0;
}

static bool note_loser(struct gathering *gathering, const struct connection_word *winner,
                       const struct connection_word *loser, struct fault *fault)
{
    if (!words_differ(winner, loser))
        return true;
    return notes_add_overridden(gathering->notes, winner->keyword, winner->origin, loser->origin, fault);
}

static bool note_losers(struct gathering *gathering, const struct keyword_row *row, struct fault *fault)
{
    const struct connection_word *winner = NULL;
    for (size_t i = 0; i < gathering->count; i++) {
        const struct connection_word *word = &gathering->words[i];
        if (word->keyword == NULL || strcmp(word->keyword, row->keyword) != 0)
            continue;
        if (winner != NULL && !note_loser(gathering, winner, word, fault))
            return false;
        if (winner == NULL)
            winner = word;
    }
    const struct connection_word libpq = { .form = WORD_VALUE,
                                           .value = environment_find(gathering->environment, row->libpq_variable),
                                           .origin = row->libpq_variable };
    return winner == NULL || libpq.value == NULL || note_loser(gathering, winner, &libpq, fault);
}

bool settings_words_read(struct settings *settings, struct arena *arena, const struct arguments *arguments,
                         const char *const *environment, struct notes *notes, struct fault *fault)
{
    struct gathering gathering = { .arguments = arguments, .environment = environment, .notes = notes };
    gathering.words = arena_array(arena, WORDS_MAX, sizeof *gathering.words);
    if (gathering.words == NULL)
        return fault_out_of_memory(fault);
    if (!add_flags(&gathering, fault) || !add_database_url(&gathering, fault))
        return false;
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        if (!add_postgres(&gathering, &keywords[i], fault))
            return false;
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        if (!note_losers(&gathering, &keywords[i], fault))
            return false;
    settings->words = gathering.words;
    settings->word_count = gathering.count;
    return true;
}
