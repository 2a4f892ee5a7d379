/*
 * The result of `wait --json`. The names are an interface; each key is there in every entry, with null where there is nothing to say.
 */
#include "face/readiness_json.h"

#include "face/json_write.h"

enum { INDENT = 2 };

static void add_text(struct json *json, const char *name, const char *text)
{
    json_name(json, name);
    json_text(json, text);
}

static void add_number(struct json *json, const char *name, int64_t number)
{
    json_name(json, name);
    json_number(json, number);
}

static void add_time(struct json *json, const char *name, int64_t us)
{
    json_name(json, name);
    if (us >= 0)
        json_number(json, us);
    else
        json_null(json);
}

static void add_target(struct json *json, const struct target_readiness *target)
{
    json_line(json, (size_t) 2 * INDENT);
    json_open(json, '{');
    add_text(json, "target", target->target);
    add_text(json, "state", target_state_name(target->state));
    add_text(json, "rung", target->rung);
    add_text(json, "role", target->role);
    add_text(json, "address", target->address);
    add_text(json, "server_version", target->server_version);
    add_text(json, "seen", target->seen);
    add_text(json, "sqlstate", target->sqlstate);
    add_text(json, "message", target->message);
    add_time(json, "seen_for_us", target->seen_for_us);
    add_time(json, "ready_after_us", target->ready_after_us);
    add_time(json, "resolve_us", target->resolve_us);
    add_time(json, "connect_us", target->connect_us);
    add_time(json, "tls_us", target->tls_us);
    add_time(json, "login_us", target->login_us);
    add_time(json, "query_us", target->query_us);
    json_close(json, '}');
}

static void add_counts(struct json *json, const struct need_counts *counts)
{
    json_line(json, INDENT);
    add_number(json, "count", counts->targets);
    add_number(json, "ready", counts->ready);
    add_number(json, "refused", counts->lost);
    add_number(json, "primaries", counts->primaries);
    add_number(json, "standbys", counts->standbys);
}

void readiness_json_add(struct buf *buf, const struct readiness *readiness, const char *outcome, int exit_code)
{
    struct json json;
    json_init(&json, buf);
    json_open(&json, '{');
    json_line(&json, INDENT);
    add_text(&json, "outcome", outcome);
    add_number(&json, "exit_code", exit_code);
    add_text(&json, "until", readiness->until);
    add_text(&json, "need", readiness->need);
    add_number(&json, "attempts", readiness->attempts);
    add_number(&json, "duration_us", readiness->duration_us);
    add_counts(&json, &readiness->counts);
    json_line(&json, INDENT);
    json_name(&json, "targets");
    json_open(&json, '[');
    for (size_t i = 0; i < readiness->count; i++)
        add_target(&json, &readiness->targets[i]);
    if (readiness->count > 0)
        json_close_line(&json, ']', INDENT);
    else
        json_close(&json, ']');
    json_close_line(&json, '}', 0);
    buf_add_char(buf, '\n');
}
