/*
 * A migration service that would be started again: restart, and deploy.restart_policy, which Compose prefers to it.
 */
#include <string.h>

#include "check_inside.h"
#include "insert.h"

static bool would_restart(const char *text)
{
    return text != NULL && (strcmp(text, "always") == 0 || strcmp(text, "unless-stopped") == 0 ||
                            strncmp(text, "on-failure", strlen("on-failure")) == 0 || strcmp(text, "any") == 0);
}

static bool is_written_in(const struct service *service, const struct yaml_node *node)
{
    return service->value == service->body && node != NULL &&
           yaml_own(service->body, node->key != NULL ? yaml_text(node->key) : "") == node;
}

/* restart: always, its own or one that is merged in. */
static bool check_restart(struct review *review, const struct service *service, struct fault *fault)
{
    const struct stack *stack = &review->stack;
    const struct yaml_node *restart = service_find(service, "restart");
    const char *text = yaml_text(restart);
    if (!would_restart(text))
        return true;
    bool is_own = is_written_in(service, restart);
    const char *what =
        arena_format(stack->arena, "%s migrates and would be started again (restart: %s)", service->name, text);
    struct finding *finding =
        review_add(review, FINDING_WOULD_RESTART, service, is_own ? restart->key->begin : service->value->key->begin, what,
                   "say restart: \"no\", so that it runs once and its exit code stands", fault);
    if (finding == NULL)
        return false;
    const struct yaml_node *own = yaml_own(service->body, "restart");
    if (is_own)
        edits_add(&finding->edits, restart->begin, restart->end, "\"no\"");
    else if (own == NULL && service->value == service->body)
        insert_last(&finding->edits, stack->source, service->body, 2,
                    (struct insertion){ .lines = "restart: \"no\"", .flow = "restart: \"no\"" });
    return true;
}

/* A restart_policy that says nothing else means any. */
static bool check_policy(struct review *review, const struct service *service, struct fault *fault)
{
    const struct stack *stack = &review->stack;
    const struct yaml_node *policy = yaml_find(service_find(service, "deploy"), "restart_policy");
    const struct yaml_node *condition = yaml_find(policy, "condition");
    if (policy == NULL || policy->kind != YAML_MAPPING || (condition != NULL && !would_restart(yaml_text(condition))))
        return true;
    const char *text = condition != NULL ? yaml_text(condition) : "any, where it is not said";
    const char *what = arena_format(stack->arena, "%s migrates and would be started again (deploy.restart_policy: %s)",
                                    service->name, text);
    struct finding *finding =
        review_add(review, FINDING_WOULD_RESTART, service, condition != NULL ? condition->begin : policy->begin, what,
                   "say condition: none, so that it runs once and its exit code stands", fault);
    if (finding == NULL)
        return false;
    if (condition != NULL)
        edits_add(&finding->edits, condition->begin, condition->end, "none");
    else
        insert_first(&finding->edits, stack->source, policy, 2,
                     (struct insertion){ .lines = "condition: none", .flow = "condition: none" });
    return true;
}

bool rule_restarts(struct review *review, const struct service *service, struct fault *fault)
{
    return service->role != ROLE_MIGRATION ||
           (check_restart(review, service, fault) && check_policy(review, service, fault));
}
