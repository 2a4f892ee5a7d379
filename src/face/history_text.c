/*
 * `status` and `plan` for people: a table, a list, and one line that sums it up. It decides nothing: states and reasons are the
 * planner's.
 */
#include "face/history_text.h"

#include <string.h>

#include "face/colour.h"
#include "face/duration_text.h"
#include "face/safe_text.h"

enum { STATE_COLUMNS = 9, TIME_COLUMNS = 19, DURATION_COLUMNS = 12, NAME_MIN_COLUMNS = 9, GAP = 2, TIME_BYTES = 20 };

static const enum hue state_hues[] = {
    [STEP_APPLIED] = HUE_GREEN,
    [STEP_CHANGED] = HUE_YELLOW,
    [STEP_MISSING] = HUE_YELLOW,
    [STEP_PENDING] = HUE_CYAN,
};

static size_t widest_name(const struct plan *plan)
{
    size_t widest = NAME_MIN_COLUMNS;
    for (size_t i = 0; i < plan->count; i++) {
        size_t columns = safe_columns(plan->steps[i].name);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

static void add_cell(struct buf *buf, const char *text, size_t columns)
{
    size_t used = safe_columns(text);
    safe_line_add(buf, text);
    spaces_add(buf, used < columns ? columns - used : 0);
}

/* "2026-01-31T12:00:00.123456Z" as "2026-01-31 12:00:00" */
static void add_applied_at(struct buf *buf, const char *applied_at)
{
    char text[TIME_BYTES];
    text_cut(text, sizeof text, applied_at != NULL ? applied_at : "");
    char *separator = strchr(text, 'T');
    if (separator != NULL)
        *separator = ' ';
    add_cell(buf, text, TIME_COLUMNS);
}

static void add_row_times(struct buf *buf, const struct ledger_row *row)
{
    char duration[DURATION_TEXT_BYTES] = "";
    if (row->duration_us >= 0)
        duration_text(duration, row->duration_us);
    add_applied_at(buf, row->applied_at);
    buf_add_format(buf, "%*s", DURATION_COLUMNS, duration);
}

static void trim_line(struct buf *buf)
{
    while (buf_ok(buf) && buf->size > 0 && buf->bytes[buf->size - 1] == ' ')
        buf->bytes[--buf->size] = '\0';
    buf_add_char(buf, '\n');
}

static void add_status_row(struct buf *buf, const struct step *step, size_t name_columns, bool colour)
{
    colour_begin(buf, state_hues[step->state], colour);
    add_cell(buf, step_state_name(step->state), STATE_COLUMNS);
    colour_end(buf, state_hues[step->state], colour);
    add_cell(buf, step->name, name_columns);
    spaces_add(buf, GAP);
    if (step->row != NULL)
        add_row_times(buf, step->row);
    trim_line(buf);
}

static void add_status_head(struct buf *buf, size_t name_columns, bool colour)
{
    colour_begin(buf, HUE_BOLD, colour);
    add_cell(buf, "state", STATE_COLUMNS);
    add_cell(buf, "migration", name_columns);
    spaces_add(buf, GAP);
    add_cell(buf, "applied at (UTC)", TIME_COLUMNS);
    buf_add_format(buf, "%*s", DURATION_COLUMNS, "duration");
    colour_end(buf, HUE_BOLD, colour);
    buf_add_char(buf, '\n');
}

/* `3 applied (1 of them changed), 2 pending, 1 missing; ledger schema_migrations` */
static void add_sum(struct buf *buf, const struct plan *plan, const struct ledger *ledger)
{
    buf_add_format(buf, "%zu applied", plan->applied);
    if (plan->changed > 0)
        buf_add_format(buf, " (%zu of them changed)", plan->changed);
    buf_add_format(buf, ", %zu pending", plan->pending);
    if (plan->missing > 0)
        buf_add_format(buf, ", %zu missing", plan->missing);
    buf_add_text(buf, "; ledger ");
    safe_line_add(buf, ledger->name);
    buf_add_text(buf, ledger->exists ? "\n" : " (not there yet)\n");
}

void status_text_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger, bool colour)
{
    size_t name_columns = widest_name(plan);
    if (plan->count > 0) {
        add_status_head(buf, name_columns, colour);
        for (size_t i = 0; i < plan->count; i++)
            add_status_row(buf, &plan->steps[i], name_columns, colour);
        buf_add_char(buf, '\n');
    }
    add_sum(buf, plan, ledger);
}

static void add_step(struct buf *buf, const struct step *step, size_t name_columns, bool colour)
{
    spaces_add(buf, GAP);
    colour_begin(buf, state_hues[step->state], colour);
    add_cell(buf, step->name, name_columns);
    colour_end(buf, state_hues[step->state], colour);
    spaces_add(buf, GAP);
    safe_line_add(buf, step->reason);
}

static void add_pending_steps(struct buf *buf, const struct plan *plan, size_t name_columns, bool colour)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->state != STEP_PENDING)
            continue;
        size_t statements = step->script.statement_count;
        bool whole = step->script.mode == SCRIPT_TRANSACTION;
        add_step(buf, step, name_columns, colour);
        buf_add_format(buf, ", %zu statement%s, ", statements, statements == 1 ? "" : "s");
        buf_add_text(buf, whole ? "in one transaction\n" : "not in one transaction\n");
        if (whole || step->script.mode_reason == NULL)
            continue;
        spaces_add(buf, 2 * GAP);
        safe_line_add(buf, step->script.mode_reason);
        buf_add_char(buf, '\n');
    }
}

static void add_doubtful_steps(struct buf *buf, const struct plan *plan, size_t name_columns, bool colour)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->state != STEP_CHANGED && step->state != STEP_MISSING)
            continue;
        add_step(buf, step, name_columns, colour);
        buf_add_char(buf, '\n');
    }
}

void plan_text_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger, bool colour)
{
    size_t name_columns = widest_name(plan);
    if (plan->pending == 0) {
        buf_add_text(buf, "Nothing to do.\n");
    } else {
        buf_add_text(buf, "To be applied, in this order:\n");
        add_pending_steps(buf, plan, name_columns, colour);
    }
    if (plan->changed + plan->missing > 0) {
        buf_add_text(buf, "\nNot as they were applied:\n");
        add_doubtful_steps(buf, plan, name_columns, colour);
    }
    buf_add_char(buf, '\n');
    add_sum(buf, plan, ledger);
}
