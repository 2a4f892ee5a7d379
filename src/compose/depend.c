/*
 * One more dependency. The short form cannot say a condition, so a list becomes a mapping whose other entries say what the list
 * meant: service_started.
 */
#include <stdint.h>
#include <string.h>

#include "check_inside.h"
#include "insert.h"

enum { MOST_BYTES = 64 * 1024 };

struct dependence {
    const struct source *source;
    const struct service *service;
    const char *name;
    const char *condition;
};

/* --- the entry itself ------------------------------------------------------------------------------------------------- */

static void insert_entry(struct edits *edits, const struct dependence *new, const struct yaml_node *mapping, size_t step)
{
    const struct insertion insertion = {
        .lines = arena_format(edits->arena, "%s:\n\tcondition: %s", new->name, new->condition),
        .flow = arena_format(edits->arena, "%s: { condition: %s }", new->name, new->condition),
    };
    edits->failed = edits->failed || insertion.lines == NULL || insertion.flow == NULL;
    if (!edits->failed)
        insert_first(edits, new->source, mapping, step, insertion);
}

static void replace_text(struct edits *edits, const struct yaml_node *scalar, const char *text)
{
    if (yaml_text(scalar) != NULL && !scalar->block)
        edits_add(edits, scalar->begin, scalar->end, text);
}

/* "name:" without a value. */
static void fill_empty(struct edits *edits, const struct source *source, const struct yaml_node *item, const char *text)
{
    size_t at = item->key->end;
    edits->failed = edits->failed || text == NULL;
    if (!edits->failed && at < source->size && source->bytes[at] == ':' && item->begin == item->end)
        edits_add_format(edits, at + 1, at + 1, " %s", text);
}

/* The dependency is there in the long form, but says too little. */
static void mend_entry(struct edits *edits, const struct dependence *new, const struct yaml_node *item)
{
    const struct yaml_node *condition = yaml_own(item, "condition");
    const struct yaml_node *required = yaml_own(item, "required");
    const struct insertion missing = { .lines = arena_format(edits->arena, "condition: %s", new->condition),
                                       .flow = arena_format(edits->arena, "condition: %s", new->condition) };
    edits->failed = edits->failed || missing.lines == NULL || missing.flow == NULL;
    if (edits->failed)
        return;
    if (item->kind == YAML_NULL)
        fill_empty(edits, new->source, item, arena_format(edits->arena, "{ condition: %s }", new->condition));
    else if (condition == NULL)
        insert_first(edits, new->source, item, 2, missing);
    else if (yaml_text(condition) == NULL || strcmp(yaml_text(condition), new->condition) != 0)
        replace_text(edits, condition, new->condition);
    if (yaml_text(required) != NULL && strcmp(yaml_text(required), "false") == 0)
        replace_text(edits, required, "true");
}

static void add_to_mapping(struct edits *edits, const struct dependence *new, const struct yaml_node *mapping)
{
    const struct yaml_node *item = yaml_own(mapping, new->name);
    if (item != NULL)
        mend_entry(edits, new, item);
    else
        insert_entry(edits, new, mapping, insert_step(new->source, mapping->first));
}

/* --- a list becomes a mapping ----------------------------------------------------------------------------------------- */

/* Interpolation is for values: a name that has one cannot become a key. */
static bool can_be_keys(const struct source *source, const struct yaml_node *list)
{
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
        if (yaml_text(item) == NULL || item->anchor != NULL || strchr(item->text, '$') != NULL ||
            memchr(source->bytes + item->begin, '\n', item->end - item->begin) != NULL)
            return false;
        for (const struct yaml_node *other = list->first; other != item; other = other->next)
            if (strcmp(other->text, item->text) == 0)
                return false;
    }
    return true;
}

static bool holds(const struct yaml_node *list, const char *name)
{
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
        if (strcmp(item->text, name) == 0)
            return true;
    return false;
}

static void give_condition(struct edits *edits, const struct dependence *new, const struct yaml_node *item)
{
    bool is_new = strcmp(item->text, new->name) == 0;
    edits_add_format(edits, item->end, item->end, ": { condition: %s }", is_new ? new->condition : "service_started");
}

static void turn_brackets(struct edits *edits, const struct dependence *new, const struct yaml_node *list)
{
    const char *bytes = new->source->bytes;
    bool is_there = holds(list, new->name);
    if (list->first == NULL) {
        edits_add_format(edits, list->begin, list->end, "{ %s: { condition: %s } }", new->name, new->condition);
        return;
    }
    const char *space = strchr(" \t\r\n", bytes[list->begin + 1]) != NULL ? "" : " ";
    if (is_there)
        edits_add_format(edits, list->begin, list->begin + 1, "{%s", space);
    else
        edits_add_format(edits, list->begin, list->begin + 1, "{ %s: { condition: %s },%s", new->name, new->condition,
                         space);
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
        give_condition(edits, new, item);
    edits_add(edits, list->end - 1, list->end, strchr(" \t\r\n", bytes[list->end - 2]) != NULL ? "}" : " }");
}

/* The dash in front of an item, with nothing but spaces around it; SIZE_MAX when it is not so. */
static size_t find_dash(const struct source *source, const struct yaml_node *item)
{
    size_t at = item->begin;
    while (at > 0 && source->bytes[at - 1] == ' ')
        at--;
    if (at == 0 || source->bytes[at - 1] != '-' || line_indent(source, at - 1) == SIZE_MAX)
        return SIZE_MAX;
    return at - 1;
}

static void turn_dashes(struct edits *edits, const struct dependence *new, const struct yaml_node *list)
{
    const struct source *source = new->source;
    size_t key_indent = line_indent(source, list->key->begin);
    if (list->first == NULL || key_indent == SIZE_MAX)
        return;
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
        if (find_dash(source, item) == SIZE_MAX)
            return;
    size_t dash = find_dash(source, list->first);
    bool is_deeper = line_indent(source, dash) > key_indent;
    size_t indent = is_deeper ? line_indent(source, dash) : key_indent + 2;
    if (!holds(list, new->name))
        edits_add_format(edits, line_begin(source, dash), line_begin(source, dash), "%*s%s: { condition: %s }%s",
                         (int) indent, "", new->name, new->condition, line_feed(source));
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
        edits_add(edits, find_dash(source, item), item->begin, is_deeper ? "" : "  ");
        give_condition(edits, new, item);
    }
}

static void turn_list(struct edits *edits, const struct dependence *new, const struct yaml_node *list)
{
    if (!can_be_keys(new->source, list))
        return;
    if (list->flow)
        turn_brackets(edits, new, list);
    else
        turn_dashes(edits, new, list);
}

/* --- a service without a depends_on of its own ------------------------------------------------------------------------ */

/* What was merged in would be hidden by an own depends_on, so that has to say it again: all that Compose knows of a dependency. */
static void add_merged_entry(struct buf *lines, struct buf *flow, const char *name, const struct yaml_node *value)
{
    static const char *const keys[] = { "condition", "restart", "required" };
    buf_add_format(lines, "\n\t%s:", name);
    buf_add_format(flow, ", %s: {", name);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = yaml_text(yaml_find(value, keys[i]));
        if (text == NULL && i == 0)
            text = "service_started";
        if (text == NULL)
            continue;
        buf_add_format(lines, "\n\t\t%s: %s", keys[i], text);
        buf_add_format(flow, "%s %s: %s", i == 0 ? "" : ",", keys[i], text);
    }
    buf_add_text(flow, " }");
}

static bool add_merged(struct buf *lines, struct buf *flow, const struct dependence *new, struct arena *arena,
                       const struct yaml_node *merged, struct fault *fault)
{
    struct yaml_entries entries = { .count = 0 };
    const struct yaml_node *item = merged != NULL && merged->kind == YAML_SEQUENCE ? merged->first : NULL;
    for (; item != NULL; item = item->next) {
        const char *name = yaml_text(yaml_resolve(item));
        if (name != NULL && strcmp(name, new->name) != 0)
            add_merged_entry(lines, flow, name, NULL);
    }
    if (!yaml_gather(&entries, arena, merged, fault))
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        const char *name = yaml_text(yaml_resolve(entries.list[i]->key));
        if (strcmp(name, new->name) != 0)
            add_merged_entry(lines, flow, name, entries.list[i]);
    }
    return true;
}

static void add_own(struct edits *edits, const struct dependence *new, const struct yaml_node *merged)
{
    const struct yaml_node *body = new->service->body;
    struct buf lines;
    struct buf flow;
    struct fault fault;
    buf_init(&lines, MOST_BYTES);
    buf_init(&flow, MOST_BYTES);
    buf_add_format(&lines, "depends_on:\n\t%s:\n\t\tcondition: %s", new->name, new->condition);
    buf_add_format(&flow, "depends_on: { %s: { condition: %s }", new->name, new->condition);
    edits->failed = edits->failed || !add_merged(&lines, &flow, new, edits->arena, merged, &fault);
    buf_add_text(&flow, " }");
    edits->failed = edits->failed || !buf_ok(&lines) || !buf_ok(&flow);
    const struct insertion insertion = { .lines = buf_text(&lines), .flow = buf_text(&flow) };
    insert_last(edits, new->source, body, insert_step(new->source, body), insertion);
    buf_finish(&lines);
    buf_finish(&flow);
}

void depend_on(struct edits *edits, const struct stack *stack, const struct service *service, const char *name,
               const char *condition)
{
    const struct dependence new = { stack->source, service, name, condition };
    const struct yaml_node *own = yaml_own(service->body, "depends_on");
    if (service->body == NULL || service->value->kind == YAML_ALIAS || (own != NULL && own->anchor != NULL))
        return;
    if (own == NULL)
        add_own(edits, &new, yaml_find(service->body, "depends_on"));
    else if (own->kind == YAML_MAPPING)
        add_to_mapping(edits, &new, own);
    else if (own->kind == YAML_SEQUENCE)
        turn_list(edits, &new, own);
    else if (own->kind == YAML_NULL)
        fill_empty(edits, new.source, own, arena_format(edits->arena, "{ %s: { condition: %s } }", name, condition));
}
