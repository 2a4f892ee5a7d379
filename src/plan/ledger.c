/*
 * Looking up a row in what the database said. How it was asked is known above.
 */
#include "plan/ledger.h"

#include <string.h>

const struct ledger_row *ledger_find(const struct ledger *ledger, const char *migration_name)
{
    size_t begin = 0, end = ledger->row_count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = strcmp(ledger->rows[middle].migration_name, migration_name);
        if (order == 0)
            return &ledger->rows[middle];
        if (order < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

const struct progress_row *ledger_find_progress(const struct ledger *ledger, const char *migration_name, size_t *count)
{
    const struct progress_row *first = NULL;
    *count = 0;
    for (size_t i = 0; i < ledger->progress_count; i++) {
        if (strcmp(ledger->progress[i].migration_name, migration_name) != 0)
            continue;
        if (first == NULL)
            first = &ledger->progress[i];
        ++*count;
    }
    return first;
}
