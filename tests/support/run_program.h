/*
 * Whole programs: pgusher as built (or what the environment variable PGUSHER_PROGRAM names), started with a clean environment,
 * watched while it runs, and judged by what it wrote and how it ended.
 *
 *     struct run_result result = run_program(&(struct run_spec){
 *         .arguments = (const char *const[]){ "up", "--migrations", folder, NULL },
 *         .environment = (const char *const[]){ must_format("DATABASE_URL=%s", cluster_url(cluster, database)), NULL },
 *     });
 *     assert_int_equal(result.exit_code, 0);
 *     assert_contains(result.output, "event=migration_applied");
 *
 * and in steps, where something is to happen while it runs:
 *
 *     struct run *run = run_begin(&spec);
 *     run_wait_for(run, "event=migration_started");
 *     run_signal(run, SIGTERM);
 *     struct run_result result = run_end(run);
 *     assert_int_equal(result.exit_code, 143);
 *
 * Nothing here sleeps. A program that is not done when patience ends fails the test with what it has written so far.
 */
#ifndef PGUSHER_SUPPORT_RUN_PROGRAM_H
#define PGUSHER_SUPPORT_RUN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run_spec {
    const char *program;            /* a path; NULL: pgusher */
    const char *const *arguments;   /* without argv[0], NULL-terminated; NULL: none */
    const char *const *environment; /* added to PATH, HOME (the workspace) and the sanitizers' variables; NULL: nothing */
    const char *folder;             /* to work in; NULL: a fresh empty one */
    const char *input;              /* for its stdin; NULL: /dev/null. At most 64 kB */
    const char *hosts;  /* a file of names it may resolve, "db.test 127.0.0.2 127.0.0.1" a line, read again at each
                                       look-up; no other name is found. NULL: names are looked up as always */
    bool unprivileged;  /* as workspace_user(): where root would be let in, this one is not */
    bool terminal;      /* stdout is a terminal of 100 columns, which passes every byte on as it is */
    bool output_closed; /* it starts without descriptor 1 */
};

struct run_result {
    int exit_code;      /* -1 when a signal ended it */
    int signal;         /* that signal, else 0 */
    const char *output; /* what stdout and stderr were told; both live as long as the process */
    size_t output_size;
    const char *errors;
    int64_t duration_us;
    long most_memory_kb; /* the resident set at its largest */
};

struct run_result run_program(const struct run_spec *spec);

struct run;

struct run *run_begin(const struct run_spec *spec);

/* Returns when the text has come on stdout (stderr), so many times; fails the test when the program ends without it. */
void run_wait_for(struct run *run, const char *text);
void run_wait_for_times(struct run *run, int times, const char *text);
void run_wait_for_error(struct run *run, const char *text);

void run_signal(struct run *run, int signal_number);
pid_t run_pid(const struct run *run);

/* What it has written so far and was read by a wait. */
const char *run_output(const struct run *run);

/* Waits for its end and gives the run back. */
struct run_result run_end(struct run *run);

/* Ends those that a failed test left behind; for a teardown. At exit they end by themselves. */
void run_end_all(void);

/* The path of pgusher. */
const char *run_pgusher(void);

#endif
