/*
 * What in a Compose file starts too early, or again: findings with their places and with edits, and the edits made.
 */
#ifndef PGUSHER_COMPOSE_CHECK_H
#define PGUSHER_COMPOSE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "compose/edit.h"
#include "compose/stack.h"

enum finding_rule {
    FINDING_DOES_NOT_WAIT,       /* uses the database, and starts before the migrations are done */
    FINDING_WOULD_RESTART,       /* the migration service, when it has ended */
    FINDING_SOCKET_HEALTH_CHECK, /* of a server: the official images answer there before the database exists */
    FINDING_MIGRATES_TOO_EARLY,  /* a migration service of another tool, which does not wait by itself */
    FINDING_NO_MIGRATION,        /* the database is used, and no service is known to migrate it */
};

/* "does-not-wait" and so on: names that are an interface, docs/compose.md explains them. */
const char *finding_rule_name(enum finding_rule rule);

struct finding {
    enum finding_rule rule;
    const char *service; /* NULL for FINDING_NO_MIGRATION */
    size_t offset_bytes;
    const char *what;
    const char *advice;
    struct edits edits; /* sorted; none: it has to be done by hand, and advice says what */
};

struct review {
    struct stack stack;       /* what was read, with its notes */
    struct finding *findings; /* in the order of their places */
    size_t count;
    size_t room;
    size_t users; /* services that use the database */
};

/*
 * All lives in arena. Each suggested edit was tried: the text it makes is read again, has this finding no more and no new one, and
 * says the same as before at every other place. False as stack_read().
 */
bool check_review(struct review *review, struct arena *arena, const struct source *source,
                  const struct stack_options *options, struct fault *fault);

/*
 * Adds to fixed the source with as many edits made as can be, one after the other; *done is their number. False as stack_read(), and
 * then fixed is of no use.
 */
bool check_fix(struct buf *fixed, size_t *done, const struct source *source, const struct stack_options *options,
               struct fault *fault);

#endif
