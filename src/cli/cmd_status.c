/*
 * What is applied, pending, changed and missing, on stdout; events on stderr. With --check the answer is an exit code too.
 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "face/history_text.h"

enum { RESULT_MOST_BYTES = 256 * 1024 * 1024 };

static bool print_status(struct program *program)
{
    const struct plan *plan = job_plan(program->job);
    const struct ledger *ledger = job_ledger(program->job);
    struct buf result;
    buf_init(&result, RESULT_MOST_BYTES);
    if (program->settings->json)
        status_json_add(&result, plan, ledger);
    else
        status_text_add(&result, plan, ledger, print_wants_colour(STDOUT_FILENO));
    bool printed = program_print(program, &result);
    buf_finish(&result);
    return printed;
}

static bool check(struct program *program)
{
    const struct plan *plan = job_plan(program->job);
    struct fault fault;
    fault_clear(&fault);
    if (plan->changed + plan->missing > 0)
        fault_set(&fault, FAULT_HISTORY, "the folder and the ledger disagree: %zu changed, %zu missing", plan->changed,
                  plan->missing);
    else if (plan->pending > 0)
        fault_set(&fault, FAULT_PENDING, "%zu migration%s pending", plan->pending, plan->pending == 1 ? " is" : "s are");
    return !fault_is_set(&fault) || program_fail(program, &fault);
}

int cmd_status(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    bool known = program_open(&program, arena, settings, STDERR_FILENO, begun_us) && program_discover(&program) &&
                 program_run(&program, JOB_STATUS) && print_status(&program);
    if (known && settings->check)
        check(&program);
    return program_close(&program);
}
