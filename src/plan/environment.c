/*
 * Variables by name, and those that look like ours and are not. It does not know what they mean.
 */
#include "plan/environment.h"

#include <string.h>

#include "base/nearest.h"
#include "plan/options.h"

static const char prefix[] = "PGUSHER_";

const char *environment_find(const char *const *environment, const char *variable)
{
    size_t size = strlen(variable);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, variable, size) == 0 && (*environment)[size] == '=')
            return (*environment)[size + 1] != '\0' ? *environment + size + 1 : NULL;
    return NULL;
}

static bool is_ours_by_name(const char *variable)
{
    return strncmp(variable, prefix, sizeof prefix - 1) == 0;
}

/* Compares without the prefix, which every one of them shares. */
static const char *guess_variable(const char *name, size_t name_size)
{
    struct nearest nearest = { .word = name + sizeof prefix - 1, .word_size = name_size - (sizeof prefix - 1) };
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].variable != NULL && is_ours_by_name(option_table[i].variable))
            nearest_offer(&nearest, option_table[i].variable + sizeof prefix - 1);
    return nearest.found;
}

static bool note_unknown(const char *name, size_t name_size, struct notes *notes, struct fault *fault)
{
    const char *guess = guess_variable(name, name_size);
    const char *reason = "it is not a variable of pgusher";
    if (guess != NULL)
        reason = arena_format(notes->arena, "%s; did you mean %s%s?", reason, prefix, guess);
    const char *variable = arena_copy(notes->arena, name, name_size);
    if (reason == NULL || variable == NULL)
        return fault_out_of_memory(fault);
    return notes_add_ignored(notes, variable, reason, guess != NULL, fault);
}

bool environment_note_unknown(const char *const *environment, struct notes *notes, struct fault *fault)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || equals[1] == '\0' || !is_ours_by_name(*environment))
            continue;
        size_t name_size = (size_t) (equals - *environment);
        if (option_find_variable(*environment, name_size) == NULL && !note_unknown(*environment, name_size, notes, fault))
            return false;
    }
    return true;
}
