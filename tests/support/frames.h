/*
 * PostgreSQL's protocol cut into messages: bytes go in as they come, whole messages come out.
 */
#ifndef PGUSHER_SUPPORT_FRAMES_H
#define PGUSHER_SUPPORT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/must.h"

enum {
    FRAME_CODE_STARTUP = 3 << 16,
    FRAME_CODE_CANCEL = 80877102,
    FRAME_CODE_SSL = 80877103,
    FRAME_CODE_GSSENC = 80877104,
};

struct frames {
    struct bytes bytes;
    bool untyped; /* a client's messages up to and with the start-up message have no type byte */
};

/* Points into the frames and is valid until the next frames_add() or frames_next(). */
struct frame {
    char type; /* 0 for an untyped one */
    const char *body;
    size_t body_size;
    const char *whole; /* with type and length */
    size_t whole_size;
};

void frames_add(struct frames *frames, const void *bytes, size_t size);

/* False when the next message is not complete yet. taken is the frame of the call before, whose bytes are dropped now. */
bool frames_next(struct frames *frames, struct frame *taken);

void frames_finish(struct frames *frames);

/* An untyped message's first number, which says what it is. */
int32_t frame_code(const struct frame *frame);

int32_t frame_int32(const char *at);

#endif
