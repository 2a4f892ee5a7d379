/*
 * Events for machines. It knows the order of the keys, and nothing about any single event.
 */
#include "face/json.h"

#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/json_write.h"

static void add_head(struct json *json, const struct event *event)
{
    char ts[TIMESTAMP_TEXT_BYTES];
    timestamp_text(ts, event->wall_us);
    json_name(json, "ts");
    json_text(json, ts);
    json_name(json, "level");
    json_text(json, level_name(event->level));
    json_name(json, "phase");
    json_text(json, phase_name(event_phase(event->kind)));
    json_name(json, "event");
    json_text(json, event_name(event->kind));
    if (event->target != NULL) {
        json_name(json, "target");
        json_text(json, event->target);
    }
}

static void add_field(struct json *json, const struct field *field)
{
    if (!field_is_present(field))
        return;
    json_name(json, field_name(field->key));
    if (field->type == FIELD_TYPE_NUMBER)
        json_number(json, field->number);
    else
        json_text(json, field->text);
}

void json_event_add(struct buf *buf, const struct event *event)
{
    struct json json;
    json_init(&json, buf);
    json_open(&json, '{');
    add_head(&json, event);
    for (size_t i = 0; i < event->field_count; i++)
        add_field(&json, &event->fields[i]);
    if (event->run != NULL) {
        json_name(&json, "run");
        json_text(&json, event->run);
    }
    json_name(&json, "msg");
    json_text(&json, event->msg);
    json_close(&json, '}');
    buf_add_char(buf, '\n');
}
