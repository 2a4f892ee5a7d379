/*
 * Taking the packed text apart, in place. It knows the signs between records and fields, and the four entities that PostgreSQL
 * writes into XML; what the fields mean is known to the reading.
 */
#include "packed.h"

#include <string.h>

enum { RECORD_END = 0x1E, FIELD_END_SIGN = '|' };

static const char opening[] = "<packed>";
static const char closing[] = "</packed>";

/* Writes the sign that an entity stands for; how many bytes the entity has, or 0 if it is none. */
static size_t decode_entity(const char *at, char *sign)
{
    static const struct {
        const char *entity;
        char sign;
    } entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&#x0d;", '\r' } };
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t size = strlen(entities[i].entity);
        if (strncmp(at, entities[i].entity, size) == 0) {
            *sign = entities[i].sign;
            return size;
        }
    }
    return 0;
}

/* Names and checksums have no entity in them, as a rule: what stands between two is moved as a whole. */
static void decode(char *text)
{
    char *to = text;
    for (char *entity; (entity = strchr(text, '&')) != NULL; to++) {
        size_t plain_bytes = (size_t) (entity - text);
        memmove(to, text, plain_bytes);
        to += plain_bytes;
        size_t size = decode_entity(entity, to);
        if (size == 0)
            *to = '&';
        text = entity + (size > 0 ? size : 1);
    }
    memmove(to, text, strlen(text) + 1);
}

/* An element that is not there is a NULL: string_agg() over no rows. */
static char *copy_element(struct arena *arena, const char *xml)
{
    const char *begin = strstr(xml, opening);
    if (begin == NULL)
        return arena_text(arena, "");
    begin += sizeof opening - 1;
    const char *end = strstr(begin, closing);
    char *copy = arena_copy(arena, begin, end != NULL ? (size_t) (end - begin) : strlen(begin));
    if (copy != NULL)
        decode(copy);
    return copy;
}

bool packed_open(struct packed *packed, struct arena *arena, const char *text, bool is_xml)
{
    packed->at = NULL;
    if (text == NULL)
        return true;
    char *copy = is_xml ? copy_element(arena, text) : arena_text(arena, text);
    if (copy != NULL && copy[0] != '\0')
        packed->at = copy;
    return copy != NULL;
}

size_t packed_count(const struct packed *packed)
{
    if (packed->at == NULL)
        return 0;
    size_t count = 1;
    for (const char *at = strchr(packed->at, RECORD_END); at != NULL; at = strchr(at + 1, RECORD_END))
        count++;
    return count;
}

bool packed_next(struct packed *packed, const char **fields, size_t field_count)
{
    char *at = packed->at;
    if (at == NULL)
        return false;
    char *end = strchr(at, RECORD_END);
    packed->at = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = '\0';
    for (size_t i = 0; i < field_count; i++) {
        char *field_end = i + 1 < field_count ? strchr(at, FIELD_END_SIGN) : NULL;
        fields[i] = at;
        at = field_end != NULL ? field_end + 1 : at + strlen(at);
        if (field_end != NULL)
            *field_end = '\0';
    }
    return true;
}
