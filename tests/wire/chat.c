/*
 * The test's end of a talk: it says what the script has and writes down what it hears. It judges nothing.
 */
#include "chat.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "support/testing.h"

/* --- the talker ------------------------------------------------------------------------------------------------------- */

static void answered(struct chat *chat)
{
    chat->answered++;
}

static enum next say_next(void *owner, struct act *act)
{
    struct chat *chat = owner;
    if (chat->said == chat->count)
        return NEXT_END;
    const struct chat_line *line = &chat->lines[chat->said];
    if ((line->waits && chat->answered < chat->said) || (line->pauses && chat->pauses))
        return NEXT_WAIT;
    act->kind = line->kind;
    act->tag = (struct act_tag){ .statement = (uint32_t) chat->said };
    act->sql = line->sql;
    act->sql_bytes = line->sql != NULL ? strlen(line->sql) : 0;
    act->params = line->params;
    act->param_count = line->param_count;
    act->flush = line->flush;
    act->data = line->data;
    act->data_bytes = line->data != NULL ? strlen(line->data) : 0;
    chat->said++;
    if (chat->said - chat->answered > chat->most_outstanding)
        chat->most_outstanding = chat->said - chat->answered;
    return NEXT_ACT;
}

static void hear_row(void *owner, struct act_tag tag, const struct row *row)
{
    struct chat *chat = owner;
    const char *text = row_text(row, 0);
    chat->rows++;
    if (!chat->forgets_rows)
        bytes_add_format(&chat->heard, "%u row %s\n", tag.statement, text != NULL ? text : "NULL");
    if (chat->on_row != NULL)
        chat->on_row(chat);
}

static void hear_done(void *owner, struct act_tag tag, const char *command_tag)
{
    struct chat *chat = owner;
    answered(chat);
    bytes_add_format(&chat->heard, "%u done %s\n", tag.statement, command_tag);
}

static void hear_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    struct chat *chat = owner;
    answered(chat);
    bytes_add_format(&chat->heard, "%u error %s at %ld\n", tag.statement, error->fault.sqlstate, error->position);
}

static void hear_skipped(void *owner, struct act_tag tag)
{
    struct chat *chat = owner;
    answered(chat);
    bytes_add_format(&chat->heard, "%u skipped\n", tag.statement);
}

static void hear_notice(void *owner, const struct server_message *notice)
{
    struct chat *chat = owner;
    bytes_add_format(&chat->heard, "%s %s\n", notice->severity, notice->fault.what);
}

static void over(struct chat *chat)
{
    chat->ends++;
    if (chat->frees_at_end) {
        session_free(chat->session);
        chat->session = NULL;
    }
    if (chat->on_end != NULL)
        chat->on_end(chat);
}

static void hear_end(void *owner)
{
    struct chat *chat = owner;
    bytes_add_format(&chat->heard, "end\n");
    over(chat);
}

static void hear_lost(void *owner, const struct fault *fault)
{
    struct chat *chat = owner;
    chat->lost = true;
    chat->fault = *fault;
    bytes_add_format(&chat->heard, "lost %s\n", fault->sqlstate);
    over(chat);
}

void chat_begin(struct chat *chat, const struct chat_line *lines, size_t count)
{
    static const struct talker talker = {
        .say_next = say_next,
        .hear_row = hear_row,
        .hear_done = hear_done,
        .hear_error = hear_error,
        .hear_skipped = hear_skipped,
        .hear_notice = hear_notice,
        .hear_end = hear_end,
        .hear_lost = hear_lost,
    };
    chat->lines = lines;
    chat->count = count;
    chat->said = 0;
    chat->answered = 0;
    talk_begin(chat->session, &talker, chat);
}

void chat_hold(struct chat *chat, const struct chat_line *lines, size_t count)
{
    unsigned before = chat->ends;
    chat_begin(chat, lines, count);
    loop_run(chat->loop);
    assert_int_equal(chat->ends, before + 1);
}

const char *chat_heard(const struct chat *chat)
{
    return chat->heard.at != NULL ? chat->heard.at : "";
}

/* --- the session ------------------------------------------------------------------------------------------------------ */

static void on_settled(void *owner)
{
    struct chat *chat = owner;
    chat->settled++;
}

struct session *chat_start(struct chat *chat, const char *conninfo, void (*on_settled_do)(void *chat), struct fault *fault)
{
    enum { MOST = 64 };
    const char *keywords[MOST + 1];
    const char *values[MOST + 1];
    size_t count = 0;
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    must(options != NULL, "not a conninfo string: %s", conninfo);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        must(count < MOST, "too many keywords");
        keywords[count] = option->keyword;
        values[count++] = option->val;
    }
    keywords[count] = NULL;
    values[count] = NULL;
    chat->session = session_new(chat->loop, keywords, values, on_settled_do, chat, fault);
    PQconninfoFree(options);
    return chat->session;
}

void chat_connect(struct chat *chat, const char *conninfo)
{
    struct fault fault;
    *chat = (struct chat){ .loop = loop_new(&fault) };
    assert_non_null(chat->loop);
    if (chat_start(chat, conninfo, on_settled, &fault) == NULL)
        fail_msg("%s", fault.what);
    assert_int_equal(chat->settled, 0);
    loop_run(chat->loop);
    assert_int_equal(chat->settled, 1);
}

void chat_open(struct chat *chat, const char *conninfo)
{
    chat_connect(chat, conninfo);
    if (session_state(chat->session) != SESSION_OPEN)
        fail_msg("%s", session_sighting(chat->session)->message);
}

void chat_close(struct chat *chat)
{
    session_free(chat->session);
    chat->session = NULL;
    loop_free(chat->loop);
    chat->loop = NULL;
    bytes_finish(&chat->heard);
}
