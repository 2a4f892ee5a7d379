/*
 * What the database said about itself and about its history. Filled by the work floor, read by the planner.
 */
#ifndef PGUSHER_PLAN_LEDGER_H
#define PGUSHER_PLAN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_row {
    const char *migration_name;
    const char *applied_at; /* "2026-01-31T12:00:00.123456Z" */
    const char *checksum;   /* from the log; NULL when unknown */
    int64_t duration_us;    /* from the log; -1 when unknown */
};

/* The log's last word on a statement. */
enum progress_state {
    PROGRESS_STARTED, /* no end is known */
    PROGRESS_DONE,
    PROGRESS_FAILED, /* an error was heard */
};

/* How far a file got that is not in the ledger yet. */
struct progress_row {
    const char *migration_name;
    int64_t statement; /* counts from 1 */
    enum progress_state state;
    const char
        *checksum; /* PROGRESS_STARTED, PROGRESS_DONE: of the statement, or the unit that ends with it, as it was then */
};

struct ledger {
    bool exists;
    bool has_log;       /* a readable log table of our own shape */
    bool may_create;    /* in the schema */
    const char *schema; /* unquoted; NULL when there is no schema to create in */
    const char *table;
    const char *name;       /* "schema.table", quoted where SQL needs it: for messages */
    const char *identifier; /* fully quoted: for statements */
    const char *log_identifier;
    struct ledger_row *rows; /* in byte order of migration_name */
    size_t row_count;
    struct progress_row *progress; /* in byte order of migration_name, then by statement */
    size_t progress_count;
};

/* The row of that name, or NULL. */
const struct ledger_row *ledger_find(const struct ledger *ledger, const char *migration_name);

/* The first of that name's progress rows, which follow each other, and how many there are. */
const struct progress_row *ledger_find_progress(const struct ledger *ledger, const char *migration_name, size_t *count);

#endif
