/*
 * The main job: the folder's migrations, a server that is ready, and what is pending between them; and, where that is asked for, the
 * standbys that follow it.
 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"

/* A vacuous success is hardly what was asked for. */
static void warn_without_standby(const struct program *program)
{
    const struct readiness *readiness = crowd_readiness(program->crowd);
    if (readiness == NULL || readiness->counts.standbys > 0)
        return;
    journal_note(&program->journal, EVENT_NO_STANDBY, program->run.target, NO_FIELDS,
                 "there is no standby among the hosts: --until replicated had nothing to wait for");
}

int cmd_up(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    struct program program;
    bool migrated = program_open(&program, arena, settings, STDOUT_FILENO, begun_us) && program_discover(&program) &&
                    program_run(&program, JOB_UP);
    if (migrated && settings->until == RUNG_REPLICATED && program_run_crowd(&program))
        warn_without_standby(&program);
    return program_close(&program);
}
