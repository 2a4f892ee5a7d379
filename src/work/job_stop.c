/*
 * What a signal does to a job: how long the server is waited for that was told to stop, and what is said when it does not confirm it.
 * How the queue is stopped and a cancel is sent is not known here.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "job_inside.h"

/*
 * A cancel that the server has taken is answered at once, unless the wire is silent or the server is where it cannot be interrupted:
 * who says nothing for SILENCE_MS after it is not waited for. Without such a cancel, and while something still comes, WITHIN_MS is
 * the bound; what two seconds have over it is for a busy machine.
 */
enum { WITHIN_MS = 1500, SILENCE_MS = 600, LOOK_EVERY_MS = 50 };

static bool is_worth_waiting(const struct job *job)
{
    int64_t cancelled_us = session_cancelled_us(job->session);
    int64_t heard_us = session_heard_us(job->session);
    if (clock_ms_since(job->stopped_us) >= WITHIN_MS)
        return false;
    return cancelled_us == 0 || clock_ms_since(heard_us > cancelled_us ? heard_us : cancelled_us) < SILENCE_MS;
}

/* Closing the connection is all that is left. */
static void leave(struct job *job)
{
    job_end_conversations(job);
    job_finish(job, &job->run->outcome.fault);
}

void job_on_stopping(void *owner)
{
    struct job *job = owner;
    if (is_worth_waiting(job))
        return;
    int64_t waited_ms = clock_ms_since(job->stopped_us);
    journal_note(job->run->journal, EVENT_STOP_UNCONFIRMED, job->run->target,
                 FIELDS(TEXT(MIGRATION, apply_current(job->apply)), NUMBER(WAITED_MS, waited_ms)),
                 "the server has not confirmed within %" PRId64 " ms that it stopped: closing the connection", waited_ms);
    leave(job);
}

void job_stop(struct job *job, int signal_number)
{
    if (job->state == JOB_OVER)
        return;
    const char *name = signal_name(signal_number);
    fault_set(&job->run->outcome.fault, FAULT_SIGNAL, "stopped by %s", name);
    job->run->outcome.fault.signal_number = signal_number;
    journal_note(job->run->journal, EVENT_STOPPING, job->run->target, FIELDS(TEXT(SIGNAL, name)), "%s: stopping", name);
    if (job->state == JOB_APPLYING) {
        job->state = JOB_STOPPING;
        job->stopped_us = clock_monotonic_us();
        timer_repeat(job->stopping, LOOK_EVERY_MS);
        apply_stop(job->apply);
    } else {
        leave(job); /* the second signal too */
    }
}
