/* Names looked up in libuv's pool; of several that ask for the same one at the same time, all hear the one answer. */
#ifndef PGUSHER_WIRE_LOOKUP_H
#define PGUSHER_WIRE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "wire/loop.h"

enum { ADDRESS_BYTES = 72, LOOKUP_MOST_ADDRESSES = 1024 }; /* those beyond are left out */

struct lookup;

/* The answer lives only for the call. */
struct lookup_answer {
    size_t count;                                         /* 0: no such name, or the resolver is out of reach */
    char addresses[LOOKUP_MOST_ADDRESSES][ADDRESS_BYTES]; /* numeric, in the resolver's order, no two the same */
    const char *message;                                  /* why there is none */
};

typedef void lookup_heard(void *owner, const struct lookup_answer *answer);

/* on_heard is called once, on the loop's thread, unless the look-up is abandoned before. NULL on failure. */
struct lookup *lookup_start(struct loop *loop, const char *name, lookup_heard *on_heard, void *owner, struct fault *fault);

/* A running look-up cannot be called back: its answer is dropped when it comes. Accepts NULL. */
void lookup_abandon(struct lookup *lookup);

/*
 * Has libuv's pool made large enough for so many names at a time, if the environment (UV_THREADPOOL_SIZE) does not say how large it is.
 * To be called before the first use of the pool.
 */
void lookup_expect(size_t names);

/* Whether the text is a numeric IPv4 or IPv6 address, for which nothing has to be looked up. */
bool address_is_numeric(const char *text);

#endif
