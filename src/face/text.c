/*
 * The words of the text form. It knows what people want to see of an event, and what they can do without (the numbers are in the
 * sentence already); how a terminal makes it pleasant is known in terminal.c.
 */
#include "face/text.h"

#include <inttypes.h>

#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/safe_text.h"

/* "12:00:00.123  error  " */
enum { HEAD_COLUMNS = 21 };

static void add_place(struct buf *buf, const struct event *event)
{
    const char *migration = event_text(event, FIELD_MIGRATION);
    int64_t line = event_number(event, FIELD_LINE, 0);
    int64_t column = event_number(event, FIELD_COLUMN, 0);
    if (migration == NULL)
        return;
    safe_line_add(buf, migration);
    if (line > 0)
        buf_add_format(buf, ":%" PRId64, line);
    if (line > 0 && column > 0)
        buf_add_format(buf, ":%" PRId64, column);
    buf_add_text(buf, ": ");
}

static void add_error(struct buf *buf, const struct event *event, size_t indent)
{
    const char *sqlstate = event_text(event, FIELD_SQLSTATE);
    add_place(buf, event);
    if (sqlstate != NULL) {
        buf_add_text(buf, "ERROR ");
        safe_line_add(buf, sqlstate);
        buf_add_text(buf, ": ");
    }
    safe_lines_add(buf, event_text(event, FIELD_MESSAGE), indent);
}

static void add_notice(struct buf *buf, const struct event *event, size_t indent)
{
    add_place(buf, event);
    safe_line_add(buf, event_text(event, FIELD_SEVERITY));
    buf_add_text(buf, ": ");
    safe_lines_add(buf, event_text(event, FIELD_MESSAGE), indent);
}

void text_headline_add(struct buf *buf, const struct event *event, size_t indent)
{
    switch (event->kind) {
    case EVENT_MIGRATION_FAILED:
    case EVENT_FAILED:
        add_error(buf, event, indent);
        break;
    case EVENT_NOTICE:
        add_notice(buf, event, indent);
        break;
    default:
        safe_lines_add(buf, event->msg, indent);
    }
}

static void add_excerpt(struct buf *buf, const struct event *event, size_t indent)
{
    const char *excerpt = event_text(event, FIELD_EXCERPT);
    if (excerpt == NULL)
        return;
    spaces_add(buf, indent);
    safe_lines_add(buf, excerpt, indent);
    buf_add_char(buf, '\n');
}

static void add_detail(struct buf *buf, const struct event *event, enum field_key key, size_t indent)
{
    const char *text = event_text(event, key);
    if (text == NULL)
        return;
    spaces_add(buf, indent);
    buf_add_format(buf, "%s: ", field_name(key));
    safe_lines_add(buf, text, indent + 2);
    buf_add_char(buf, '\n');
}

/* psql, too, shows no CONTEXT for a notice: it would only name the function that raised it. */
void text_details_add(struct buf *buf, const struct event *event, size_t indent)
{
    add_excerpt(buf, event, indent);
    add_detail(buf, event, FIELD_DETAIL, indent);
    if (event->kind != EVENT_NOTICE)
        add_detail(buf, event, FIELD_CONTEXT, indent);
    add_detail(buf, event, FIELD_HINT, indent);
}

void text_event_add(struct buf *buf, const struct event *event)
{
    char time_of_day[TIMESTAMP_TEXT_BYTES];
    time_of_day_text(time_of_day, event->wall_us);
    buf_add_format(buf, "%s  %-5s  ", time_of_day, level_name(event->level));
    text_headline_add(buf, event, HEAD_COLUMNS);
    buf_add_char(buf, '\n');
    text_details_add(buf, event, HEAD_COLUMNS);
}
