/*
 * A Compose file with one service a bot, out of a template in which there is one service, bot. docs/compose.md tells what a template
 * may say.
 */
#ifndef PGUSHER_COMPOSE_GENERATE_H
#define PGUSHER_COMPOSE_GENERATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "text/source.h"

/*
 * Adds the file to output: the same bytes for the same template and .env.NAME files, in whatever order the folder lists them. Of the
 * .env.NAME files only the port and the volumes are in it. False is FAULT_CONFIG, with a place in *blamed where there is one (its
 * bytes live in arena, and are NULL when the fault has no place).
 */
bool generate(struct buf *output, struct arena *arena, const char *template_path, struct source *blamed,
              struct fault *fault);

#endif
