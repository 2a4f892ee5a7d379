/*
 * Connection keywords as libpq knows them: parsing its strings, asking for its defaults. Values stay keyword by keyword and are
 * never pasted into a string again.
 */
#ifndef PGUSHER_WIRE_CONNINFO_H
#define PGUSHER_WIRE_CONNINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"

struct conninfo_word {
    const char *keyword;
    const char *value;
    const char *variable; /* for a default: the PG* variable that it came from, NULL: from a service file, or libpq's own */
};

struct conninfo {
    struct conninfo_word *words; /* only those that have a value */
    size_t count;
    bool has_service; /* among the defaults is what a service file says: libpq is not to be told of the service again */
};

/*
 * Takes a URI or a keyword=value string apart. False with FAULT_CONFIG that names origin, and never a part of the text: it may
 * hold a password.
 */
bool conninfo_parse(struct conninfo *conninfo, struct arena *arena, const char *text, const char *origin,
                    struct fault *fault);

/*
 * Takes PGHOSTADDR and PGSERVICE out of the environment: libpq would go to that address for whatever host it is told, and would take
 * a password from that service where none is to be sent. From then on only conninfo_defaults() knows them. To be called before there are
 * threads, which the environment is not made for.
 */
void conninfo_claim_environment(void);

/*
 * What libpq would take from PG* variables, the service file and its own defaults. With service it is as if PGSERVICE were set
 * to it; a service that is not found is FAULT_CONFIG. The environment is left as it was.
 */
bool conninfo_defaults(struct conninfo *conninfo, struct arena *arena, const char *service, struct fault *fault);

/* The value of a keyword, or NULL. */
const char *conninfo_value(const struct conninfo *conninfo, const char *keyword);

#endif
