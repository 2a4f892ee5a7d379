/*
 * Scripts for tests. It knows how a refused text must look: a class, a place and words.
 */
#include "reading.h"

#include "support/must.h"
#include "support/testing.h"

struct source source_of(const char *text)
{
    return (struct source){ .name = "m.sql", .bytes = text, .size = strlen(text) };
}

static bool try_to_read(struct reading *reading, const char *text)
{
    arena_init(&reading->arena);
    fault_clear(&reading->fault);
    reading->source = source_of(text);
    return script_read(&reading->script, &reading->arena, &reading->source, &reading->fault);
}

void read_text(struct reading *reading, const char *text)
{
    if (!try_to_read(reading, text))
        fail_msg("refused: %s\n%s", reading->fault.what, text);
}

void read_refused(struct reading *reading, const char *text)
{
    if (try_to_read(reading, text))
        fail_msg("taken:\n%s", text);
    assert_int_equal(reading->fault.class, FAULT_CONFIG);
}

void reading_finish(struct reading *reading)
{
    arena_finish(&reading->arena);
}

void assert_refused(const char *text, size_t line, size_t column, const char *part)
{
    struct reading reading;
    read_refused(&reading, text);
    assert_contains(reading.fault.what, part);
    assert_string_equal(reading.fault.source, "m.sql");
    assert_true(reading.fault.has_offset);
    struct position position = source_position(&reading.source, reading.fault.offset_bytes);
    if (position.line != line || position.column != column)
        fail_msg("refused at %zu:%zu, not at %zu:%zu: %s\n%s", position.line, position.column, line, column,
                 reading.fault.what, text);
    if (reading.fault.hint[0] == '\0')
        fail_msg("refused without a hint: %s", reading.fault.what);
    reading_finish(&reading);
}

static const char *text_of(const struct reading *reading, size_t index)
{
    const struct statement *statement = &reading->script.statements[index];
    return must_keep(reading->source.bytes + statement->offset_bytes, statement->size_bytes);
}

void assert_statement(const struct reading *reading, size_t index, const char *text)
{
    assert_true(index < reading->script.statement_count);
    assert_string_equal(text_of(reading, index), text);
}

void assert_statements(const char *text, const char *const *statements)
{
    struct reading reading;
    read_text(&reading, text);
    size_t count = 0;
    for (; statements[count] != NULL; count++) {
        if (count >= reading.script.statement_count)
            fail_msg("there is no statement %zu \"%s\" in:\n%s", count, statements[count], text);
        assert_statement(&reading, count, statements[count]);
    }
    if (count != reading.script.statement_count)
        fail_msg("one more statement \"%s\" in:\n%s", text_of(&reading, count), text);
    reading_finish(&reading);
}
