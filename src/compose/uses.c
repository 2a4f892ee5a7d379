/*
 * Whether a service uses the database: by what its variables are called and where they point, by its command, by whom it depends
 * on. A value that points elsewhere speaks against the names; a value is never kept.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "compose/words.h"
#include "stack_inside.h"

enum points { POINTS_NOWHERE, POINTS_HERE, POINTS_ELSEWHERE };

/* A host is a piece of a text. */
struct host {
    const char *text;
    size_t size;
};

static bool host_is(struct host host, const char *name)
{
    return name != NULL && strlen(name) == host.size && strncasecmp(name, host.text, host.size) == 0;
}

static bool is_alias_of(const struct service *service, struct host host)
{
    const struct yaml_node *networks = service_find(service, "networks");
    if (networks == NULL || networks->kind != YAML_MAPPING)
        return false;
    for (const struct yaml_node *network = networks->first; network != NULL; network = network->next) {
        const struct yaml_node *aliases = yaml_find(network, "aliases");
        for (const struct yaml_node *item = aliases != NULL ? aliases->first : NULL; item != NULL; item = item->next)
            if (host_is(host, yaml_text(yaml_resolve(item))))
                return true;
    }
    return false;
}

static bool is_server(const struct service *service)
{
    return service->role == ROLE_DATABASE || service->role == ROLE_POOLER;
}

static bool is_called(const struct service *service, struct host host)
{
    return host_is(host, service->name) || host_is(host, yaml_text(service_find(service, "container_name"))) ||
           host_is(host, yaml_text(service_find(service, "hostname"))) || is_alias_of(service, host);
}

static bool is_this_machine(struct host host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "::1", "[::1]", "host.docker.internal" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (host_is(host, names[i]))
            return true;
    return false;
}

/* A file without a server of its own speaks of one elsewhere, which is then *the* database. */
static enum points host_points(const struct stack *stack, const struct service *service, struct host host)
{
    const char *network = yaml_text(service_find(service, "network_mode"));
    bool has_server = false;
    if (host.size == 0 || memchr(host.text, UNKNOWN_CHARACTER, host.size) != NULL)
        return POINTS_HERE;
    if (is_this_machine(host))
        return network != NULL && strcmp(network, "host") == 0 ? POINTS_HERE : POINTS_ELSEWHERE;
    for (size_t i = 0; i < stack->count; i++) {
        if (is_server(&stack->services[i]) && is_called(&stack->services[i], host))
            return POINTS_HERE;
        has_server = has_server || is_server(&stack->services[i]);
    }
    return has_server ? POINTS_ELSEWHERE : POINTS_HERE;
}

/* --- places in a value ------------------------------------------------------------------------------------------------ */

/* What follows "://": user, password, the hosts, a path. Any of several hosts will do. */
static enum points authority_points(const struct stack *stack, const struct service *service, const char *text)
{
    size_t size = strcspn(text, "/?#\"' \n");
    for (size_t i = size; i > 0; i--)
        if (text[i - 1] == '@') {
            text += i;
            size -= i;
            break;
        }
    enum points points = POINTS_ELSEWHERE;
    for (size_t at = 0; at <= size;) {
        size_t piece = 0;
        while (at + piece < size && text[at + piece] != ',')
            piece++;
        size_t host = 0;
        while (host < piece && text[at + host] != ':')
            host++;
        if (host_points(stack, service, (struct host){ text + at, host }) == POINTS_HERE)
            points = POINTS_HERE;
        at += piece + 1;
    }
    return points;
}

/* postgres://, postgresql+asyncpg://, jdbc:postgresql:// and the like; what another scheme names is elsewhere. */
static enum points url_points(const struct stack *stack, const struct service *service, const char *value)
{
    enum points points = POINTS_NOWHERE;
    for (const char *at = strstr(value, "://"); at != NULL; at = strstr(at + 3, "://")) {
        const char *scheme = at;
        while (scheme > value && (isalnum((unsigned char) scheme[-1]) || strchr("+-.", scheme[-1]) != NULL))
            scheme--;
        bool is_postgres = strncasecmp(scheme, "postgres", strlen("postgres")) == 0 ||
                           strncasecmp(scheme, "postgis", strlen("postgis")) == 0 ||
                           strncasecmp(scheme, "psql", strlen("psql")) == 0;
        enum points here = is_postgres ? authority_points(stack, service, at + 3) : POINTS_ELSEWHERE;
        if (here == POINTS_HERE)
            return here;
        points = here;
    }
    return points;
}

/* host=db of libpq, Host=db; and Server=db; of others. */
static enum points keyword_points(const struct stack *stack, const struct service *service, const char *value)
{
    static const char *const keywords[] = { "host", "server", "hostaddr" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        size_t size = strlen(keywords[i]);
        for (const char *at = strcasestr(value, keywords[i]); at != NULL; at = strcasestr(at + 1, keywords[i])) {
            const char *rest = at + size + strspn(at + size, " ");
            if ((at != value && strchr(" ;'\"", at[-1]) == NULL) || *rest != '=')
                continue;
            rest += 1 + strspn(rest + 1, " '");
            return host_points(stack, service, (struct host){ rest, strcspn(rest, " ,;:'\"") });
        }
    }
    return POINTS_NOWHERE;
}

static bool is_a_servers(const struct stack *stack, struct host host)
{
    for (size_t i = 0; i < stack->count; i++)
        if (is_server(&stack->services[i]) && is_called(&stack->services[i], host))
            return true;
    return false;
}

/* "db:5432" as the whole or as one word. */
static enum points address_points(const struct stack *stack, const char *value)
{
    for (const char *colon = strchr(value, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        const char *host = colon;
        while (host > value && (isalnum((unsigned char) host[-1]) || strchr("-_.", host[-1]) != NULL))
            host--;
        if (isdigit((unsigned char) colon[1]) && is_a_servers(stack, (struct host){ host, (size_t) (colon - host) }))
            return POINTS_HERE;
    }
    return POINTS_NOWHERE;
}

/* psql -h db, pg_isready --host=db: whatever the program, the host is the server's. */
static enum points flag_points(const struct stack *stack, const char *command)
{
    static const char *const flags[] = { " -h", " --host" };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        for (const char *at = strstr(command, flags[i]); at != NULL; at = strstr(at + 1, flags[i])) {
            const char *host = at + strlen(flags[i]);
            host += strspn(host, " ='\"");
            if (is_a_servers(stack, (struct host){ host, strcspn(host, " '\";|&\n") }))
                return POINTS_HERE;
        }
    return POINTS_NOWHERE;
}

static enum points value_points(const struct stack *stack, const struct service *service, const char *value)
{
    enum points points = url_points(stack, service, value);
    if (points == POINTS_NOWHERE)
        points = keyword_points(stack, service, value);
    return points == POINTS_NOWHERE ? address_points(stack, value) : points;
}

/* --- a variable ------------------------------------------------------------------------------------------------------- */

static const char *const urls[] = {
    "DATABASE_URL", "DATABASE_URI", "DATABASE_DSN",   "DB_URL", "DB_URI", "DB_DSN", "POSTGRES_URL",
    "POSTGRES_URI", "POSTGRES_DSN", "POSTGRESQL_URL", "PG_URL", "PG_DSN", NULL
};
static const char *const hosts[] = {
    "POSTGRES_HOST", "POSTGRESQL_HOST", "POSTGRES_SERVER", "PGHOST",    "PGHOSTADDR", "PG_HOST",
    "DB_HOST",       "DB_HOSTNAME",     "DATABASE_HOST",   "DB_SERVER", NULL
};
static const char *const others[] = {
    "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "PGUSER", "PGDATABASE", "PGPASSWORD",
    "PGSERVICE",     NULL
};
static const char *const address_words[] = { "HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "ENDPOINT", "HOSTS", NULL };

static enum points variable_points(const struct stack *stack, const struct service *service, const struct variable *variable)
{
    const char *name = variable->name;
    const char *value = variable->value;
    bool is_unknown = value == NULL || *value == '\0' || words_are_unknown(value);
    enum points points = value != NULL ? value_points(stack, service, value) : POINTS_NOWHERE;
    if (points != POINTS_NOWHERE)
        return points == POINTS_HERE || words_end_like(name, urls) ? points : POINTS_NOWHERE;
    if (words_end_like(name, urls))
        return is_unknown ? POINTS_HERE : POINTS_ELSEWHERE;
    if (words_end_like(name, hosts))
        return is_unknown ? POINTS_HERE : host_points(stack, service, (struct host){ value, strlen(value) });
    if (!is_unknown && words_end_like(name, address_words) && stack_first(stack, ROLE_DATABASE) != NULL &&
        host_points(stack, service, (struct host){ value, strlen(value) }) == POINTS_HERE)
        return POINTS_HERE;
    return POINTS_NOWHERE;
}

static bool depends_on_a_server(const struct stack *stack, const struct service *service)
{
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct service *on = stack_service(stack, service->dependencies[i].name);
        if (on != NULL && is_server(on))
            return true;
    }
    return false;
}

static bool is_linked_to_a_server(const struct stack *stack, const struct service *service)
{
    const struct yaml_node *links = service_find(service, "links");
    for (const struct yaml_node *item = links != NULL ? links->first : NULL; item != NULL; item = item->next) {
        const char *text = yaml_text(yaml_resolve(item));
        size_t size = text != NULL ? strcspn(text, ":") : 0;
        for (size_t i = 0; size > 0 && i < stack->count; i++)
            if (is_server(&stack->services[i]) && host_is((struct host){ text, size }, stack->services[i].name))
                return true;
    }
    return false;
}

static void set_use(struct service *service, const char *use, const char *file)
{
    service->use = use;
    service->use_file = file;
}

static void find_use(const struct stack *stack, struct service *service)
{
    const struct variable *by_name = NULL;
    bool points_elsewhere = false;
    for (size_t i = 0; i < service->variable_count; i++) {
        const struct variable *variable = &service->variables[i];
        enum points points = variable_points(stack, service, variable);
        if (points == POINTS_HERE) {
            set_use(service, variable->name, variable->file);
            return;
        }
        points_elsewhere = points_elsewhere || points == POINTS_ELSEWHERE;
        if (by_name == NULL && words_end_like(variable->name, others))
            by_name = variable;
    }
    if (value_points(stack, service, service->command) == POINTS_HERE || flag_points(stack, service->command) == POINTS_HERE)
        set_use(service, "command", NULL);
    else if (depends_on_a_server(stack, service))
        set_use(service, "depends_on", NULL);
    else if (is_linked_to_a_server(stack, service))
        set_use(service, "links", NULL);
    else if (by_name != NULL && !points_elsewhere)
        set_use(service, by_name->name, by_name->file);
}

void stack_find_uses(struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        find_use(stack, &stack->services[i]);
}
