/*
 * What must hold of an edit, seen by what is read before and after it: it ends its finding, begins no other, and leaves alone what it
 * does not name. It makes no edit and reads no file.
 */
#include <stdint.h>
#include <string.h>

#include "check_inside.h"

/*
 * What is put before the first line of a mapping, or behind its last one and the comment there, is in it and not in its values. A null
 * that is not written begins right behind its key.
 */
static bool touches(const struct source *source, const struct edits *edits, const struct yaml_node *node)
{
    bool is_mapping = node->kind == YAML_MAPPING || node->kind == YAML_NULL;
    size_t begin = is_mapping ? line_begin(source, node->begin) : node->begin;
    size_t end = is_mapping ? line_end(source, node->end) : node->end;
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *edit = &edits->list[i];
        bool is_behind = edit->begin == end && (edit->text[0] == '\n' || edit->text[0] == '\r');
        if (edit->begin <= end && edit->end >= begin && (is_mapping || !is_behind))
            return true;
    }
    return false;
}

/* Each key that no edit touches says what it said before, and what mappings hold is looked at again, key by key. */
static bool says_the_same(const struct source *source, const struct yaml_node *old, const struct yaml_node *new,
                          const struct edits *edits)
{
    if (!touches(source, edits, old))
        return yaml_same(old, new);
    if (old->kind != YAML_MAPPING || new == NULL || new->kind != YAML_MAPPING)
        return true;
    for (const struct yaml_node *value = old->first; value != NULL; value = value->next) {
        const char *key = yaml_text(value->key);
        const struct yaml_node *now = key != NULL ? yaml_own(new, key) : NULL;
        if (key != NULL && (now == NULL || !says_the_same(source, value, now, edits)))
            return false;
    }
    return true;
}

static bool waits_for_itself(const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack_depends(stack, &stack->services[i], &stack->services[i]))
            return true;
    return false;
}

static bool finds_the_same(const struct finding *a, const struct finding *b)
{
    return a->rule == b->rule && strcmp(a->what, b->what) == 0;
}

/* Both are in the order of their places, so it is mostly the one behind the one before; *at remembers it. */
static bool has_finding(const struct review *review, const struct finding *like, size_t *at)
{
    for (size_t i = 0; i < review->count; i++) {
        *at = *at + 1 < review->count ? *at + 1 : 0;
        if (finds_the_same(&review->findings[*at], like))
            return true;
    }
    return false;
}

static bool finds_by_rule(const struct review *review, enum finding_rule rule, const char *service)
{
    for (size_t i = 0; i < review->count; i++)
        if (review->findings[i].rule == rule && strcmp(review->findings[i].service, service) == 0)
            return true;
    return false;
}

/* What several services share by an anchor is changed for all of them; that is right only for those that have the same finding. */
static bool leaves_others_alone(const struct review *old, const struct review *new, const struct finding *finding)
{
    for (size_t i = 0; i < old->stack.count; i++) {
        const struct service *service = &old->stack.services[i];
        const struct service *now = stack_service(&new->stack, service->name);
        if (strcmp(service->name, finding->service) == 0)
            continue;
        if (now == NULL ||
            (!yaml_means_same(service->value, now->value) && !finds_by_rule(old, finding->rule, service->name)))
            return false;
    }
    return true;
}

static bool says_less(const struct dependency *now, const struct dependency *before)
{
    bool is_weaker = before->condition != CONDITION_OTHER && now->condition < before->condition;
    return is_weaker || (now->optional && !before->optional);
}

/* A service goes on waiting for what it waited for, and no less. */
static bool keeps_dependencies(const struct review *old, const struct review *new, const char *name)
{
    const struct service *before = stack_service(&old->stack, name);
    const struct service *now = stack_service(&new->stack, name);
    for (size_t i = 0; i < before->dependency_count; i++) {
        const struct dependency *kept = now != NULL ? service_dependency(now, before->dependencies[i].name) : NULL;
        if (kept == NULL || says_less(kept, &before->dependencies[i]))
            return false;
    }
    return true;
}

/* Of two findings in the same words (a check that asks twice) one is gone. */
bool review_is_better(const struct review *old, const struct review *new, const struct finding *finding)
{
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < new->count; i++)
        if (!has_finding(old, &new->findings[i], &at))
            return false;
    const struct stack *before = &old->stack;
    const struct stack *after = &new->stack;
    if (new->count >= old->count || !says_the_same(before->source, before->root, after->root, &finding->edits))
        return false;
    return leaves_others_alone(old, new, finding) && keeps_dependencies(old, new, finding->service) &&
           (!waits_for_itself(after) || waits_for_itself(before));
}
