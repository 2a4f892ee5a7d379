/*
 * The names of things, out of the tables in the header.
 */
#include "base/event.h"

static const struct {
    const char *name;
    enum phase phase;
    enum level level;
} events[] = {
#define X(code, name, phase, level) [EVENT_##code] = { name, PHASE_##phase, LEVEL_##level },
    EVENT_TABLE(X)
#undef X
};

static const char *const fields[] = { [FIELD_END] = "",
#define X(code, name) [FIELD_##code] = name,
                                      FIELD_TABLE(X)
#undef X
                                     };

static const char *const phases[] = { "start", "discover", "resolve", "wait", "lock", "plan", "apply", "finish" };

static const char *const levels[] = { "debug", "info", "warn", "error" };

const char *event_name(enum event_kind kind)
{
    return events[kind].name;
}

enum phase event_phase(enum event_kind kind)
{
    return events[kind].phase;
}

enum level event_level(enum event_kind kind)
{
    return events[kind].level;
}

const char *phase_name(enum phase phase)
{
    return phases[phase];
}

const char *level_name(enum level level)
{
    return levels[level];
}

const char *field_name(enum field_key key)
{
    return fields[key];
}

const struct field *event_field(const struct event *event, enum field_key key)
{
    for (size_t i = 0; i < event->field_count; i++)
        if (event->fields[i].key == key)
            return &event->fields[i];
    return NULL;
}
