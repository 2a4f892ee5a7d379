/* Names of tables as SQL writes them: schema_migrations, ops.history, "My Table". */
#ifndef PGUSHER_PLAN_IDENTIFIER_H
#define PGUSHER_PLAN_IDENTIFIER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"

/* PostgreSQL cuts longer names, NAMEDATALEN - 1; we refuse them, because two that are cut may become one. */
enum { IDENTIFIER_MAX_BYTES = 63 };

/*
 * Reads TABLE or SCHEMA.TABLE. Unquoted parts are folded to lower case and quoted ones unquoted, as SQL does; *schema is NULL
 * when there is none. reserve_bytes are kept free at the end of the table's name, for a suffix. What is made lives in arena.
 * False with FAULT_CONFIG, which names origin, the text and what is wrong with it.
 */
bool identifier_read(const char **schema, const char **table, struct arena *arena, const char *text, const char *origin,
                     size_t reserve_bytes, struct fault *fault);

#endif
