/*
 * Every edit is tried before anyone is told of it, and those that are wanted are made. What is found, and what makes an edit a good one,
 * is known elsewhere.
 */
#include "compose/check.h"

#include <string.h>

#include "check_inside.h"

enum { MOST_FIXES = 10000, MOST_TEXT_BYTES = 4 * 1024 * 1024 };

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
    if (review_read(&again, &arena, &fresh, options, &broken))
        *better = review_is_better(review, &again, finding);
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
    return review_read(review, arena, source, options, fault) && try_all(review, options, fault);
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
    bool ok = review_read(&review, &arena, source, options, fault);
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
