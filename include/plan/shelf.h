/*
 * The migrations folder: which files are migrations, in which order, what is in them.
 */
#ifndef PGUSHER_PLAN_SHELF_H
#define PGUSHER_PLAN_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "plan/checksum.h"
#include "text/source.h"

/* What PostgreSQL takes in one message is a little under 1 GB. */
#define MIGRATION_MAX_BYTES ((size_t) 1023 * 1024 * 1024)

/* What is summed up without being read for good. */
enum { MIGRATION_SUM_MOST_BYTES = 64 * 1024 };

struct migration {
    const char *name; /* the file's name with its ending: the ledger's migration_name */
    const char *path;
    struct source source;          /* bytes are NULL until read, and again after release */
    char checksum[CHECKSUM_BYTES]; /* empty until read; kept after release */
};

struct shelf {
    const char *folder;           /* as it was given */
    struct migration *migrations; /* in byte order of their names */
    size_t count;
};

/*
 * Finds the migrations of a folder; nothing is read yet. Names and paths live in arena. False with FAULT_CONFIG: no such folder,
 * not readable, something named like a migration that is no file (a directory, a dangling link), a name that is not UTF-8, has
 * control characters or is over 255 characters, a name of another tool's format (x.down.sql).
 */
bool shelf_discover(struct shelf *shelf, struct arena *arena, const char *folder, struct fault *fault);

/*
 * Reads a file, unless it is read already, and computes its checksum. False with FAULT_CONFIG when it cannot be read (any more),
 * is larger than MIGRATION_MAX_BYTES or changes meanwhile; nothing is kept then.
 */
bool migration_read(struct migration *migration, struct fault *fault);

/*
 * Computes the checksum of a file that is not larger than MIGRATION_SUM_MOST_BYTES, unless it is known, and keeps nothing else. What
 * cannot be read stays without one: migration_read() will say why.
 */
void migration_sum(struct migration *migration);

/* Gives the bytes back and keeps the checksum. */
void migration_release(struct migration *migration);

/* Releases every migration. Accepts NULL. */
void shelf_finish(struct shelf *shelf);

#endif
