/*
 * One connection through the proxy: a client's side, a server's side, and the count of what passes. Between wire_proxy.c and
 * wire_link.c only.
 */
#ifndef PGUSHER_SUPPORT_WIRE_LINK_H
#define PGUSHER_SUPPORT_WIRE_LINK_H

#include <stdbool.h>
#include <uv.h>

#include "support/frames.h"
#include "support/wire_counter.h"
#include "support/wire_proxy.h"

struct wire_side {
    uv_tcp_t tcp;
    struct wire_link *link;
    struct frames frames; /* what it said */
    unsigned sending;     /* writes to it that have not gone out yet */
    bool leaving;         /* closes when they have */
    bool closing;
};

struct wire_link {
    struct wire_link *next;
    struct wire_proxy *proxy;
    struct wire_side client;
    struct wire_side server;
    uv_connect_t connecting;
    unsigned open_sides;
    struct wire_counter counter;
    bool answer_is_lost;
};

/* Takes over a client that was accepted on link->client.tcp and connects to the server. */
void wire_link_begin(struct wire_link *link, const struct sockaddr *server);

/* A reset to both sides. */
void wire_link_reset(struct wire_link *link);

/* What a link asks of the proxy. */
struct wire_count *wire_proxy_counting(struct wire_proxy *proxy);
struct wire_cut *wire_proxy_cutting(struct wire_proxy *proxy);
void wire_proxy_gone(struct wire_proxy *proxy, struct wire_link *link);

#endif
