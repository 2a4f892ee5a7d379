/* Between check.c, what is found (review.c, by the rules) and what makes an edit a good one (better.c). */
#ifndef PGUSHER_COMPOSE_CHECK_INSIDE_H
#define PGUSHER_COMPOSE_CHECK_INSIDE_H

#include "compose/check.h"

/* What can be read off the text, its edits as the rules think of them and not yet tried. False as stack_read(). */
bool review_read(struct review *review, struct arena *arena, const struct source *source,
                 const struct stack_options *options, struct fault *fault);

/* Whether what is read after the edits of a finding of old is better: without it, with none that is new, and else the same. */
bool review_is_better(const struct review *old, const struct review *new, const struct finding *finding);

/*
 * Adds a finding at offset_bytes and returns it, for its edits to be added; NULL when out of memory (fault says so). The texts are
 * formatted by the caller, NULL meaning that there was no memory for them.
 */
struct finding *review_add(struct review *review, enum finding_rule rule, const struct service *service, size_t offset_bytes,
                           const char *what, const char *advice, struct fault *fault);

/* The rules, each for one service; they add findings whose edits are not yet tried. False: out of memory. */
bool rule_waits(struct review *review, const struct service *service, struct fault *fault);
bool rule_restarts(struct review *review, const struct service *service, struct fault *fault);
bool rule_health_check(struct review *review, const struct service *service, struct fault *fault);
bool rule_migrates_too_early(struct review *review, const struct service *service, struct fault *fault);

/*
 * The edits that make service depend on another with a condition, before its other dependencies, which are kept. None are added
 * where it cannot be done without changing what others share.
 */
void depend_on(struct edits *edits, const struct stack *stack, const struct service *service, const char *name,
               const char *condition);

#endif
