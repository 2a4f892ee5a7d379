/*
 * Findings as a compiler shows them: place, sentence, the line with a caret, and the edit as the lines it takes away and puts
 * there. It knows nothing of Compose.
 */
#include "face/findings_text.h"

#include <string.h>

#include "face/colour.h"
#include "face/safe_text.h"
#include "text/excerpt.h"

enum { EXCERPT_COLUMNS = 100, EXCERPT_MOST_BYTES = 8192, CHANGE_MOST_BYTES = 256 * 1024, INDENT = 2 };

static void add_place(struct buf *buf, const struct source *source, size_t offset)
{
    struct position position = source_position(source, offset);
    safe_line_add(buf, source->name);
    buf_add_format(buf, ":%zu:%zu: ", position.line, position.column);
}

static void add_excerpt(struct buf *buf, const struct source *source, size_t offset)
{
    struct buf excerpt;
    buf_init(&excerpt, EXCERPT_MOST_BYTES);
    excerpt_add(&excerpt, source, offset, EXCERPT_COLUMNS);
    safe_lines_add(buf, buf_text(&excerpt), 0);
    buf_add_char(buf, '\n');
    buf->failed = buf->failed || !buf_ok(&excerpt);
    buf_finish(&excerpt);
}

/* Each line of a text behind a sign. */
static void add_signed(struct buf *buf, const char *text, char sign, enum hue hue, bool colour)
{
    const char sign_text[] = { sign, ' ', '\0' };
    while (*text != '\0') {
        size_t size = strcspn(text, "\r\n");
        struct buf line;
        buf_init(&line, CHANGE_MOST_BYTES);
        buf_add(&line, text, size);
        spaces_add(buf, (size_t) 2 * INDENT);
        colour_begin(buf, hue, colour);
        buf_add_text(buf, sign_text);
        safe_line_add(buf, buf_text(&line));
        colour_end(buf, hue, colour);
        buf_add_char(buf, '\n');
        buf->failed = buf->failed || !buf_ok(&line);
        buf_finish(&line);
        text += size;
        text += *text == '\r';
        text += *text == '\n';
    }
}

/* The lines that the edits are in, as they are and as they would be; what both have in common at either end is left out. */
struct change {
    struct buf old;
    struct buf new;
};

static size_t common_lines(const char *a, const char *b)
{
    size_t end = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '\n')
            end = i + 1;
    return end;
}

static size_t common_tail(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t lines = 0;
    for (size_t i = 0; i < a_size && i < b_size && a[a_size - 1 - i] == b[b_size - 1 - i]; i++) {
        bool is_whole = (i + 1 == a_size || a[a_size - 2 - i] == '\n') && (i + 1 == b_size || b[b_size - 2 - i] == '\n');
        if (is_whole)
            lines = i + 1;
    }
    return lines;
}

static void add_change(struct buf *buf, const struct source *source, const struct edits *edits, bool colour)
{
    struct change change;
    size_t begin = line_begin(source, edits->list[0].begin);
    size_t end = line_end(source, edits->list[edits->count - 1].end);
    buf_init(&change.old, CHANGE_MOST_BYTES);
    buf_init(&change.new, CHANGE_MOST_BYTES);
    buf_add(&change.old, source->bytes + begin, end - begin);
    edits_apply(&change.new, source, edits, begin, end);
    buf_add_char(&change.old, '\n');
    buf_add_char(&change.new, '\n');
    size_t head = common_lines(buf_text(&change.old), buf_text(&change.new));
    size_t tail = common_tail(buf_text(&change.old) + head, change.old.size - head, buf_text(&change.new) + head,
                              change.new.size - head);
    if (buf_ok(&change.old) && buf_ok(&change.new)) {
        change.old.bytes[change.old.size - tail] = '\0';
        change.new.bytes[change.new.size - tail] = '\0';
        add_signed(buf, change.old.bytes + head, '-', HUE_RED, colour);
        add_signed(buf, change.new.bytes + head, '+', HUE_GREEN, colour);
    }
    buf->failed = buf->failed || !buf_ok(&change.old) || !buf_ok(&change.new);
    buf_finish(&change.old);
    buf_finish(&change.new);
}

static void add_finding(struct buf *buf, const struct source *source, const struct finding *finding, bool colour)
{
    add_place(buf, source, finding->offset_bytes);
    safe_line_add(buf, finding->what);
    buf_add_format(buf, " [%s]\n", finding_rule_name(finding->rule));
    add_excerpt(buf, source, finding->offset_bytes);
    spaces_add(buf, INDENT);
    colour_add(buf, HUE_BOLD, colour, "edit");
    buf_add_text(buf, ": ");
    safe_line_add(buf, finding->advice);
    buf_add_char(buf, '\n');
    if (finding->edits.count > 0)
        add_change(buf, source, &finding->edits, colour);
    buf_add_char(buf, '\n');
}

static size_t count_fixable(const struct review *review)
{
    size_t count = 0;
    for (size_t i = 0; i < review->count; i++)
        count += review->findings[i].edits.count > 0;
    return count;
}

static void add_summary(struct buf *buf, const struct review *review, size_t fixed)
{
    const struct service *migration = stack_first(&review->stack, ROLE_MIGRATION);
    safe_line_add(buf, review->stack.source->name);
    buf_add_text(buf, ": ");
    if (fixed > 0)
        buf_add_format(buf, "%zu fixed, ", fixed);
    if (review->count > 0)
        buf_add_format(buf, "%zu finding%s, %zu of which --fix can fix\n", review->count, review->count == 1 ? "" : "s",
                       count_fixable(review));
    else if (review->users == 0)
        buf_add_text(buf, "nothing to do; no service uses a PostgreSQL database\n");
    else {
        buf_add_format(buf, "nothing to do; %zu service%s the database and wait%s for ", review->users,
                       review->users == 1 ? " uses" : "s use", review->users == 1 ? "s" : "");
        safe_line_add(buf, migration != NULL ? migration->name : "the migrations");
        buf_add_char(buf, '\n');
    }
}

void findings_text_add(struct buf *buf, const struct review *review, size_t fixed, bool colour)
{
    const struct source *source = review->stack.source;
    for (size_t i = 0; i < review->count; i++)
        add_finding(buf, source, &review->findings[i], colour);
    for (const struct stack_note *note = review->stack.notes; note != NULL; note = note->next) {
        add_place(buf, source, note->offset_bytes);
        buf_add_text(buf, "note: ");
        safe_line_add(buf, note->text);
        buf_add_char(buf, '\n');
    }
    add_summary(buf, review, fixed);
}
