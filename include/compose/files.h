/* Whole files, read and written. */
#ifndef PGUSHER_COMPOSE_FILES_H
#define PGUSHER_COMPOSE_FILES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "text/source.h"

/*
 * The bytes of a regular file of at most 1 MiB, in arena; its name in the source is the path as given. False is FAULT_CONFIG, and
 * fault->system_errno tells what the system said.
 */
bool file_read(struct source *source, struct arena *arena, const char *path, struct fault *fault);

/*
 * Replaces a file at once, or makes it: whoever reads it sees the old bytes or the new ones. A symbolic link is followed, mode and
 * owner stay where the system allows it. False: nothing has changed (FAULT_CONFIG).
 */
bool file_replace(const char *path, const struct buf *bytes, struct fault *fault);

/* Whether two paths lead to one file that is there, by whatever names. */
bool file_is_same(const char *path, const char *other);

/* "dir/name" for a name beside the file at path; the name itself when it is absolute. NULL when out of memory. */
const char *file_beside(struct arena *arena, const char *path, const char *name);

#endif
