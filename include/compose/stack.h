/*
 * A Compose file as its services: what each of them is, what it depends on, and whether it uses the database. Everything is a
 * reading of one file (and of the env_files it names); what its siblings, `include` or another file's `extends` add is not known
 * here, and each such place is noted.
 */
#ifndef PGUSHER_COMPOSE_STACK_H
#define PGUSHER_COMPOSE_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "compose/yaml.h"
#include "text/source.h"

enum role { ROLE_APPLICATION, ROLE_DATABASE, ROLE_POOLER, ROLE_TOOL, ROLE_MIGRATION };

enum condition { CONDITION_STARTED, CONDITION_HEALTHY, CONDITION_COMPLETED, CONDITION_OTHER };

struct dependency {
    const char *name;
    enum condition condition;
    bool optional; /* required: false */
};

struct variable {
    const char *name;
    const char *value; /* interpolated; NULL when it comes from the environment of `docker compose` */
    const char *file;  /* the env_file it stands in; NULL: the Compose file */
};

struct service {
    const char *name;
    const struct yaml_node *value; /* as it is written: a mapping, an alias, nothing */
    const struct yaml_node *body;  /* the mapping, or NULL */
    struct service *base;          /* what it extends in this file, or NULL */
    const char *image;             /* interpolated, or NULL */
    const char *command;           /* entrypoint and command as one line */
    enum role role;
    bool is_pgusher;      /* for ROLE_MIGRATION */
    bool waits_by_itself; /* its own command waits until all is migrated, or migrates first */
    const struct dependency *dependencies;
    size_t dependency_count;
    const struct variable *variables; /* environment before env_file */
    size_t variable_count;
    const char *use;      /* what shows that it uses the database: a variable's name, "depends_on" ...; NULL: it does not */
    const char *use_file; /* the env_file that says so, or NULL */
    bool visited;         /* for walks along dependencies */
};

struct stack_note {
    size_t offset_bytes;
    const char *text;
    struct stack_note *next;
};

struct stack {
    struct arena *arena;
    const struct source *source;
    const struct yaml_node *root;
    const struct yaml_node *list; /* the mapping of the services; NULL in a file that only includes others */
    struct service *services;
    size_t count;
    struct stack_note *notes; /* in the order of the file */
};

struct stack_options {
    const char *migrate_service;  /* NULL: recognised */
    const char *database_service; /* the same */
    bool reads_env_files;         /* those that the file names, relative to source->name */
};

/* All lives in arena. False with FAULT_CONFIG: no YAML, no Compose file, or a service of options that is none. */
bool stack_read(struct stack *stack, struct arena *arena, const struct source *source, const struct stack_options *options,
                struct fault *fault);

struct service *stack_service(const struct stack *stack, const char *name);

/* The place of what concerns all services, or lacks one: where the file begins to name them. */
size_t stack_place(const struct stack *stack);

/* The first service with that role, or NULL. */
const struct service *stack_first(const struct stack *stack, enum role role);

/* A key's value: the service's own or merged one, else its base's; resolved; NULL when there is none. */
const struct yaml_node *service_find(const struct service *service, const char *key);

/* What service says of one that it depends on, or NULL. */
const struct dependency *service_dependency(const struct service *service, const char *name);

/* Whether service starts only after another: because of a dependency of its own, or one of those it depends on. */
bool stack_depends(const struct stack *stack, const struct service *service, const struct service *on);

/* The same, but only where the other one has ended well (service_completed_successfully) before. */
bool stack_waits(const struct stack *stack, const struct service *service, const struct service *migration);

#endif
