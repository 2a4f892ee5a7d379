/*
 * What the files of this floor share with each other and with nobody else: libuv's and libpq's own types.
 */
#ifndef PGUSHER_WIRE_WIRE_H
#define PGUSHER_WIRE_WIRE_H

#include <libpq-fe.h>
#include <uv.h>

#include "wire/loop.h"

enum { LOOP_SIGNALS = 3 }; /* SIGTERM, SIGINT and SIGHUP */

/* Every handle is counted when it is opened and when its close callback runs. */
struct loop {
    uv_loop_t uv;
    int open_handles;
    int pool_requests;              /* in libuv's pool right now */
    int strays;                     /* of them, cancels that nobody waits for */
    int hushed;                     /* sessions without an owner that wait for a cancel, or for the end of what it cancels */
    bool quits;                     /* the work is over */
    struct lookup_request *lookups; /* among them; who asks for the same name meanwhile joins */
    struct timer *due;              /* the first of those that ring when the sockets have been looked at */
    struct timer *last_due;
    uv_check_t after_sockets;
    uv_idle_t hurry; /* started while one is due: the sockets are looked at, but not waited for */
    uv_signal_t signals[LOOP_SIGNALS];
    size_t signal_count; /* of those that were opened */
    void (*on_signal)(void *owner, int signal_number);
    void *signal_owner;
};

void loop_pool_entered(struct loop *loop);
void loop_pool_left(struct loop *loop);
void loop_hush_ended(struct loop *loop);

#endif
