/*
 * A COPY within a talk, for which pipeline mode has to be left: its statement, its data in either direction, and the way back. When
 * it begins, and what its answers mean, is talk.c's.
 */
#include "session_inside.h"

enum { COPY_CHUNK_BYTES = 32 * 1024 };

void talk_begin_copy(struct session *session)
{
    struct talk *talk = &session->talk;
    if (PQexitPipelineMode(session->conn) != 1 || PQsendQuery(session->conn, talk->copy_act.sql) != 1) {
        talk_lose(session, PQerrorMessage(session->conn));
        return;
    }
    talk->copy = COPY_ASKED;
    talk_expect(talk, &talk->copy_act);
}

/* Sends as much as the socket takes; false when it has to be waited for. */
static bool send_copy_data(struct session *session)
{
    struct talk *talk = &session->talk;
    while (talk->copied_bytes < talk->copy_act.data_bytes) {
        size_t left = talk->copy_act.data_bytes - talk->copied_bytes;
        size_t chunk = left < COPY_CHUNK_BYTES ? left : COPY_CHUNK_BYTES;
        int sent = PQputCopyData(session->conn, talk->copy_act.data + talk->copied_bytes, (int) chunk);
        if (sent < 0) {
            talk_lose(session, PQerrorMessage(session->conn));
            return true;
        }
        if (sent > 0)
            talk->copied_bytes += chunk;
        if (sent == 0 || PQflush(session->conn) == 1)
            return false;
    }
    return true;
}

static void step_copy_in(struct session *session)
{
    if (!send_copy_data(session) || session->talk.lost)
        return;
    int ended = PQputCopyEnd(session->conn, NULL);
    if (ended == 1)
        session->talk.copy = COPY_ASKED;
    else if (ended < 0)
        talk_lose(session, PQerrorMessage(session->conn));
}

static void step_copy_out(struct session *session)
{
    char *line = NULL;
    int size;
    while ((size = PQgetCopyData(session->conn, &line, 1)) > 0)
        PQfreemem(line);
    if (size < 0)
        session->talk.copy = COPY_ASKED;
}

void talk_end_copy(struct session *session)
{
    session->talk.copy = COPY_NONE;
    if (PQenterPipelineMode(session->conn) != 1)
        talk_lose(session, PQerrorMessage(session->conn));
}

void talk_step_copy(struct session *session)
{
    if (session->talk.copy == COPY_SENDING)
        step_copy_in(session);
    else if (session->talk.copy == COPY_RECEIVING)
        step_copy_out(session);
}
