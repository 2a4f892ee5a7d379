/*
 * What `up` would do and why, on stdout; events on stderr.
 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "face/history_text.h"

enum { RESULT_MOST_BYTES = 256 * 1024 * 1024 };

static bool print_plan(struct program *program)
{
    const struct plan *plan = job_plan(program->job);
    const struct ledger *ledger = job_ledger(program->job);
    struct buf result;
    buf_init(&result, RESULT_MOST_BYTES);
    if (program->settings->json)
        plan_json_add(&result, plan, ledger);
    else
        plan_text_add(&result, plan, ledger, print_wants_colour(STDOUT_FILENO));
    bool printed = program_print(program, &result);
    buf_finish(&result);
    return printed;
}

int cmd_plan(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    if (program_open(&program, arena, settings, STDERR_FILENO, begun_us) && program_discover(&program) &&
        program_run(&program, JOB_PLAN))
        print_plan(&program);
    return program_close(&program);
}
