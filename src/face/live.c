/*
 * What is going on right now, as one line. It knows which events begin and end something that takes time; it does not know when
 * it is drawn, nor the clock.
 */
#include "face/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "face/colour.h"
#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/safe_text.h"

enum { USUAL_LINES = 24, TABLE_MOST_LINES = 16 };
enum { FRAME_US = 100 * 1000, SECOND_US = 1000 * 1000, SPINNER_COLUMNS = 2 };

static const char *const spinner[] = { "\xE2\xA0\x8B", "\xE2\xA0\x99", "\xE2\xA0\xB9", "\xE2\xA0\xB8", "\xE2\xA0\xBC",
                                       "\xE2\xA0\xB4", "\xE2\xA0\xA6", "\xE2\xA0\xA7", "\xE2\xA0\x87", "\xE2\xA0\x8F" };
enum { FRAMES = sizeof spinner / sizeof spinner[0] };

static void enter(struct live_line *live, enum live_state state, int64_t since_us)
{
    live->state = state;
    live->since_us = since_us;
    live->note[0] = '\0';
}

static void say_what(struct live_line *live, const char *verb, const char *object)
{
    char text[2 * LIVE_TEXT_BYTES];
    snprintf(text, sizeof text, "%s %.*s", verb, LIVE_TEXT_BYTES, object);
    text_cut(live->what, sizeof live->what, text);
}

static void note_attempt(struct live_line *live, const char *seen)
{
    char text[2 * LIVE_TEXT_BYTES];
    if (live->attempts > 0)
        snprintf(text, sizeof text, "attempt %" PRId64 "/%" PRId64 ": %.*s", live->attempt, live->attempts, LIVE_TEXT_BYTES,
                 seen);
    else
        snprintf(text, sizeof text, "attempt %" PRId64 ": %.*s", live->attempt, LIVE_TEXT_BYTES, seen);
    text_cut(live->note, sizeof live->note, text);
}

static void hear_wait_started(struct live_line *live, const struct event *event, int64_t now_us)
{
    enter(live, LIVE_WAITING, now_us);
    say_what(live, "waiting for", event->target != NULL ? event->target : "the server");
    live->attempt = 1;
    live->attempts = event_number(event, FIELD_ATTEMPTS, 0);
    live->seen[0] = '\0';
}

static void hear_crowd_started(struct live_line *live, const struct event *event, int64_t now_us)
{
    const char *until = event_text(event, FIELD_UNTIL);
    const char *need = event_text(event, FIELD_NEED);
    char what[LIVE_TEXT_BYTES];
    int64_t targets = event_number(event, FIELD_TARGETS, 0);
    enter(live, LIVE_CROWD, now_us);
    snprintf(what, sizeof what, "%" PRId64 " target%s (%s, need %.100s)", targets, targets == 1 ? "" : "s",
             until != NULL ? until : "", need != NULL ? need : "");
    say_what(live, "waiting for", what);
    live->attempt = 1;
    live->attempts = event_number(event, FIELD_ATTEMPTS, 0);
}

static void hear_crowd_waiting(struct live_line *live, const struct event *event)
{
    int64_t next = event_number(event, FIELD_ATTEMPT, 0) + 1;
    live->attempt = next > live->attempts ? live->attempts : next;
}

/* What all the targets have to say is in the table; the line has their number. */
static void note_crowd(struct live_line *live)
{
    char sum[LIVE_TEXT_BYTES];
    live_table_sum(&live->table, sum, sizeof sum);
    note_attempt(live, sum);
}

static void hear_knocked(struct live_line *live, const struct event *event)
{
    const char *seen = event_text(event, FIELD_SEEN);
    if (live->state == LIVE_WAITING && seen != NULL)
        note_attempt(live, seen);
}

/* The window after the one that failed is running already. */
static void hear_attempt_failed(struct live_line *live, const struct event *event)
{
    const char *seen = event_text(event, FIELD_SEEN);
    int64_t next = event_number(event, FIELD_ATTEMPT, live->attempt) + 1;
    live->attempts = event_number(event, FIELD_ATTEMPTS, live->attempts);
    live->attempt = live->attempts > 0 && next > live->attempts ? live->attempts : next;
    text_cut(live->seen, sizeof live->seen, seen != NULL ? seen : "");
    hear_knocked(live, event);
}

static void hear_lock_waiting(struct live_line *live, const struct event *event, int64_t now_us)
{
    enter(live, LIVE_LOCKED, now_us - event_number(event, FIELD_WAITED_MS, 0) * 1000);
    say_what(live, "waiting for", "another runner");
    int64_t pid = event_number(event, FIELD_HOLDER_PID, 0);
    const char *application = event_text(event, FIELD_HOLDER_APPLICATION);
    if (pid > 0)
        snprintf(live->note, sizeof live->note, "pid %" PRId64 " %.100s", pid, application != NULL ? application : "");
}

static void hear_migration_started(struct live_line *live, const struct event *event, int64_t now_us)
{
    const char *migration = event_text(event, FIELD_MIGRATION);
    enter(live, LIVE_APPLYING, now_us);
    say_what(live, "applying", migration != NULL ? migration : "a migration");
    live->migration++;
    if (live->pending > 1)
        snprintf(live->note, sizeof live->note, "%" PRId64 " of %" PRId64, live->migration, live->pending);
}

static void hear_stopping(struct live_line *live, int64_t now_us)
{
    enter(live, LIVE_STOPPING, now_us);
    say_what(live, "stopping", "what runs on the server");
}

void live_finish(struct live_line *live)
{
    if (live != NULL)
        live_table_finish(&live->table);
}

void live_hear(struct live_line *live, const struct event *event, int64_t now_us)
{
    live_table_hear(&live->table, event, now_us);
    switch (event->kind) {
    case EVENT_CROWD_STARTED:
        hear_crowd_started(live, event, now_us);
        break;
    case EVENT_CROWD_WAITING:
        hear_crowd_waiting(live, event);
        break;
    case EVENT_WAIT_STARTED:
        hear_wait_started(live, event, now_us);
        break;
    case EVENT_KNOCKED:
        hear_knocked(live, event);
        break;
    case EVENT_ATTEMPT_FAILED:
        hear_attempt_failed(live, event);
        break;
    case EVENT_LOCK_WAITING:
        hear_lock_waiting(live, event, now_us);
        break;
    case EVENT_PLANNED:
        live->pending = event_number(event, FIELD_PENDING, 0);
        live->migration = 0;
        break;
    case EVENT_MIGRATION_STARTED:
        hear_migration_started(live, event, now_us);
        break;
    case EVENT_STOPPING:
        hear_stopping(live, now_us);
        break;
    case EVENT_READY:
    case EVENT_CROWD_READY:
    case EVENT_TARGET_MISSING: /* the time is up */
    case EVENT_CONNECTION_LOST:
    case EVENT_SERVER_READ_ONLY:
    case EVENT_LOCK_ACQUIRED:
    case EVENT_LOCK_NOT_NEEDED:
    case EVENT_MIGRATION_APPLIED:
    case EVENT_MIGRATION_SETTLED:
    case EVENT_MIGRATION_FAILED:
    case EVENT_APPLIED:
    case EVENT_FAILED:
    case EVENT_FINISHED:
        enter(live, LIVE_IDLE, now_us);
        break;
    default:
        break;
    }
}

/* What was seen is compared as it was kept: cut. */
static bool was_seen_before(const struct live_line *live, const struct event *event)
{
    char seen[LIVE_TEXT_BYTES];
    const char *text = event_text(event, FIELD_SEEN);
    text_cut(seen, sizeof seen, text != NULL ? text : "");
    return *seen != '\0' && strcmp(seen, live->seen) == 0;
}

bool live_covers(const struct live_line *live, const struct event *event)
{
    switch (event->kind) {
    case EVENT_RESOLVED:
    case EVENT_WAIT_STARTED:
    case EVENT_CROWD_STARTED:
    case EVENT_TARGET_CHANGED:
    case EVENT_TARGET_LEFT:
    case EVENT_CROWD_WAITING:
    case EVENT_LOCK_WAITING:
    case EVENT_LOCK_ACQUIRED:
    case EVENT_LOCK_NOT_NEEDED:
    case EVENT_APPLIED:
        return true;
    case EVENT_ATTEMPT_FAILED:
        return was_seen_before(live, event);
    default:
        return false;
    }
}

bool live_is_active(const struct live_line *live)
{
    return live->state != LIVE_IDLE;
}

/* To the beginning of the line, over the table that is drawn below it. */
static void return_home(const struct live_line *live, struct buf *buf)
{
    buf_add_char(buf, '\r');
    if (live->table_lines > 0)
        buf_add_format(buf, "\033[%zuA", live->table_lines);
}

static void draw_table(struct live_line *live, struct buf *buf, int64_t now_us, size_t columns, bool colour)
{
    size_t lines = live->most_lines > 0 ? live->most_lines : USUAL_LINES;
    size_t before = live->table_lines;
    live->table_lines = 0;
    if (live->state == LIVE_CROWD)
        live->table_lines = live_table_draw(&live->table, buf, now_us, columns,
                                            lines - 1 < TABLE_MOST_LINES ? lines - 1 : TABLE_MOST_LINES, colour);
    if (before > live->table_lines)
        buf_add_text(buf, "\033[J"); /* what is left of a longer one */
}

void live_draw(struct live_line *live, struct buf *buf, int64_t now_us, size_t columns, bool colour)
{
    if (!live_is_active(live) || columns <= SPINNER_COLUMNS + 1)
        return;
    int64_t elapsed_us = now_us > live->since_us ? now_us - live->since_us : 0;
    char elapsed[DURATION_TEXT_BYTES] = "";
    if (elapsed_us >= SECOND_US)
        elapsed_text(elapsed, elapsed_us);
    if (live->state == LIVE_CROWD)
        note_crowd(live);
    char text[3 * LIVE_TEXT_BYTES];
    const char *gap = *elapsed != '\0' && *live->note != '\0' ? ", " : "";
    snprintf(text, sizeof text, "%s  %s%s%s", live->what, elapsed, gap, live->note);
    return_home(live, buf);
    colour_add(buf, HUE_CYAN, colour, spinner[elapsed_us / FRAME_US % FRAMES]);
    buf_add_char(buf, ' ');
    safe_line_add_cut(buf, text, columns - SPINNER_COLUMNS - 1);
    buf_add_text(buf, "\033[K");
    draw_table(live, buf, now_us, columns, colour);
    live->shown = true;
}

void live_erase(struct live_line *live, struct buf *buf)
{
    if (live->shown && live->table_lines == 0) {
        buf_add_text(buf, "\r\033[K");
    } else if (live->shown) {
        return_home(live, buf);
        buf_add_text(buf, "\033[J");
    }
    live->table_lines = 0;
    live->shown = false;
}
