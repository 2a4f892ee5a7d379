/*
 * What every command that asks a database has in common: settings, log, loop, folder, job; and its end.
 */
#ifndef PGUSHER_CLI_PROGRAM_H
#define PGUSHER_CLI_PROGRAM_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/journal.h"
#include "face/log.h"
#include "plan/settings.h"
#include "plan/shelf.h"
#include "wire/loop.h"
#include "work/crowd.h"
#include "work/job.h"
#include "work/roster.h"
#include "work/run.h"

struct program {
    const struct settings *settings;
    struct arena *arena; /* the run's */
    struct log log;
    struct journal journal;
    struct loop *loop;
    struct timer *ticks; /* of the live line */
    struct run run;
    struct target target;
    struct shelf shelf;
    struct job *job;
    struct crowd *crowd;
    int signal_number; /* the last one that came */
    bool is_over;      /* the job, or the crowd after it, has said so */
};

/*
 * Opens log and loop and checks the target. Events go to log_fd. False: program->run.outcome.fault says why; program_close() is
 * due in any case. begun_us is when the process began, on the monotonic clock.
 */
bool program_open(struct program *program, struct arena *arena, const struct settings *settings, int log_fd,
                  int64_t begun_us);

/* Finds the migrations of the folder. */
bool program_discover(struct program *program);

/* Turns the loop until the job is over. False: the outcome's fault says why. */
bool program_run(struct program *program, enum job_kind kind);

/* Likewise, until the crowd of targets is as the settings need it. */
bool program_run_crowd(struct program *program);

/* For a command that finds a fault in what a job brought. Always returns false. */
bool program_fail(struct program *program, const struct fault *fault);

/* Writes a result on stdout. That it cannot is the run's fault only where the run has none yet. */
bool program_print(struct program *program, const struct buf *result);

/* Tells how it went, gives everything back, and returns the exit code. */
int program_close(struct program *program);

/* Whether what is printed there for people may have colour: on a terminal, and where the environment allows it. */
bool print_wants_colour(int fd);

/* Writes a result on stdout, for a command without a program. */
bool print_result(const struct buf *result, struct fault *fault);

/* A fault on stderr, for people; source is the text it points into, or NULL. */
void print_fault(const struct fault *fault, const struct source *source);

#endif
