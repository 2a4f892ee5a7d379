/*
 * Which services there are. How each part of one is read is known in the files beside this one.
 */
#include "compose/stack.h"

#include <string.h>

#include "stack_inside.h"

enum { MOST_SERVICES = 1000 };

/* --- the file's frame ------------------------------------------------------------------------------------------------- */

static bool refuse(const struct stack *stack, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "the file has no mapping named services: is it a Compose file?");
    fault_place(fault, stack->source->name, stack->root != NULL ? stack->root->begin : 0);
    fault_hint(fault, "A file of the first format, with the services at the top, is not understood by Compose any more.");
    return false;
}

static bool read_services(struct stack *stack, struct fault *fault)
{
    size_t count = 0;
    stack->list = yaml_find(stack->root, "services");
    if (stack->list == NULL && yaml_own(stack->root, "include") != NULL)
        return true;
    if (stack->list == NULL || stack->list->kind != YAML_MAPPING)
        return refuse(stack, fault);
    for (const struct yaml_node *value = stack->list->first; value != NULL; value = value->next)
        count++;
    if (count > MOST_SERVICES)
        return fault_set(fault, FAULT_CONFIG, "%s has more than %d services", stack->source->name, MOST_SERVICES);
    stack->services = arena_array(stack->arena, count, sizeof *stack->services);
    if (stack->services == NULL)
        return fault_out_of_memory(fault);
    for (const struct yaml_node *value = stack->list->first; value != NULL; value = value->next) {
        const char *name = yaml_text(yaml_resolve(value->key));
        const struct yaml_node *body = yaml_resolve(value);
        if (name == NULL || strcmp(name, "<<") == 0 || stack_service(stack, name) != NULL)
            continue;
        stack->services[stack->count++] =
            (struct service){ .name = name, .value = value, .body = body->kind == YAML_MAPPING ? body : NULL };
    }
    return true;
}

static bool read_base(struct stack *stack, struct service *service, struct fault *fault)
{
    const struct yaml_node *extends = yaml_find(service->body, "extends");
    const struct yaml_node *file = yaml_find(extends, "file");
    if (file != NULL)
        return stack_note(stack, file->begin,
                          arena_format(stack->arena, "what %s extends from another file is not looked at", service->name),
                          fault);
    const char *name = yaml_text(extends);
    if (name == NULL)
        name = yaml_text(yaml_find(extends, "service"));
    service->base = name != NULL ? stack_service(stack, name) : NULL;
    return true;
}

static bool note_include(struct stack *stack, struct fault *fault)
{
    const struct yaml_node *include = yaml_own(stack->root, "include");
    return include == NULL || stack_note(stack, include->key->begin, "included files are not looked at", fault);
}

/* --- what the user told ----------------------------------------------------------------------------------------------- */

static bool assign(struct stack *stack, const char *name, enum role role, enum role instead, struct fault *fault)
{
    struct service *told = name != NULL ? stack_service(stack, name) : NULL;
    if (name == NULL)
        return true;
    if (told == NULL) {
        fault_set(fault, FAULT_CONFIG, "there is no service \"%s\" in the file", name);
        fault_place(fault, stack->source->name, stack_place(stack));
        return false;
    }
    for (size_t i = 0; i < stack->count; i++)
        if (stack->services[i].role == role)
            stack->services[i].role = instead;
    told->role = role;
    return true;
}

static bool assign_told(struct stack *stack, const struct stack_options *options, struct fault *fault)
{
    return assign(stack, options->database_service, ROLE_DATABASE, ROLE_TOOL, fault) &&
           assign(stack, options->migrate_service, ROLE_MIGRATION, ROLE_TOOL, fault);
}

bool stack_read(struct stack *stack, struct arena *arena, const struct source *source, const struct stack_options *options,
                struct fault *fault)
{
    *stack = (struct stack){ .arena = arena, .source = source };
    if (!source_check(source, fault) || !yaml_read(&stack->root, arena, source, fault) || !read_services(stack, fault) ||
        !note_include(stack, fault))
        return false;
    for (size_t i = 0; i < stack->count; i++)
        if (!read_base(stack, &stack->services[i], fault))
            return false;
    for (size_t i = 0; i < stack->count; i++) {
        struct service *service = &stack->services[i];
        if (!stack_read_dependencies(stack, service, fault) ||
            !stack_read_variables(stack, service, options->reads_env_files, fault) ||
            !stack_read_role(stack, service, fault))
            return false;
    }
    if (!assign_told(stack, options, fault))
        return false;
    stack_find_uses(stack);
    return true;
}
