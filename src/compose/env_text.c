/*
 * .env files, as far as Compose agrees with shells about them: NAME=value, export before it, quotes around the value, comments.
 */
#include <ctype.h>
#include <string.h>

#include "compose/words.h"

static size_t skip(const struct source *source, size_t at, size_t end, const char *set)
{
    while (at < end && strchr(set, source->bytes[at]) != NULL && source->bytes[at] != '\0')
        at++;
    return at;
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char) byte) || byte == '_' || byte == '.' || byte == '-';
}

static size_t skip_name(const struct source *source, size_t at, size_t end)
{
    while (at < end && is_name_byte(source->bytes[at]))
        at++;
    return at;
}

static size_t skip_export(const struct source *source, size_t at, size_t end)
{
    bool is_there = end - at > 7 && memcmp(source->bytes + at, "export", 6) == 0 &&
                    (source->bytes[at + 6] == ' ' || source->bytes[at + 6] == '\t');
    return is_there ? skip(source, at + 6, end, " \t") : at;
}

/* Moves both ends onto the value: within its quotes, or without a comment and the space before it. */
static void find_value(const struct source *source, size_t *begin, size_t *end)
{
    const char *bytes = source->bytes;
    *begin = skip(source, *begin, *end, " \t");
    if (*begin < *end && (bytes[*begin] == '"' || bytes[*begin] == '\'')) {
        const char *quote = memchr(bytes + *begin + 1, bytes[*begin], *end - *begin - 1);
        if (quote != NULL) {
            ++*begin;
            *end = (size_t) (quote - bytes);
            return;
        }
    }
    for (size_t i = *begin; i < *end; i++)
        if (bytes[i] == '#' && (i == *begin || bytes[i - 1] == ' ' || bytes[i - 1] == '\t'))
            *end = i;
    while (*end > *begin && isspace((unsigned char) bytes[*end - 1]))
        --*end;
}

static bool take_line(struct env_line *line, struct arena *arena, const struct source *source, size_t begin, size_t end,
                      bool *found, struct fault *fault)
{
    size_t name = skip_export(source, skip(source, begin, end, " \t"), end);
    size_t name_end = skip_name(source, name, end);
    size_t equals = skip(source, name_end, end, " \t");
    bool has_value = equals < end && source->bytes[equals] == '=';
    *found = name_end > name && (has_value || skip(source, equals, end, "\r") == end);
    if (!*found)
        return true;
    *line = (struct env_line){ .name = arena_copy(arena, source->bytes + name, name_end - name), .name_offset = name };
    if (has_value) {
        size_t value = equals + 1;
        find_value(source, &value, &end);
        line->value = arena_copy(arena, source->bytes + value, end - value);
        line->value_offset = value;
    }
    return (line->name != NULL && (!has_value || line->value != NULL)) || fault_out_of_memory(fault);
}

bool env_line_next(struct env_line *line, struct arena *arena, const struct source *source, size_t *at, struct fault *fault)
{
    if (*at < source_begin(source))
        *at = source_begin(source);
    while (*at < source->size) {
        const char *feed = memchr(source->bytes + *at, '\n', source->size - *at);
        size_t begin = *at;
        size_t end = feed != NULL ? (size_t) (feed - source->bytes) : source->size;
        bool found;
        *at = feed != NULL ? end + 1 : end;
        if (!take_line(line, arena, source, begin, end, &found, fault))
            return false;
        if (found)
            return true;
    }
    return false;
}
