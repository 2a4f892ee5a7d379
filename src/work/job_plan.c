/*
 * What follows from a reading, and what people are told about it. It decides nothing that the planner has not decided.
 */
#include <stdio.h>

#include "base/clock.h"
#include "job_inside.h"

/* A file that was read and understood once is not read again when the ledger is. */
static void reuse_scripts(struct job *job)
{
    for (size_t i = 0; i < job->plan.count; i++) {
        struct step *step = &job->plan.steps[i];
        if (step->state == STEP_PENDING && step->migration->source.bytes != NULL)
            step->script = job->scripts[step->migration - job->shelf->migrations];
    }
}

static void keep_scripts(struct job *job)
{
    for (size_t i = 0; i < job->plan.count; i++) {
        const struct step *step = &job->plan.steps[i];
        if (step->state == STEP_PENDING)
            job->scripts[step->migration - job->shelf->migrations] = step->script;
    }
}

bool job_read_pending(struct job *job, struct fault *fault)
{
    if (job->scripts == NULL)
        job->scripts = arena_array(&job->arena, job->shelf->count + 1, sizeof *job->scripts);
    if (job->scripts == NULL)
        return fault_out_of_memory(fault);
    reuse_scripts(job);
    if (!plan_read_pending(&job->plan, &job->arena, fault))
        return false;
    keep_scripts(job);
    return true;
}

static void note_history(const struct job *job, const struct step *step)
{
    bool changed = step->state == STEP_CHANGED;
    journal_note(job->run->journal, changed ? EVENT_HISTORY_CHANGED : EVENT_HISTORY_MISSING, job->run->target,
                 FIELDS(TEXT(MIGRATION, step->name)),
                 changed ? "%s has changed since it was applied" : "%s was applied, but there is no such file", step->name);
}

static void warn_of_history(struct job *job)
{
    for (size_t i = 0; i < job->plan.count && !job->warned_of_history; i++)
        if (job->plan.steps[i].state == STEP_CHANGED || job->plan.steps[i].state == STEP_MISSING)
            note_history(job, &job->plan.steps[i]);
    job->warned_of_history = true;
}

static void note_step(const struct job *job, const struct step *step)
{
    const struct journal *journal = job->run->journal;
    const struct script *script = &step->script;
    if (script->statement_count == 0)
        journal_note(journal, EVENT_MIGRATION_EMPTY, job->run->target, FIELDS(TEXT(MIGRATION, step->name)),
                     "%s holds no statement: it will only be recorded", step->name);
    if (script->mode == SCRIPT_STATEMENTS)
        journal_note(journal, EVENT_OUTSIDE_TRANSACTION, job->run->target,
                     FIELDS(TEXT(MIGRATION, step->name), TEXT(REASON, script->mode_reason)),
                     "%s will run statement by statement: %s", step->name, script->mode_reason);
    for (size_t i = 0; i < script->remark_count; i++) {
        const struct remark *remark = &script->remarks[i];
        struct position position = source_position(script->source, remark->offset_bytes);
        if (remark->kind == REMARK_COMMAND_IGNORED)
            journal_note(journal, EVENT_PSQL_COMMAND_IGNORED, job->run->target,
                         FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line), TEXT(MESSAGE, remark->text)),
                         "%s:%zu: %s", step->name, position.line, remark->text);
        else if (remark->kind == REMARK_TRANSACTION_ABSORBED)
            journal_note(journal, EVENT_TRANSACTION_ABSORBED, job->run->target,
                         FIELDS(TEXT(MIGRATION, step->name), NUMBER(LINE, position.line), TEXT(REASON, remark->text)),
                         "%s: %s", step->name, remark->text);
    }
}

void job_note_planned(struct job *job, int64_t since_us)
{
    const struct plan *plan = &job->plan;
    int64_t duration_us = clock_monotonic_us() - since_us;
    job->run->outcome.phase_us[PHASE_PLAN] += duration_us;
    warn_of_history(job);
    job_settle_doubt(job);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].state == STEP_PENDING && plan->steps[i].script.source != NULL)
            note_step(job, &plan->steps[i]);
    journal_note(job->run->journal, EVENT_PLANNED, job->run->target,
                 FIELDS(TEXT(LEDGER, job->reading.ledger.name), NUMBER(APPLIED, plan->applied),
                        NUMBER(PENDING, plan->pending), NUMBER(CHANGED, plan->changed), NUMBER(MISSING, plan->missing),
                        NUMBER(DURATION_US, duration_us)),
                 "%s%zu pending, %zu applied", plan->pending == 0 ? "nothing to do: " : "", plan->pending, plan->applied);
}

static bool refuse_conflict(const struct plan *plan, struct fault *fault)
{
    const struct step *first = plan->steps;
    while (first->state != STEP_CHANGED && first->state != STEP_MISSING)
        first++;
    size_t others = plan->changed + plan->missing - 1;
    char more[64] = "";
    if (others > 0)
        snprintf(more, sizeof more, " (and %zu more file%s)", others, others == 1 ? "" : "s");
    fault_set(fault, FAULT_HISTORY, "%s: %s%s", first->name, first->reason, more);
    fault_detail(fault, "%zu changed, %zu missing; with --strict nothing is run then.", plan->changed, plan->missing);
    if (first->state == STEP_CHANGED)
        fault_hint(fault, "Put the file back as it was and write the change as a new migration.");
    else
        fault_hint(fault, "Put the file back. If it was renamed, or is not to come back, change its row in the ledger.");
    return false;
}

bool job_make_plan(struct job *job, struct fault *fault)
{
    job->has_plan = plan_make(&job->plan, &job->arena, job->shelf, &job->reading.ledger, fault);
    if (!job->has_plan)
        return false;
    if (job->run->settings->strict && job->plan.changed + job->plan.missing > 0) {
        warn_of_history(job);
        return refuse_conflict(&job->plan, fault);
    }
    return true;
}
