/*
 * depends_on, in its short and its long form, and walks along it.
 */
#include <string.h>

#include "stack_inside.h"

enum { MOST_BASES = 16 };

struct list {
    struct dependency *at;
    size_t count;
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

static void add(struct list *list, const struct yaml_node *item, bool is_long)
{
    const char *name = yaml_text(yaml_resolve(is_long ? item->key : item));
    if (name == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i].name, name) == 0)
            return;
    list->at[list->count++] = (struct dependency){
        .name = name,
        .condition = is_long ? read_condition(item) : CONDITION_STARTED,
        .optional = is_long && is_optional(item),
    };
}

static bool holds_dependencies(const struct yaml_node *node)
{
    return node != NULL && (node->kind == YAML_MAPPING || node->kind == YAML_SEQUENCE);
}

static size_t count_items(const struct yaml_node *node)
{
    size_t count = 0;
    for (const struct yaml_node *item = holds_dependencies(node) ? node->first : NULL; item != NULL; item = item->next)
        count++;
    return count;
}

/* A service's own come before those of what it extends; of one name the first counts. */
bool stack_read_dependencies(struct stack *stack, struct service *service, struct fault *fault)
{
    struct list list = { NULL, 0 };
    size_t most = 0;
    const struct service *from = service->base;
    most = count_items(yaml_find(service->body, "depends_on"));
    for (int bases = 1; from != NULL && bases < MOST_BASES; from = from->base, bases++)
        most += count_items(yaml_find(from->body, "depends_on"));
    list.at = arena_array(stack->arena, most, sizeof *list.at);
    if (list.at == NULL)
        return fault_out_of_memory(fault);
    from = service;
    for (int bases = 0; from != NULL && bases < MOST_BASES; from = from->base, bases++) {
        const struct yaml_node *node = yaml_find(from->body, "depends_on");
        for (const struct yaml_node *item = holds_dependencies(node) ? node->first : NULL; item != NULL; item = item->next)
            add(&list, item, node->kind == YAML_MAPPING);
    }
    service->dependencies = list.at;
    service->dependency_count = list.count;
    return true;
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
