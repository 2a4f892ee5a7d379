/*
 * Where every floor notes what happens. The journal stamps an event and hands it to its sink; it prints nothing itself.
 */
#ifndef PGUSHER_BASE_JOURNAL_H
#define PGUSHER_BASE_JOURNAL_H

#include "base/event.h"

/* Called for each event at or above the journal's level. The event and all it points to live only for the call. */
typedef void journal_sink(void *owner, const struct event *event);

enum { JOURNAL_RUN_BYTES = 7 };

struct journal {
    journal_sink *sink; /* NULL: nobody listens */
    void *sink_owner;
    enum level threshold;
    char run[JOURNAL_RUN_BYTES]; /* "": events are stamped with no run */
};

/* A missing number is a field, a missing text is none. */
#define TEXT(field_key, value)                                                                                              \
    {                                                                                                                       \
        .key = FIELD_##field_key, .type = FIELD_TYPE_TEXT, .text = (value)                                                  \
    }
#define NUMBER(field_key, value)                                                                                            \
    {                                                                                                                       \
        .key = FIELD_##field_key, .type = FIELD_TYPE_NUMBER, .number = (int64_t) (value)                                    \
    }
/* A number that there may be none of, which then is left out like a missing text. */
#define NUMBER_IF(condition, field_key, value)                                                                              \
    {                                                                                                                       \
        .key = FIELD_##field_key, .type = (condition) ? FIELD_TYPE_NUMBER : FIELD_TYPE_TEXT, .number = (int64_t) (value)    \
    }
#define FIELDS(...) ((const struct field[]){ __VA_ARGS__, { .key = FIELD_END } })
#define NO_FIELDS   ((const struct field[]){ { .key = FIELD_END } })

void journal_init(struct journal *journal, enum level threshold, journal_sink *sink, void *sink_owner);

/*
 * From now on events are stamped with the run's name, six letters of chance. A pid would not do: each container has a process 1. Where
 * the system has no randomness to give, there is none.
 */
void journal_name_run(struct journal *journal);

/* Notes an event with its table's level. fields ends with FIELD_END; journal may be NULL. */
void journal_note(const struct journal *journal, enum event_kind kind, const char *target, const struct field *fields,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same at a level of the caller's choice (a server's WARNING, a \warn). */
void journal_note_at(const struct journal *journal, enum level level, enum event_kind kind, const char *target,
                     const struct field *fields, const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
