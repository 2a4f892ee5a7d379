/* The bots that a folder names: one for each file .env.NAME. */
#ifndef PGUSHER_COMPOSE_BOTS_H
#define PGUSHER_COMPOSE_BOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/source.h"

struct bot {
    const char *name;     /* letters, digits, "_" and "-": it may stand anywhere in a Compose file as it is */
    const char *env_file; /* ".env.NAME" */
    const char *port;     /* BOT_PORT, a number; NULL: none */
    const char *volumes;  /* BOT_VOLUMES, separated by commas; NULL: none */
};

struct bots {
    struct bot *list; /* in byte order of their names */
    size_t count;
};

/*
 * Those of the folder that the template stands in. .env.example, .env.sample, .env.template and .env.dist are nobody's. False with
 * FAULT_CONFIG: none, a name that is dangerous, a port that is none or that two want; *blamed as in compose/generate.h.
 */
bool bots_read(struct bots *bots, struct arena *arena, const char *template_path, struct source *blamed,
               struct fault *fault);

#endif
