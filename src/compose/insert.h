/*
 * Edits that put something into a mapping in the manner of what is there already: on lines of its own, as deep as its siblings, or
 * within the braces.
 */
#ifndef PGUSHER_COMPOSE_INSERT_H
#define PGUSHER_COMPOSE_INSERT_H

#include <stdbool.h>
#include <stddef.h>

#include "compose/edit.h"
#include "compose/yaml.h"

/* A text of one or more lines: ended by "\n" each but the last, and deeper by a tab for each level. */
struct insertion {
    const char *lines; /* "restart: \"no\"", "db:\n\tcondition: service_healthy" */
    const char *flow;  /* the same within braces: "db: { condition: service_healthy }" */
};

/*
 * In front of the first entry or behind the last one of a mapping that is written where it is, at least one entry in it unless it
 * is in braces; step_bytes is how much deeper a level is. False: it cannot be done without touching what is there.
 */
bool insert_first(struct edits *edits, const struct source *source, const struct yaml_node *mapping, size_t step_bytes,
                  struct insertion insertion);
bool insert_last(struct edits *edits, const struct source *source, const struct yaml_node *mapping, size_t step_bytes,
                 struct insertion insertion);

/* How much deeper than its key a block mapping's entries are; 2 where that cannot be told. */
size_t insert_step(const struct source *source, const struct yaml_node *mapping);

#endif
