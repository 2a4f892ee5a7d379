/*
 * The migrations folder: which files are migrations, in which order, what is in them.
 */
#ifndef PGUSHER_PLAN_SHELF_H
#define PGUSHER_PLAN_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/source.h"

enum { CHECKSUM_BYTES = 65 }; /* SHA-256 as lower-case hex, with the NUL */

struct migration {
    const char *name; /* the file's name with its ending: the ledger's migration_name */
    const char *path;
    struct source source;          /* bytes are NULL until read, and again after release */
    char checksum[CHECKSUM_BYTES]; /* empty until read; kept after release */
};

struct shelf {
    const char *folder;
    struct migration *migrations; /* in byte order of their names */
    size_t count;
};

/*
 * Finds the migrations of a folder; nothing is read yet. Names and paths live in arena. False with FAULT_CONFIG: no such folder,
 * not readable, a directory named like a migration, a name that is not UTF-8 or over 255 characters, a name of another tool's
 * format (x.down.sql).
 */
bool shelf_discover(struct shelf *shelf, struct arena *arena, const char *folder, struct fault *fault);

/* Reads a file and computes its checksum. False with FAULT_CONFIG when it cannot be read (any more). */
bool migration_read(struct migration *migration, struct fault *fault);

/* Gives the bytes back and keeps the checksum. */
void migration_release(struct migration *migration);

/* Releases every migration. Accepts NULL. */
void shelf_finish(struct shelf *shelf);

#endif
