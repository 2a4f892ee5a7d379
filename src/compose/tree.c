/*
 * Questions to a YAML tree. It knows aliases and merge keys; who parsed the text it does not know.
 */
#include <string.h>

#include "compose/yaml.h"

enum { MOST_MERGES = 1000 }; /* an alias stands behind its anchor, so there is no circle; but many can be very many */

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
