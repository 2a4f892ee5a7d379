/*
 * Only wait. Below a login no password is given away, so that nothing of a failed login stands in the server's log.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"

int cmd_wait(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    bool needs_folder = settings->until == RUNG_MIGRATED;
    if (settings->until < RUNG_LOGIN)
        unsetenv("PGPASSWORD");
    if (program_open(&program, arena, settings, STDOUT_FILENO, begun_us) && (!needs_folder || program_discover(&program)))
        program_run(&program, JOB_WAIT);
    return program_close(&program);
}
