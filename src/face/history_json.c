/*
 * `status --json` and `plan --json`. The names are an interface (docs/status.md); each key is there in every entry, with null
 * where there is nothing to say. One line a migration, so that people and grep can read it too.
 */
#include "face/history_text.h"

#include "face/json_write.h"

enum { INDENT = 2, HEADLINE_BYTES = 200 };

static void add_number_named(struct json *json, const char *name, size_t number)
{
    json_name(json, name);
    json_number(json, (int64_t) number);
}

static void add_text_named(struct json *json, const char *name, const char *text)
{
    json_name(json, name);
    json_text(json, text);
}

static const char *text_or_null(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

static void add_head(struct json *json, const struct plan *plan, const struct ledger *ledger)
{
    json_open(json, '{');
    json_line(json, INDENT);
    add_text_named(json, "ledger", ledger->name);
    json_name(json, "ledger_exists");
    json_bool(json, ledger->exists);
    json_line(json, INDENT);
    add_number_named(json, "applied", plan->applied);
    add_number_named(json, "pending", plan->pending);
    add_number_named(json, "changed", plan->changed);
    add_number_named(json, "missing", plan->missing);
    json_line(json, INDENT);
    json_name(json, "migrations");
    json_open(json, '[');
}

static void add_tail(struct json *json, const struct plan *plan)
{
    if (plan->count > 0)
        json_close_line(json, ']', INDENT);
    else
        json_close(json, ']');
    json_close_line(json, '}', 0);
    buf_add_char(json->buf, '\n');
}

static void begin_step(struct json *json, const struct step *step)
{
    json_line(json, (size_t) 2 * INDENT);
    json_open(json, '{');
    add_text_named(json, "name", step->name);
    add_text_named(json, "state", step_state_name(step->state));
    add_text_named(json, "reason", step->reason);
}

static void add_status_step(struct json *json, const struct step *step)
{
    const struct ledger_row *row = step->row;
    begin_step(json, step);
    add_text_named(json, "applied_at", row != NULL ? text_or_null(row->applied_at) : NULL);
    json_name(json, "duration_us");
    if (row != NULL && row->duration_us >= 0)
        json_number(json, row->duration_us);
    else
        json_null(json);
    add_text_named(json, "applied_checksum", row != NULL ? text_or_null(row->checksum) : NULL);
    add_text_named(json, "file_checksum", step->migration != NULL ? text_or_null(step->migration->checksum) : NULL);
    json_close(json, '}');
}

void status_json_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger)
{
    struct json json;
    json_init(&json, buf);
    add_head(&json, plan, ledger);
    for (size_t i = 0; i < plan->count; i++)
        add_status_step(&json, &plan->steps[i]);
    add_tail(&json, plan);
}

/* Lines are counted on from statement to statement: a dump may hold very many. */
static size_t count_lines(const struct source *source, size_t from, size_t to)
{
    size_t lines = 0;
    for (size_t at = from; at < to && at < source->size; at++)
        lines += source->bytes[at] == '\n';
    return lines;
}

static void add_statement(struct json *json, const struct script *script, size_t index, size_t line)
{
    char headline[HEADLINE_BYTES];
    statement_headline(script, index, headline, sizeof headline);
    json_open(json, '{');
    add_number_named(json, "line", line);
    add_text_named(json, "text", headline);
    json_close(json, '}');
}

static void add_statements(struct json *json, const struct script *script)
{
    size_t line = 1;
    size_t offset = 0;
    json_open(json, '[');
    for (size_t i = 0; i < script->statement_count; i++) {
        size_t next = script->statements[i].offset_bytes;
        line += count_lines(script->source, offset, next);
        offset = next;
        add_statement(json, script, i, line);
    }
    json_close(json, ']');
}

static void add_script(struct json *json, const struct script *script)
{
    bool whole = script->mode == SCRIPT_TRANSACTION;
    add_text_named(json, "transaction", whole ? "on" : "off");
    add_text_named(json, "transaction_reason", whole ? NULL : script->mode_reason);
    add_number_named(json, "statement_count", script->statement_count);
    json_name(json, "statements");
    add_statements(json, script);
}

static void add_no_script(struct json *json)
{
    static const char *const names[] = { "transaction", "transaction_reason", "statement_count", "statements" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add_text_named(json, names[i], NULL);
}

static void add_plan_step(struct json *json, const struct step *step)
{
    begin_step(json, step);
    if (step->state == STEP_PENDING && step->script.source != NULL)
        add_script(json, &step->script);
    else
        add_no_script(json);
    json_close(json, '}');
}

void plan_json_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger)
{
    struct json json;
    json_init(&json, buf);
    add_head(&json, plan, ledger);
    for (size_t i = 0; i < plan->count; i++)
        add_plan_step(&json, &plan->steps[i]);
    add_tail(&json, plan);
}
