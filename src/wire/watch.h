/*
 * Waiting for one of libpq's sockets. libpq replaces its socket inside PQconnectPoll, often by one of the same number, so a watch
 * is stopped before every step and started again after it; it is never left standing while libpq works.
 */
#ifndef PGUSHER_WIRE_WATCH_H
#define PGUSHER_WIRE_WATCH_H

#include "base/fault.h"
#include "wire.h"

struct watch {
    struct loop *loop;
    uv_poll_t *poll; /* of fd; NULL when there is none */
    int fd;
    void (*on_ready)(void *owner, bool readable);
    void *owner;
};

/* on_ready is called with the watch already stopped; an error on the socket counts as readable, because libpq says what it was. */
void watch_init(struct watch *watch, struct loop *loop, void (*on_ready)(void *owner, bool readable), void *owner);

/* Waits for reading, and for writing too where asked, until on_ready is called once. False: no handle could be had for fd. */
bool watch_start(struct watch *watch, int fd, bool for_reading, bool for_writing, struct fault *fault);

void watch_stop(struct watch *watch);

/* Must come before the socket is closed. */
void watch_finish(struct watch *watch);

#endif
