/*
 * Rows that came as one text: what sql/ledger_rows.sql and sql/log_rows.sql pack.
 */
#ifndef PGUSHER_WORK_PACKED_H
#define PGUSHER_WORK_PACKED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct packed {
    char *at; /* the next record; NULL: none is left */
};

/*
 * text: as the query gave it, or wrapped into XML by query_to_xml(); NULL: no rows. It is copied into the arena, where the fields
 * will live. False when out of memory.
 */
bool packed_open(struct packed *packed, struct arena *arena, const char *text, bool is_xml);

/* How many records are left. */
size_t packed_count(const struct packed *packed);

/* Takes the next record apart; a field that is missing is "", and the last one has all that is left. False: there is none. */
bool packed_next(struct packed *packed, const char **fields, size_t field_count);

#endif
