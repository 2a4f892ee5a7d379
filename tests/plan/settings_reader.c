/*
 * One arena and one set of settings at a time, and their parts as text that a test can compare.
 */
#include "settings_reader.h"

#include "support/testing.h"

#include "base/buf.h"

static struct arena arena;
static struct settings settings;
static struct fault fault;
static struct buf words;
static struct buf notes;

int reader_open(void **state)
{
    (void) state;
    arena_init(&arena);
    buf_init(&words, 10000);
    buf_init(&notes, 10000);
    return 0;
}

int reader_close(void **state)
{
    (void) state;
    arena_finish(&arena);
    buf_finish(&words);
    buf_finish(&notes);
    return 0;
}

static bool read_both(const char *const *argv, const char *const *environment)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    return settings_read(&settings, &arena, argc, argv, environment, &fault);
}

const struct settings *read_settings(const char *const *argv, const char *const *environment)
{
    if (!read_both(argv, environment))
        fail_msg("%s", fault.what);
    return &settings;
}

const struct fault *read_refusal(const char *const *argv, const char *const *environment)
{
    if (read_both(argv, environment))
        fail_msg("accepted");
    assert_int_equal(fault.class, FAULT_CONFIG);
    return &fault;
}

const char *words_text(const struct settings *read)
{
    static const char *const forms[] = { "value", "conninfo", "file", "conninfo-file" };
    buf_clear(&words);
    for (size_t i = 0; i < read->word_count; i++) {
        const struct connection_word *word = &read->words[i];
        buf_add_format(&words, "%d %s %s=%s (%s)\n", (int) word->rank, forms[word->form],
                       word->keyword != NULL ? word->keyword : "", word->value, word->origin);
    }
    return buf_text(&words);
}

const char *notes_text(const struct settings *read)
{
    buf_clear(&notes);
    for (size_t i = 0; i < read->note_count; i++) {
        const struct setting_note *note = &read->notes[i];
        if (note->kind == EVENT_CONFIG_OVERRIDDEN)
            buf_add_format(&notes, "overridden %s: %s over %s\n", note->keyword, note->winner, note->loser);
        else
            buf_add_format(&notes, "ignored %s: %s\n", note->loser, note->reason);
    }
    return buf_text(&notes);
}
