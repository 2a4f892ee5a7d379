/*
 * What a service is: the server, a pooler, somebody's tool, the migration, or an application. Judged by what is told by its image,
 * by what it runs, and last by its name.
 */
#include <string.h>
#include <strings.h>

#include "compose/words.h"
#include "stack_inside.h"

static const char *find_variable(const struct service *service, const char *const *names)
{
    for (size_t i = 0; i < service->variable_count; i++)
        if (words_end_like(service->variables[i].name, names))
            return service->variables[i].name;
    return NULL;
}

/* The official image run with a client's command is no server. */
static bool runs_a_client(const char *command)
{
    static const char *const clients[] = { "psql", "pg_dump", "pg_dumpall", "pg_restore", "pgbench", "pg_basebackup" };
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (words_find(command, clients[i]) != NULL)
            return true;
    return false;
}

/* A copy of whatever is there needs no migration to have been. */
static bool makes_backups(const char *command)
{
    return words_find(command, "pg_dump") != NULL || words_find(command, "pg_dumpall") != NULL ||
           words_find(command, "pg_basebackup") != NULL;
}

/* For an image that says nothing: what a server is called, and what only a server is given. */
static bool looks_like_a_server(struct stack *stack, const struct service *service, bool *answer, struct fault *fault)
{
    static const char *const names[] = { "db", "postgres", "postgresql", "database", "pg" };
    static const char *const servers[] = { "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_HOST_AUTH_METHOD",
                                           NULL };
    static const char *const clients[] = { "POSTGRES_HOST", "PGHOST", "DATABASE_URL", NULL };
    const struct yaml_node *test = yaml_find(service_find(service, "healthcheck"), "test");
    const char *check = command_line(stack->arena, test, fault);
    bool is_called_so = false;
    *answer = false;
    if (check == NULL)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        is_called_so = is_called_so || strcasecmp(service->name, names[i]) == 0;
    bool is_given_so = find_variable(service, servers) != NULL && find_variable(service, clients) == NULL;
    *answer = is_called_so && (is_given_so || words_find(check, "pg_isready") != NULL);
    return true;
}

static bool is_called_migration(const char *name)
{
    static const char *const parts[] = { "migrate", "migration", "migrator", "flyway", "liquibase", NULL };
    for (size_t i = 0; parts[i] != NULL; i++)
        if (strcasestr(name, parts[i]) != NULL)
            return true;
    return false;
}

static bool read_command(struct stack *stack, struct service *service, struct fault *fault)
{
    const char *entrypoint = command_line(stack->arena, service_find(service, "entrypoint"), fault);
    const char *command = command_line(stack->arena, service_find(service, "command"), fault);
    if (entrypoint == NULL || command == NULL)
        return false;
    service->command = entrypoint[0] != '\0' ? arena_format(stack->arena, "%s %s", entrypoint, command) : command;
    service->image = words_interpolate(stack->arena, yaml_text(service_find(service, "image")));
    bool is_missing = service->image == NULL && yaml_text(service_find(service, "image")) != NULL;
    return (service->command != NULL && !is_missing) || fault_out_of_memory(fault);
}

static enum role role_of_client(const struct service *service)
{
    return makes_backups(service->command) ? ROLE_TOOL : ROLE_APPLICATION;
}

static enum role role_of_image(const struct service *service)
{
    switch (image_kind(service->image)) {
    case IMAGE_DATABASE:
        return runs_a_client(service->command) ? role_of_client(service) : ROLE_DATABASE;
    case IMAGE_POOLER:
        return ROLE_POOLER;
    case IMAGE_TOOL:
        return ROLE_TOOL;
    case IMAGE_MIGRATION:
        return ROLE_MIGRATION;
    case IMAGE_PGUSHER:
    case IMAGE_OTHER:
        break;
    }
    return role_of_client(service);
}

bool stack_read_role(struct stack *stack, struct service *service, struct fault *fault)
{
    bool is_server;
    if (!read_command(stack, service, fault) || !looks_like_a_server(stack, service, &is_server, fault))
        return false;
    bool is_ours = image_kind(service->image) == IMAGE_PGUSHER;
    service->role = role_of_image(service);
    if (service->role != ROLE_APPLICATION)
        return true;
    enum runs runs = command_runs(service->command, is_ours && yaml_text(service_find(service, "entrypoint")) == NULL);
    service->waits_by_itself = runs == RUNS_AFTER_MIGRATIONS;
    if (is_server)
        service->role = ROLE_DATABASE;
    else if (runs == RUNS_MIGRATIONS || (runs == RUNS_SOMETHING && is_called_migration(service->name)))
        service->role = ROLE_MIGRATION;
    service->is_pgusher = service->role == ROLE_MIGRATION && (is_ours || words_find(service->command, "pgusher") != NULL);
    return true;
}
