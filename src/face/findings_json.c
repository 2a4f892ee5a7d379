/*
 * `compose check --json`. The names are an interface (docs/compose.md). No line of the file is in it: it may hold a password.
 */
#include "face/findings_text.h"

#include "face/json_write.h"

enum { INDENT = 2 };

static void add_text_named(struct json *json, const char *name, const char *text)
{
    json_name(json, name);
    json_text(json, text);
}

static void add_number_named(struct json *json, const char *name, size_t number)
{
    json_name(json, name);
    json_number(json, (int64_t) number);
}

static void add_position(struct json *json, const struct source *source, size_t offset)
{
    struct position position = source_position(source, offset);
    add_number_named(json, "line", position.line);
    add_number_named(json, "column", position.column);
}

static void add_edits(struct json *json, const struct edits *edits)
{
    json_name(json, "edits");
    json_open(json, '[');
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *edit = &edits->list[i];
        json_open(json, '{');
        add_number_named(json, "offset", edit->begin);
        add_number_named(json, "size", edit->end - edit->begin);
        add_text_named(json, "text", edit->text);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void add_finding(struct json *json, const struct source *source, const struct finding *finding)
{
    json_line(json, (size_t) 2 * INDENT);
    json_open(json, '{');
    add_text_named(json, "rule", finding_rule_name(finding->rule));
    add_text_named(json, "service", finding->service);
    add_position(json, source, finding->offset_bytes);
    add_text_named(json, "message", finding->what);
    add_text_named(json, "advice", finding->advice);
    json_name(json, "fixable");
    json_bool(json, finding->edits.count > 0);
    add_edits(json, &finding->edits);
    json_close(json, '}');
}

static void begin_list(struct json *json, const char *name)
{
    json_line(json, INDENT);
    json_name(json, name);
    json_open(json, '[');
}

static void end_list(struct json *json, bool is_empty)
{
    if (is_empty)
        json_close(json, ']');
    else
        json_close_line(json, ']', INDENT);
}

void findings_json_add(struct buf *buf, const struct review *review, size_t fixed)
{
    struct json json;
    const struct source *source = review->stack.source;
    json_init(&json, buf);
    json_open(&json, '{');
    json_line(&json, INDENT);
    add_text_named(&json, "file", source->name);
    add_number_named(&json, "fixed", fixed);
    begin_list(&json, "findings");
    for (size_t i = 0; i < review->count; i++)
        add_finding(&json, source, &review->findings[i]);
    end_list(&json, review->count == 0);
    begin_list(&json, "notes");
    for (const struct stack_note *note = review->stack.notes; note != NULL; note = note->next) {
        json_line(&json, (size_t) 2 * INDENT);
        json_open(&json, '{');
        add_position(&json, source, note->offset_bytes);
        add_text_named(&json, "message", note->text);
        json_close(&json, '}');
    }
    end_list(&json, review->stack.notes == NULL);
    json_close_line(&json, '}', 0);
    buf_add_char(buf, '\n');
}
