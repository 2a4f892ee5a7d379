/*
 * The rows, and which of them are shown. It knows the events of a crowd; when it is drawn, and what stands above it, is live.c's.
 */
#include "face/live_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "face/colour.h"
#include "face/duration_text.h"
#include "face/event_read.h"
#include "face/safe_text.h"

enum {
    FIRST_ROOM = 16,
    TARGET_BYTES = 96,
    WORD_BYTES = 16,
    SEEN_BYTES = 96,
    INDENT = 2,
    TARGET_COLUMNS_LEAST = 6, /* "target" */
    RUNG_COLUMNS = 9,         /* "listening" */
    ROLE_COLUMNS = 9,         /* "read-only" */
    SINCE_COLUMNS = 10,
    GAP = 2,
};

struct live_table_row {
    int64_t place; /* of several with one name */
    char target[TARGET_BYTES];
    char rung[WORD_BYTES];
    char role[WORD_BYTES];
    char seen[SEEN_BYTES];
    bool is_ready;
    bool is_refused;
    int64_t since_us;
};

void live_table_finish(struct live_table *table)
{
    if (table == NULL)
        return;
    memory_free(table->rows);
    *table = (struct live_table){ .rows = NULL };
}

/* --- hearing ---------------------------------------------------------------------------------------------------------- */

static struct live_table_row *add_row(struct live_table *table, int64_t place, const char *target)
{
    if (table->count == table->room) {
        size_t room = table->room > 0 ? 2 * table->room : FIRST_ROOM;
        struct live_table_row *rows = memory_realloc(table->rows, room * sizeof *rows);
        if (rows == NULL) {
            table->lacks_rows = true;
            return NULL;
        }
        table->rows = rows;
        table->room = room;
    }
    struct live_table_row *row = &table->rows[table->count++];
    *row = (struct live_table_row){ .place = place };
    text_cut(row->target, sizeof row->target, target);
    return row;
}

/* NULL: it was not heard of before. */
static struct live_table_row *find_row(struct live_table *table, const struct event *event)
{
    int64_t place = event_number(event, FIELD_PLACE, 0);
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].place == place)
            return &table->rows[i];
    return NULL;
}

static struct live_table_row *find_or_add_row(struct live_table *table, const struct event *event)
{
    struct live_table_row *row = find_row(table, event);
    return row != NULL ? row : add_row(table, event_number(event, FIELD_PLACE, 0), event->target);
}

static void copy_field(char *to, size_t size, const struct event *event, enum field_key key)
{
    const char *text = event_text(event, key);
    text_cut(to, size, text != NULL ? text : "");
}

static void set_standing(struct live_table *table, struct live_table_row *row, bool is_ready, bool is_refused)
{
    table->ready = table->ready + is_ready - row->is_ready;
    table->refused = table->refused + is_refused - row->is_refused;
    row->is_ready = is_ready;
    row->is_refused = is_refused;
}

static void hear_change(struct live_table *table, const struct event *event, int64_t now_us)
{
    struct live_table_row *row = find_or_add_row(table, event);
    if (row == NULL)
        return;
    copy_field(row->rung, sizeof row->rung, event, FIELD_RUNG);
    copy_field(row->role, sizeof row->role, event, FIELD_ROLE);
    copy_field(row->seen, sizeof row->seen, event, FIELD_SEEN);
    row->since_us = now_us;
    set_standing(table, row, strcmp(row->seen, "ready") == 0, false);
}

static void hear_refused(struct live_table *table, const struct event *event, int64_t now_us)
{
    struct live_table_row *row = find_or_add_row(table, event);
    if (row == NULL)
        return;
    row->since_us = now_us;
    set_standing(table, row, false, true);
}

static void hear_left(struct live_table *table, const struct event *event)
{
    struct live_table_row *row = find_row(table, event);
    if (row == NULL)
        return;
    set_standing(table, row, false, false);
    table->count--;
    memmove(row, row + 1, (size_t) (table->rows + table->count - row) * sizeof *row);
}

void live_table_hear(struct live_table *table, const struct event *event, int64_t now_us)
{
    if (event->kind == EVENT_CROWD_STARTED || event->kind == EVENT_CROWD_WAITING)
        table->targets = event_number(event, FIELD_TARGETS, 0);
    else if (event->kind == EVENT_TARGET_CHANGED && event->target != NULL)
        hear_change(table, event, now_us);
    else if (event->kind == EVENT_TARGET_REFUSED && event->target != NULL)
        hear_refused(table, event, now_us);
    else if (event->kind == EVENT_TARGET_LEFT)
        hear_left(table, event);
}

/* --- drawing ---------------------------------------------------------------------------------------------------------- */

void live_table_sum(const struct live_table *table, char *text, size_t size)
{
    int64_t waiting = table->targets - (int64_t) table->ready - (int64_t) table->refused;
    char refused[48] = "";
    if (table->refused > 0)
        snprintf(refused, sizeof refused, ", %zu refused", table->refused);
    snprintf(text, size, "%zu ready%s, %" PRId64 " waiting", table->ready, refused, waiting > 0 ? waiting : 0);
}

static void begin_line(struct buf *buf)
{
    buf_add_text(buf, "\r\n");
    spaces_add(buf, INDENT);
}

static void end_line(struct buf *buf)
{
    buf_add_text(buf, "\033[K");
}

/* text in so many columns, and the gap behind it. */
static void add_cell(struct buf *buf, const char *text, size_t columns)
{
    size_t used = safe_columns(text);
    safe_line_add_cut(buf, text, columns);
    spaces_add(buf, (used < columns ? columns - used : 0) + GAP);
}

static size_t seen_columns(size_t columns, size_t target_columns)
{
    size_t others = INDENT + target_columns + RUNG_COLUMNS + ROLE_COLUMNS + SINCE_COLUMNS + (size_t) 4 * GAP + 1;
    return columns > others ? columns - others : 0;
}

static void add_cells(struct buf *buf, const char *const *cells, const char *since, size_t columns, size_t target_columns)
{
    add_cell(buf, cells[0], target_columns);
    add_cell(buf, cells[1], RUNG_COLUMNS);
    add_cell(buf, cells[2], ROLE_COLUMNS);
    size_t room = seen_columns(columns, target_columns);
    if (room > SEEN_BYTES / 2)
        room = SEEN_BYTES / 2;
    add_cell(buf, cells[3], room);
    buf_add_text(buf, since);
}

static void draw_row(const struct live_table_row *row, struct buf *buf, int64_t now_us, size_t columns,
                     size_t target_columns, bool colour)
{
    const char *const cells[] = { row->target, row->rung, row->role, row->seen };
    enum hue hue = row->is_refused ? HUE_RED : row->is_ready ? HUE_GREEN : HUE_NONE;
    char since[DURATION_TEXT_BYTES];
    elapsed_text(since, now_us - row->since_us);
    begin_line(buf);
    colour_begin(buf, hue, colour);
    add_cells(buf, cells, since, columns, target_columns);
    colour_end(buf, hue, colour);
    end_line(buf);
}

static void draw_head(struct buf *buf, size_t columns, size_t target_columns, bool colour)
{
    static const char *const cells[] = { "target", "rung", "role", "last seen" };
    begin_line(buf);
    colour_begin(buf, HUE_DIM, colour);
    add_cells(buf, cells, "since", columns, target_columns);
    colour_end(buf, HUE_DIM, colour);
    end_line(buf);
}

/* Refused ones are the most interesting, ready ones the least. */
enum interest { INTEREST_REFUSED, INTEREST_WAITING, INTEREST_READY, INTERESTS };

static enum interest interest_of(const struct live_table_row *row)
{
    return row->is_refused ? INTEREST_REFUSED : row->is_ready ? INTEREST_READY : INTEREST_WAITING;
}

/* The least interesting row that is still shown, and how many of its kind. */
struct choice {
    enum interest last;
    size_t of_last;
};

static struct choice choose(const struct live_table *table, size_t room)
{
    size_t counts[INTERESTS] = { 0 };
    for (size_t i = 0; i < table->count; i++)
        counts[interest_of(&table->rows[i])]++;
    struct choice choice = { .last = INTEREST_REFUSED, .of_last = room };
    while (choice.last < INTEREST_READY && counts[choice.last] < choice.of_last)
        choice.of_last -= counts[choice.last++];
    return choice;
}

static size_t widest_target(const struct live_table *table, size_t columns)
{
    size_t widest = TARGET_COLUMNS_LEAST;
    size_t most = columns * 2 / 5;
    for (size_t i = 0; i < table->count; i++) {
        size_t needed = safe_columns(table->rows[i].target);
        widest = needed > widest ? needed : widest;
    }
    return widest < most ? widest : most;
}

static size_t draw_rows(const struct live_table *table, struct buf *buf, int64_t now_us, size_t columns,
                        size_t target_columns, size_t room, bool colour)
{
    struct choice choice = choose(table, room);
    size_t shown = 0;
    draw_head(buf, columns, target_columns, colour);
    for (size_t i = 0; i < table->count && shown < room; i++) {
        const struct live_table_row *row = &table->rows[i];
        enum interest interest = interest_of(row);
        if (interest > choice.last || (interest == choice.last && choice.of_last-- == 0)) {
            choice.of_last += interest == choice.last; /* it stays at none */
            continue;
        }
        draw_row(row, buf, now_us, columns, target_columns, colour);
        shown++;
    }
    return shown;
}

size_t live_table_draw(const struct live_table *table, struct buf *buf, int64_t now_us, size_t columns, size_t most_lines,
                       bool colour)
{
    const size_t around = 2; /* the head, and the count of the rest */
    size_t target_columns = widest_target(table, columns);
    if (table->count == 0 || most_lines <= around || seen_columns(columns, target_columns) == 0)
        return 0;
    size_t shown = draw_rows(table, buf, now_us, columns, target_columns, most_lines - around, colour);
    int64_t rest = table->targets - (int64_t) shown;
    if (rest <= 0)
        return shown + 1;
    begin_line(buf);
    buf_add_format(buf, "and %" PRId64 " more", rest);
    end_line(buf);
    return shown + around;
}
