/*
 * Only wait: for one server, or for a crowd of them. Below a login no password is given away, so that nothing of a failed login stands in
 * the server's log. With --json the result goes to stdout, and events to stderr.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "face/readiness_json.h"

enum { RESULT_MOST_BYTES = 256 * 1024 * 1024 };

static void print_readiness(struct program *program)
{
    const struct fault *fault = &program->run.outcome.fault;
    const struct readiness *readiness = program->crowd != NULL ? crowd_readiness(program->crowd) : NULL;
    struct buf result;
    if (!program->settings->json || readiness == NULL)
        return;
    buf_init(&result, RESULT_MOST_BYTES);
    readiness_json_add(&result, readiness, outcome_name(fault), exit_code(fault));
    program_print(program, &result);
    buf_finish(&result);
}

int cmd_wait(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    bool needs_folder = settings->until == RUNG_MIGRATED;
    if (settings->until < RUNG_LOGIN)
        unsetenv("PGPASSWORD");
    int log_fd = settings->json ? STDERR_FILENO : STDOUT_FILENO;
    bool ready = program_open(&program, arena, settings, log_fd, begun_us) && (!needs_folder || program_discover(&program));
    if (ready && settings_want_crowd(settings)) {
        program_run_crowd(&program);
        print_readiness(&program);
    } else if (ready) {
        program_run(&program, JOB_WAIT);
    }
    return program_close(&program);
}
