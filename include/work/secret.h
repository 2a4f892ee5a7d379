/* A secret that is mounted as a file. */
#ifndef PGUSHER_WORK_SECRET_H
#define PGUSHER_WORK_SECRET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"

/*
 * The file's text without one trailing newline. False with FAULT_CONFIG that names origin and reason, never the text; the path too, but
 * where there is no such file and the path may be the secret itself.
 */
bool secret_read(char **text, struct arena *arena, const char *path, const char *origin, struct fault *fault);

#endif
