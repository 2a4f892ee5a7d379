/*
 * What a service's environment is: environment as a list or a mapping, and env_file. Values are judged and never shown.
 */
#include <string.h>

#include "compose/files.h"
#include "compose/words.h"
#include "stack_inside.h"

enum { MOST_BASES = 16, MOST_VARIABLES = 4096 };

struct reading {
    struct stack *stack;
    struct service *service;
    struct variable *list;
    size_t count;
    size_t room;
    bool reads_env_files;
};

/* Of one name the first counts. */
static bool add(struct reading *reading, const char *name, const char *value, const char *file, struct fault *fault)
{
    const char *known = words_interpolate(reading->stack->arena, value);
    if (value != NULL && known == NULL)
        return fault_out_of_memory(fault);
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->list[i].name, name) == 0)
            return true;
    if (reading->count == MOST_VARIABLES)
        return true;
    struct variable *list = arena_grow(reading->stack->arena, reading->list, reading->count, &reading->room, sizeof *list);
    if (list == NULL)
        return fault_out_of_memory(fault);
    reading->list = list;
    reading->list[reading->count++] = (struct variable){ .name = name, .value = known, .file = file };
    return true;
}

/* "NAME=value" or, from the caller's environment, "NAME". */
static bool add_item(struct reading *reading, const char *text, struct fault *fault)
{
    const char *equals = strchr(text, '=');
    size_t size = equals != NULL ? (size_t) (equals - text) : strlen(text);
    const char *name = arena_copy(reading->stack->arena, text, size);
    if (name == NULL)
        return fault_out_of_memory(fault);
    return add(reading, name, equals != NULL ? equals + 1 : NULL, NULL, fault);
}

static bool read_environment(struct reading *reading, const struct yaml_node *node, struct fault *fault)
{
    struct yaml_entries entries = { .count = 0 };
    const struct yaml_node *item = node != NULL && node->kind == YAML_SEQUENCE ? node->first : NULL;
    for (; item != NULL; item = item->next) {
        const char *text = yaml_text(yaml_resolve(item));
        if (text != NULL && !add_item(reading, text, fault))
            return false;
    }
    if (!yaml_gather(&entries, reading->stack->arena, node, fault))
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        const char *name = yaml_text(yaml_resolve(entries.list[i]->key));
        if (!add(reading, name, yaml_text(yaml_resolve(entries.list[i])), NULL, fault))
            return false;
    }
    return true;
}

static bool note_unread(struct reading *reading, const struct yaml_node *item, const char *path, const char *why,
                        struct fault *fault)
{
    const char *text =
        arena_format(reading->stack->arena, "%s of %s is not looked at: %s", path, reading->service->name, why);
    return stack_note(reading->stack, item->begin, text, fault);
}

static bool read_env_file(struct reading *reading, const struct yaml_node *item, const char *written, bool optional,
                          struct fault *fault)
{
    struct arena *arena = reading->stack->arena;
    struct source source;
    struct env_line line;
    size_t at = 0;
    const char *name = words_interpolate(arena, written);
    const char *path = name != NULL ? file_beside(arena, reading->stack->source->name, name) : NULL;
    if (path == NULL)
        return fault_out_of_memory(fault);
    if (words_are_unknown(path))
        return note_unread(reading, item, written, "its name depends on the environment", fault);
    if (!reading->reads_env_files)
        return true;
    struct fault unread;
    fault_clear(&unread);
    if (!file_read(&source, arena, path, &unread)) {
        const char *why = unread.system_errno != 0 ? strerror(unread.system_errno) : "it is no regular file of a sane size";
        if (unread.class == FAULT_INTERNAL)
            return fault_out_of_memory(fault);
        return optional || note_unread(reading, item, name, why, fault);
    }
    while (env_line_next(&line, arena, &source, &at, &unread))
        if (!add(reading, line.name, line.value, name, fault))
            return false;
    return !fault_is_set(&unread) || fault_out_of_memory(fault);
}

/* A later file beats an earlier one, which only matters where they disagree about the host: the first is good enough here. */
static bool read_env_files(struct reading *reading, const struct yaml_node *node, struct fault *fault)
{
    if (yaml_text(node) != NULL)
        return read_env_file(reading, node, yaml_text(node), false, fault);
    const struct yaml_node *item = node != NULL && node->kind == YAML_SEQUENCE ? node->first : NULL;
    for (; item != NULL; item = item->next) {
        const struct yaml_node *entry = yaml_resolve(item);
        const char *required = yaml_text(yaml_find(entry, "required"));
        const char *path = yaml_text(entry) != NULL ? yaml_text(entry) : yaml_text(yaml_find(entry, "path"));
        bool optional = required != NULL && strcmp(required, "false") == 0;
        if (path != NULL && !read_env_file(reading, item, path, optional, fault))
            return false;
    }
    return true;
}

static bool read_all(struct reading *reading, const struct service *from,
                     bool (*read)(struct reading *, const struct yaml_node *, struct fault *), const char *key,
                     struct fault *fault)
{
    for (int bases = 0; from != NULL && bases < MOST_BASES; from = from->base, bases++)
        if (!read(reading, yaml_find(from->body, key), fault))
            return false;
    return true;
}

bool stack_read_variables(struct stack *stack, struct service *service, bool reads_env_files, struct fault *fault)
{
    struct reading reading = { .stack = stack, .service = service, .reads_env_files = reads_env_files };
    if (!read_all(&reading, service, read_environment, "environment", fault) ||
        !read_all(&reading, service, read_env_files, "env_file", fault))
        return false;
    service->variables = reading.list;
    service->variable_count = reading.count;
    return true;
}
