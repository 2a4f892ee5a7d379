/*
 * A YAML text as a tree in which each node knows its bytes, so that the text can be changed at one place and stay as it is at
 * every other. The tree is the text's: aliases and merge keys are followed by who asks, not expanded.
 */
#ifndef PGUSHER_COMPOSE_YAML_H
#define PGUSHER_COMPOSE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/source.h"

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING, YAML_ALIAS };

struct yaml_node {
    enum yaml_kind kind;
    bool flow;                      /* a collection in brackets */
    bool quoted;                    /* a scalar in quotes */
    bool block;                     /* a scalar after | or > */
    const char *text;               /* a scalar's value, an alias's name; NULL for others */
    const char *anchor;             /* its own, or NULL */
    size_t begin;                   /* of its text, quotes and brackets included, anchor and tag not */
    size_t end;                     /* behind its last byte; of a null that is not written both are where it would be */
    struct yaml_node *key;          /* of a mapping's value */
    struct yaml_node *first;        /* of a mapping's values, or of a sequence's items */
    struct yaml_node *next;         /* beside it */
    const struct yaml_node *target; /* of an alias; never an alias itself */
};

/*
 * The first document of the text; *root is NULL when there is none. All lives in arena, and texts may point into the source. False:
 * the text is no YAML, or nested too deeply (FAULT_CONFIG, with the place).
 */
bool yaml_read(const struct yaml_node **root, struct arena *arena, const struct source *source, struct fault *fault);

/* What an alias stands for; any other node, NULL included, is the answer itself. */
const struct yaml_node *yaml_resolve(const struct yaml_node *node);

/* The value of a key as it is written there: it may be an alias. NULL when node is no mapping or has no such key. */
const struct yaml_node *yaml_own(const struct yaml_node *node, const char *key);

/* The value of a key, own or merged (<<), resolved; NULL when there is none. */
const struct yaml_node *yaml_find(const struct yaml_node *node, const char *key);

/* The values of a mapping, its own before merged ones, of one key the first. */
struct yaml_entries {
    const struct yaml_node **list;
    size_t count;
    size_t room;
};

/*
 * Adds those of a mapping, merge keys followed; none of anything else. Very many (aliases of aliases) are cut short. The list lives in
 * arena. False: out of memory.
 */
bool yaml_gather(struct yaml_entries *entries, struct arena *arena, const struct yaml_node *mapping, struct fault *fault);

/* The text of a scalar, or NULL. */
const char *yaml_text(const struct yaml_node *node);

/* Whether two trees say the same, whatever their bytes. */
bool yaml_same(const struct yaml_node *a, const struct yaml_node *b);

/* The same where aliases are followed: what stands elsewhere and is used here counts too. False also for what is too large to tell. */
bool yaml_means_same(const struct yaml_node *a, const struct yaml_node *b);

#endif
