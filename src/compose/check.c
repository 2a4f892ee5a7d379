/*
 * The rules applied to each service, and their edits tried before anyone is told of them. It knows what must hold of an edit: that
 * it ends the finding, begins no other, and leaves alone what it does not name.
 */
#include "compose/check.h"

#include <stdint.h>
#include <string.h>

#include "check_inside.h"

enum { MOST_FIXES = 10000, MOST_TEXT_BYTES = 4 * 1024 * 1024 };

const char *finding_rule_name(enum finding_rule rule)
{
    static const char *const names[] = { "does-not-wait", "would-restart", "socket-health-check", "migrates-too-early",
                                         "no-migration" };
    return names[rule];
}

/* --- findings --------------------------------------------------------------------------------------------------------- */

struct finding *review_add(struct review *review, enum finding_rule rule, const struct service *service, size_t offset_bytes,
                           const char *what, const char *advice, struct fault *fault)
{
    struct finding *findings =
        arena_grow(review->stack.arena, review->findings, review->count, &review->room, sizeof *findings);
    if (what == NULL || advice == NULL || findings == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    review->findings = findings;
    struct finding *finding = &review->findings[review->count++];
    *finding = (struct finding){ .rule = rule,
                                 .service = service != NULL ? service->name : NULL,
                                 .offset_bytes = offset_bytes,
                                 .what = what,
                                 .advice = advice };
    edits_init(&finding->edits, review->stack.arena);
    return finding;
}

static bool find_missing_migration(struct review *review, struct fault *fault)
{
    const struct stack *stack = &review->stack;
    const struct service *user = NULL;
    for (size_t i = 0; i < stack->count; i++) {
        const struct service *service = &stack->services[i];
        if (service->role == ROLE_MIGRATION || service->waits_by_itself)
            return true;
        if (user == NULL && service->role == ROLE_APPLICATION && service->use != NULL)
            user = service;
    }
    if (user == NULL)
        return true;
    return review_add(review, FINDING_NO_MIGRATION, NULL, stack_place(stack),
                      arena_format(stack->arena, "%s uses the database (%s), and no service here applies migrations",
                                   user->name, user->use),
                      "by hand: add a service that runs pgusher up, with restart: \"no\", or name yours with "
                      "--migrate-service",
                      fault) != NULL;
}

/* By insertion; those of one place keep their order. */
static void sort_findings(struct review *review)
{
    for (size_t i = 1; i < review->count; i++) {
        struct finding moved = review->findings[i];
        size_t to = i;
        for (; to > 0 && review->findings[to - 1].offset_bytes > moved.offset_bytes; to--)
            review->findings[to] = review->findings[to - 1];
        review->findings[to] = moved;
    }
}

/* What can be read off the text, its edits as the rules think of them. */
static bool find_all(struct review *review, struct arena *arena, const struct source *source,
                     const struct stack_options *options, struct fault *fault)
{
    *review = (struct review){ .count = 0 };
    if (!stack_read(&review->stack, arena, source, options, fault))
        return false;
    for (size_t i = 0; i < review->stack.count; i++) {
        const struct service *service = &review->stack.services[i];
        review->users += service->role == ROLE_APPLICATION && service->use != NULL;
        if (!rule_waits(review, service, fault) || !rule_restarts(review, service, fault) ||
            !rule_health_check(review, service, fault) || !rule_migrates_too_early(review, service, fault))
            return false;
    }
    if (!find_missing_migration(review, fault))
        return false;
    for (size_t i = 0; i < review->count; i++) {
        struct edits *edits = &review->findings[i].edits;
        if (edits->failed)
            return fault_out_of_memory(fault);
        if (!edits_sort(edits))
            edits->count = 0;
    }
    sort_findings(review);
    return true;
}

/* --- trying an edit --------------------------------------------------------------------------------------------------- */

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
static bool is_better(const struct review *old, const struct review *new, const struct finding *finding)
{
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < new->count; i++)
        if (!has_finding(old, &new->findings[i], &at))
            return false;
    return new->count < old->count &&says_the_same(old->stack.source, old->stack.root, new->stack.root, &finding->edits) &&
           leaves_others_alone(old, new, finding) && keeps_dependencies(old, new, finding->service) &&
           (!waits_for_itself(&new->stack) || waits_for_itself(&old->stack));
}

/* The text that a finding's edits make, and whether it is better. False: out of memory. */
static bool try_edits(struct buf *text, bool *better, const struct review *review, const struct finding *finding,
                      const struct stack_options *options, struct fault *fault)
{
    struct arena arena;
    struct review again;
    struct fault broken;
    const struct source *source = review->stack.source;
    fault_clear(&broken);
    edits_apply(text, source, &finding->edits, 0, source->size);
    *better = false;
    if (!buf_ok(text))
        return fault_out_of_memory(fault);
    arena_init(&arena);
    const struct source fresh = { .name = source->name, .bytes = buf_text(text), .size = text->size };
    if (find_all(&again, &arena, &fresh, options, &broken))
        *better = is_better(review, &again, finding);
    arena_finish(&arena);
    if (broken.class == FAULT_INTERNAL)
        *fault = broken;
    return broken.class != FAULT_INTERNAL;
}

static bool give_up(struct finding *finding, struct arena *arena, struct fault *fault)
{
    finding->edits.count = 0;
    finding->advice = arena_format(arena, "by hand, because an edit here would change more than this: %s", finding->advice);
    return finding->advice != NULL || fault_out_of_memory(fault);
}

static bool try_all(struct review *review, const struct stack_options *options, struct fault *fault)
{
    for (size_t i = 0; i < review->count; i++) {
        struct finding *finding = &review->findings[i];
        struct buf text;
        bool better = true;
        bool is_advised = strncmp(finding->advice, "by hand", 7) == 0;
        buf_init(&text, MOST_TEXT_BYTES);
        bool ok = finding->edits.count == 0 || try_edits(&text, &better, review, finding, options, fault);
        buf_finish(&text);
        better = better && finding->edits.count > 0;
        if (!ok || (!better && !is_advised && !give_up(finding, review->stack.arena, fault)))
            return false;
    }
    return true;
}

bool check_review(struct review *review, struct arena *arena, const struct source *source,
                  const struct stack_options *options, struct fault *fault)
{
    return find_all(review, arena, source, options, fault) && try_all(review, options, fault);
}

/* --- making them ------------------------------------------------------------------------------------------------------ */

/* Makes the first edit that can be made; text is then the better one. False: a fault; *done stays as it is when there is none. */
static bool fix_one(struct buf *text, size_t *done, const struct source *source, const struct stack_options *options,
                    struct fault *fault)
{
    struct arena arena;
    struct review review;
    bool better = false;
    arena_init(&arena);
    bool ok = find_all(&review, &arena, source, options, fault);
    for (size_t i = 0; ok && !better && i < review.count; i++) {
        buf_clear(text);
        ok = review.findings[i].edits.count == 0 || try_edits(text, &better, &review, &review.findings[i], options, fault);
    }
    arena_finish(&arena);
    *done += better;
    return ok;
}

bool check_fix(struct buf *fixed, size_t *done, const struct source *source, const struct stack_options *options,
               struct fault *fault)
{
    struct buf next;
    struct source now = *source;
    bool ok = true;
    buf_init(&next, MOST_TEXT_BYTES);
    *done = 0;
    buf_add(fixed, source->bytes, source->size);
    for (size_t before = 1; ok && before != *done && *done < MOST_FIXES;) {
        before = *done;
        now.bytes = buf_text(fixed);
        now.size = fixed->size;
        ok = buf_ok(fixed) ? fix_one(&next, done, &now, options, fault) : fault_out_of_memory(fault);
        if (ok && *done > before) {
            buf_clear(fixed);
            buf_add(fixed, buf_text(&next), next.size);
        }
    }
    buf_finish(&next);
    return ok && (buf_ok(fixed) || fault_out_of_memory(fault));
}
