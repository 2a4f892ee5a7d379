/*
 * The main job: the folder's migrations, a server that is ready, and what is pending between them.
 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"

int cmd_up(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    if (program_open(&program, arena, settings, STDOUT_FILENO, begun_us) && program_discover(&program))
        program_run(&program, JOB_UP);
    return program_close(&program);
}
