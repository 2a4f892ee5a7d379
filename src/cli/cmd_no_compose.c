/*
 * In place of cmd_compose.c where there is no libfyaml, and in the image, which is to be small.
 */
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"

static int refuse(void)
{
    struct fault fault;
    fault_set(&fault, FAULT_CONFIG, "this build of pgusher leaves compose out");
    fault_hint(&fault,
               "Compose files are looked after where they are written: with a pgusher that was built with libfyaml.");
    print_fault(&fault, NULL);
    return exit_code(&fault);
}

int cmd_compose_check(const struct settings *settings, struct arena *arena)
{
    (void) settings;
    (void) arena;
    return refuse();
}

int cmd_compose_generate(const struct settings *settings, struct arena *arena)
{
    (void) settings;
    (void) arena;
    return refuse();
}
