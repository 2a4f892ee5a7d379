/* What settings_read() has to tell, gathered until there is a journal. Names only, never values. */
#ifndef PGUSHER_PLAN_NOTES_H
#define PGUSHER_PLAN_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/settings.h"

/* Start with { .arena = ... }; the list lives there, the texts must live as long. */
struct notes {
    struct arena *arena;
    struct setting_note *list;
    size_t count;
    size_t room;
};

/* Both: false only without memory. */
bool notes_add_overridden(struct notes *notes, const char *keyword, const char *winner, const char *loser,
                          struct fault *fault);
bool notes_add_ignored(struct notes *notes, const char *variable, const char *reason, bool is_misspelt, struct fault *fault);

#endif
