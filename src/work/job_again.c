/*
 * Beginning again, after a lost connection, a lock timeout or a race: how often, and after which rest. What is begun is job.c's.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "job_inside.h"

enum { MOST_IN_A_ROW = 3 };

/* The session is gone, so the log has no row about it: the event is all that is left. */
static bool give_up_migration(const struct job *job, const char *migration, const struct fault *fault)
{
    journal_note(job->run->journal, EVENT_MIGRATION_FAILED, job->run->target,
                 FIELDS(TEXT(MIGRATION, migration), TEXT(SQLSTATE, fault->sqlstate), TEXT(MESSAGE, fault->what),
                        TEXT(DETAIL, fault->detail), TEXT(HINT, fault->hint), NUMBER(DURATION_US, job->tried_us)),
                 "%s failed: %s", migration, fault->what);
    return false;
}

/* Twice as long each time, and a part of it left to chance, so that two that met do not meet again. */
static int64_t doubled_ms(int64_t first_ms, int64_t longest_ms, int64_t times)
{
    enum { MOST_DOUBLINGS = 16 };
    int64_t longest = first_ms << (times < MOST_DOUBLINGS ? times : MOST_DOUBLINGS);
    if (longest > longest_ms)
        longest = longest_ms;
    return longest / 2 + random() % (longest / 2 + 1);
}

/* --- a lost connection ------------------------------------------------------------------------------------------------ */

static const char *what_to_do(const struct fault *loss, const char *otherwise)
{
    static const struct {
        const char *sqlstate;
        const char *hint;
    } by_sqlstate[] = {
        { "25P03", "The server ends transactions that are idle for longer than idle_in_transaction_session_timeout: "
                   "ALTER ROLE ... SET it to more for the migrating role." },
        { "25P04", "The server ends transactions that take longer than transaction_timeout: ALTER ROLE ... SET it to more "
                   "for the migrating role." },
        { "57P05", "The server ends sessions that are idle for longer than idle_session_timeout: ALTER ROLE ... SET it "
                   "to more for the migrating role." },
        { "57014",
          "The role's or the database's statement_timeout may be too short for a look at the ledger: ALTER ROLE ... "
          "SET it to more for the migrating role." },
        { "57P01", "Somebody or something ends this session (pg_terminate_backend(), a shutdown), perhaps the migration "
                   "itself: look at the server's log." },
    };
    for (size_t i = 0; i < sizeof by_sqlstate / sizeof by_sqlstate[0]; i++)
        if (strcmp(loss->sqlstate, by_sqlstate[i].sqlstate) == 0)
            return by_sqlstate[i].hint;
    return otherwise;
}

static bool give_up_lost(const struct job *job, const struct fault *loss, struct fault *fault)
{
    fault_set(fault, FAULT_MIGRATION, "the connection was lost %d times in a row during %s", job->losses, job->lost_in);
    fault_sqlstate(fault, loss->sqlstate);
    fault_detail(fault, "%s", loss->what);
    fault_hint(fault, "%s", what_to_do(loss, "The migration may be what brings the server down: look at the server's log."));
    return give_up_migration(job, job->lost_in, fault);
}

static bool give_up_server(const struct job *job, const struct fault *loss, struct fault *fault)
{
    char interval[DURATION_WORD_BYTES];
    duration_write(interval, job->run->settings->interval_ms);
    fault_set(fault, FAULT_NOT_READY, "the connection to %s was lost %" PRId64 " times in a row, each within %s",
              job->run->target, job->short_lives, interval);
    fault_sqlstate(fault, loss->sqlstate);
    fault_detail(fault, "%s", loss->what);
    fault_hint(fault, "%s",
               what_to_do(loss, "The server lets this role in and hangs up: look at its log, and at what is between."));
    return false;
}

static bool give_up_reading(const struct job *job, const struct fault *failure, struct fault *fault)
{
    fault_set(fault, FAULT_NOT_READY, "%s was there, but could not be asked for the ledger %" PRId64 " times in a row",
              job->run->target, job->short_lives);
    fault_sqlstate(fault, failure->sqlstate);
    fault_detail(fault, "%s", failure->what);
    fault_hint(fault, "%s", what_to_do(failure, "Look at the server's log."));
    return false;
}

void job_count_session(struct job *job)
{
    job->session_since_us = clock_monotonic_us();
    job->applied_before = job->run->outcome.applied;
}

/* A session that lasted, or in which something was applied, was worth its login; a reading that fails may fail slowly. */
static void count_life(struct job *job, const struct fault *loss)
{
    bool lasted =
        loss->class == FAULT_LOST && clock_monotonic_us() - job->session_since_us >= job->run->settings->interval_ms * 1000;
    bool achieved = job->run->outcome.applied > job->applied_before;
    job->short_lives = lasted || achieved ? 1 : job->short_lives + 1;
}

bool job_may_go_on(struct job *job, const char *migration, const struct fault *loss, struct fault *fault)
{
    count_life(job, loss);
    if (migration != NULL) {
        job->losses = strcmp(job->lost_in, migration) == 0 ? job->losses + 1 : 1;
        text_cut(job->lost_in, sizeof job->lost_in, migration);
        job->last_loss = *loss;
        if (job->losses >= MOST_IN_A_ROW && !job_doubts(job, migration))
            return give_up_lost(job, loss, fault);
    }
    if (job->short_lives <= job->run->settings->attempts)
        return true;
    return loss->class == FAULT_LOST ? give_up_server(job, loss, fault) : give_up_reading(job, loss, fault);
}

bool job_may_try(const struct job *job, struct fault *fault)
{
    if (job->losses < MOST_IN_A_ROW)
        return true;
    for (size_t i = 0; i < job->plan.count; i++) {
        const struct step *step = &job->plan.steps[i];
        if (step->state == STEP_PENDING && strcmp(step->name, job->lost_in) == 0)
            return give_up_lost(job, &job->last_loss, fault);
    }
    return true;
}

int64_t job_rest_ms(const struct job *job)
{
    enum { FIRST_MS = 50, LONGEST_MS = 1000 };
    if (job->short_lives < 2)
        return 0;
    const struct run *run = job->run;
    int64_t rest_ms = doubled_ms(FIRST_MS, LONGEST_MS, job->short_lives - 2);
    int64_t left_ms = run->settings->timeout_ms - run->waited_ms;
    if (run->settings->timeout_ms >= 0 && rest_ms > left_ms)
        rest_ms = left_ms > 0 ? left_ms : 0; /* the wait will say that its time is up */
    return rest_ms;
}

/* --- a lock timeout --------------------------------------------------------------------------------------------------- */

int64_t job_count_try(struct job *job, const char *migration)
{
    enum { FIRST_MS = 100, LONGEST_MS = 5000 };
    const int64_t most = job->run->settings->lock_retries;
    bool is_first = strcmp(job->blocked_in, migration) != 0;
    text_cut(job->blocked_in, sizeof job->blocked_in, migration);
    job->tries_left = (is_first ? most : job->tries_left) - 1;
    return doubled_ms(FIRST_MS, LONGEST_MS, most - job->tries_left);
}

/* --- a race ----------------------------------------------------------------------------------------------------------- */

bool job_may_race_on(struct job *job, const char *migration, struct fault *fault)
{
    job->races = strcmp(job->raced_in, migration) == 0 ? job->races + 1 : 1;
    text_cut(job->raced_in, sizeof job->raced_in, migration);
    if (job->races < MOST_IN_A_ROW)
        return true;
    fault_set(fault, FAULT_MIGRATION, "the row of %s cannot be added to the ledger: it is a duplicate, but it is not there",
              migration);
    fault_hint(fault, "The ledger must have no unique constraint but its primary key on migration_name.");
    return give_up_migration(job, migration, fault);
}
