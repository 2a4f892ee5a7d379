/*
 * Marks, columns and bars. It knows how an event looks on a terminal; the words are from text.c, and which events are worth a
 * line is not decided here.
 */
#include "face/terminal.h"

#include <string.h>

#include "face/colour.h"
#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/safe_text.h"
#include "face/text.h"

enum { MARK_COLUMNS = 2, RIGHT_EDGE = 80, SUMMARY_INDENT = 4, DURATION_COLUMNS = 12, BAR_COLUMNS = 30 };

struct mark {
    const char *sign; /* one column */
    enum hue hue;
    enum hue text_hue;
};

static const struct mark done = { "\xE2\x9C\x93", HUE_GREEN, HUE_NONE };
static const struct mark failed = { "\xE2\x9C\x97", HUE_RED, HUE_NONE };

static const struct mark marks[] = {
    [LEVEL_DEBUG] = { "\xC2\xB7", HUE_DIM, HUE_DIM },
    [LEVEL_INFO] = { "\xC2\xB7", HUE_DIM, HUE_NONE },
    [LEVEL_WARN] = { "!", HUE_YELLOW, HUE_NONE },
    [LEVEL_ERROR] = { "\xE2\x9C\x97", HUE_RED, HUE_NONE },
};

static void add_mark(struct buf *buf, struct mark mark, bool colour)
{
    colour_add(buf, mark.hue, colour, mark.sign);
    buf_add_char(buf, ' ');
}

static void add_sentence(struct buf *buf, const struct event *event, struct mark mark, bool colour)
{
    add_mark(buf, mark, colour);
    colour_begin(buf, mark.text_hue, colour);
    text_headline_add(buf, event, MARK_COLUMNS);
    colour_end(buf, mark.text_hue, colour);
    buf_add_char(buf, '\n');
    text_details_add(buf, event, MARK_COLUMNS + 2);
}

/* A name too long for its line keeps two spaces before the duration, wherever the terminal breaks it. */
static void add_migration(struct buf *buf, const struct event *event, struct mark mark, size_t columns, bool colour)
{
    const char *name = event_text(event, FIELD_MIGRATION);
    char duration[DURATION_TEXT_BYTES];
    duration_text(duration, event_number(event, FIELD_DURATION_US, 0));
    size_t edge = columns < RIGHT_EDGE ? columns : RIGHT_EDGE;
    size_t used = MARK_COLUMNS + safe_columns(name) + strlen(duration);
    add_mark(buf, mark, colour);
    safe_line_add(buf, name);
    spaces_add(buf, used + 2 <= edge ? edge - used : 2);
    colour_add(buf, HUE_DIM, colour, duration);
    buf_add_char(buf, '\n');
}

static void add_failed_migration(struct buf *buf, const struct event *event, size_t columns, bool colour)
{
    add_migration(buf, event, failed, columns, colour);
    spaces_add(buf, MARK_COLUMNS);
    colour_begin(buf, HUE_RED, colour);
    text_headline_add(buf, event, MARK_COLUMNS);
    colour_end(buf, HUE_RED, colour);
    buf_add_char(buf, '\n');
    text_details_add(buf, event, MARK_COLUMNS + 2);
}

struct phase_row {
    enum field_key key;
    enum phase phase;
};

static const struct phase_row phase_rows[] = {
    { FIELD_START_US, PHASE_START }, { FIELD_DISCOVER_US, PHASE_DISCOVER }, { FIELD_RESOLVE_US, PHASE_RESOLVE },
    { FIELD_WAIT_US, PHASE_WAIT },   { FIELD_LOCK_US, PHASE_LOCK },         { FIELD_PLAN_US, PHASE_PLAN },
    { FIELD_APPLY_US, PHASE_APPLY },
};
enum { PHASE_ROWS = sizeof phase_rows / sizeof phase_rows[0] };

static int64_t longest_phase(const struct event *event)
{
    int64_t longest = 0;
    for (size_t i = 0; i < PHASE_ROWS; i++) {
        int64_t us = event_number(event, phase_rows[i].key, 0);
        longest = us > longest ? us : longest;
    }
    return longest;
}

static void add_bar(struct buf *buf, int64_t us, int64_t longest_us, bool colour)
{
    int length = (int) ((double) us / (double) longest_us * BAR_COLUMNS + 0.5);
    if (length == 0)
        return;
    buf_add_text(buf, "  ");
    colour_begin(buf, HUE_CYAN, colour);
    for (int i = 0; i < length; i++)
        buf_add_text(buf, "\xE2\x94\x81");
    colour_end(buf, HUE_CYAN, colour);
}

static void add_phase(struct buf *buf, enum phase phase, int64_t us, int64_t longest_us, bool colour)
{
    char duration[DURATION_TEXT_BYTES];
    duration_text(duration, us);
    spaces_add(buf, SUMMARY_INDENT);
    buf_add_format(buf, "%-8s %*s", phase_name(phase), DURATION_COLUMNS, duration);
    add_bar(buf, us, longest_us, colour);
    buf_add_char(buf, '\n');
}

static void add_summary(struct buf *buf, const struct event *event, bool colour)
{
    struct mark mark = event_number(event, FIELD_EXIT_CODE, 0) == 0 ? done : failed;
    mark.text_hue = HUE_BOLD;
    int64_t longest_us = longest_phase(event);
    buf_add_char(buf, '\n');
    add_sentence(buf, event, mark, colour);
    for (size_t i = 0; i < PHASE_ROWS; i++) {
        int64_t us = event_number(event, phase_rows[i].key, 0);
        if (us > 0)
            add_phase(buf, phase_rows[i].phase, us, longest_us, colour);
    }
}

void terminal_event_add(struct buf *buf, const struct event *event, size_t columns, bool colour)
{
    switch (event->kind) {
    case EVENT_MIGRATION_APPLIED:
        add_migration(buf, event, done, columns, colour);
        break;
    case EVENT_MIGRATION_FAILED:
        add_failed_migration(buf, event, columns, colour);
        break;
    case EVENT_READY:
    case EVENT_CROWD_READY:
    case EVENT_MIGRATION_SETTLED:
        add_sentence(buf, event, done, colour);
        break;
    case EVENT_FINISHED:
        add_summary(buf, event, colour);
        break;
    default:
        add_sentence(buf, event, marks[event->level], colour);
    }
}
