/*
 * From settings to a target: which hosts, and with which of libpq's keywords. Secrets in files are read here.
 */
#ifndef PGUSHER_WORK_ROSTER_H
#define PGUSHER_WORK_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/journal.h"
#include "plan/settings.h"

/* libpq's target_session_attrs; honoured by us, because each address has a PGconn of its own. */
enum session_attrs {
    ATTRS_ANY,
    ATTRS_READ_WRITE,
    ATTRS_READ_ONLY,
    ATTRS_PRIMARY,
    ATTRS_STANDBY,
    ATTRS_PREFER_STANDBY,
};

struct target_host {
    const char *name;    /* a host name, a numeric address, a folder of unix sockets; NULL: libpq's own default */
    const char *address; /* numeric, from hostaddr or because the name is one; NULL: to be looked up, or a socket */
    const char *port;
    bool is_socket;
};

/* Which target is meant. All zero: the main configuration's. */
struct target_spec {
    const char *text; /* a connection string of its own; what it leaves open comes from the main configuration. NULL: none */
    const char *origin;
    bool is_narrow;      /* only one of its hosts */
    size_t host;         /* which, from 0 */
    const char *address; /* and only this address of it; NULL: any */
};

struct target {
    const char *label;    /* "db:5432", "a:5432,b:5432", "db:5432/app": for logs */
    const char *database; /* as its own connection string has it; NULL: it comes from the main configuration */
    struct target_host *hosts;
    size_t host_count;
    const char **keywords; /* for libpq, without host, hostaddr, port and password */
    const char **values;
    size_t keyword_count;
    const char *password; /* NULL: left to libpq (PGPASSWORD, the password file) */
    enum session_attrs attrs;
    int64_t connect_timeout_ms; /* the user's, else 10 s */
    bool is_pinned;             /* to one address of its name */
    bool has_files;             /* built from files that may change: build it again for each attempt */
};

/*
 * Merges the words by rank, keyword by keyword, over libpq's own variables and defaults. What loses within a DATABASE_URL is noted
 * in the journal (NULL: not again). False with FAULT_CONFIG: a string or file that cannot be read, a list of ports that does not
 * fit the hosts ...
 */
bool target_build(struct target *target, struct arena *arena, const struct settings *settings, const struct journal *journal,
                  struct fault *fault);

/*
 * The same for a target of a list. One that says where it is takes neither host, address nor port from the main configuration. Nothing
 * is noted of what loses.
 */
bool target_build_one(struct target *target, struct arena *arena, const struct settings *settings,
                      const struct target_spec *spec, struct fault *fault);

/* Whether both lead to the same hosts in the same order. */
bool target_same_hosts(const struct target *one, const struct target *other);

#endif
