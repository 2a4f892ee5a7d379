/*
 * From argv to a command. What has to happen before anything else in the process happens here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/termination_log.h"
#include "face/help.h"
#include "wire/conninfo.h"

enum { HELP_MOST_BYTES = 64 * 1024 };

/* With stdout closed the first socket would become file descriptor 1, and the first log line would be sent to PostgreSQL. */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static int print_help(enum command command)
{
    struct buf help;
    loop_end_at_signals();
    buf_init(&help, HELP_MOST_BYTES);
    help_add(&help, command);
    bool printed = buf_ok(&help) && fputs(buf_text(&help), stdout) >= 0 && fflush(stdout) == 0;
    buf_finish(&help);
    return printed ? 0 : 1;
}

static int print_version(void)
{
    loop_end_at_signals();
    return printf("pgusher %s\n", PGUSHER_VERSION) > 0 && fflush(stdout) == 0 ? 0 : 1;
}

static int run_command(const struct settings *settings, struct arena *arena, int64_t begun_us)
{
    switch (settings->command) {
    case COMMAND_UP:
        return cmd_up(settings, arena, begun_us);
    case COMMAND_WAIT:
        return cmd_wait(settings, arena, begun_us);
    case COMMAND_STATUS:
        return cmd_status(settings, arena, begun_us);
    case COMMAND_PLAN:
        return cmd_plan(settings, arena, begun_us);
    case COMMAND_COMPOSE_CHECK:
        return cmd_compose_check(settings, arena);
    case COMMAND_COMPOSE_GENERATE:
        return cmd_compose_generate(settings, arena);
    default:
        return print_help(COMMAND_NONE);
    }
}

static int run(struct arena *arena, int argc, const char *const *argv, int64_t begun_us)
{
    struct settings settings;
    struct fault fault;
    if (!settings_read(&settings, arena, argc, argv, (const char *const *) environ, &fault)) {
        print_fault(&fault, NULL);
        termination_log_write(settings.termination_log, &fault, NULL);
        return exit_code(&fault);
    }
    if (settings.help)
        return print_help(settings.command);
    if (settings.version)
        return print_version();
    return run_command(&settings, arena, begun_us);
}

int main(int argc, char **argv)
{
    int64_t begun_us = clock_monotonic_us();
    loop_hold_signals();
    conninfo_claim_environment();
    fill_standard_descriptors();
    srandom((unsigned) begun_us ^ (unsigned) getpid());
    struct arena arena;
    arena_init(&arena);
    int code = run(&arena, argc, (const char *const *) argv, begun_us);
    arena_finish(&arena);
    return code;
}
