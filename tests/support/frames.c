/*
 * Lengths and types of messages; what is in them is the business of those who ask.
 */
#include "support/frames.h"

#include <arpa/inet.h>
#include <string.h>

void frames_add(struct frames *frames, const void *bytes, size_t size)
{
    bytes_add(&frames->bytes, bytes, size);
}

int32_t frame_int32(const char *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return (int32_t) ntohl(number);
}

bool frames_next(struct frames *frames, struct frame *taken)
{
    bytes_drop(&frames->bytes, taken->whole_size);
    *taken = (struct frame){ 0 };
    size_t type_size = frames->untyped ? 0 : 1;
    if (frames->bytes.size < type_size + 4)
        return false;
    const char *at = frames->bytes.at;
    int32_t length = frame_int32(at + type_size);
    must(length >= 4, "a message of %d bytes is none of PostgreSQL's protocol", (int) length);
    size_t whole_size = type_size + (size_t) length;
    if (frames->bytes.size < whole_size)
        return false;
    *taken = (struct frame){ .type = frames->untyped ? '\0' : at[0],
                             .body = at + type_size + 4,
                             .body_size = (size_t) length - 4,
                             .whole = at,
                             .whole_size = whole_size };
    return true;
}

void frames_finish(struct frames *frames)
{
    bytes_finish(&frames->bytes);
}

int32_t frame_code(const struct frame *frame)
{
    return frame->body_size >= 4 ? frame_int32(frame->body) : 0;
}
