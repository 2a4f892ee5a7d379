/*
 * depends_on, in its short and its long form, and walks along it.
 */
#include <string.h>

#include "stack_inside.h"

enum { MOST_BASES = 16 };

struct list {
    struct dependency *at;
    size_t count;
    size_t room;
};

static enum condition read_condition(const struct yaml_node *value)
{
    const char *text = yaml_text(yaml_find(value, "condition"));
    if (text == NULL || strcmp(text, "service_started") == 0)
        return CONDITION_STARTED;
    if (strcmp(text, "service_healthy") == 0)
        return CONDITION_HEALTHY;
    return strcmp(text, "service_completed_successfully") == 0 ? CONDITION_COMPLETED : CONDITION_OTHER;
}

static bool is_optional(const struct yaml_node *value)
{
    const char *text = yaml_text(yaml_find(value, "required"));
    return text != NULL && strcmp(text, "false") == 0;
}

static bool add(struct list *list, struct arena *arena, const struct yaml_node *item, bool is_long, struct fault *fault)
{
    const char *name = yaml_text(yaml_resolve(is_long ? item->key : item));
    if (name == NULL)
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i].name, name) == 0)
            return true;
    struct dependency *at = arena_grow(arena, list->at, list->count, &list->room, sizeof *at);
    if (at == NULL)
        return fault_out_of_memory(fault);
    list->at = at;
    list->at[list->count++] = (struct dependency){
        .name = name,
        .condition = is_long ? read_condition(item) : CONDITION_STARTED,
        .optional = is_long && is_optional(item),
    };
    return true;
}

/* The names in one depends_on, of a mapping with what is merged into it. */
static bool add_all(struct list *list, struct arena *arena, const struct yaml_node *node, struct fault *fault)
{
    struct yaml_entries entries = { .count = 0 };
    const struct yaml_node *item = node != NULL && node->kind == YAML_SEQUENCE ? node->first : NULL;
    for (; item != NULL; item = item->next)
        if (!add(list, arena, item, false, fault))
            return false;
    if (!yaml_gather(&entries, arena, node, fault))
        return false;
    for (size_t i = 0; i < entries.count; i++)
        if (!add(list, arena, entries.list[i], true, fault))
            return false;
    return true;
}

/* A service's own come before those of what it extends; of one name the first counts. */
bool stack_read_dependencies(struct stack *stack, struct service *service, struct fault *fault)
{
    struct list list = { .count = 0 };
    const struct service *from = service;
    int bases = 0;
    do {
        if (!add_all(&list, stack->arena, yaml_find(from->body, "depends_on"), fault))
            return false;
        from = from->base;
    } while (from != NULL && ++bases < MOST_BASES);
    service->dependencies = list.at;
    service->dependency_count = list.count;
    return true;
}

const struct dependency *service_dependency(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->dependency_count; i++)
        if (strcmp(service->dependencies[i].name, name) == 0)
            return &service->dependencies[i];
    return NULL;
}

/* --- walks ------------------------------------------------------------------------------------------------------------ */

static void forget_visits(const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        stack->services[i].visited = false;
}

static bool reaches(const struct stack *stack, struct service *service, const struct service *to, bool must_be_completed)
{
    if (service->visited)
        return false;
    service->visited = true;
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct dependency *dependency = &service->dependencies[i];
        struct service *next = stack_service(stack, dependency->name);
        if (next == NULL || (must_be_completed && dependency->optional))
            continue;
        if (next == to && (!must_be_completed || dependency->condition == CONDITION_COMPLETED))
            return true;
        if (reaches(stack, next, to, must_be_completed))
            return true;
    }
    return false;
}

bool stack_depends(const struct stack *stack, const struct service *service, const struct service *on)
{
    forget_visits(stack);
    return reaches(stack, stack_service(stack, service->name), on, false);
}

bool stack_waits(const struct stack *stack, const struct service *service, const struct service *migration)
{
    forget_visits(stack);
    return reaches(stack, stack_service(stack, service->name), migration, true);
}
