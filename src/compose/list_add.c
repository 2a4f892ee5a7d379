/*
 * One more item for a list of a mapping, whichever way the list is written.
 */
#include <stdint.h>

#include "bot_copy.h"
#include "insert.h"

enum { MOST_BYTES = 64 * 1024 };

static void add_to_brackets(struct edits *edits, const struct yaml_node *list, const char *const *items, size_t count)
{
    bool is_empty = list->first == NULL;
    for (size_t i = 0; i < count; i++)
        edits_add_format(edits, list->end - 1, list->end - 1, "%s\"%s\"", is_empty && i == 0 ? "" : ", ", items[i]);
}

/* Behind the last item, as deep as its dash. */
static bool add_to_dashes(struct edits *edits, const struct source *source, const struct yaml_node *list,
                          const char *const *items, size_t count)
{
    size_t indent = line_indent(source, list->begin);
    size_t end = line_end(source, list->end);
    if (list->first == NULL || indent == SIZE_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        edits_add_format(edits, end, end, "%s%*s- \"%s\"", line_feed(source), (int) indent, "", items[i]);
    return true;
}

static void add_to_text(struct edits *edits, const struct yaml_node *text, const char *const *items, size_t count)
{
    edits_add(edits, text->begin, text->begin, "[");
    for (size_t i = 0; i < count; i++)
        edits_add_format(edits, text->end, text->end, ", \"%s\"", items[i]);
    edits_add(edits, text->end, text->end, "]");
}

static bool add_key(struct edits *edits, const struct source *source, const struct yaml_node *mapping, const char *key,
                    const char *const *items, size_t count)
{
    struct buf lines;
    struct buf flow;
    buf_init(&lines, MOST_BYTES);
    buf_init(&flow, MOST_BYTES);
    buf_add_format(&lines, "%s:", key);
    buf_add_format(&flow, "%s: [", key);
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&lines, "\n\t- \"%s\"", items[i]);
        buf_add_format(&flow, "%s\"%s\"", i > 0 ? ", " : "", items[i]);
    }
    buf_add_char(&flow, ']');
    edits->failed = edits->failed || !buf_ok(&lines) || !buf_ok(&flow);
    const struct insertion insertion = { .lines = buf_text(&lines), .flow = buf_text(&flow) };
    bool ok = insert_last(edits, source, mapping, insert_step(source, mapping), insertion);
    buf_finish(&lines);
    buf_finish(&flow);
    return ok;
}

bool list_add(struct edits *edits, const struct source *source, const struct yaml_node *mapping, const char *key,
              const char *const *items, size_t count)
{
    const struct yaml_node *own = yaml_own(mapping, key);
    if (own == NULL)
        return add_key(edits, source, mapping, key, items, count);
    if (own->kind == YAML_SCALAR && !own->block)
        add_to_text(edits, own, items, count);
    else if (own->kind == YAML_SEQUENCE && own->flow)
        add_to_brackets(edits, own, items, count);
    else
        return own->kind == YAML_SEQUENCE && add_to_dashes(edits, source, own, items, count);
    return true;
}
