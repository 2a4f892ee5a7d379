/*
 * What is asked of services that were read, and notes about them. How they are read is known in stack.c and the files beside it.
 */
#include <string.h>

#include "stack_inside.h"

enum { MOST_BASES = 16 };

bool stack_note(struct stack *stack, size_t offset_bytes, const char *text, struct fault *fault)
{
    struct stack_note *note = arena_alloc(stack->arena, sizeof *note);
    if (note == NULL || text == NULL)
        return fault_out_of_memory(fault);
    *note = (struct stack_note){ .offset_bytes = offset_bytes, .text = text };
    struct stack_note **at = &stack->notes;
    while (*at != NULL && (*at)->offset_bytes <= offset_bytes)
        at = &(*at)->next;
    note->next = *at;
    *at = note;
    return true;
}

struct service *stack_service(const struct stack *stack, const char *name)
{
    for (size_t i = 0; i < stack->count; i++)
        if (strcmp(stack->services[i].name, name) == 0)
            return &stack->services[i];
    return NULL;
}

/* An alias of services leads to a node that need not be a mapping's value, and then it has no key. */
size_t stack_place(const struct stack *stack)
{
    if (stack->list == NULL)
        return stack->root != NULL ? stack->root->begin : 0;
    return stack->list->key != NULL ? stack->list->key->begin : stack->list->begin;
}

const struct service *stack_first(const struct stack *stack, enum role role)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack->services[i].role == role)
            return &stack->services[i];
    return NULL;
}

const struct yaml_node *service_find(const struct service *service, const char *key)
{
    for (int bases = 0; service != NULL && bases < MOST_BASES; service = service->base, bases++) {
        const struct yaml_node *found = yaml_find(service->body, key);
        if (found != NULL)
            return found;
    }
    return NULL;
}
