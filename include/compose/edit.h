/* Changes of a text at byte offsets. Whatever no edit names stays byte for byte. */
#ifndef PGUSHER_COMPOSE_EDIT_H
#define PGUSHER_COMPOSE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "text/source.h"

/* The bytes from begin up to end are replaced by text; where both are the same it is put in. */
struct edit {
    size_t begin;
    size_t end;
    const char *text;
};

struct edits {
    struct arena *arena;
    struct edit *list;
    size_t count;
    size_t room;
    bool failed; /* out of memory; sticks */
};

void edits_init(struct edits *edits, struct arena *arena);
void edits_add(struct edits *edits, size_t begin, size_t end, const char *text);
void edits_add_format(struct edits *edits, size_t begin, size_t end, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts them in the order of their places; those of one place keep theirs. False: two of them change the same bytes. */
bool edits_sort(struct edits *edits);

/* Adds the bytes from begin up to end as sorted edits change them; edits outside are passed over. */
void edits_apply(struct buf *to, const struct source *source, const struct edits *edits, size_t begin, size_t end);

/* The beginning of the line that offset is in, and its end, which is before its line feed (and carriage return). */
size_t line_begin(const struct source *source, size_t offset);
size_t line_end(const struct source *source, size_t offset);

/* How many bytes offset is behind the beginning of its line, when only spaces stand before it; else SIZE_MAX. */
size_t line_indent(const struct source *source, size_t offset);

/* What ends the first line: "\r\n" or "\n". */
const char *line_feed(const struct source *source);

#endif
