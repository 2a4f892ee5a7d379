/*
 * What the rules find in a Compose file, in the order of their places. It knows which rules there are; whether an edit of theirs is any
 * good is not known here.
 */
#include "check_inside.h"

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

bool review_read(struct review *review, struct arena *arena, const struct source *source,
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
