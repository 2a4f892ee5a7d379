/*
 * Events for people and machines alike. It knows when a value needs quotes, and nothing about any single event. A quoted value
 * is a JSON string, which is what readers of logfmt expect.
 */
#include "face/logfmt.h"

#include <inttypes.h>
#include <string.h>

#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/glyph.h"
#include "face/json_write.h"
#include "face/safe_text.h"

static bool needs_quotes(const char *value)
{
    size_t size = strlen(value);
    if (size == 0 || size > SAFE_TEXT_BYTES)
        return true;
    for (size_t at = 0; at < size;) {
        struct glyph glyph = glyph_read(value + at, size - at);
        bool special = glyph.code == ' ' || glyph.code == '"' || glyph.code == '=' || glyph.code == '\\';
        if (special || !glyph.valid || glyph_is_harmful(glyph.code))
            return true;
        at += glyph.bytes;
    }
    return false;
}

static void add_text(struct buf *buf, const char *key, const char *value)
{
    buf_add_format(buf, " %s=", key);
    if (needs_quotes(value))
        json_string_add(buf, value);
    else
        buf_add_text(buf, value);
}

static void add_field(struct buf *buf, const struct field *field)
{
    if (!field_is_present(field))
        return;
    if (field->type == FIELD_TYPE_NUMBER)
        buf_add_format(buf, " %s=%" PRId64, field_name(field->key), field->number);
    else
        add_text(buf, field_name(field->key), field->text);
}

void logfmt_event_add(struct buf *buf, const struct event *event)
{
    char ts[TIMESTAMP_TEXT_BYTES];
    timestamp_text(ts, event->wall_us);
    buf_add_format(buf, "ts=%s", ts);
    add_text(buf, "level", level_name(event->level));
    add_text(buf, "phase", phase_name(event_phase(event->kind)));
    add_text(buf, "event", event_name(event->kind));
    if (event->target != NULL)
        add_text(buf, "target", event->target);
    for (size_t i = 0; i < event->field_count; i++)
        add_field(buf, &event->fields[i]);
    if (event->run != NULL)
        add_text(buf, "run", event->run);
    add_text(buf, "msg", event->msg);
    buf_add_char(buf, '\n');
}
