/*
 * Questions to a YAML tree. It knows aliases and merge keys; who parsed the text it does not know.
 */
#include <string.h>

#include "compose/yaml.h"

/* An alias stands behind its anchor, so there is no circle; but many can be very many. */
enum { MOST_MERGES = 1000, MOST_ENTRIES = 4096, MOST_LOOKS = 20000, MOST_COMPARED = 100000 };

const struct yaml_node *yaml_resolve(const struct yaml_node *node)
{
    return node != NULL && node->kind == YAML_ALIAS ? node->target : node;
}

const char *yaml_text(const struct yaml_node *node)
{
    return node != NULL && node->kind == YAML_SCALAR ? node->text : NULL;
}

static bool is_named(const struct yaml_node *value, const char *key)
{
    const char *text = yaml_text(yaml_resolve(value->key));
    return text != NULL && strcmp(text, key) == 0;
}

const struct yaml_node *yaml_own(const struct yaml_node *node, const char *key)
{
    if (node == NULL || node->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next)
        if (is_named(value, key))
            return value;
    return NULL;
}

static const struct yaml_node *find(const struct yaml_node *node, const char *key, int *merges);

/* Of several that are merged the first wins. */
static const struct yaml_node *find_merged(const struct yaml_node *merged, const char *key, int *merges)
{
    if (merged == NULL || ++*merges > MOST_MERGES)
        return NULL;
    if (merged->kind == YAML_MAPPING)
        return find(merged, key, merges);
    if (merged->kind != YAML_SEQUENCE)
        return NULL;
    for (const struct yaml_node *item = merged->first; item != NULL; item = item->next) {
        const struct yaml_node *found = find_merged(yaml_resolve(item), key, merges);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static const struct yaml_node *find(const struct yaml_node *node, const char *key, int *merges)
{
    const struct yaml_node *own = yaml_own(node, key);
    if (own != NULL)
        return yaml_resolve(own);
    return find_merged(yaml_resolve(yaml_own(node, "<<")), key, merges);
}

const struct yaml_node *yaml_find(const struct yaml_node *node, const char *key)
{
    int merges = 0;
    return find(yaml_resolve(node), key, &merges);
}

/* --- all entries ------------------------------------------------------------------------------------------------------ */

struct gathering {
    struct yaml_entries *entries;
    struct arena *arena;
    size_t looks; /* left */
};

static bool is_gathered(const struct yaml_entries *entries, const char *key)
{
    for (size_t i = 0; i < entries->count; i++)
        if (is_named(entries->list[i], key))
            return true;
    return false;
}

static bool gather(struct gathering *gathering, const struct yaml_node *mapping);

static bool gather_merged(struct gathering *gathering, const struct yaml_node *merged)
{
    if (merged == NULL || merged->kind != YAML_SEQUENCE)
        return gather(gathering, merged);
    for (const struct yaml_node *item = merged->first; item != NULL; item = item->next)
        if (!gather(gathering, yaml_resolve(item)))
            return false;
    return true;
}

/* False: out of memory. */
static bool gather(struct gathering *gathering, const struct yaml_node *mapping)
{
    struct yaml_entries *entries = gathering->entries;
    if (mapping == NULL || mapping->kind != YAML_MAPPING || gathering->looks == 0)
        return true;
    for (const struct yaml_node *value = mapping->first; value != NULL; value = value->next) {
        const char *key = yaml_text(yaml_resolve(value->key));
        if (gathering->looks == 0 || entries->count == MOST_ENTRIES)
            return true;
        gathering->looks--;
        if (key == NULL || strcmp(key, "<<") == 0 || is_gathered(entries, key))
            continue;
        const struct yaml_node **list =
            arena_grow(gathering->arena, entries->list, entries->count, &entries->room, sizeof(const struct yaml_node *));
        if (list == NULL)
            return false;
        entries->list = list;
        entries->list[entries->count++] = value;
    }
    return gather_merged(gathering, yaml_resolve(yaml_own(mapping, "<<")));
}

bool yaml_gather(struct yaml_entries *entries, struct arena *arena, const struct yaml_node *mapping, struct fault *fault)
{
    struct gathering gathering = { .entries = entries, .arena = arena, .looks = MOST_LOOKS };
    return gather(&gathering, yaml_resolve(mapping)) || fault_out_of_memory(fault);
}

/* --- comparing -------------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool yaml_same(const struct yaml_node *a, const struct yaml_node *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->kind != b->kind || !same_text(a->text, b->text) || !same_text(a->anchor, b->anchor))
        return false;
    const struct yaml_node *one = a->first;
    const struct yaml_node *other = b->first;
    for (; one != NULL && other != NULL; one = one->next, other = other->next)
        if (!yaml_same(one->key, other->key) || !yaml_same(one, other))
            return false;
    return one == other;
}

static bool means_same(const struct yaml_node *a, const struct yaml_node *b, size_t *left)
{
    a = yaml_resolve(a);
    b = yaml_resolve(b);
    if (a == NULL || b == NULL)
        return a == b;
    if (*left == 0 || a->kind != b->kind || !same_text(a->text, b->text))
        return false;
    --*left;
    const struct yaml_node *one = a->first;
    const struct yaml_node *other = b->first;
    for (; one != NULL && other != NULL; one = one->next, other = other->next)
        if (!means_same(one->key, other->key, left) || !means_same(one, other, left))
            return false;
    return one == other;
}

bool yaml_means_same(const struct yaml_node *a, const struct yaml_node *b)
{
    size_t left = MOST_COMPARED;
    return means_same(a, b, &left);
}
