/*
 * The pipeline's two ends: acts go in while the window has room, answers come out in the same order. It knows libpq's pipeline
 * mode and how to leave it for a COPY; what the acts mean is their owner's.
 */
#include "wire/talk.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "session_inside.h"

struct row {
    const PGresult *result;
    int number;
};

const char *row_text(const struct row *row, int column)
{
    return PQgetisnull(row->result, row->number, column) ? NULL : PQgetvalue(row->result, row->number, column);
}

/* --- the window ------------------------------------------------------------------------------------------------------- */

static struct expected *head(struct talk *talk)
{
    return talk->count > 0 ? &talk->expected[talk->first] : NULL;
}

void talk_expect(struct talk *talk, const struct act *act)
{
    const size_t room = sizeof talk->expected / sizeof talk->expected[0];
    assert(talk->count < room);
    size_t bytes = act->kind == ACT_SQL ? act->sql_bytes : 0;
    talk->expected[(talk->first + talk->count) % room] = (struct expected){ act->kind, act->tag, bytes };
    talk->count++;
    talk->bytes += bytes;
}

static struct expected drop_head(struct talk *talk)
{
    struct expected dropped = talk->expected[talk->first];
    talk->first = (talk->first + 1) % (sizeof talk->expected / sizeof talk->expected[0]);
    talk->count--;
    talk->bytes -= dropped.bytes;
    talk->headed = false;
    talk->answered = false;
    return dropped;
}

static bool window_has_room(const struct talk *talk)
{
    return talk->count < TALK_WINDOW_ACTS && talk->bytes < TALK_WINDOW_BYTES;
}

/* --- endings ---------------------------------------------------------------------------------------------------------- */

void talk_lose(struct session *session, const char *why)
{
    struct talk *talk = &session->talk;
    if (talk->lost)
        return;
    talk->lost = true;
    if (fault_is_set(&talk->lost_fault))
        return; /* the server already said why it hangs up */
    char line[sizeof talk->lost_fault.what];
    text_cut(line, sizeof line, why);
    line[strcspn(line, "\n")] = '\0';
    fault_set(&talk->lost_fault, FAULT_LOST, "%s", line[0] != '\0' ? line : "the connection broke");
}

/* The connection may be well, but we cannot go on. */
static void lose_for(struct talk *talk, const struct fault *fault)
{
    talk->lost = true;
    talk->lost_fault = *fault;
}

/* It failed by itself, and what the server has answered is not known. */
static void lose_to_libpq(struct talk *talk, const char *why)
{
    struct fault fault;
    fault_set(&fault, FAULT_INTERNAL, "libpq failed: %s", why[0] != '\0' ? why : "out of memory");
    lose_for(talk, &fault);
}

static void end_lost(struct session *session)
{
    struct talk *talk = &session->talk;
    struct fault fault = talk->lost_fault;
    talk->active = false;
    session->state = SESSION_CLOSED;
    sighting_set(&session->sighting, SEEN_CLOSED, fault.what);
    watch_finish(&session->watch);
    uv_timer_stop(&session->timer);
    talk->talker.hear_lost(talk->owner, &fault);
}

static void end_well(struct session *session)
{
    session->talk.active = false;
    watch_finish(&session->watch);
    uv_timer_stop(&session->timer);
    session->talk.talker.hear_end(session->talk.owner);
}

/* --- saying ----------------------------------------------------------------------------------------------------------- */

/* Rows are taken one at a time, and it has to be said before the first of them is read. */
static void set_single_row_mode(struct session *session)
{
    struct expected *first = head(&session->talk);
    if (first == NULL || first->kind != ACT_SQL || session->talk.headed)
        return;
    session->talk.headed = true;
    PQsetSingleRowMode(session->conn);
}

/*
 * The server keeps its answers back until a Sync, a flush request, or 8 kB of them. A full window that asked for none would wait for
 * ever, so they are asked for at each half of it.
 */
static bool half_a_window_unasked(const struct talk *talk)
{
    return talk->unasked_acts >= TALK_WINDOW_ACTS / 2 || talk->unasked_bytes >= TALK_WINDOW_BYTES / 2;
}

static bool ask_for_answers(struct session *session)
{
    session->talk.unasked_acts = 0;
    session->talk.unasked_bytes = 0;
    return PQsendFlushRequest(session->conn) == 1;
}

static bool send_act(struct session *session, const struct act *act)
{
    struct talk *talk = &session->talk;
    if (act->kind == ACT_SYNC) {
        talk->unasked_acts = 0;
        talk->unasked_bytes = 0;
        return PQpipelineSync(session->conn) == 1;
    }
    if (PQsendQueryParams(session->conn, act->sql, act->param_count, NULL, act->params, NULL, NULL, 0) != 1)
        return false;
    talk->unasked_acts++;
    talk->unasked_bytes += act->sql_bytes;
    return !(act->flush || half_a_window_unasked(talk)) || ask_for_answers(session);
}

static void say_act(struct session *session, const struct act *act)
{
    struct talk *talk = &session->talk;
    if (act->kind == ACT_COPY_IN || act->kind == ACT_COPY_OUT) {
        talk->copy_act = *act;
        talk->copied_bytes = 0;
        talk->copy = COPY_PARKED;
        return;
    }
    if (!send_act(session, act)) {
        talk_lose(session, PQerrorMessage(session->conn));
        return;
    }
    talk_expect(talk, act);
    set_single_row_mode(session);
}

static void say_more(struct session *session)
{
    struct talk *talk = &session->talk;
    while (!talk->lost && !talk->ended && !talk->waiting && talk->copy == COPY_NONE && window_has_room(talk)) {
        struct act act = { .kind = ACT_SQL };
        switch (talk->talker.say_next(talk->owner, &act)) {
        case NEXT_ACT:
            say_act(session, &act);
            break;
        case NEXT_WAIT:
            talk->waiting = true;
            break;
        case NEXT_END:
            talk->ended = true;
            break;
        }
    }
    if (talk->copy == COPY_PARKED && talk->count == 0 && !talk->lost)
        talk_begin_copy(session);
}

/* --- hearing ---------------------------------------------------------------------------------------------------------- */

static bool is_fatal(const struct server_message *message)
{
    return strcmp(message->severity, "FATAL") == 0 || strcmp(message->severity, "PANIC") == 0;
}

/* The server says why it is about to hang up. */
static void keep_last_words(struct talk *talk, const struct server_message *message)
{
    talk->lost_fault = message->fault;
    talk->lost_fault.class = FAULT_LOST;
}

static void hear_error(struct session *session, const PGresult *result)
{
    struct talk *talk = &session->talk;
    struct server_message message;
    message_translate(&message, result);
    if (is_fatal(&message)) {
        keep_last_words(talk, &message);
    } else if (PQstatus(session->conn) == CONNECTION_BAD) {
        talk_lose(session, message.fault.what);
    } else if (message.fault.sqlstate[0] == '\0') {
        lose_to_libpq(talk, message.fault.what);
    } else {
        talk->talker.hear_error(talk->owner, head(talk)->tag, &message);
    }
}

/* One, or none at the end of those that came one by one; or all of them, where libpq did not take to single rows. */
static void hear_rows(struct talk *talk, const PGresult *result)
{
    for (int i = 0; i < PQntuples(result) && talk->talker.hear_row != NULL; i++)
        talk->talker.hear_row(talk->owner, head(talk)->tag, &(struct row){ result, i });
}

static void hear_done(struct talk *talk, struct act_tag tag, const char *command_tag)
{
    if (talk->talker.hear_done != NULL)
        talk->talker.hear_done(talk->owner, tag, command_tag);
}

static void hear_skipped(struct talk *talk)
{
    if (talk->talker.hear_skipped != NULL)
        talk->talker.hear_skipped(talk->owner, head(talk)->tag);
}

static void hear_sync(struct talk *talk)
{
    struct expected sync = drop_head(talk);
    hear_done(talk, sync.tag, "");
}

static void hear_result(struct session *session, PGresult *result)
{
    struct talk *talk = &session->talk;
    talk->answered = PQresultStatus(result) != PGRES_SINGLE_TUPLE; /* behind which more must come */
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        hear_rows(talk, result);
        break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        hear_rows(talk, result);
        hear_done(talk, head(talk)->tag, PQcmdStatus(result));
        break;
    case PGRES_PIPELINE_SYNC:
        hear_sync(talk);
        break;
    case PGRES_PIPELINE_ABORTED:
        hear_skipped(talk);
        break;
    case PGRES_COPY_IN:
        talk->copy = talk->copy == COPY_ASKED ? COPY_SENDING : talk->copy;
        break;
    case PGRES_COPY_OUT:
        talk->copy = talk->copy == COPY_ASKED ? COPY_RECEIVING : talk->copy;
        break;
    default:
        hear_error(session, result);
        break;
    }
    if (talk->copy == COPY_NONE && (PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_OUT))
        talk_lose(session, "the server began a COPY in the middle of a pipeline");
}

/* All results of the first expected act are in. */
static void hear_null(struct session *session)
{
    struct expected ended = drop_head(&session->talk);
    if (ended.kind == ACT_COPY_IN || ended.kind == ACT_COPY_OUT)
        talk_end_copy(session);
    set_single_row_mode(session);
}

/* While libpq goes from one command to the next it may have no result once; not twice, when it is not busy. */
static void hear_nothing(struct session *session, int times)
{
    if (PQstatus(session->conn) == CONNECTION_BAD)
        talk_lose(session, PQerrorMessage(session->conn));
    else if (times > 1)
        lose_to_libpq(&session->talk, "it has no answer to what was asked");
}

/* True when anything was heard. */
static bool hear_more(struct session *session)
{
    struct talk *talk = &session->talk;
    bool heard = false;
    int nothings = 0;
    while (talk->count > 0 && !talk->lost && !talk_copies(talk) && !PQisBusy(session->conn)) {
        PGresult *result = PQgetResult(session->conn);
        if (result == NULL && !talk->answered) {
            hear_nothing(session, ++nothings);
            continue;
        }
        heard = true;
        nothings = 0;
        if (result == NULL)
            hear_null(session);
        else
            hear_result(session, result);
        set_single_row_mode(session);
        PQclear(result);
    }
    if (heard)
        talk->waiting = false;
    session_take_notifications(session);
    return heard;
}

void talk_hear_notice(void *owner, const PGresult *result)
{
    struct session *session = owner;
    struct talk *talk = &session->talk;
    if (!talk->active)
        return;
    struct server_message message;
    message_translate(&message, result);
    if (is_fatal(&message))
        keep_last_words(talk, &message); /* to a session that waits for no answer it comes as a notice */
    else if (talk->talker.hear_notice != NULL)
        talk->talker.hear_notice(talk->owner, &message);
}

/* --- the step --------------------------------------------------------------------------------------------------------- */

static bool flush(struct session *session)
{
    int left = PQflush(session->conn);
    if (left < 0)
        talk_lose(session, PQerrorMessage(session->conn));
    return left == 1;
}

static void wait_or_end(struct session *session, bool unsent)
{
    struct talk *talk = &session->talk;
    struct fault fault;
    bool for_writing = unsent || talk->copy == COPY_SENDING; /* the flush may have taken what the COPY paused for */
    if (!talk->lost && talk->ended && talk->count == 0 && talk->copy == COPY_NONE)
        end_well(session);
    else if (!talk->lost && !watch_start(&session->watch, PQsocket(session->conn), true, for_writing, &fault))
        lose_for(talk, &fault);
    if (talk->lost && talk->active)
        end_lost(session);
}

/* Says, sends and hears until nothing more can be done without waiting for the socket. */
static void pump(struct session *session)
{
    bool unsent;
    bool heard;
    do {
        say_more(session);
        talk_step_copy(session);
        unsent = !session->talk.lost && flush(session);
        heard = hear_more(session);
    } while (heard && !session->talk.lost);
    wait_or_end(session, unsent);
}

void talk_step(struct session *session)
{
    if (!session->talk.active)
        return;
    if (PQconsumeInput(session->conn) != 1 && session->talk.count == 0)
        talk_lose(session, PQerrorMessage(session->conn));
    pump(session);
}

void talk_begin(struct session *session, const struct talker *talker, void *owner)
{
    assert(session->state == SESSION_OPEN && !session->talk.active);
    watch_stop(&session->watch);
    session->on_stirred = NULL;
    session->talk = (struct talk){ .active = true, .begun_us = clock_monotonic_us(), .talker = *talker, .owner = owner };
    pump(session);
}

void talk_resume(struct session *session)
{
    if (!session->talk.active)
        return;
    session->talk.waiting = false;
    watch_stop(&session->watch);
    pump(session);
}
