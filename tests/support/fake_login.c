/*
 * A client of the fake server up to its first ReadyForQuery: encryption, the start-up message, a password. What the visit says it
 * meets is done here; what comes after the login is fake_visitor.c's.
 */
#include <string.h>

#include "support/fake_protocol.h"
#include "support/fake_visitor.h"

static void refuse(struct visitor *visitor, const struct fake_error *error)
{
    say_error(&visitor->out, "FATAL", error);
    visitor_leave(visitor);
}

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
    visitor_flush(visitor);
}

static void welcome(struct visitor *visitor)
{
    switch (visitor->visit->manner) {
    case FAKE_LOGIN:
        if (visitor->visit->password == NULL) {
            let_in(visitor);
        } else {
            say_password_wanted(&visitor->out);
            visitor_flush(visitor);
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
    visitor_flush(visitor);
    visitor->silent = half_tls;
}

void login_hear(struct visitor *visitor, const struct frame *frame)
{
    int32_t code = frame_code(frame);
    if (code == FRAME_CODE_CANCEL) {
        fake_server_cancel(visitor->server, visitor, frame_int32(frame->body + 4));
        if (!visitor->visit->keeps_cancellers)
            visitor_close(visitor, false);
    } else if (visitor->visit->manner == FAKE_BABBLE) {
        const char *babble = visitor->visit->error.message;
        bytes_add(&visitor->out, babble, strlen(babble));
        visitor_leave(visitor);
    } else if (code == FRAME_CODE_SSL || code == FRAME_CODE_GSSENC) {
        answer_encryption(visitor, code);
    } else {
        visitor->in.untyped = false;
        note_startup(visitor, frame);
        welcome(visitor);
    }
}

void login_hear_password(struct visitor *visitor, const char *password)
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
