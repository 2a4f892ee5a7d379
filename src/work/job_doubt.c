/*
 * The migrations whose COMMIT was sent and not answered, because the connection broke. It remembers which they are until a reading has
 * them as applied or as pending; how that reading comes about is job.c's.
 */
#include <string.h>

#include "job_inside.h"

void job_keep_doubt(struct job *job)
{
    if (job->in_doubt == NULL)
        job->in_doubt = arena_array(&job->arena, job->shelf->count + 1, sizeof *job->in_doubt);
    if (job->in_doubt == NULL)
        return; /* without memory the log lacks a line; the ledger is read all the same */
    for (size_t i = 0; i < job->plan.count; i++)
        if (apply_may_have_committed(job->apply, i))
            job->in_doubt[job->plan.steps[i].migration - job->shelf->migrations] = true;
}

bool job_doubts(const struct job *job, const char *migration)
{
    for (size_t i = 0; job->in_doubt != NULL && i < job->shelf->count; i++)
        if (job->in_doubt[i] && strcmp(job->shelf->migrations[i].name, migration) == 0)
            return true;
    return false;
}

/* Counted as ours, though another runner may have been there in between: the ledger does not say. */
static void note_settled(struct job *job, size_t place)
{
    const char *name = job->shelf->migrations[place].name;
    job->run->outcome.applied++;
    journal_note(job->run->journal, EVENT_MIGRATION_SETTLED, job->run->target, FIELDS(TEXT(MIGRATION, name)),
                 "%s is applied: the answer to its COMMIT was lost, but the ledger has it", name);
}

void job_settle_doubt(struct job *job)
{
    for (size_t i = 0; i < job->plan.count && job->in_doubt != NULL; i++) {
        const struct step *step = &job->plan.steps[i];
        if (step->migration == NULL)
            continue;
        size_t place = (size_t) (step->migration - job->shelf->migrations);
        if (job->in_doubt[place] && step->state != STEP_PENDING)
            note_settled(job, place);
        job->in_doubt[place] = false;
    }
}
