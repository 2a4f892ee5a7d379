/*
 * From packed text to a history in order. The log's rows come in no order and may speak of one thing several times: the last word,
 * by the row's id, counts.
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "packed.h"

/* --- the ledger ------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *one, const void *other)
{
    const struct ledger_row *a = one;
    const struct ledger_row *b = other;
    return strcmp(a->migration_name, b->migration_name);
}

bool rows_of_ledger(struct ledger *ledger, struct arena *arena, const char *text, bool is_xml, struct fault *fault)
{
    enum { APPLIED_AT, MIGRATION_NAME, FIELD_COUNT };
    const char *fields[FIELD_COUNT];
    struct packed packed;
    if (!packed_open(&packed, arena, text, is_xml))
        return fault_out_of_memory(fault);
    if (packed_count(&packed) == 0)
        return true;
    ledger->rows = arena_array(arena, packed_count(&packed), sizeof *ledger->rows);
    if (ledger->rows == NULL)
        return fault_out_of_memory(fault);
    while (packed_next(&packed, fields, FIELD_COUNT))
        ledger->rows[ledger->row_count++] = (struct ledger_row){
            .migration_name = fields[MIGRATION_NAME],
            .applied_at = fields[APPLIED_AT],
            .duration_us = -1,
        };
    qsort(ledger->rows, ledger->row_count, sizeof *ledger->rows, compare_rows);
    return true;
}

/* --- the log ---------------------------------------------------------------------------------------------------------- */

struct log_row {
    int64_t id;
    bool is_applied; /* of a whole file; else of a statement */
    struct progress_row progress;
    int64_t duration_us;
};

static enum progress_state read_state(const char *event)
{
    if (strcmp(event, "done") == 0)
        return PROGRESS_DONE;
    return strcmp(event, "failed") == 0 ? PROGRESS_FAILED : PROGRESS_STARTED;
}

static const char *null_if_empty(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static bool next_log_row(struct packed *packed, struct log_row *row)
{
    enum { ID, EVENT, STATEMENT, DURATION_US, CHECKSUM, MIGRATION_NAME, FIELD_COUNT };
    const char *fields[FIELD_COUNT];
    if (!packed_next(packed, fields, FIELD_COUNT))
        return false;
    *row = (struct log_row){
        .id = strtoll(fields[ID], NULL, 10),
        .is_applied = strcmp(fields[EVENT], "applied") == 0,
        .progress = { .migration_name = fields[MIGRATION_NAME],
                      .statement = strtoll(fields[STATEMENT], NULL, 10),
                      .state = read_state(fields[EVENT]),
                      .checksum = null_if_empty(fields[CHECKSUM]) },
        .duration_us = fields[DURATION_US][0] != '\0' ? strtoll(fields[DURATION_US], NULL, 10) : -1,
    };
    return true;
}

/* By file, then by statement (a whole file first), then by age. */
static int compare_log_rows(const void *one, const void *other)
{
    const struct log_row *a = one;
    const struct log_row *b = other;
    int order = strcmp(a->progress.migration_name, b->progress.migration_name);
    if (order == 0)
        order = b->is_applied - a->is_applied;
    if (order == 0)
        order = (a->progress.statement > b->progress.statement) - (a->progress.statement < b->progress.statement);
    return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

static bool is_last_word(const struct log_row *rows, size_t count, size_t index)
{
    const struct log_row *row = &rows[index];
    const struct log_row *next = row + 1;
    return index + 1 == count || row->is_applied != next->is_applied ||
           row->progress.statement != next->progress.statement ||
           strcmp(row->progress.migration_name, next->progress.migration_name) != 0;
}

static void take_last_word(struct ledger *ledger, const struct log_row *row)
{
    const struct ledger_row *found = ledger_find(ledger, row->progress.migration_name);
    if (row->is_applied && found != NULL) {
        struct ledger_row *applied = &ledger->rows[found - ledger->rows];
        applied->checksum = row->progress.checksum;
        applied->duration_us = row->duration_us;
    } else if (!row->is_applied && found == NULL) {
        ledger->progress[ledger->progress_count++] = row->progress;
    }
}

/* Statements of a run that ended well say nothing of the next one: somebody has deleted the file's row so that it runs again. */
static bool is_superseded(const struct log_row *row, const struct log_row *applied)
{
    return !row->is_applied && applied != NULL && row->id < applied->id &&
           strcmp(row->progress.migration_name, applied->progress.migration_name) == 0;
}

static size_t count_statements(const struct log_row *rows, size_t count)
{
    size_t statements = 0;
    for (size_t i = 0; i < count; i++)
        statements += !rows[i].is_applied;
    return statements;
}

static bool take_last_words(struct ledger *ledger, struct arena *arena, struct log_row *rows, size_t count)
{
    ledger->progress = arena_array(arena, count_statements(rows, count), sizeof *ledger->progress);
    if (ledger->progress == NULL)
        return false;
    qsort(rows, count, sizeof *rows, compare_log_rows);
    const struct log_row *applied = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_last_word(rows, count, i) || is_superseded(&rows[i], applied))
            continue;
        take_last_word(ledger, &rows[i]);
        if (rows[i].is_applied)
            applied = &rows[i];
    }
    return true;
}

bool rows_of_log(struct ledger *ledger, struct arena *arena, const char *text, bool is_xml, struct fault *fault)
{
    struct packed packed;
    if (!packed_open(&packed, arena, text, is_xml))
        return fault_out_of_memory(fault);
    size_t count = packed_count(&packed);
    if (count == 0)
        return true;
    struct log_row *rows = memory_alloc(count * sizeof *rows);
    if (rows == NULL)
        return fault_out_of_memory(fault);
    for (size_t i = 0; i < count; i++)
        next_log_row(&packed, &rows[i]);
    bool taken = take_last_words(ledger, arena, rows, count);
    memory_free(rows);
    return taken || fault_out_of_memory(fault);
}
