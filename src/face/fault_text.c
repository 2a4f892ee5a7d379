/*
 * A fault on stderr. It knows the order in which people want to read it; the excerpt is the text floor's.
 */
#include "face/fault_text.h"

#include "face/colour.h"
#include "face/safe_text.h"
#include "text/excerpt.h"

enum { EXCERPT_COLUMNS = 100, EXCERPT_MAX_BYTES = 8192, INDENT = 2 };

static void add_place(struct buf *buf, const struct fault *fault, const struct source *source)
{
    if (fault->source[0] == '\0')
        return;
    safe_line_add(buf, fault->source);
    if (fault->has_offset && source != NULL) {
        struct position position = source_position(source, fault->offset_bytes);
        buf_add_format(buf, ":%zu:%zu", position.line, position.column);
    }
    buf_add_text(buf, ": ");
}

static void add_severity(struct buf *buf, const struct fault *fault, bool colour)
{
    if (fault->sqlstate[0] == '\0')
        return;
    colour_add(buf, HUE_RED, colour, "ERROR");
    buf_add_char(buf, ' ');
    safe_line_add(buf, fault->sqlstate);
    buf_add_text(buf, ": ");
}

/* Through a buffer of its own, because the source may hold what a terminal must not see. */
static void add_excerpt(struct buf *buf, const struct fault *fault, const struct source *source)
{
    if (source == NULL || !fault->has_offset)
        return;
    struct buf excerpt;
    buf_init(&excerpt, EXCERPT_MAX_BYTES);
    excerpt_add(&excerpt, source, fault->offset_bytes, EXCERPT_COLUMNS);
    safe_lines_add(buf, buf_text(&excerpt), 0);
    buf_add_char(buf, '\n');
    buf->failed = buf->failed || !buf_ok(&excerpt);
    buf_finish(&excerpt);
}

static void add_line(struct buf *buf, const char *name, const char *text, bool colour)
{
    if (*text == '\0')
        return;
    spaces_add(buf, INDENT);
    colour_add(buf, HUE_BOLD, colour, name);
    buf_add_text(buf, ": ");
    safe_lines_add(buf, text, INDENT + 2);
    buf_add_char(buf, '\n');
}

void fault_line_add(struct buf *buf, const struct fault *fault, const struct source *source)
{
    add_place(buf, fault, source);
    add_severity(buf, fault, false);
    safe_line_add(buf, fault->what);
}

void fault_text_add(struct buf *buf, const struct fault *fault, const struct source *source, bool colour)
{
    colour_add(buf, HUE_BOLD, colour, "pgusher");
    buf_add_text(buf, ": ");
    add_place(buf, fault, source);
    add_severity(buf, fault, colour);
    safe_lines_add(buf, fault->what, INDENT);
    buf_add_char(buf, '\n');
    add_excerpt(buf, fault, source);
    add_line(buf, "detail", fault->detail, colour);
    add_line(buf, "context", fault->context, colour);
    add_line(buf, "hint", fault->hint, colour);
}
