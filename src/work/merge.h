/*
 * The merge of all that was said about the connection, keyword by keyword. Words are to come in order of rank: the first to say a keyword
 * wins, and what loses within a connection string is noted in the journal.
 */
#ifndef PGUSHER_WORK_MERGE_H
#define PGUSHER_WORK_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/journal.h"
#include "plan/settings.h"

enum { MERGE_MOST_WORDS = 96 };

extern const char MERGE_DEFAULT[]; /* the origin, this very pointer, of a word that is libpq's own default */

struct merged_word {
    const char *keyword;
    const char *value;
    const char *origin;
    bool in_text; /* came out of a connection string, which the settings could not look into */
};

struct merge {
    struct arena *arena;
    const struct journal *journal;
    struct fault *fault;
    struct merged_word words[MERGE_MOST_WORDS];
    size_t count;
    bool has_place; /* a target of a list says itself where it is */
};

/* NULL: nobody said it. */
const struct merged_word *merge_find(const struct merge *merge, const char *keyword);
const char *merge_value(const struct merge *merge, const char *keyword);

/* All add what was said, and are false with merge->fault set: a string or a file that cannot be read, too many words. */
bool merge_conninfo(struct merge *merge, const char *text, const char *origin);
bool merge_word(struct merge *merge, const struct connection_word *said);

/* Last: the service, libpq's variables, and of its own defaults those that are acted on here. */
bool merge_defaults(struct merge *merge);

/* What was said of a keyword, whoever said it, is this instead. */
void merge_replace(struct merge *merge, const char *keyword, const char *value);

#endif
