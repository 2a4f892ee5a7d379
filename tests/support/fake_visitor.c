/*
 * The conversation with one client. It knows the order of PostgreSQL's protocol; what to answer it takes from the script.
 * Like a real server it keeps what it says until a Sync, a flush request or 8 kB.
 */
#include "support/fake_visitor.h"

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

static void flush(struct visitor *visitor)
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

static void say_and_leave(struct visitor *visitor)
{
    visitor->leaving = true;
    flush(visitor);
}

static void refuse(struct visitor *visitor, const struct fake_error *error)
{
    say_error(&visitor->out, "FATAL", error);
    say_and_leave(visitor);
}

/* --- logging in --- */

static void let_in(struct visitor *visitor)
{
    static const char *const parameters[][2] = {
        { "server_version", "15.0 (fake)" },
        { "server_encoding", "UTF8" },
        { "client_encoding", "UTF8" },
        { "DateStyle", "ISO, MDY" },
        { "TimeZone", "UTC" },
        { "integer_datetimes", "on" },
        { "is_superuser", "on" },
        { "IntervalStyle", "postgres" },
    };
    struct bytes *out = &visitor->out;
    say_authentication_ok(out);
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++)
        say_parameter(out, parameters[i][0], parameters[i][1]);
    say_parameter(out, "standard_conforming_strings", "on");
    say_parameter(out, "in_hot_standby", visitor->visit->in_hot_standby ? "on" : "off");
    say_parameter(out, "default_transaction_read_only", "off");
    say_key(out, (int) visitor->number);
    say_ready(out, 'I');
    flush(visitor);
}

static void welcome(struct visitor *visitor)
{
    switch (visitor->visit->manner) {
    case FAKE_LOGIN:
        if (visitor->visit->password == NULL) {
            let_in(visitor);
        } else {
            say_password_wanted(&visitor->out);
            flush(visitor);
        }
        break;
    case FAKE_REFUSE:
        refuse(visitor, &visitor->visit->error);
        break;
    case FAKE_CLOSE_AFTER_STARTUP:
        visitor_close(visitor, false);
        break;
    case FAKE_RESET_AFTER_STARTUP:
        visitor_close(visitor, true);
        break;
    case FAKE_SILENT:
    case FAKE_HALF_TLS:
    case FAKE_BABBLE:
    case FAKE_CLOSE_AT_ONCE:
    case FAKE_RESET_AT_ONCE:
        visitor->silent = true;
        break;
    }
}

static void note_startup(struct visitor *visitor, const struct frame *frame)
{
    struct bytes line = { 0 };
    const char *at = frame->body + 4;
    const char *last = frame->body + frame->body_size;
    while (at < last && *at != '\0') {
        const char *value = at + strlen(at) + 1;
        bytes_add_format(&line, " %s=%s", at, value);
        at = value + strlen(value) + 1;
    }
    fake_server_note(visitor->server, "%u startup%s", visitor->number, line.at != NULL ? line.at : "");
    bytes_finish(&line);
}

static void answer_encryption(struct visitor *visitor, int32_t code)
{
    fake_server_note(visitor->server, "%u %s", visitor->number, code == FRAME_CODE_SSL ? "ssl" : "gssenc");
    bool half_tls = visitor->visit->manner == FAKE_HALF_TLS && code == FRAME_CODE_SSL;
    if (visitor->visit->manner == FAKE_SILENT)
        return;
    bytes_add(&visitor->out, half_tls ? "S" : "N", 1);
    flush(visitor);
    visitor->silent = half_tls;
}

static void hear_untyped(struct visitor *visitor, const struct frame *frame)
{
    int32_t code = frame_code(frame);
    if (code == FRAME_CODE_CANCEL) {
        fake_server_cancel(visitor->server, visitor, frame_int32(frame->body + 4));
        visitor_close(visitor, false);
    } else if (visitor->visit->manner == FAKE_BABBLE) {
        const char *babble = visitor->visit->error.message;
        bytes_add(&visitor->out, babble, strlen(babble));
        say_and_leave(visitor);
    } else if (code == FRAME_CODE_SSL || code == FRAME_CODE_GSSENC) {
        answer_encryption(visitor, code);
    } else {
        visitor->in.untyped = false;
        note_startup(visitor, frame);
        welcome(visitor);
    }
}

static void hear_password(struct visitor *visitor, const char *password)
{
    fake_server_note(visitor->server, "%u password %s", visitor->number, password);
    if (visitor->silent)
        return;
    const char *wanted = visitor->visit->password;
    if (wanted == NULL || strcmp(password, wanted) == 0)
        let_in(visitor);
    else
        refuse(visitor, &(struct fake_error){ .sqlstate = "28P01", .message = "password authentication failed" });
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

static void run_query(struct visitor *visitor, const char *query, const struct fake_reply *reply, bool extended)
{
    enum fake_deed deed = reply != NULL ? reply->deed : FAKE_ANSWER;
    if (deed != FAKE_ANSWER) {
        visitor->silent = deed == FAKE_SAY_NOTHING;
        visitor->running = deed == FAKE_UNTIL_CANCELLED;
        visitor->running_extended = extended;
        if (deed == FAKE_HANG_UP || deed == FAKE_RESET)
            visitor_close(visitor, deed == FAKE_RESET);
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
    flush(visitor);
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
        flush(visitor);
        break;
    }
    if (visitor->out.size > FLUSH_BYTES)
        flush(visitor);
}

static void note_message(struct visitor *visitor, const struct frame *frame)
{
    const char *text = "";
    if (frame->type == 'Q')
        text = frame->body;
    else if (frame->type == 'P')
        text = frame->body + strlen(frame->body) + 1;
    fake_server_note(visitor->server, "%u %c%s%s", visitor->number, frame->type, *text != '\0' ? " " : "", text);
}

static void hear_typed(struct visitor *visitor, const struct frame *frame)
{
    if (frame->type == 'p') {
        hear_password(visitor, frame->body);
        return;
    }
    note_message(visitor, frame);
    if (frame->type == 'X') {
        visitor_close(visitor, false);
    } else if (visitor->silent) {
        return;
    } else if (frame->type == 'Q') {
        run_query(visitor, frame->body, fake_server_choose(visitor->server, visitor->visit, frame->body), false);
        if (!visitor->closing && !visitor->silent && !visitor->running)
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
            hear_untyped(visitor, &frame);
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
    enum fake_manner manner = visitor->visit->manner;
    if (manner == FAKE_CLOSE_AT_ONCE || manner == FAKE_RESET_AT_ONCE)
        visitor_close(visitor, manner == FAKE_RESET_AT_ONCE);
    else
        must(uv_read_start((uv_stream_t *) &visitor->tcp, on_room, on_read) == 0, "cannot read from a client");
}
