/*
 * The lexical rules of SQL identifiers, read part by part. It does not know which names exist.
 */
#include "plan/identifier.h"

#include <string.h>

#include "plan/utf8.h"

enum { PARTS_MAX = 2 };

struct reading {
    struct arena *arena;
    const char *at;
    const char *wrong; /* what stopped it; NULL for want of memory */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char) c >= 0x80;
}

static bool continues_name(char c)
{
    return begins_name(c) || (c >= '0' && c <= '9') || c == '$';
}

/* Only ASCII is folded, as the server does with UTF-8. */
static void fold(char *name)
{
    for (; *name != '\0'; name++)
        if (*name >= 'A' && *name <= 'Z')
            *name = (char) (*name - 'A' + 'a');
}

static char *read_bare(struct reading *reading)
{
    const char *begin = reading->at;
    while (continues_name(*reading->at))
        reading->at++;
    char *name = arena_copy(reading->arena, begin, (size_t) (reading->at - begin));
    if (name != NULL)
        fold(name);
    return name;
}

/* Begins after the opening quote and ends after the closing one; a doubled quote is one quote of the name. */
static char *read_quoted(struct reading *reading)
{
    char *name = arena_text(reading->arena, reading->at);
    if (name == NULL)
        return NULL;
    size_t size = 0;
    for (; *reading->at != '\0'; reading->at++) {
        if (*reading->at == '"' && *++reading->at != '"') {
            name[size] = '\0';
            reading->wrong = size == 0 ? "a quoted name is empty" : NULL;
            return size == 0 ? NULL : name;
        }
        name[size++] = *reading->at;
    }
    reading->wrong = "a quote is not closed";
    return NULL;
}

static void skip_space(struct reading *reading)
{
    while (is_space(*reading->at))
        reading->at++;
}

/* NULL when it is none; reading->wrong says why, or memory ran out. */
static char *read_part(struct reading *reading)
{
    char *name = NULL;
    skip_space(reading);
    if (*reading->at == '"') {
        reading->at++;
        name = read_quoted(reading);
    } else if (begins_name(*reading->at)) {
        name = read_bare(reading);
    } else if (*reading->at == '\0' || *reading->at == '.') {
        reading->wrong = "a name is missing";
    } else {
        reading->wrong = "a name begins with a letter or an underscore, or stands in double quotes";
    }
    skip_space(reading);
    return name;
}

static size_t read_parts(struct reading *reading, char *parts[PARTS_MAX])
{
    for (size_t count = 0; count < PARTS_MAX;) {
        parts[count] = read_part(reading);
        if (parts[count++] == NULL)
            return 0;
        if (*reading->at == '\0')
            return count;
        if (*reading->at != '.') {
            reading->wrong = "this character must stand in double quotes";
            return 0;
        }
        reading->at++;
    }
    reading->wrong = "it has more than two parts";
    return 0;
}

static bool refuse(const char *text, const char *origin, const char *wrong, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is not a table's name: %s", origin, text, wrong);
    fault_hint(fault, "Accepted are TABLE and SCHEMA.TABLE, each as SQL writes it, at most %d bytes long.",
               IDENTIFIER_MAX_BYTES);
    return false;
}

bool identifier_read(const char **schema, const char **table, struct arena *arena, const char *text, const char *origin,
                     size_t reserve_bytes, struct fault *fault)
{
    char *parts[PARTS_MAX] = { NULL, NULL };
    struct reading reading = { .arena = arena, .at = text };
    if (!utf8_is_valid(text))
        return fault_set(fault, FAULT_CONFIG, "%s: the name is not valid UTF-8", origin);
    size_t count = read_parts(&reading, parts);
    if (count == 0 && reading.wrong == NULL)
        return fault_out_of_memory(fault);
    if (count == 0)
        return refuse(text, origin, reading.wrong, fault);
    *schema = count == 2 ? parts[0] : NULL;
    *table = parts[count - 1];
    if (strlen(*table) + reserve_bytes > IDENTIFIER_MAX_BYTES ||
        (*schema != NULL && strlen(*schema) > IDENTIFIER_MAX_BYTES)) {
        fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is too long", origin, text);
        fault_hint(fault, "The table's name may have %zu bytes, the schema's %d.", IDENTIFIER_MAX_BYTES - reserve_bytes,
                   IDENTIFIER_MAX_BYTES);
        return false;
    }
    return true;
}
