/* One function a command. Each returns the exit code. */
#ifndef PGUSHER_CLI_COMMANDS_H
#define PGUSHER_CLI_COMMANDS_H

#include <stdint.h>

#include "base/arena.h"
#include "plan/settings.h"

int cmd_up(const struct settings *settings, struct arena *arena, int64_t begun_us);
int cmd_wait(const struct settings *settings, struct arena *arena, int64_t begun_us);
int cmd_status(const struct settings *settings, struct arena *arena, int64_t begun_us);
int cmd_plan(const struct settings *settings, struct arena *arena, int64_t begun_us);

/* These two ask no server. A build without libfyaml has them too, and they say so. */
int cmd_compose_check(const struct settings *settings, struct arena *arena);
int cmd_compose_generate(const struct settings *settings, struct arena *arena);

#endif
