/*
 * PQcancel blocks (five seconds and more against a peer that stopped), so it runs in libuv's pool. It knows how to interrupt, and
 * to interrupt again, also on behalf of a session that has no owner any more; what is left of the run afterwards is decided elsewhere.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "session_inside.h"

enum { CANCEL_AGAIN_MS = 50 };

/*
 * What was asked less than BLOCKED_MS ago is being answered, as a rule, and a cancel would only be a line in the server's log. A server
 * that does not confirm the cancel is left as it is after HUSH_MS, and a cancel that is not passed on after PASS_ON_MS. A run that was told
 * to stop has two seconds, of which most may be over.
 */
enum { BLOCKED_MS = 100, HUSH_MS = 500, PASS_ON_MS = 200, STOPPED_WITHIN_MS = 1800 };

struct cancel {
    uv_work_t work;
    struct loop *loop;
    struct session *session; /* NULL once it was freed */
    PGcancel *key;
    bool was_taken;
    bool is_stray; /* nobody waits for it */
};

static void in_pool(uv_work_t *work)
{
    struct cancel *cancel = work->data;
    char refusal[256];
    cancel->was_taken = PQcancel(cancel->key, refusal, sizeof refusal) == 1; /* else the next try has to */
}

static bool is_nobodys(const struct session *session)
{
    return session->hushed_for_ms > 0;
}

static void note_cancelled(struct session *session, bool was_taken)
{
    session->cancel = NULL;
    if (was_taken && session->cancelled_us == 0)
        session->cancelled_us = clock_monotonic_us();
    if (is_nobodys(session) && !session->talk.active)
        session_leave(session);
}

static void on_cancelled(uv_work_t *work, int status)
{
    struct cancel *cancel = work->data;
    (void) status;
    loop_pool_left(cancel->loop);
    cancel->loop->strays -= cancel->is_stray;
    if (cancel->session != NULL)
        note_cancelled(cancel->session, cancel->was_taken);
    PQfreeCancel(cancel->key);
    memory_free(cancel);
}

static void become_stray(struct cancel *cancel)
{
    cancel->loop->strays += !cancel->is_stray;
    cancel->is_stray = true;
}

static bool queue(struct session *session)
{
    struct cancel *cancel = memory_alloc(sizeof *cancel);
    if (cancel == NULL)
        return false;
    *cancel =
        (struct cancel){ .work.data = cancel, .loop = session->loop, .session = session, .key = PQgetCancel(session->conn) };
    if (cancel->key == NULL || uv_queue_work(&session->loop->uv, &cancel->work, in_pool, on_cancelled) != 0) {
        PQfreeCancel(cancel->key);
        memory_free(cancel);
        return false;
    }
    loop_pool_entered(session->loop);
    session->cancel = cancel;
    if (is_nobodys(session))
        become_stray(cancel);
    return true;
}

/* Such a cancel may hang for long; three threads of four are for look-ups, and for cancels that somebody waits for. */
static bool is_room_for_stray(const struct loop *loop)
{
    enum { USUAL_THREADS = 4, THREADS_A_STRAY = 4 };
    const char *threads = getenv("UV_THREADPOOL_SIZE");
    int most = (threads != NULL ? atoi(threads) : USUAL_THREADS) / THREADS_A_STRAY;
    return loop->strays < (most > 1 ? most : 1);
}

static void on_again(uv_timer_t *timer)
{
    struct session *session = timer->data;
    if (is_nobodys(session) && clock_ms_since(session->hushed_us) >= session->hushed_for_ms)
        session_leave(session);
    else if (session->cancel == NULL && (!is_nobodys(session) || is_room_for_stray(session->loop))) /* one at a time */
        queue(session);
}

bool session_cancel(struct session *session, struct fault *fault)
{
    session->was_cancelled = true;
    bool queued = session->cancel != NULL || queue(session);
    if (session->talk.active)
        uv_timer_start(&session->timer, on_again, CANCEL_AGAIN_MS, CANCEL_AGAIN_MS);
    return queued || fault_out_of_memory(fault);
}

void session_cancel_no_more(struct session *session)
{
    uv_timer_stop(&session->timer);
}

int64_t session_cancelled_us(const struct session *session)
{
    return session->cancelled_us;
}

void session_forget_cancel(struct session *session)
{
    if (session->cancel == NULL)
        return;
    session->cancel->session = NULL;
    become_stray(session->cancel);
    session->cancel = NULL;
}

/* --- a question that nobody asks any more ------------------------------------------------------------------------------- */

/* After an error the server skips everything up to a Sync, which may not have been said yet. */
static enum next say_sync(void *owner, struct act *act)
{
    struct session *session = owner;
    if (session->said_last)
        return NEXT_END;
    session->said_last = true;
    act->kind = ACT_SYNC;
    return NEXT_ACT;
}

static void hear_no_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    (void) owner;
    (void) tag;
    (void) error;
}

/* Answered, with a cancel perhaps still on its way. */
static void hear_end(void *owner)
{
    struct session *session = owner;
    if (session->cancel == NULL)
        session_leave(session);
    else
        uv_timer_start(&session->timer, on_again, CANCEL_AGAIN_MS, CANCEL_AGAIN_MS);
}

static void hear_lost(void *owner, const struct fault *fault)
{
    (void) fault;
    session_leave(owner);
}

/* Where it was cancelled before, that was waited for already, or shall not be: a second signal ends at once. */
static bool asks(const struct session *session)
{
    const struct talk *talk = &session->talk;
    bool is_asking = session->state == SESSION_OPEN && talk->active && talk->count > 0;
    return is_asking && talk->copy == COPY_NONE && !session->was_cancelled;
}

/* PgBouncer 1.18 itself ends when whoever asked for a cancel has gone before it was passed on. */
static bool awaits_its_cancel(const struct session *session)
{
    bool is_idle = session->state == SESSION_OPEN && !session->talk.active && PQstatus(session->conn) == CONNECTION_OK;
    return is_idle && session->cancel != NULL;
}

static void become_nobodys(struct session *session, int64_t for_ms, int64_t look_in_ms)
{
    session->hushed_us = clock_monotonic_us();
    session->hushed_for_ms = for_ms;
    session->loop->hushed++;
    uv_timer_start(&session->timer, on_again, look_in_ms > 0 ? (uint64_t) look_in_ms : 0, CANCEL_AGAIN_MS);
}

/* How much longer the answer may take; negative: longer than it should already. */
static int64_t patience_ms(const struct session *session)
{
    int64_t asked_us = session->talk.begun_us;
    return BLOCKED_MS - clock_ms_since(session->heard_us > asked_us ? session->heard_us : asked_us);
}

static void end_question(struct session *session)
{
    static const struct talker mute = {
        .say_next = say_sync, .hear_error = hear_no_error, .hear_end = hear_end, .hear_lost = hear_lost
    };
    session->talk.talker = mute;
    session->talk.owner = session;
    session->talk.ended = false;
    talk_resume(session);
}

static int64_t time_left_ms(void)
{
    if (interrupt_signal() == 0)
        return HUSH_MS;
    int64_t left_ms = interrupt_is_repeated() ? 0 : STOPPED_WITHIN_MS - interrupt_ms();
    return left_ms < HUSH_MS ? left_ms : HUSH_MS;
}

bool session_hush(struct session *session)
{
    int64_t for_ms = time_left_ms();
    int64_t patience_left_ms = patience_ms(session);
    if (for_ms <= 0)
        return false;
    if (asks(session) && (patience_left_ms <= 0 || interrupt_signal() != 0)) {
        become_nobodys(session, for_ms, patience_left_ms);
        end_question(session);
        return true;
    }
    if (awaits_its_cancel(session)) {
        become_nobodys(session, for_ms < PASS_ON_MS ? for_ms : PASS_ON_MS, CANCEL_AGAIN_MS);
        return true;
    }
    return false;
}

void session_forget_hush(struct session *session)
{
    if (is_nobodys(session))
        loop_hush_ended(session->loop);
    session->hushed_for_ms = 0;
}
