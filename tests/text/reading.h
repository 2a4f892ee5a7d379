/* A script read from a literal, and short ways to ask about it. */
#ifndef PGUSHER_TESTS_TEXT_READING_H
#define PGUSHER_TESTS_TEXT_READING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/script.h"
#include "text/source.h"

struct reading {
    struct arena arena;
    struct source source;
    struct script script;
    struct fault fault;
};

/* A source named m.sql over a literal that stays. */
struct source source_of(const char *text);

/* Reads text; the test fails when it is refused (read_text) or taken (read_refused). End with reading_finish(). */
void read_text(struct reading *reading, const char *text);
void read_refused(struct reading *reading, const char *text);
void reading_finish(struct reading *reading);

/* Fails the test unless text is refused with FAULT_CONFIG at line:column and with a fault whose words have all of part. */
void assert_refused(const char *text, size_t line, size_t column, const char *part);

/* Fails the test unless the statements of text are exactly these; ends with NULL. */
void assert_statements(const char *text, const char *const *statements);
#define ASSERT_STATEMENTS(text, ...) assert_statements(text, (const char *const[]){ __VA_ARGS__, NULL })
#define ASSERT_NO_STATEMENTS(text)   assert_statements(text, (const char *const[]){ NULL })

/* Fails the test unless statement index of the reading is that text. */
void assert_statement(const struct reading *reading, size_t index, const char *text);

#endif
