/*
 * PQcancel blocks (five seconds and more against a peer that stopped), so it runs in libuv's pool. It knows how to interrupt, and
 * to interrupt again; what is left of the run afterwards is decided elsewhere.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "session_inside.h"

enum { CANCEL_AGAIN_MS = 50 };

struct cancel {
    uv_work_t work;
    struct loop *loop;
    struct session *session; /* NULL once it was freed */
    PGcancel *key;
    bool was_taken;
};

static void in_pool(uv_work_t *work)
{
    struct cancel *cancel = work->data;
    char refusal[256];
    cancel->was_taken = PQcancel(cancel->key, refusal, sizeof refusal) == 1; /* else the next try has to */
}

static void on_cancelled(uv_work_t *work, int status)
{
    struct cancel *cancel = work->data;
    (void) status;
    loop_pool_left(cancel->loop);
    if (cancel->session != NULL) {
        cancel->session->cancel = NULL;
        if (cancel->was_taken && cancel->session->cancelled_us == 0)
            cancel->session->cancelled_us = clock_monotonic_us();
    }
    PQfreeCancel(cancel->key);
    memory_free(cancel);
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
    return true;
}

static void on_again(uv_timer_t *timer)
{
    struct session *session = timer->data;
    if (session->cancel == NULL) /* one at a time */
        queue(session);
}

bool session_cancel(struct session *session, struct fault *fault)
{
    bool queued = session->cancel != NULL || queue(session);
    if (session->talk.active)
        uv_timer_start(&session->timer, on_again, CANCEL_AGAIN_MS, CANCEL_AGAIN_MS);
    return queued || fault_out_of_memory(fault);
}

int64_t session_cancelled_us(const struct session *session)
{
    return session->cancelled_us;
}

void session_forget_cancel(struct session *session)
{
    if (session->cancel != NULL)
        session->cancel->session = NULL;
    session->cancel = NULL;
}
