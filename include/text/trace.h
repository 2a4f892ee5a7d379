/*
 * What a statement leaves behind in the catalogue, so that it can be asked there whether one that was started also happened.
 */
#ifndef PGUSHER_TEXT_TRACE_H
#define PGUSHER_TEXT_TRACE_H

#include <stdbool.h>

#include "text/script.h"

enum { TRACE_NAME_BYTES = 512 };

enum trace_kind {
    TRACE_INDEX,    /* CREATE INDEX CONCURRENTLY: a valid index of that name on relation, or an INVALID one */
    TRACE_NO_INDEX, /* DROP INDEX CONCURRENTLY: no such index */
    TRACE_DATABASE,
    TRACE_NO_DATABASE,
    TRACE_TABLESPACE,
    TRACE_NO_TABLESPACE,
    TRACE_SUBSCRIPTION,
    TRACE_NO_SUBSCRIPTION,
};

struct trace {
    enum trace_kind kind;
    char name[TRACE_NAME_BYTES];     /* as it is written in the statement, quotes included */
    char relation[TRACE_NAME_BYTES]; /* TRACE_INDEX: the table's */
};

/* False for a statement that leaves no trace to ask for by name (an index without one, ALTER DATABASE ...). */
bool trace_find(struct trace *trace, const struct script *script, size_t statement);

/* As sql/trace.sql calls it. */
const char *trace_kind_name(enum trace_kind kind);

#endif
