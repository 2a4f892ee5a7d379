/*
 * What a finding is made of. The rules that add them are not known here.
 */
#include "check_inside.h"

const char *finding_rule_name(enum finding_rule rule)
{
    static const char *const names[] = { "does-not-wait", "would-restart", "socket-health-check", "migrates-too-early",
                                         "no-migration" };
    return names[rule];
}

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
