/*
 * A growing list in an arena. It does not know which note is worth making.
 */
#include "plan/notes.h"

#include <string.h>

enum { FIRST_ROOM = 8 };

static bool grow(struct notes *notes)
{
    size_t room = notes->room > 0 ? notes->room * 2 : FIRST_ROOM;
    struct setting_note *list = arena_array(notes->arena, room, sizeof *list);
    if (list == NULL)
        return false;
    if (notes->count > 0)
        memcpy(list, notes->list, notes->count * sizeof *list);
    notes->list = list;
    notes->room = room;
    return true;
}

static bool add(struct notes *notes, struct setting_note note, struct fault *fault)
{
    if (notes->count == notes->room && !grow(notes))
        return fault_out_of_memory(fault);
    notes->list[notes->count++] = note;
    return true;
}

bool notes_add_overridden(struct notes *notes, const char *keyword, const char *winner, const char *loser,
                          struct fault *fault)
{
    struct setting_note note = { .kind = EVENT_CONFIG_OVERRIDDEN, .keyword = keyword, .winner = winner, .loser = loser };
    return add(notes, note, fault);
}

bool notes_add_ignored(struct notes *notes, const char *variable, const char *reason, struct fault *fault)
{
    struct setting_note note = { .kind = EVENT_CONFIG_IGNORED, .loser = variable, .reason = reason };
    return add(notes, note, fault);
}
