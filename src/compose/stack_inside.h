/* Between stack.c and its neighbours: what is read for each service, in this order. */
#ifndef PGUSHER_COMPOSE_STACK_INSIDE_H
#define PGUSHER_COMPOSE_STACK_INSIDE_H

#include "compose/stack.h"

bool stack_note(struct stack *stack, size_t offset_bytes, const char *text, struct fault *fault);

/* service->dependencies */
bool stack_read_dependencies(struct stack *stack, struct service *service, struct fault *fault);

/* service->variables */
bool stack_read_variables(struct stack *stack, struct service *service, bool reads_env_files, struct fault *fault);

/* service->image, command, role */
bool stack_read_role(struct stack *stack, struct service *service, struct fault *fault);

/* service->use, of all services, once the roles of all are known. */
void stack_find_uses(struct stack *stack);

#endif
