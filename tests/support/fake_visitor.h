/*
 * One client of the fake server, from its first byte to its close. Between fake_server.c, fake_login.c and fake_visitor.c only.
 */
#ifndef PGUSHER_SUPPORT_FAKE_VISITOR_H
#define PGUSHER_SUPPORT_FAKE_VISITOR_H

#include <stdbool.h>
#include <uv.h>

#include "support/fake_server.h"
#include "support/frames.h"

/* A prepared statement. */
struct prepared {
    struct prepared *next;
    char *name;
    char *query;
};

struct visitor {
    uv_tcp_t tcp;
    struct visitor *next;
    struct fake_server *server;
    unsigned number;
    const struct fake_visit *visit;
    struct frames in;
    struct bytes out;
    char transaction_status; /* as in ReadyForQuery: I, T or E */
    bool skipping;           /* after an error in the extended protocol, up to the Sync */
    bool silent;             /* hears and does not answer */
    bool running;            /* a query runs until it is cancelled; what comes meanwhile waits */
    bool running_extended;
    bool copying; /* a COPY takes data */
    unsigned copied_lines;
    bool leaving; /* closes when what it said has gone out */
    bool closing;
    unsigned deaf_cancels;
    struct prepared *prepared;
    char *bound; /* the text of the query that Bind chose, and how it will be answered */
    const struct fake_reply *bound_reply;
};

/* Takes over a connection that was accepted on visitor->tcp. */
void visitor_begin(struct visitor *visitor);

void visitor_close(struct visitor *visitor, bool reset);

/* A cancel request came for it. */
void visitor_cancel(struct visitor *visitor);

/* Another connection has said this, for which its query may have waited. */
void visitor_overhear(struct visitor *visitor, const char *text);

/* Sends what was said so far; and closes when it has gone out. */
void visitor_flush(struct visitor *visitor);
void visitor_leave(struct visitor *visitor);

/* fake_login.c: a message without a type byte, and a password. */
void login_hear(struct visitor *visitor, const struct frame *frame);
void login_hear_password(struct visitor *visitor, const char *password);

/* What a visitor asks of the server. */
void fake_server_note(struct fake_server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));
const struct fake_reply *fake_server_find(struct fake_server *server, const struct fake_visit *visit, const char *query);
/* The same, and counts it against the reply's `times`. */
const struct fake_reply *fake_server_choose(struct fake_server *server, const struct fake_visit *visit, const char *query);
void fake_server_cancel(struct fake_server *server, struct visitor *messenger, int number);
void fake_server_overhear(struct fake_server *server, const struct visitor *speaker, const char *text);
void fake_server_gone(struct fake_server *server, struct visitor *visitor);

#endif
