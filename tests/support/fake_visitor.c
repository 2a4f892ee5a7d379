/*
 * The conversation with one client. It knows the order of PostgreSQL's protocol; what to answer it takes from the script.
 * Like a real server it keeps what it says until a Sync, a flush request or 8 kB.
 */
#include "support/fake_visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fake_protocol.h"
#include "support/fake_query.h"

enum { FLUSH_BYTES = 8192 };

struct sending {
    uv_write_t request;
    struct visitor *visitor;
    char *bytes;
};

static void hear_all(struct visitor *visitor);

static void on_closed(uv_handle_t *handle)
{
    struct visitor *visitor = handle->data;
    while (visitor->prepared != NULL) {
        struct prepared *next = visitor->prepared->next;
        free(visitor->prepared->name);
        free(visitor->prepared->query);
        free(visitor->prepared);
        visitor->prepared = next;
    }
    free(visitor->bound);
    frames_finish(&visitor->in);
    bytes_finish(&visitor->out);
    fake_server_gone(visitor->server, visitor);
    free(visitor);
}

void visitor_close(struct visitor *visitor, bool reset)
{
    if (visitor->closing)
        return;
    visitor->closing = true;
    if (!reset || uv_tcp_close_reset(&visitor->tcp, on_closed) != 0)
        uv_close((uv_handle_t *) &visitor->tcp, on_closed);
}

static void on_sent(uv_write_t *request, int status)
{
    (void) status;
    struct sending *sending = (struct sending *) request;
    struct visitor *visitor = sending->visitor;
    free(sending->bytes);
    free(sending);
    if (visitor->leaving)
        visitor_close(visitor, false);
}

void visitor_flush(struct visitor *visitor)
{
    if (visitor->out.size == 0 || visitor->closing)
        return;
    struct sending *sending = must_alloc(sizeof *sending);
    sending->visitor = visitor;
    sending->bytes = visitor->out.at;
    uv_buf_t buf = uv_buf_init(visitor->out.at, (unsigned) visitor->out.size);
    visitor->out = (struct bytes){ 0 };
    if (uv_write(&sending->request, (uv_stream_t *) &visitor->tcp, &buf, 1, on_sent) == 0)
        return;
    free(sending->bytes);
    free(sending);
    visitor_close(visitor, false);
}

void visitor_leave(struct visitor *visitor)
{
    visitor->leaving = true;
    visitor_flush(visitor);
}

/* --- answering a query --- */

static void fail_query(struct visitor *visitor, const struct fake_error *error, bool extended)
{
    say_error(&visitor->out, "ERROR", error);
    if (visitor->transaction_status == 'T')
        visitor->transaction_status = 'E';
    visitor->skipping = extended;
}

static void say_guessed_tag(struct visitor *visitor, const char *query, int rows)
{
    char tag[96];
    query_guess_tag(tag, sizeof tag, query, rows, visitor->transaction_status);
    say_complete(&visitor->out, tag);
}

static void succeed(struct visitor *visitor, const struct fake_reply *reply, const char *query, bool extended)
{
    if (*query == '\0') {
        say_empty(&visitor->out, 'I');
        return;
    }
    const char *rows = query_rows(reply, query);
    if (!extended)
        say_columns(&visitor->out, rows, false);
    int count = say_rows(&visitor->out, rows);
    if (reply != NULL && reply->tag != NULL)
        say_complete(&visitor->out, reply->tag);
    else
        say_guessed_tag(visitor, query, count);
    visitor->transaction_status = query_transaction_status(query, visitor->transaction_status);
}

static void copy_out(struct visitor *visitor, const char *lines)
{
    say_copy_begins(&visitor->out, 'H');
    say_copy_data(&visitor->out, lines, strlen(lines));
    say_empty(&visitor->out, 'c');
    say_complete(&visitor->out, "COPY 1");
}

static void copy_in(struct visitor *visitor)
{
    say_copy_begins(&visitor->out, 'G');
    visitor_flush(visitor);
    visitor->copying = true;
    visitor->copied_lines = 0;
}

static void do_deed(struct visitor *visitor, const struct fake_reply *reply, bool extended)
{
    switch (reply->deed) {
    case FAKE_ANSWER:
        break;
    case FAKE_HANG_UP:
    case FAKE_RESET:
        visitor_close(visitor, reply->deed == FAKE_RESET);
        break;
    case FAKE_SAY_NOTHING:
        visitor->silent = true;
        break;
    case FAKE_UNTIL_CANCELLED:
    case FAKE_UNTIL_HEARD:
        visitor->running = true;
        visitor->running_extended = extended;
        break;
    case FAKE_COPY_IN:
        copy_in(visitor);
        break;
    case FAKE_COPY_OUT:
        copy_out(visitor, reply->rows);
        break;
    }
}

static void run_query(struct visitor *visitor, const char *query, const struct fake_reply *reply, bool extended)
{
    if (reply != NULL && reply->meanwhile != NULL)
        reply->meanwhile();
    if (reply != NULL && reply->deed != FAKE_ANSWER) {
        do_deed(visitor, reply, extended);
        return;
    }
    if (reply != NULL && reply->notice != NULL)
        say_notice(&visitor->out, reply->notice);
    if (reply != NULL && reply->error.sqlstate != NULL)
        fail_query(visitor, &reply->error, extended);
    else
        succeed(visitor, reply, query_begin(query), extended);
}

static void say_ready_now(struct visitor *visitor)
{
    visitor->skipping = false;
    say_ready(&visitor->out, visitor->transaction_status);
    visitor_flush(visitor);
}

void visitor_cancel(struct visitor *visitor)
{
    if (visitor->deaf_cancels > 0) {
        visitor->deaf_cancels--;
        return;
    }
    if (!visitor->running || visitor->closing)
        return;
    visitor->running = false;
    const struct fake_error cancelled = { .sqlstate = "57014", .message = "canceling statement due to user request" };
    fail_query(visitor, &cancelled, visitor->running_extended);
    if (!visitor->running_extended)
        say_ready_now(visitor);
    hear_all(visitor);
}

void visitor_overhear(struct visitor *visitor, const char *text)
{
    const struct fake_reply *reply = visitor->bound_reply;
    if (!visitor->running || visitor->closing || reply == NULL || reply->deed != FAKE_UNTIL_HEARD ||
        strstr(text, reply->until) == NULL)
        return;
    visitor->running = false;
    succeed(visitor, reply, query_begin(visitor->bound), true);
    hear_all(visitor);
}

/* --- COPY --- */

static void hear_copy(struct visitor *visitor, const struct frame *frame)
{
    char tag[32];
    for (size_t i = 0; frame->type == 'd' && i < frame->body_size; i++)
        visitor->copied_lines += frame->body[i] == '\n';
    if (frame->type != 'c' && frame->type != 'f')
        return;
    visitor->copying = false;
    snprintf(tag, sizeof tag, "COPY %u", visitor->copied_lines);
    if (frame->type == 'c')
        say_complete(&visitor->out, tag);
    else
        fail_query(visitor, &(struct fake_error){ .sqlstate = "57014", .message = frame->body }, false);
    say_ready_now(visitor);
}

/* --- the extended protocol --- */

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(must_alloc(size), text, size);
}

static void prepare(struct visitor *visitor, const char *name, const char *query)
{
    struct prepared *statement = visitor->prepared;
    while (statement != NULL && strcmp(statement->name, name) != 0)
        statement = statement->next;
    if (statement == NULL) {
        statement = must_alloc(sizeof *statement);
        statement->name = copy(name);
        statement->next = visitor->prepared;
        visitor->prepared = statement;
    }
    free(statement->query);
    statement->query = copy(query);
    say_empty(&visitor->out, '1');
}

static const char *find_prepared(const struct visitor *visitor, const char *name)
{
    const struct prepared *statement = visitor->prepared;
    while (statement != NULL && strcmp(statement->name, name) != 0)
        statement = statement->next;
    return statement != NULL ? statement->query : "";
}

static void bind_query(struct visitor *visitor, const char *portal)
{
    const char *name = portal + strlen(portal) + 1;
    free(visitor->bound);
    visitor->bound = copy(find_prepared(visitor, name));
    visitor->bound_reply = fake_server_choose(visitor->server, visitor->visit, visitor->bound);
    say_empty(&visitor->out, '2');
}

static void describe(struct visitor *visitor, const char *body)
{
    const char no_parameters[] = { 't', 0, 0, 0, 6, 0, 0 };
    const char *query = visitor->bound;
    const struct fake_reply *reply = visitor->bound_reply;
    if (body[0] == 'S') {
        query = find_prepared(visitor, body + 1);
        reply = fake_server_find(visitor->server, visitor->visit, query);
        bytes_add(&visitor->out, no_parameters, sizeof no_parameters);
    }
    say_columns(&visitor->out, query_rows(reply, query_begin(query)), true);
}

static void hear_extended(struct visitor *visitor, const struct frame *frame)
{
    switch (frame->type) {
    case 'P':
        prepare(visitor, frame->body, frame->body + strlen(frame->body) + 1);
        break;
    case 'B':
        bind_query(visitor, frame->body);
        break;
    case 'D':
        describe(visitor, frame->body);
        break;
    case 'E':
        run_query(visitor, visitor->bound, visitor->bound_reply, true);
        break;
    case 'C':
        say_empty(&visitor->out, '3');
        break;
    case 'H':
        visitor_flush(visitor);
        break;
    }
    if (visitor->out.size > FLUSH_BYTES)
        visitor_flush(visitor);
}

static void note_message(struct visitor *visitor, const struct frame *frame)
{
    const char *text = "";
    if (frame->type == 'Q')
        text = frame->body;
    else if (frame->type == 'P')
        text = frame->body + strlen(frame->body) + 1;
    fake_server_note(visitor->server, "%u %c%s%s", visitor->number, frame->type, *text != '\0' ? " " : "", text);
    fake_server_overhear(visitor->server, visitor, text);
}

static void hear_typed(struct visitor *visitor, const struct frame *frame)
{
    if (frame->type == 'p') {
        login_hear_password(visitor, frame->body);
        return;
    }
    note_message(visitor, frame);
    if (frame->type == 'X') {
        visitor_close(visitor, false);
    } else if (visitor->silent) {
        return;
    } else if (visitor->copying) {
        hear_copy(visitor, frame);
    } else if (frame->type == 'Q') {
        run_query(visitor, frame->body, fake_server_choose(visitor->server, visitor->visit, frame->body), false);
        if (!visitor->closing && !visitor->silent && !visitor->running && !visitor->copying)
            say_ready_now(visitor);
    } else if (frame->type == 'S') {
        say_ready_now(visitor);
    } else if (!visitor->skipping) {
        hear_extended(visitor, frame);
    }
}

/* --- bytes coming in --- */

static bool listens(const struct visitor *visitor)
{
    bool half_tls = visitor->silent && visitor->in.untyped; /* what comes now is TLS, and not for us to read */
    return !half_tls && !visitor->running && !visitor->closing && !visitor->leaving;
}

static void hear_all(struct visitor *visitor)
{
    struct frame frame = { 0 };
    while (listens(visitor) && frames_next(&visitor->in, &frame))
        if (visitor->in.untyped)
            login_hear(visitor, &frame);
        else
            hear_typed(visitor, &frame);
    bytes_drop(&visitor->in.bytes, frame.whole_size);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void) handle;
    *buf = uv_buf_init(must_alloc(suggested), (unsigned) suggested);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct visitor *visitor = stream->data;
    if (got > 0) {
        frames_add(&visitor->in, buf->base, (size_t) got);
        hear_all(visitor);
    } else if (got < 0) {
        fake_server_note(visitor->server, "%u gone", visitor->number);
        visitor_close(visitor, false);
    }
    free(buf->base);
}

void visitor_begin(struct visitor *visitor)
{
    visitor->tcp.data = visitor;
    visitor->transaction_status = 'I';
    visitor->in.untyped = true;
    visitor->bound = copy("");
    visitor->deaf_cancels = visitor->visit->deaf_cancels;
    uv_unref((uv_handle_t *) &visitor->tcp);
    uv_tcp_nodelay(&visitor->tcp, 1); /* two small answers in a row must not wait for the client's acknowledgement */
    enum fake_manner manner = visitor->visit->manner;
    if (manner == FAKE_CLOSE_AT_ONCE || manner == FAKE_RESET_AT_ONCE)
        visitor_close(visitor, manner == FAKE_RESET_AT_ONCE);
    else
        must(uv_read_start((uv_stream_t *) &visitor->tcp, on_room, on_read) == 0, "cannot read from a client");
}
