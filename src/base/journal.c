/*
 * Stamps events and passes them on. It knows the level and the time; it does not know what becomes of an event.
 */
#include "base/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fault.h"

enum { MESSAGE_BYTES = 2048 };

void journal_init(struct journal *journal, enum level threshold, journal_sink *sink, void *sink_owner)
{
    *journal = (struct journal){ .sink = sink, .sink_owner = sink_owner, .threshold = threshold };
}

/* No digits, which a reader of logfmt might take for a number (1e5000), and no vowels, so that no word comes out. */
void journal_name_run(struct journal *journal)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz";
    unsigned char bytes[JOURNAL_RUN_BYTES - 1];
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t) sizeof bytes)
        return;
    for (size_t i = 0; i < sizeof bytes; i++)
        journal->run[i] = letters[bytes[i] % (sizeof letters - 1)];
    journal->run[sizeof bytes] = '\0';
}

static size_t count_fields(const struct field *fields)
{
    size_t count = 0;
    while (fields[count].key != FIELD_END)
        count++;
    return count;
}

static void note(const struct journal *journal, enum level level, enum event_kind kind, const char *target,
                 const struct field *fields, const char *format, va_list args) __attribute__((format(printf, 6, 0)));

static void note(const struct journal *journal, enum level level, enum event_kind kind, const char *target,
                 const struct field *fields, const char *format, va_list args)
{
    if (journal == NULL || journal->sink == NULL || level < journal->threshold)
        return;
    char raw[MESSAGE_BYTES];
    char message[MESSAGE_BYTES - 4]; /* shorter than raw, so that what vsnprintf cut is cut again between characters */
    vsnprintf(raw, sizeof raw, format, args);
    text_cut(message, sizeof message, raw);
    struct event event = {
        .wall_us = clock_wall_us(),
        .kind = kind,
        .level = level,
        .target = target,
        .fields = fields,
        .field_count = count_fields(fields),
        .run = journal->run[0] != '\0' ? journal->run : NULL,
        .msg = message,
    };
    journal->sink(journal->sink_owner, &event);
}

void journal_note(const struct journal *journal, enum event_kind kind, const char *target, const struct field *fields,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(journal, event_level(kind), kind, target, fields, format, args);
    va_end(args);
}

void journal_note_at(const struct journal *journal, enum level level, enum event_kind kind, const char *target,
                     const struct field *fields, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(journal, level, kind, target, fields, format, args);
    va_end(args);
}
