/*
 * The service bot made the service of one bot: its name, its env_file, its dependencies, and what ${BOT_...} stands for.
 */
#include "bot_copy.h"

#include <ctype.h>
#include <string.h>

#include "check_inside.h"
#include "compose/words.h"

enum { MOST_ITEMS = 64 };

struct copying {
    struct edits *edits;
    const struct stack *stack;
    const struct service *service;
    const struct bot *bot;
    bool uses_port; /* ${BOT_PORT} stands in the template */
};

static bool refuse(const struct copying *copying, size_t offset, struct fault *fault, const char *what)
{
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, copying->stack->source->name, offset);
    return false;
}

/* --- ${BOT_NAME}, ${BOT_PORT} ----------------------------------------------------------------------------------------- */

struct reference {
    size_t begin;
    size_t end;
    const char *name; /* not ended by a NUL */
    size_t name_size;
    size_t rest; /* where ":-default" or "}" begins, with braces; else end */
};

static size_t name_end(const struct source *source, size_t at)
{
    const char *bytes = source->bytes;
    while (at < source->size && (bytes[at] == '_' || isalnum((unsigned char) bytes[at])))
        at++;
    return at;
}

/* What begins with the dollar at begin; false when it is no variable, as "$$" is none. */
static bool read_reference(struct reference *reference, const struct source *source, size_t begin)
{
    bool has_brace = begin + 1 < source->size && source->bytes[begin + 1] == '{';
    size_t name = begin + 1 + has_brace;
    size_t rest = name_end(source, name);
    const char *close = has_brace ? memchr(source->bytes + rest, '}', source->size - rest) : NULL;
    *reference = (struct reference){ .begin = begin, .name = source->bytes + name, .name_size = rest - name, .rest = rest };
    reference->end = has_brace && close != NULL ? (size_t) (close - source->bytes) + 1 : rest;
    return rest > name && (!has_brace || close != NULL);
}

static bool names(const struct reference *reference, const char *name)
{
    return reference->name_size == strlen(name) && memcmp(reference->name, name, reference->name_size) == 0;
}

static bool replace_reference(struct copying *copying, const struct reference *reference, struct fault *fault)
{
    const struct source *source = copying->stack->source;
    bool is_port = names(reference, "BOT_PORT");
    const char *value = is_port ? copying->bot->port : copying->bot->name;
    size_t colon = reference->rest + (source->bytes[reference->rest] == ':');
    copying->uses_port = copying->uses_port || is_port;
    if (value != NULL)
        edits_add(copying->edits, reference->begin, reference->end, value);
    else if (colon < reference->end && source->bytes[colon] == '-')
        edits_add(copying->edits, reference->begin, reference->end,
                  arena_copy(copying->edits->arena, source->bytes + colon + 1, reference->end - colon - 2));
    else {
        fault_set(fault, FAULT_CONFIG, "%s does not say BOT_PORT, which the template needs", copying->bot->env_file);
        fault_place(fault, source->name, reference->begin);
        fault_hint(fault, "Say it there, or give it a default here: ${BOT_PORT:-8080}.");
        return false;
    }
    return true;
}

/* The first reference to one of ours from begin on; false when there is none before end. */
static bool find_reference(struct reference *reference, const struct source *source, size_t begin, size_t end)
{
    for (size_t at = begin; at < end; at++) {
        if (source->bytes[at] != '$')
            continue;
        if (at + 1 < end && source->bytes[at + 1] == '$')
            at++;
        else if (read_reference(reference, source, at) && reference->end <= end &&
                 (names(reference, "BOT_NAME") || names(reference, "BOT_PORT")))
            return true;
    }
    return false;
}

static bool replace_references(struct copying *copying, size_t begin, size_t end, struct fault *fault)
{
    struct reference reference = { .end = begin };
    while (find_reference(&reference, copying->stack->source, reference.end, end))
        if (!replace_reference(copying, &reference, fault))
            return false;
    return true;
}

bool text_is_each_bots(const struct source *source, size_t begin, size_t end)
{
    struct reference reference;
    return find_reference(&reference, source, begin, end);
}

/* --- parts ------------------------------------------------------------------------------------------------------------ */

/* A text of the template as the copy will have it. */
static bool is_for_this_bot(const struct copying *copying, const struct yaml_node *item)
{
    const char *text = yaml_text(item);
    const char *env_file = copying->bot->env_file;
    return text != NULL &&
           (strcmp(text, env_file) == 0 || strcmp(text, ".env.${BOT_NAME}") == 0 || strcmp(text, "./.env.${BOT_NAME}") == 0);
}

static bool give_env_file(struct copying *copying, struct fault *fault)
{
    const struct yaml_node *own = yaml_own(copying->service->body, "env_file");
    const char *items[] = { copying->bot->env_file };
    bool is_list = own != NULL && own->kind == YAML_SEQUENCE;
    if (is_for_this_bot(copying, own))
        return true;
    for (const struct yaml_node *item = is_list ? own->first : NULL; item != NULL; item = item->next)
        if (is_for_this_bot(copying, item))
            return true;
    return list_add(copying->edits, copying->stack->source, copying->service->body, "env_file", items, 1) ||
           refuse(copying, own != NULL ? own->key->begin : copying->service->body->begin, fault,
                  "env_file of the service bot must be a text or a list that is written here");
}

static bool give_port(struct copying *copying, struct fault *fault)
{
    const char *port = copying->bot->port;
    if (port == NULL || copying->uses_port)
        return true;
    const char *items[] = { arena_format(copying->edits->arena, "%s:%s", port, port) };
    const struct yaml_node *own = yaml_own(copying->service->body, "ports");
    copying->edits->failed = copying->edits->failed || items[0] == NULL;
    return copying->edits->failed ||
           list_add(copying->edits, copying->stack->source, copying->service->body, "ports", items, 1) ||
           refuse(copying, own != NULL ? own->key->begin : copying->service->body->begin, fault,
                  "ports of the service bot must be a list that is written here");
}

static bool give_volumes(struct copying *copying, struct fault *fault)
{
    const char *items[MOST_ITEMS];
    size_t count = 0;
    char *rest = NULL;
    const struct yaml_node *own = yaml_own(copying->service->body, "volumes");
    if (copying->bot->volumes == NULL)
        return true;
    char *text = arena_text(copying->edits->arena, copying->bot->volumes);
    if (text == NULL)
        return fault_out_of_memory(fault);
    for (char *item = strtok_r(text, ", ", &rest); item != NULL && count < MOST_ITEMS; item = strtok_r(NULL, ", ", &rest))
        items[count++] = item;
    return count == 0 || list_add(copying->edits, copying->stack->source, copying->service->body, "volumes", items, count) ||
           refuse(copying, own != NULL ? own->key->begin : copying->service->body->begin, fault,
                  "volumes of the service bot must be a list that is written here");
}

/* Taken out where it stands behind others, to come first. */
static void move_to_the_front(struct copying *copying, const char *migration)
{
    const struct source *source = copying->stack->source;
    const struct yaml_node *own = yaml_own(copying->service->body, "depends_on");
    const struct yaml_node *item = own != NULL && own->kind == YAML_MAPPING && !own->flow ? yaml_own(own, migration) : NULL;
    if (item == NULL || own->first == item ||
        line_indent(source, item->key->begin) != line_indent(source, own->first->key->begin))
        return;
    size_t begin = line_begin(source, item->key->begin);
    size_t end = line_end(source, item->end);
    while (end < source->size && source->bytes[end] != '\n')
        end++;
    end += end < source->size;
    char *text = arena_copy(copying->edits->arena, source->bytes + begin, end - begin);
    edits_add(copying->edits, line_begin(source, own->first->key->begin), line_begin(source, own->first->key->begin), text);
    edits_add(copying->edits, begin, end, "");
}

static void give_dependency(struct copying *copying, const char *migration)
{
    for (size_t i = 0; i < copying->service->dependency_count; i++) {
        const struct dependency *dependency = &copying->service->dependencies[i];
        if (strcmp(dependency->name, migration) == 0 && dependency->condition == CONDITION_COMPLETED &&
            !dependency->optional) {
            move_to_the_front(copying, migration);
            return;
        }
    }
    depend_on(copying->edits, copying->stack, copying->service, migration, "service_completed_successfully");
}

/* Those keys that are there, or those that are not: what goes on behind the last line of a key must stand before a new key. */
static bool give_all(struct copying *copying, const char *migration, bool are_there, struct fault *fault)
{
    const struct yaml_node *body = copying->service->body;
    if ((yaml_own(body, "depends_on") != NULL) == are_there)
        give_dependency(copying, migration);
    return ((yaml_own(body, "env_file") != NULL) != are_there || give_env_file(copying, fault)) &&
           ((yaml_own(body, "ports") != NULL) != are_there || give_port(copying, fault)) &&
           ((yaml_own(body, "volumes") != NULL) != are_there || give_volumes(copying, fault));
}

bool bot_copy(struct edits *edits, const struct stack *stack, const struct service *service, const struct bot *bot,
              const char *migration, struct fault *fault)
{
    struct copying copying = { .edits = edits, .stack = stack, .service = service, .bot = bot };
    const struct yaml_node *key = service->value->key;
    edits_add_format(edits, key->begin, key->end, "%s-bot", bot->name);
    if (!replace_references(&copying, key->end, line_end(stack->source, service->body->end), fault) ||
        !give_all(&copying, migration, true, fault) || !give_all(&copying, migration, false, fault))
        return false;
    if (edits->failed)
        return fault_out_of_memory(fault);
    return edits_sort(edits) ||
           refuse(&copying, key->begin, fault, "the service bot is written in a way that cannot be copied");
}
