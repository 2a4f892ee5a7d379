/*
 * Connecting and closing. It knows PQconnectPoll and when to ask it; what is said once the session is open is talk.c's.
 *
 *     CONNECTING   the watch stands, or the timer is about to settle a start that failed at once
 *     OPEN         no watch unless a talk is active
 *     CLOSED       no watch; the sighting says why
 */
#include "wire/session.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "session_inside.h"

enum { LINGER_MS = 500 }; /* counted from its beginning: who has been silent for so long is not waited for */

static void step_connecting(struct session *session);
static void step_leaving(struct session *session);

static void settle(struct session *session, enum session_state state)
{
    session->state = state;
    session->settled_us = clock_monotonic_us();
    watch_finish(&session->watch);
    session->on_settled(session->owner);
}

static void fail(struct session *session)
{
    sighting_read(&session->sighting, PQerrorMessage(session->conn));
    if (PQconnectionNeedsPassword(session->conn)) /* which has no SQLSTATE, and libpq knows it without its words */
        session->sighting.seen = SEEN_NO_PASSWORD;
    bool answered = session->sighting.seen == SEEN_NO_PASSWORD || session->sighting.sqlstate[0] != '\0';
    if (answered && session->sighting.seen != SEEN_STARTING_UP)
        session->reach = REACH_ACCEPTING;
    settle(session, SESSION_CLOSED);
}

static void become_open(struct session *session)
{
    session->reach = REACH_LOGIN;
    if (PQsetnonblocking(session->conn, 1) != 0 || PQenterPipelineMode(session->conn) != 1) {
        fail(session);
        return;
    }
    settle(session, SESSION_OPEN);
}

static void watch_or_fail(struct session *session, bool for_reading, bool for_writing)
{
    struct fault fault;
    if (watch_start(&session->watch, PQsocket(session->conn), for_reading, for_writing, &fault))
        return;
    sighting_set(&session->sighting, SEEN_OTHER, fault.what);
    settle(session, SESSION_CLOSED);
}

static void note_reach(struct session *session)
{
    ConnStatusType status = PQstatus(session->conn);
    if (status == CONNECTION_AUTH_OK || status == CONNECTION_SETENV)
        session->reach = REACH_ACCEPTING;
    else if (session->reach == REACH_NOTHING && status != CONNECTION_STARTED && status != CONNECTION_BAD &&
             status != CONNECTION_NEEDED)
        session->reach = REACH_LISTENING;
}

static void keep_times(struct session *session)
{
    ConnStatusType status = PQstatus(session->conn);
    if (status == CONNECTION_STARTED || status == CONNECTION_NEEDED || status == CONNECTION_BAD)
        return;
    int64_t now_us = clock_monotonic_us();
    if (session->connected_us == 0)
        session->connected_us = now_us;
    if (session->said_hello_us == 0 && status != CONNECTION_MADE && status != CONNECTION_SSL_STARTUP)
        session->said_hello_us = now_us;
}

static void step_connecting(struct session *session)
{
    enum session_reach before = session->reach;
    PostgresPollingStatusType wants = PQconnectPoll(session->conn);
    keep_times(session);
    note_reach(session);
    switch (wants) {
    case PGRES_POLLING_OK:
        become_open(session);
        break;
    case PGRES_POLLING_READING:
        watch_or_fail(session, true, false);
        break;
    case PGRES_POLLING_WRITING:
        watch_or_fail(session, false, true);
        break;
    default:
        fail(session);
        break;
    }
    if (session->state == SESSION_CONNECTING && session->reach > before && session->on_reach != NULL)
        session->on_reach(session->owner);
}

/* --- between two talks ------------------------------------------------------------------------------------------------ */

void session_take_notifications(struct session *session)
{
    PGnotify *notification;
    while ((notification = PQnotifies(session->conn)) != NULL) {
        session->notified = true;
        PQfreemem(notification);
    }
}

static void lose(struct session *session, const char *message)
{
    sighting_set(&session->sighting, SEEN_CLOSED, message);
    session->state = SESSION_CLOSED;
    watch_finish(&session->watch);
}

static void step_overhearing(struct session *session)
{
    struct fault fault;
    bool alive = PQconsumeInput(session->conn) == 1;
    session_take_notifications(session);
    if (!alive || PQstatus(session->conn) == CONNECTION_BAD)
        lose(session, PQerrorMessage(session->conn));
    else if (!session->notified && watch_start(&session->watch, PQsocket(session->conn), true, false, &fault))
        return;
    void (*on_stirred)(void *owner) = session->on_stirred;
    session->on_stirred = NULL;
    if (on_stirred != NULL)
        on_stirred(session->owner);
}

bool session_overhear(struct session *session, void (*on_stirred)(void *owner), struct fault *fault)
{
    session->on_stirred = on_stirred;
    return watch_start(&session->watch, PQsocket(session->conn), true, false, fault);
}

bool session_was_notified(struct session *session)
{
    bool notified = session->notified;
    session->notified = false;
    return notified;
}

/* --- the one callback ------------------------------------------------------------------------------------------------- */

static void on_ready(void *owner, bool readable)
{
    struct session *session = owner;
    if (readable)
        session->heard_us = clock_monotonic_us();
    if (session->is_leaving)
        step_leaving(session);
    else if (session->state == SESSION_CONNECTING)
        step_connecting(session);
    else if (session->talk.active)
        talk_step(session);
    else
        step_overhearing(session);
}

static void on_start_failed(uv_timer_t *timer)
{
    fail(timer->data);
}

/* Nothing is settled here: the owner does not have the session yet. */
static bool start(struct session *session, struct fault *fault)
{
    PQsetErrorVerbosity(session->conn, PQERRORS_VERBOSE); /* so that a refused login carries its SQLSTATE */
    PQsetNoticeReceiver(session->conn, talk_hear_notice, session);
    if (PQstatus(session->conn) != CONNECTION_BAD)
        return watch_start(&session->watch, PQsocket(session->conn), false, true, fault);
    uv_timer_start(&session->timer, on_start_failed, 0, 0);
    return true;
}

struct session *session_new(struct loop *loop, const char *const *keywords, const char *const *values,
                            void (*on_settled)(void *owner), void *owner, struct fault *fault)
{
    struct session *session = memory_alloc(sizeof *session);
    PGconn *conn = session == NULL ? NULL : PQconnectStartParams(keywords, values, 0);
    if (conn == NULL) {
        memory_free(session);
        fault_out_of_memory(fault);
        return NULL;
    }
    session->loop = loop;
    session->conn = conn;
    session->begun_us = clock_monotonic_us();
    session->on_settled = on_settled;
    session->owner = owner;
    watch_init(&session->watch, loop, on_ready, session);
    uv_timer_init(&loop->uv, &session->timer);
    loop->open_handles++;
    session->timer.data = session;
    if (start(session, fault))
        return session;
    session_free(session);
    return NULL;
}

struct session *session_beside(const struct session *session, void (*on_settled)(void *owner), void *owner,
                               struct fault *fault)
{
    enum { MOST_OPTIONS = 128 };
    const char *keywords[MOST_OPTIONS + 1];
    const char *values[MOST_OPTIONS + 1];
    size_t count = 0;
    PQconninfoOption *options = PQconninfo(session->conn);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
        if (option->val == NULL || option->val[0] == '\0' || count == MOST_OPTIONS)
            continue;
        keywords[count] = option->keyword;
        values[count++] = option->val;
    }
    keywords[count] = NULL;
    values[count] = NULL;
    struct session *beside = NULL;
    if (options == NULL)
        fault_out_of_memory(fault);
    else
        beside = session_new(session->loop, keywords, values, on_settled, owner, fault);
    PQconninfoFree(options);
    return beside;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;
    session->loop->open_handles--;
    memory_free(session);
}

/* --- leaving ---------------------------------------------------------------------------------------------------------- */

/*
 * Bytes that are left unread make a reset of the close, which the server logs. In a login nobody says good-bye, so it is told first
 * that nothing more will come; a TLS connection has its own words for that.
 */
static void read_what_is_left(const struct session *session)
{
    char rest[1024];
    int fd = PQsocket(session->conn);
    if (PQstatus(session->conn) == CONNECTION_OK || PQsslInUse(session->conn)) {
        PQconsumeInput(session->conn);
    } else if (fd >= 0) {
        shutdown(fd, SHUT_WR);
        while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
            continue;
    }
}

void session_leave(struct session *session)
{
    session->state = SESSION_CLOSED;
    session->talk.active = false;
    session_forget_cancel(session);
    session_forget_hush(session);
    watch_finish(&session->watch);
    read_what_is_left(session);
    PQfinish(session->conn);
    session->conn = NULL;
    uv_close((uv_handle_t *) &session->timer, on_timer_closed); /* not before the callbacks on the stack have returned */
}

/* A client that goes away in the middle of it is a line in the server's log. */
static bool is_shaking_hands(const struct session *session)
{
    return session->state == SESSION_CONNECTING && PQstatus(session->conn) == CONNECTION_SSL_STARTUP;
}

static void on_lingered(uv_timer_t *timer)
{
    session_leave(timer->data);
}

static void step_leaving(struct session *session)
{
    struct fault fault;
    PostgresPollingStatusType wants = PQconnectPoll(session->conn);
    bool writes = wants == PGRES_POLLING_WRITING;
    bool goes_on = is_shaking_hands(session) && (writes || wants == PGRES_POLLING_READING);
    if (!goes_on || !watch_start(&session->watch, PQsocket(session->conn), !writes, writes, &fault))
        session_leave(session);
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    if (session_hush(session))
        return;
    int64_t left_ms = LINGER_MS - clock_ms_since(session->begun_us);
    session->is_leaving = is_shaking_hands(session) && left_ms > 0;
    if (session->is_leaving)
        uv_timer_start(&session->timer, on_lingered, (uint64_t) left_ms, 0);
    else
        session_leave(session);
}

void session_tell_reach(struct session *session, void (*on_reach)(void *owner))
{
    session->on_reach = on_reach;
}

enum session_state session_state(const struct session *session)
{
    return session->state;
}

enum session_reach session_reach(const struct session *session)
{
    return session->reach;
}

const struct sighting *session_sighting(const struct session *session)
{
    return &session->sighting;
}

struct session_times session_times(const struct session *session)
{
    struct session_times times = { .connect_us = 0 };
    int64_t settled_us = session->settled_us > 0 ? session->settled_us : clock_monotonic_us();
    if (session->connected_us > 0)
        times.connect_us = session->connected_us - session->begun_us;
    if (session->said_hello_us > 0 && PQsslInUse(session->conn))
        times.tls_us = session->said_hello_us - session->connected_us;
    if (session->said_hello_us > 0)
        times.login_us = settled_us - session->said_hello_us;
    return times;
}

int64_t session_heard_us(const struct session *session)
{
    return session->heard_us;
}

int session_backend_pid(const struct session *session)
{
    return PQbackendPID(session->conn);
}

const char *session_server_version(const struct session *session)
{
    const char *version = PQparameterStatus(session->conn, "server_version");
    return version != NULL ? version : "";
}

const char *session_parameter(const struct session *session, const char *name)
{
    return PQparameterStatus(session->conn, name);
}

bool session_in_transaction(const struct session *session)
{
    PGTransactionStatusType status = PQtransactionStatus(session->conn);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}
