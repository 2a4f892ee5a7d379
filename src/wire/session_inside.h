/*
 * A session from the inside, for the files that share its life: session.c connects it, talk.c speaks over it, talk_copy.c carries its
 * COPY data, cancel.c interrupts it.
 */
#ifndef PGUSHER_WIRE_SESSION_INSIDE_H
#define PGUSHER_WIRE_SESSION_INSIDE_H

#include "watch.h"
#include "wire.h"
#include "wire/session.h"
#include "wire/talk.h"

struct expected {
    enum act_kind kind;
    struct act_tag tag;
    size_t bytes;
};

enum copy_state {
    COPY_NONE,
    COPY_PARKED, /* asked for by the owner; waits until everything before it is heard */
    COPY_ASKED,  /* the statement is sent, outside pipeline mode */
    COPY_SENDING,
    COPY_RECEIVING,
};

struct talk {
    bool active;
    int64_t begun_us;
    bool ended;    /* the owner said NEXT_END */
    bool waiting;  /* the owner said NEXT_WAIT, and nothing was heard since */
    bool headed;   /* single-row mode was set for the first expected act */
    bool answered; /* the first expected act had its result; its NULL is still owed */
    bool lost;
    struct fault lost_fault;
    struct talker talker;
    void *owner;
    struct expected expected[TALK_WINDOW_ACTS + 2]; /* a ring, in the order they were sent */
    size_t first;
    size_t count;
    size_t bytes;
    size_t unasked_acts; /* sent since the server was last asked for its answers */
    size_t unasked_bytes;
    enum copy_state copy;
    struct act copy_act;
    size_t copied_bytes;
};

struct session {
    struct loop *loop;
    PGconn *conn;
    struct watch watch;
    uv_timer_t timer; /* settles a failed start; repeats a cancel; bounds a leave-taking; its closing frees the session */
    enum session_state state;
    enum session_reach reach;
    struct sighting sighting;
    int64_t heard_us;
    int64_t begun_us; /* these four: when it got so far, 0 before */
    int64_t connected_us;
    int64_t said_hello_us; /* the start-up message */
    int64_t settled_us;
    void (*on_settled)(void *owner);
    void (*on_reach)(void *owner);   /* NULL: nobody asks */
    void (*on_stirred)(void *owner); /* likewise */
    bool notified;
    bool is_leaving; /* nobody's any more; it only ends its TLS handshake */
    void *owner;
    struct talk talk;
    struct cancel *cancel; /* running in libuv's pool; NULL: none */
    bool was_cancelled;    /* its owner has asked for it */
    int64_t cancelled_us;  /* when the first one had got through; 0 before */
    int64_t hushed_for_ms; /* nobody's any more, it leaves so long after hushed_us at the latest; 0: it has an owner */
    int64_t hushed_us;
    bool said_last; /* the Sync behind the question that nobody asks any more */
};

/* Frees those that have come, and remembers that one has. */
void session_take_notifications(struct session *session);

/* The socket is ready and a talk is going on. */
void talk_step(struct session *session);

/* talk.c, for talk_copy.c: the connection broke; an act was sent, whose answer comes after those of the acts before it. */
void talk_lose(struct session *session, const char *why);
void talk_expect(struct talk *talk, const struct act *act);

/* talk_copy.c: everything before the parked COPY was heard; its data flows as far as the socket lets it; it was answered. */
void talk_begin_copy(struct session *session);
void talk_step_copy(struct session *session);
void talk_end_copy(struct session *session);

/* Data of a COPY is flowing, and no answer is due. */
static inline bool talk_copies(const struct talk *talk)
{
    return talk->copy == COPY_SENDING || talk->copy == COPY_RECEIVING;
}

/* A message of the server's as plain values. */
void message_translate(struct server_message *message, const PGresult *result);

/* A running cancel outlives its session. */
void session_forget_cancel(struct session *session);

/*
 * Nobody waits any more for the answer to what is being asked. True: the server is told so, and the session leaves by itself when it has
 * answered, or soon; likewise where a cancel is still on its way. False: there is no question that would stay on the server for long.
 */
bool session_hush(struct session *session);
void session_forget_hush(struct session *session);

/* Says good-bye and closes now; the session is freed when the callbacks on the stack have returned. */
void session_leave(struct session *session);

/* For libpq's notice receiver; the owner is the session. */
void talk_hear_notice(void *owner, const PGresult *result);

#endif
