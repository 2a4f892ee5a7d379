/*
 * A growing list in an arena. It does not know which note is worth making.
 */
#include "plan/notes.h"

static bool add(struct notes *notes, struct setting_note note, struct fault *fault)
{
    struct setting_note *list = arena_grow(notes->arena, notes->list, notes->count, &notes->room, sizeof *list);
    if (list == NULL)
        return fault_out_of_memory(fault);
    notes->list = list;
    notes->list[notes->count++] = note;
    return true;
}

bool notes_add_overridden(struct notes *notes, const char *keyword, const char *winner, const char *loser,
                          struct fault *fault)
{
    struct setting_note note = { .kind = EVENT_CONFIG_OVERRIDDEN, .keyword = keyword, .winner = winner, .loser = loser };
    return add(notes, note, fault);
}

bool notes_add_ignored(struct notes *notes, const char *variable, const char *reason, bool is_misspelt, struct fault *fault)
{
    struct setting_note note = {
        .kind = EVENT_CONFIG_IGNORED, .loser = variable, .reason = reason, .is_misspelt = is_misspelt
    };
    return add(notes, note, fault);
}
