/* The part of the settings that says how to connect: flags, DATABASE_URL and POSTGRES_*, as words in order of rank. */
#ifndef PGUSHER_PLAN_SETTINGS_WORDS_H
#define PGUSHER_PLAN_SETTINGS_WORDS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/arguments.h"
#include "plan/notes.h"
#include "plan/settings.h"

/*
 * Fills words and word_count of settings. Of two words with the same keyword the first wins, and a connection string comes first
 * in its rank, as in psql. Notes where one of flag, POSTGRES_* and PG* loses to another with a different value. False with
 * FAULT_CONFIG: a variable together with its _FILE, a port that is none, what cannot be a connection string.
 */
bool settings_words_read(struct settings *settings, struct arena *arena, const struct arguments *arguments,
                         const char *const *environment, struct notes *notes, struct fault *fault);

#endif
