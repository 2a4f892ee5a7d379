/*
 * The rows of the ledger and of its log, as sql/ledger_rows.sql and sql/log_rows.sql pack them, put together into one history.
 */
#ifndef PGUSHER_WORK_ROWS_H
#define PGUSHER_WORK_ROWS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/ledger.h"

/* text and is_xml as for packed_open(). What is kept lives in the arena. False when out of memory. */
bool rows_of_ledger(struct ledger *ledger, struct arena *arena, const char *text, bool is_xml, struct fault *fault);

/* After the ledger's: what the log knows of its rows, and of files that are not in it yet. */
bool rows_of_log(struct ledger *ledger, struct arena *arena, const char *text, bool is_xml, struct fault *fault);

#endif
