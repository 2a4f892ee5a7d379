/*
 * Any bytes at all through `compose check`, and what it finds made. The input lies in a block of exactly its size and a NUL; what must
 * hold of any result is checked here.
 */
#include "fuzz_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose/check.h"

enum { MOST_BYTES = 16 * 1024 * 1024 };

#define hold(condition)                                                                                                     \
    do {                                                                                                                    \
        if (!(condition))                                                                                                   \
            broken(#condition);                                                                                             \
    } while (0)

static void broken(const char *promise)
{
    fprintf(stderr, "broken: %s\n", promise);
    abort();
}

static const struct stack_options options = { .reads_env_files = false };

/* The edits are in order and within the text; nothing before the first and behind the last one changes. */
static void check_edits(const struct source *source, const struct edits *edits)
{
    struct buf text;
    size_t end = 0;
    for (size_t i = 0; i < edits->count; i++) {
        hold(edits->list[i].begin >= end && edits->list[i].end >= edits->list[i].begin);
        hold(edits->list[i].end <= source->size && edits->list[i].text != NULL);
        end = edits->list[i].end;
    }
    if (edits->count == 0)
        return;
    buf_init(&text, MOST_BYTES);
    edits_apply(&text, source, edits, 0, source->size);
    size_t begin = edits->list[0].begin;
    size_t tail = source->size - end;
    hold(buf_ok(&text) && text.size >= begin + tail);
    hold(memcmp(buf_text(&text), source->bytes, begin) == 0);
    hold(memcmp(buf_text(&text) + text.size - tail, source->bytes + end, tail) == 0);
    buf_finish(&text);
}

/* What was fixed can be read, has not more findings, and nothing that could be fixed is left. */
static void check_fixed(const struct source *source, const struct review *review)
{
    struct arena arena;
    struct review again;
    struct fault fault;
    struct buf fixed;
    size_t done;
    size_t none;
    fault_clear(&fault);
    arena_init(&arena);
    buf_init(&fixed, MOST_BYTES);
    hold(check_fix(&fixed, &done, source, &options, &fault));
    const struct source now = { .name = source->name, .bytes = buf_text(&fixed), .size = fixed.size };
    hold(done > 0 || (now.size == source->size && memcmp(now.bytes, source->bytes, now.size) == 0));
    hold(check_review(&again, &arena, &now, &options, &fault));
    hold(again.count + done <= review->count);
    struct buf twice;
    buf_init(&twice, MOST_BYTES);
    hold(check_fix(&twice, &none, &now, &options, &fault) && none == 0);
    buf_finish(&twice);
    buf_finish(&fixed);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = calloc(size + 1, 1);
    if (bytes == NULL)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    const struct source source = { .name = "fuzz.yml", .bytes = bytes, .size = size };
    struct arena arena;
    struct review review;
    struct fault fault;
    fault_clear(&fault);
    arena_init(&arena);
    if (check_review(&review, &arena, &source, &options, &fault)) {
        for (size_t i = 0; i < review.count; i++) {
            hold(review.findings[i].offset_bytes <= size);
            check_edits(&source, &review.findings[i].edits);
        }
        check_fixed(&source, &review);
    } else {
        hold(fault.class == FAULT_CONFIG && fault.what[0] != '\0');
        hold(!fault.has_offset || fault.offset_bytes <= size);
    }
    arena_finish(&arena);
    free(bytes);
    return 0;
}
