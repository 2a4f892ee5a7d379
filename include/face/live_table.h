/*
 * Many targets at the foot of a terminal, as a table: those that are interesting, and a count of the rest. It learns all that it
 * shows from events.
 */
#ifndef PGUSHER_FACE_LIVE_TABLE_H
#define PGUSHER_FACE_LIVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/event.h"

struct live_table_row;

/* Zero is its beginning: there is no init. */
struct live_table {
    struct live_table_row *rows; /* in the order in which their targets were first heard of */
    size_t count;
    size_t room;
    int64_t targets;
    size_t ready;
    size_t refused;
    bool lacks_rows; /* for some there was no memory */
};

/* Gives everything back; it is as at its beginning then. Accepts NULL. */
void live_table_finish(struct live_table *table);

/* now_us is monotonic. Without memory for a row its target is among those that are not shown. */
void live_table_hear(struct live_table *table, const struct event *event, int64_t now_us);

/* "3 ready, 1 refused, 8 waiting" */
void live_table_sum(const struct live_table *table, char *text, size_t size);

/*
 * Adds up to most_lines lines, each at most columns wide and ended by erasing what is behind it; every line begins with a line end.
 * Where not all targets fit, those that are ready are left out first. Returns how many lines it added.
 */
size_t live_table_draw(const struct live_table *table, struct buf *buf, int64_t now_us, size_t columns, size_t most_lines,
                       bool colour);

#endif
