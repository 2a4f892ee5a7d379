/*
 * One PGconn's life on the loop: connecting, open, closed.
 */
#ifndef PGUSHER_WIRE_SESSION_H
#define PGUSHER_WIRE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/loop.h"
#include "wire/sighting.h"

enum session_state {
    SESSION_CONNECTING, /* PQconnectPoll is asked whenever the socket is ready */
    SESSION_OPEN,       /* logged in; talk_begin() may be called when no talk is going on */
    SESSION_CLOSED,     /* it failed or was lost; only session_free() is left */
};

/* How far a login got; kept when it fails later. */
enum session_reach {
    REACH_NOTHING,
    REACH_LISTENING, /* TCP or the unix socket answered */
    REACH_ACCEPTING, /* the server answered the start-up message with anything but "cannot connect now" */
    REACH_LOGIN,
};

/* Where the time of a login went; 0 for what did not happen, or not yet. */
struct session_times {
    int64_t connect_us; /* TCP, or the unix socket */
    int64_t tls_us;
    int64_t login_us; /* from the start-up message to the answer that settled it */
};

struct session;

/*
 * Starts to connect; keywords and values are libpq's arrays and are copied. on_settled is called once, never from within this
 * call, when the session is open or closed. NULL on failure.
 */
struct session *session_new(struct loop *loop, const char *const *keywords, const char *const *values,
                            void (*on_settled)(void *owner), void *owner, struct fault *fault);

/* Another session to the same server and database, with all that the open one was made with. */
struct session *session_beside(const struct session *session, void (*on_settled)(void *owner), void *owner,
                               struct fault *fault);

/*
 * Says good-bye and closes, and calls nobody any more. What is in the middle of a TLS handshake ends it first, on the loop, until
 * half a second after its beginning. A question that has been open for a while, or that a signal ends, is ended first, by a
 * cancel if it must be, also within half a second: a server that waits for a lock does not notice that its client has gone. A
 * cancel that is still on its way when its question is answered has a fifth of a second to be passed on. May be called from
 * within any callback. Accepts NULL.
 */
void session_free(struct session *session);

/* Has on_reach called, with the owner of on_settled, when the login gets further and is not settled by that. */
void session_tell_reach(struct session *session, void (*on_reach)(void *owner));

enum session_state session_state(const struct session *session);
enum session_reach session_reach(const struct session *session);

/* Why it is closed; owned by the session. */
const struct sighting *session_sighting(const struct session *session);

struct session_times session_times(const struct session *session);

/* When something last came from the server, on the monotonic clock; 0 before anything did. */
int64_t session_heard_us(const struct session *session);

/* The server's process id from the login, as PQbackendPID. */
int session_backend_pid(const struct session *session);

/* "15.4 (Debian ...)", owned by the session; "" when unknown. */
const char *session_server_version(const struct session *session);

/*
 * What the server, or a pooler in its place, last reported of a parameter such as TimeZone; NULL: nothing. Owned by the session, until
 * it reports anew.
 */
const char *session_parameter(const struct session *session, const char *name);

/* Whether a transaction is open on the server, failed or not; asked after a Sync was heard. */
bool session_in_transaction(const struct session *session);

/*
 * Has on_stirred called once, with the owner of on_settled, when a notification comes or the connection breaks (it is SESSION_CLOSED
 * then), unless a talk begins before. No talk may be going on. False: the session cannot be watched, and nothing will be called.
 */
bool session_overhear(struct session *session, void (*on_stirred)(void *owner), struct fault *fault);

/* Whether a notification has come since this was last asked, in a talk or between two. */
bool session_was_notified(struct session *session);

/*
 * Asks the server to cancel what runs, in libuv's pool because PQcancel blocks, and again every 50 ms until the talk is over: a
 * cancel that falls between two messages is lost. False: this one could not be sent; the next one is tried all the same.
 */
bool session_cancel(struct session *session, struct fault *fault);

/* What runs from now on is not to be cancelled: only one that is on its way already can meet it. */
void session_cancel_no_more(struct session *session);

/* When the server first took such a cancel, on the monotonic clock; 0 before. */
int64_t session_cancelled_us(const struct session *session);

#endif
