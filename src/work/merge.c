/*
 * Which source beats which. libpq's syntax and defaults come from the wire floor; what the words mean is roster.c's.
 */
#include "merge.h"

#include <string.h>

#include "wire/conninfo.h"
#include "work/secret.h"

const char MERGE_DEFAULT[] = "the default";

const struct merged_word *merge_find(const struct merge *merge, const char *keyword)
{
    for (size_t i = 0; i < merge->count; i++)
        if (strcmp(merge->words[i].keyword, keyword) == 0)
            return &merge->words[i];
    return NULL;
}

const char *merge_value(const struct merge *merge, const char *keyword)
{
    const struct merged_word *word = merge_find(merge, keyword);
    return word != NULL ? word->value : NULL;
}

static void note_loser(struct merge *merge, const struct merged_word *winner, const struct merged_word *loser)
{
    bool was_noted = !winner->in_text && !loser->in_text;
    if (was_noted || strcmp(winner->value, loser->value) == 0 || strcmp(winner->origin, loser->origin) == 0)
        return;
    journal_note(merge->journal, EVENT_CONFIG_OVERRIDDEN, NULL,
                 FIELDS(TEXT(KEYWORD, winner->keyword), TEXT(WINNER, winner->origin), TEXT(LOSER, loser->origin)),
                 "%s says another %s than %s, which wins", loser->origin, winner->keyword, winner->origin);
}

static bool is_place(const char *keyword)
{
    static const char *const keywords[] = { "host", "hostaddr", "port", "service" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i]) == 0)
            return true;
    return false;
}

/* Words come in order of rank: the first to say a keyword wins. */
static bool add(struct merge *merge, struct merged_word word)
{
    const struct merged_word *winner = merge_find(merge, word.keyword);
    if (merge->has_place && is_place(word.keyword))
        return true;
    if (winner != NULL) {
        note_loser(merge, winner, &word);
        return true;
    }
    if (merge->count == MERGE_MOST_WORDS)
        return fault_set(merge->fault, FAULT_CONFIG, "too many connection parameters");
    merge->words[merge->count++] = word;
    return true;
}

bool merge_conninfo(struct merge *merge, const char *text, const char *origin)
{
    struct conninfo conninfo;
    if (!conninfo_parse(&conninfo, merge->arena, text, origin, merge->fault))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < conninfo.count; i++)
        ok = add(merge, (struct merged_word){ conninfo.words[i].keyword, conninfo.words[i].value, origin, true });
    return ok;
}

bool merge_word(struct merge *merge, const struct connection_word *said)
{
    char *text;
    switch (said->form) {
    case WORD_VALUE:
        return add(merge, (struct merged_word){ said->keyword, said->value, said->origin, false });
    case WORD_CONNINFO:
        return merge_conninfo(merge, said->value, said->origin);
    case WORD_FILE:
        return secret_read(&text, merge->arena, said->value, said->origin, merge->fault) &&
               add(merge, (struct merged_word){ said->keyword, text, said->origin, false });
    case WORD_CONNINFO_FILE:
        return secret_read(&text, merge->arena, said->value, said->origin, merge->fault) &&
               merge_conninfo(merge, text, said->origin);
    }
    return true;
}

/*
 * Of libpq's defaults only those are taken that we act on ourselves; the others libpq finds again by itself. What a service file says
 * is taken whole, because libpq is not told of the service.
 */
static bool is_ours_to_know(const char *keyword)
{
    static const char *const keywords[] = { "host",        "hostaddr", "port", "connect_timeout", "target_session_attrs",
                                            "sslrootcert", "sslmode" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i]) == 0)
            return true;
    return false;
}

/* Whether GSSAPI is tried is the roster's to say, and "prefer" is a default of libpq's, which stands among a service's words. */
static bool is_wanted(const struct conninfo *defaults, const char *keyword)
{
    return is_ours_to_know(keyword) || (defaults->has_service && strcmp(keyword, "gssencmode") != 0);
}

/* PGHOSTADDR belongs to PGHOST, and a service's address to the service's host: neither may redirect one that was named elsewhere. */
static bool is_other_hosts_address(const struct merge *merge, const struct conninfo_word *word)
{
    const struct merged_word *host = merge_find(merge, "host");
    if (strcmp(word->keyword, "hostaddr") != 0 || host == NULL || strcmp(host->origin, "PGHOST") == 0)
        return false;
    return host->origin != MERGE_DEFAULT || word->variable != NULL;
}

bool merge_defaults(struct merge *merge)
{
    bool has_place = merge->has_place && merge_find(merge, "service") == NULL;
    merge->has_place = false; /* its service, or libpq's own defaults, say what is left */
    struct conninfo defaults;
    if (!conninfo_defaults(&defaults, merge->arena, merge_value(merge, "service"), merge->fault))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < defaults.count; i++) {
        const struct conninfo_word *word = &defaults.words[i];
        bool from_variable = word->variable != NULL;
        bool taken = merge_find(merge, word->keyword) != NULL;
        if (has_place && strcmp(word->keyword, "host") == 0)
            continue;
        if (is_other_hosts_address(merge, word))
            continue;
        if (taken ? from_variable : is_wanted(&defaults, word->keyword))
            ok = add(merge, (struct merged_word){ word->keyword, word->value, from_variable ? word->variable : MERGE_DEFAULT,
                                                  false });
    }
    return ok;
}

void merge_replace(struct merge *merge, const char *keyword, const char *value)
{
    for (size_t i = 0; i < merge->count; i++)
        if (strcmp(merge->words[i].keyword, keyword) == 0)
            merge->words[i].value = value;
}
