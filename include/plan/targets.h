/*
 * The list of targets for a wait: those of --target, and a file of them. Each is one connection string; what is in it is not looked
 * at here.
 */
#ifndef PGUSHER_PLAN_TARGETS_H
#define PGUSHER_PLAN_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"

struct target_text {
    const char *text;   /* a URI or a conninfo string: it may hold a password and is never shown */
    const char *origin; /* "--target", or "hosts.txt:12:1" */
};

/* Start with { .arena = ... }. */
struct target_texts {
    struct arena *arena;
    struct target_text *list;
    size_t count;
    size_t room;
};

/* Checks that it may be a connection string and adds it. False with FAULT_CONFIG that names origin and not the text. */
bool targets_add(struct target_texts *targets, const char *text, const char *origin, struct fault *fault);

/*
 * Adds the lines of a file: one target a line, with blanks around it dropped; an empty line, and one that begins with '#', is none.
 * False with FAULT_CONFIG that names name, line and column.
 */
bool targets_add_lines(struct target_texts *targets, const char *bytes, size_t size_bytes, const char *name,
                       struct fault *fault);

/*
 * The same from a path, "-" for stdin, which is read to its end. A signal (interrupt_signal()) ends a wait for more of it: then the fault
 * says so, and is the caller's to replace.
 */
bool targets_add_file(struct target_texts *targets, const char *path, struct fault *fault);

#endif
