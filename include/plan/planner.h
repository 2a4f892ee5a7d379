/*
 * Shelf and ledger in, steps with reasons out. Pure, apart from reading the files it has to look into.
 */
#ifndef PGUSHER_PLAN_PLANNER_H
#define PGUSHER_PLAN_PLANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/ledger.h"
#include "plan/shelf.h"
#include "text/script.h"

enum step_state {
    STEP_APPLIED, /* in the ledger, and unchanged as far as is known */
    STEP_CHANGED, /* in the ledger with another checksum */
    STEP_MISSING, /* in the ledger, no such file */
    STEP_PENDING, /* not in the ledger */
};

struct step {
    enum step_state state;
    const char *name;
    const char *reason;           /* for people: "not in the ledger", "changed since it was applied" ... */
    struct migration *migration;  /* NULL for STEP_MISSING */
    const struct ledger_row *row; /* NULL for STEP_PENDING */
    struct script script;         /* STEP_PENDING, after plan_read_pending() */
};

struct plan {
    struct step *steps; /* in byte order of their names */
    size_t count;
    size_t applied; /* the changed ones included */
    size_t changed;
    size_t missing;
    size_t pending;
};

const char *step_state_name(enum step_state state);

/*
 * Compares. Applied files are read for their checksum only where the ledger knows one and they have none yet, and released again. The steps live in
 * arena and point into shelf and ledger.
 */
bool plan_make(struct plan *plan, struct arena *arena, struct shelf *shelf, const struct ledger *ledger,
               struct fault *fault);

/* Whether the ledger has every file of the shelf. False with the fault set when that cannot be found out, else with it clear. */
bool plan_is_complete(struct shelf *shelf, const struct ledger *ledger, struct fault *fault);

/*
 * False with FAULT_MIGRATION: the step's file runs in one transaction now, but by these rows of its progress an earlier run has
 * committed a part of it, or begun a part that may have taken effect. Its script must have been read.
 */
bool step_check_progress(const struct step *step, const struct progress_row *progress, size_t count, struct fault *fault);

/* The same for each pending step: false with the first one's fault. */
bool plan_check_progress(const struct plan *plan, const struct ledger *ledger, struct fault *fault);

/* Reads, checks and splits every pending file; they stay read. False with the first file's fault, in order. */
bool plan_read_pending(struct plan *plan, struct arena *arena, struct fault *fault);

#endif
