/*
 * Walks through the shelf, the ledger and the progress rows side by side, all three in byte order of the names, and makes a
 * step of each name it meets. It decides and says why; it does nothing.
 */
#include "plan/planner.h"

#include <inttypes.h>
#include <string.h>

struct merge {
    struct plan *plan;
    struct arena *arena;
    struct shelf *shelf;
    const struct ledger *ledger;
    size_t file; /* the next of each that was not met yet */
    size_t row;
    size_t progress;
};

const char *step_state_name(enum step_state state)
{
    static const char *const names[] = {
        [STEP_APPLIED] = "applied",
        [STEP_CHANGED] = "changed",
        [STEP_MISSING] = "missing",
        [STEP_PENDING] = "pending",
    };
    return names[state];
}

static struct step *add_step(struct merge *merge, enum step_state state, const char *name, const char *reason)
{
    struct step *step = &merge->plan->steps[merge->plan->count++];
    *step = (struct step){ .state = state, .name = name, .reason = reason };
    return step;
}

static void add_missing(struct merge *merge)
{
    const struct ledger_row *row = &merge->ledger->rows[merge->row++];
    struct step *step = add_step(merge, STEP_MISSING, row->migration_name, "in the ledger, but there is no such file");
    step->row = row;
    merge->plan->missing++;
}

/* Where there is one to compare it with. */
static bool compare(struct migration *migration, const struct ledger_row *row, bool *changed, struct fault *fault)
{
    *changed = false;
    if (row->checksum == NULL)
        return true;
    migration_sum(migration);
    if (strcmp(migration->checksum, row->checksum) == 0)
        return true;
    if (!migration_read(migration, fault)) /* to be sure; and it may be large */
        return false;
    migration_release(migration);
    *changed = strcmp(migration->checksum, row->checksum) != 0;
    return true;
}

static bool add_applied(struct merge *merge, struct fault *fault)
{
    struct migration *migration = &merge->shelf->migrations[merge->file++];
    const struct ledger_row *row = &merge->ledger->rows[merge->row++];
    bool changed;
    if (!compare(migration, row, &changed, fault))
        return false;
    const char *reason = changed                 ? "changed since it was applied"
                         : row->checksum != NULL ? "in the ledger, and unchanged"
                                                 : "in the ledger";
    struct step *step = add_step(merge, changed ? STEP_CHANGED : STEP_APPLIED, migration->name, reason);
    step->migration = migration;
    step->row = row;
    merge->plan->applied++;
    merge->plan->changed += changed;
    return true;
}

/* The furthest progress row of that name, or NULL; those of earlier names are passed. */
static const struct progress_row *take_progress(struct merge *merge, const char *name)
{
    const struct ledger *ledger = merge->ledger;
    const struct progress_row *furthest = NULL;
    for (; merge->progress < ledger->progress_count; merge->progress++) {
        const struct progress_row *row = &ledger->progress[merge->progress];
        int order = strcmp(row->migration_name, name);
        if (order > 0)
            break;
        if (order < 0)
            continue;
        if (furthest == NULL || row->statement > furthest->statement || row->state == PROGRESS_DONE)
            furthest = row;
    }
    return furthest;
}

static const char *explain_pending(struct merge *merge, const char *name)
{
    const struct progress_row *progress = take_progress(merge, name);
    static const char *const manners[] = {
        [PROGRESS_STARTED] = "interrupted in",
        [PROGRESS_DONE] = "interrupted after",
        [PROGRESS_FAILED] = "failed in",
    };
    if (progress != NULL)
        return arena_format(merge->arena, "%s statement %" PRId64, manners[progress->state], progress->statement);
    if (merge->row == merge->ledger->row_count)
        return "not in the ledger";
    return arena_format(merge->arena, "not in the ledger; sorts before %s, which is already applied",
                        merge->ledger->rows[merge->row].migration_name);
}

static bool add_pending(struct merge *merge, struct fault *fault)
{
    struct migration *migration = &merge->shelf->migrations[merge->file++];
    const char *reason = explain_pending(merge, migration->name);
    if (reason == NULL)
        return fault_out_of_memory(fault);
    add_step(merge, STEP_PENDING, migration->name, reason)->migration = migration;
    merge->plan->pending++;
    return true;
}

/* Which of the two next names comes first: below 0 the file's, above 0 the row's, 0 when they are the same. */
static int compare_heads(const struct merge *merge)
{
    if (merge->file == merge->shelf->count)
        return 1;
    if (merge->row == merge->ledger->row_count)
        return -1;
    return strcmp(merge->shelf->migrations[merge->file].name, merge->ledger->rows[merge->row].migration_name);
}

bool plan_make(struct plan *plan, struct arena *arena, struct shelf *shelf, const struct ledger *ledger, struct fault *fault)
{
    *plan = (struct plan){ .steps = arena_array(arena, shelf->count + ledger->row_count, sizeof *plan->steps) };
    if (plan->steps == NULL)
        return fault_out_of_memory(fault);
    struct merge merge = { .plan = plan, .arena = arena, .shelf = shelf, .ledger = ledger };
    while (merge.file < shelf->count || merge.row < ledger->row_count) {
        int order = compare_heads(&merge);
        bool ok = true;
        if (order > 0)
            add_missing(&merge);
        else
            ok = order == 0 ? add_applied(&merge, fault) : add_pending(&merge, fault);
        if (!ok)
            return false;
    }
    return true;
}

bool plan_is_complete(struct shelf *shelf, const struct ledger *ledger, struct fault *fault)
{
    struct plan plan;
    struct arena scratch;
    arena_init(&scratch);
    fault_clear(fault);
    bool complete = plan_make(&plan, &scratch, shelf, ledger, fault) && plan.pending == 0;
    arena_finish(&scratch);
    return complete;
}

bool plan_read_pending(struct plan *plan, struct arena *arena, struct fault *fault)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];
        if (step->state != STEP_PENDING)
            continue;
        if (!migration_read(step->migration, fault) || !source_check(&step->migration->source, fault) ||
            !script_read(&step->script, arena, &step->migration->source, fault))
            return false;
    }
    return true;
}

static bool refuse_half_done(const struct step *step, const struct progress_row *row, struct fault *fault)
{
    const struct script *script = &step->script;
    size_t index = (size_t) row->statement - 1;
    fault_set(fault, FAULT_MIGRATION, "%s would run in one transaction, but an earlier run has %s its statement %" PRId64,
              step->name, row->state == PROGRESS_DONE ? "done" : "begun", row->statement);
    if (index < script->statement_count)
        fault_place(fault, step->name, script->statements[index].offset_bytes);
    fault_detail(fault, "The file ran outside a transaction then, so what was done is there, and would be done again.");
    fault_hint(fault,
               "Begin the file with the line \"-- pgusher: transaction=off\": then it goes on from where it was left.");
    return false;
}

/* Of a statement that failed nothing is there but, at worst, an INVALID index, whose name then says so by itself. */
bool step_check_progress(const struct step *step, const struct progress_row *progress, size_t count, struct fault *fault)
{
    if (step->script.mode != SCRIPT_TRANSACTION)
        return true;
    for (size_t i = 0; i < count; i++)
        if (progress[i].state != PROGRESS_FAILED)
            return refuse_half_done(step, &progress[i], fault);
    return true;
}

bool plan_check_progress(const struct plan *plan, const struct ledger *ledger, struct fault *fault)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        size_t count;
        if (step->state != STEP_PENDING)
            continue;
        const struct progress_row *progress = ledger_find_progress(ledger, step->name, &count);
        if (!step_check_progress(step, progress, count, fault))
            return false;
    }
    return true;
}
