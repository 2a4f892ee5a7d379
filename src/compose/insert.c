/*
 * Where an entry goes and how deep. It knows both styles of a mapping; what the entry says is its caller's.
 */
#include "insert.h"

#include <stdint.h>
#include <string.h>

enum { USUAL_STEP = 2, MOST_BYTES = 64 * 1024 };

static void add_spaces(struct buf *buf, size_t count)
{
    while (count-- > 0)
        buf_add_char(buf, ' ');
}

static void add_lines(struct buf *buf, const char *lines, size_t indent, size_t step, const char *feed, bool feed_first)
{
    while (*lines != '\0') {
        size_t levels = strspn(lines, "\t");
        size_t size = strcspn(lines + levels, "\n");
        buf_add_text(buf, feed_first ? feed : "");
        add_spaces(buf, indent + levels * step);
        buf_add(buf, lines + levels, size);
        buf_add_text(buf, feed_first ? "" : feed);
        lines += levels + size;
        lines += *lines == '\n';
    }
}

static bool take(struct edits *edits, size_t at, struct buf *text)
{
    edits->failed = edits->failed || !buf_ok(text);
    edits_add_format(edits, at, at, "%s", buf_text(text));
    buf_finish(text);
    return true;
}

static bool is_blank(const struct source *source, size_t at)
{
    return at < source->size && strchr(" \t\r\n", source->bytes[at]) != NULL;
}

static bool insert_in_braces(struct edits *edits, const struct source *source, const struct yaml_node *mapping,
                             const char *flow)
{
    bool is_empty = mapping->first == NULL;
    size_t at = mapping->begin + 1;
    const char *after = is_empty ? "" : ",";
    edits_add_format(edits, at, at, " %s%s%s", flow, after, is_blank(source, at) ? "" : " ");
    return true;
}

static bool indent_of(size_t *indent, const struct source *source, const struct yaml_node *mapping)
{
    *indent = mapping->first != NULL ? line_indent(source, mapping->first->key->begin) : SIZE_MAX;
    return *indent != SIZE_MAX;
}

static bool insert(struct edits *edits, const struct source *source, const struct yaml_node *mapping, size_t step_bytes,
                   struct insertion insertion, bool is_first)
{
    size_t indent;
    struct buf text;
    if (mapping == NULL || mapping->kind != YAML_MAPPING)
        return false;
    if (mapping->flow)
        return insert_in_braces(edits, source, mapping, insertion.flow);
    if (!indent_of(&indent, source, mapping))
        return false;
    size_t at = is_first ? line_begin(source, mapping->first->key->begin) : line_end(source, mapping->end);
    buf_init(&text, MOST_BYTES);
    add_lines(&text, insertion.lines, indent, step_bytes, line_feed(source), !is_first);
    return take(edits, at, &text);
}

bool insert_first(struct edits *edits, const struct source *source, const struct yaml_node *mapping, size_t step_bytes,
                  struct insertion insertion)
{
    return insert(edits, source, mapping, step_bytes, insertion, true);
}

bool insert_last(struct edits *edits, const struct source *source, const struct yaml_node *mapping, size_t step_bytes,
                 struct insertion insertion)
{
    return insert(edits, source, mapping, step_bytes, insertion, false);
}

size_t insert_step(const struct source *source, const struct yaml_node *mapping)
{
    size_t inner;
    if (mapping == NULL || mapping->kind != YAML_MAPPING || mapping->key == NULL || !indent_of(&inner, source, mapping))
        return USUAL_STEP;
    size_t outer = line_indent(source, mapping->key->begin);
    return outer != SIZE_MAX && inner > outer ? inner - outer : USUAL_STEP;
}
