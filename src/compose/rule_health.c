/*
 * Health checks of a server that ask its unix socket. The official images first run a temporary server on that socket alone, to
 * make the database, and a check that asks there says healthy before the real one has started.
 */
#include <stdint.h>
#include <string.h>

#include "check_inside.h"
#include "compose/words.h"

struct probe {
    struct review *review;
    const struct service *service;
    const char *program; /* "pg_isready" or "psql" */
};

static bool is_socket(const char *host)
{
    return *host == '/' || *host == '@' || *host == '\0';
}

/* --- one argument after the other ------------------------------------------------------------------------------------- */

/* What an argument, and the one after it, says about the host; NULL: nothing. */
static const char *host_of(const char *argument, const char *next)
{
    static const char *const names[] = { "--host=", "--dbname=" };
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--host") == 0)
        return next != NULL ? next : "";
    if (strncmp(argument, names[0], strlen(names[0])) == 0)
        return argument + strlen(names[0]);
    if (argument[0] == '-' && argument[1] == 'h' && argument[2] != '\0')
        return argument + 2;
    const char *conninfo = strncmp(argument, names[1], strlen(names[1])) == 0 ? argument + strlen(names[1]) : argument;
    const char *host = strstr(conninfo, "host=");
    if (host != NULL)
        return host + strlen("host=");
    const char *authority = strncmp(conninfo, "postgres", 8) == 0 ? strstr(conninfo, "://") : NULL;
    const char *at = authority != NULL ? strchr(authority, '@') : NULL;
    return authority == NULL ? NULL : at != NULL ? at + 1 : authority + 3;
}

static bool service_has_host(const struct service *service)
{
    for (size_t i = 0; i < service->variable_count; i++) {
        const struct variable *variable = &service->variables[i];
        bool is_host = strcmp(variable->name, "PGHOST") == 0 || strcmp(variable->name, "PGHOSTADDR") == 0;
        if (is_host && variable->value != NULL && !is_socket(variable->value))
            return true;
    }
    return false;
}

/* --- within a shell's text -------------------------------------------------------------------------------------------- */

/* The words from a call to its end in a shell: up to what ends a command. Quotes are only stripped: a host needs none. */
static bool call_has_host(struct arena *arena, const char *call, size_t size, bool *answer, struct fault *fault)
{
    char *words = arena_copy(arena, call, size);
    const char *previous = NULL;
    *answer = false;
    if (words == NULL)
        return fault_out_of_memory(fault);
    for (size_t i = 0; i < size; i++)
        if (strchr("'\"\\\n\t", words[i]) != NULL)
            words[i] = ' ';
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        const char *host = previous != NULL ? host_of(previous, word) : NULL;
        *answer = *answer || (host != NULL && !is_socket(host));
        previous = word;
    }
    const char *last = previous != NULL ? host_of(previous, NULL) : NULL;
    *answer = *answer || (last != NULL && !is_socket(last));
    return true;
}

/* PGHOST=localhost pg_isready */
static bool has_host_before(const char *text, const char *call)
{
    const char *variable = strstr(text, "PGHOST=");
    return variable != NULL && variable < call && !is_socket(variable + strlen("PGHOST="));
}

/* The nth call's place in the bytes of the scalar; SIZE_MAX when it is written in another way there. */
static size_t find_in_source(const struct source *source, const struct yaml_node *scalar, const char *program, size_t nth)
{
    size_t size = strlen(program);
    for (size_t at = scalar->begin; at + size <= scalar->end; at++) {
        bool is_here = memcmp(source->bytes + at, program, size) == 0;
        if (is_here && words_find(source->bytes + at, program) == source->bytes + at && nth-- == 0)
            return at + size;
    }
    return SIZE_MAX;
}

static struct finding *add_finding(struct probe *probe, size_t offset, bool is_told_so, struct fault *fault)
{
    struct arena *arena = probe->review->stack.arena;
    const char *what = arena_format(arena, "the health check of %s asks the unix socket only (%s %s)", probe->service->name,
                                    probe->program, is_told_so ? "-h with a directory" : "without -h");
    const char *advice = arena_format(arena, "let it ask over TCP: %s -h 127.0.0.1", probe->program);
    return review_add(probe->review, FINDING_SOCKET_HEALTH_CHECK, probe->service, offset, what, advice, fault);
}

static bool check_shell(struct probe *probe, const struct yaml_node *scalar, struct fault *fault)
{
    const struct stack *stack = &probe->review->stack;
    const char *text = yaml_text(scalar);
    size_t nth = 0;
    for (const char *call = words_find(text, probe->program); call != NULL; nth++) {
        const char *behind = call + strlen(probe->program);
        bool has_host;
        if (!call_has_host(stack->arena, behind, strcspn(behind, "|&;"), &has_host, fault))
            return false;
        if (!has_host && !has_host_before(text, call)) {
            size_t at = find_in_source(stack->source, scalar, probe->program, nth);
            bool is_told_so = strncmp(behind, " -h ", 4) == 0;
            struct finding *finding =
                add_finding(probe, at != SIZE_MAX ? at - strlen(probe->program) : scalar->begin, is_told_so, fault);
            if (finding == NULL)
                return false;
            if (at != SIZE_MAX && !is_told_so)
                edits_add(&finding->edits, at, at, " -h 127.0.0.1");
        }
        call = words_find(behind, probe->program);
    }
    return true;
}

/* --- ["CMD", "pg_isready", ...] --------------------------------------------------------------------------------------- */

static void insert_items(struct edits *edits, const struct source *source, const struct yaml_node *list,
                         const struct yaml_node *item)
{
    if (list->flow) {
        edits_add(edits, item->end, item->end, ", \"-h\", \"127.0.0.1\"");
        return;
    }
    size_t dash = item->begin;
    while (dash > 0 && source->bytes[dash - 1] == ' ')
        dash--;
    size_t indent = dash > 0 && source->bytes[dash - 1] == '-' ? line_indent(source, dash - 1) : SIZE_MAX;
    const char *feed = line_feed(source);
    if (indent != SIZE_MAX)
        edits_add_format(edits, line_end(source, item->end), line_end(source, item->end),
                         "%s%*s- \"-h\"%s%*s- \"127.0.0.1\"", feed, (int) indent, "", feed, (int) indent, "");
}

/* ["CMD", "sh", "-c", "pg_isready"]: what the shell is given; NULL when it is no shell that is called. */
static const struct yaml_node *text_of_shell(const struct yaml_node *call)
{
    static const char *const shells[] = { "sh", "bash", "ash", "dash" };
    const char *slash = strrchr(yaml_text(call), '/');
    const char *name = slash != NULL ? slash + 1 : yaml_text(call);
    const char *flags = yaml_text(call->next);
    bool is_shell = false;
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        is_shell = is_shell || strcmp(name, shells[i]) == 0;
    bool is_text = is_shell && flags != NULL && flags[0] == '-' && flags[strlen(flags) - 1] == 'c';
    return is_text && yaml_text(call->next->next) != NULL ? call->next->next : NULL;
}

static bool check_arguments(struct probe *probe, const struct yaml_node *list, const struct yaml_node *call,
                            struct fault *fault)
{
    bool has_host = false;
    for (const struct yaml_node *item = call->next; item != NULL; item = item->next) {
        const char *host = yaml_text(item) != NULL ? host_of(yaml_text(item), yaml_text(item->next)) : NULL;
        has_host = has_host || (host != NULL && !is_socket(host));
        if (host != NULL && is_socket(host))
            return add_finding(probe, item->begin, true, fault) != NULL;
    }
    if (has_host)
        return true;
    struct finding *finding = add_finding(probe, call->begin, false, fault);
    if (finding != NULL)
        insert_items(&finding->edits, probe->review->stack.source, list, call);
    return finding != NULL;
}

static bool check_list(struct probe *probe, const struct yaml_node *list, struct fault *fault)
{
    const struct yaml_node *call = list->first->next;
    if (call == NULL || yaml_text(call) == NULL)
        return true;
    const struct yaml_node *text = text_of_shell(call);
    if (text != NULL)
        return check_shell(probe, text, fault);
    return words_find(yaml_text(call), probe->program) == NULL || check_arguments(probe, list, call, fault);
}

static bool check_test(struct probe *probe, const struct yaml_node *test, struct fault *fault)
{
    if (yaml_text(test) != NULL)
        return check_shell(probe, test, fault);
    const struct yaml_node *kind = test->kind == YAML_SEQUENCE ? test->first : NULL;
    if (kind == NULL || yaml_text(kind) == NULL)
        return true;
    if (strcmp(yaml_text(kind), "CMD") == 0)
        return check_list(probe, test, fault);
    bool is_shell = strcmp(yaml_text(kind), "CMD-SHELL") == 0 && yaml_text(kind->next) != NULL;
    return !is_shell || check_shell(probe, kind->next, fault);
}

bool rule_health_check(struct review *review, const struct service *service, struct fault *fault)
{
    static const char *const programs[] = { "pg_isready", "psql" };
    const struct yaml_node *check = service_find(service, "healthcheck");
    const struct yaml_node *test = yaml_find(check, "test");
    const char *disabled = yaml_text(yaml_find(check, "disable"));
    bool is_off = disabled != NULL && strcmp(disabled, "true") == 0;
    if (service->role != ROLE_DATABASE || test == NULL || is_off || service_has_host(service))
        return true;
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct probe probe = { .review = review, .service = service, .program = programs[i] };
        if (!check_test(&probe, test, fault))
            return false;
    }
    return true;
}
