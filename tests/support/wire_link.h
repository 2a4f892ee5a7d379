/*
 * One connection through the proxy: a client's side, a server's side, and the count of what passes. Between wire_proxy.c,
 * wire_link.c and wire_strike.c only.
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
    struct frames frames;    /* what it said */
    struct wire_extent said; /* and was handed on */
    unsigned sending;        /* writes to it that have not gone out yet */
    bool leaving;            /* closes when they have */
    bool closing;
    uv_shutdown_t shutdown;
};

struct wire_link {
    struct wire_link *next;
    struct wire_proxy *proxy;
    struct wire_side client;
    struct wire_side server;
    uv_connect_t connecting;
    unsigned open_handles; /* both sides and the pause */
    bool is_struck;        /* if it is the first that comes so far */
    bool is_measured;
    bool is_refused; /* nobody is behind the proxy for this client */
    bool silent;     /* nothing is handed on */
    bool shut;       /* both sides were told the end and are waited for */
    uv_timer_t pause;
    struct wire_counter counter;
    bool is_counted; /* the first that logged in; what others say is in beside, where nobody looks */
    struct wire_count beside;
    bool answer_is_lost;
};

/* Takes over a client that was accepted on link->client.tcp and connects to the server. */
void wire_link_begin(struct wire_link *link, const struct sockaddr *server);

/* A reset to both sides. */
void wire_link_reset(struct wire_link *link);

/* The end of the stream to both sides; what they still say is dropped. */
void wire_link_shut(struct wire_link *link);

/* After a silence: what came in meanwhile is handed on. */
void wire_link_resume(struct wire_link *link);

/* wire_strike.c: how many of the next message's bytes may be handed on, and, when they have been, whether the blow falls. */
size_t wire_strike_allows(const struct wire_side *from, size_t size);
void wire_strike_look(struct wire_link *link);

/* A message of the client is about to be handed on; the login is not over yet; anything was handed on. */
void wire_measure_client(struct wire_link *link, const struct frame *frame);
void wire_measure_login(struct wire_link *link);
void wire_measure_said(struct wire_link *link);

/* What a link asks of the proxy. */
struct wire_count *wire_proxy_counting(struct wire_proxy *proxy);
struct wire_cut *wire_proxy_cutting(struct wire_proxy *proxy);
struct wire_strike *wire_proxy_striking(struct wire_proxy *proxy);
struct wire_measure *wire_proxy_measuring(struct wire_proxy *proxy, const char **text);
void wire_proxy_struck(
    struct wire_link *link); /* signals the victim, as soon as it is known; until then the link is silent */
void wire_proxy_gone(struct wire_proxy *proxy, struct wire_link *link);

#endif
