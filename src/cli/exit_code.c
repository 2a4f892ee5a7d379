/*
 * Fault class to exit code, and to the word for it in the logs.
 */
#include "cli/exit_code.h"

enum { SIGNAL_BASE = 128 };

static const struct {
    int code;
    const char *name;
} ends[] = {
    [FAULT_NONE] = { 0, "ok" },
    [FAULT_INTERNAL] = { 1, "internal" },
    [FAULT_CONFIG] = { 2, "config" },
    [FAULT_NOT_READY] = { 3, "not_ready" },
    [FAULT_REFUSED] = { 4, "refused" },
    [FAULT_MIGRATION] = { 5, "migration_failed" },
    [FAULT_HISTORY] = { 6, "history_conflict" },
    [FAULT_LOCKED] = { 7, "locked" },
    [FAULT_PENDING] = { 8, "pending" },
    [FAULT_LOST] = { 3, "not_ready" },
    [FAULT_SIGNAL] = { SIGNAL_BASE, "signal" },
};

int exit_code(const struct fault *fault)
{
    return ends[fault->class].code + (fault->class == FAULT_SIGNAL ? fault->signal_number : 0);
}

const char *outcome_name(const struct fault *fault)
{
    return ends[fault->class].name;
}
