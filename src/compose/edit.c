/*
 * Changing a text without touching the rest. It knows bytes and lines; that they are YAML it does not know.
 */
#include "compose/edit.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum { MOST_TEXT_BYTES = 1024 * 1024 };

void edits_init(struct edits *edits, struct arena *arena)
{
    *edits = (struct edits){ .arena = arena };
}

void edits_add(struct edits *edits, size_t begin, size_t end, const char *text)
{
    struct edit *list = arena_grow(edits->arena, edits->list, edits->count, &edits->room, sizeof *list);
    edits->failed = edits->failed || text == NULL || list == NULL;
    if (edits->failed)
        return;
    edits->list = list;
    edits->list[edits->count++] = (struct edit){ .begin = begin, .end = end, .text = text };
}

void edits_add_format(struct edits *edits, size_t begin, size_t end, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, MOST_TEXT_BYTES);
    va_start(args, format);
    buf_add_args(&text, format, args);
    va_end(args);
    edits->failed = edits->failed || !buf_ok(&text);
    if (!edits->failed)
        edits_add(edits, begin, end, arena_text(edits->arena, buf_text(&text)));
    buf_finish(&text);
}

/* By insertion: there are few, and those of one place must keep their order. */
bool edits_sort(struct edits *edits)
{
    for (size_t i = 1; i < edits->count; i++) {
        struct edit moved = edits->list[i];
        size_t to = i;
        for (; to > 0 && edits->list[to - 1].begin > moved.begin; to--)
            edits->list[to] = edits->list[to - 1];
        edits->list[to] = moved;
    }
    for (size_t i = 1; i < edits->count; i++)
        if (edits->list[i - 1].end > edits->list[i].begin)
            return false;
    return true;
}

void edits_apply(struct buf *to, const struct source *source, const struct edits *edits, size_t begin, size_t end)
{
    size_t at = begin;
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *edit = &edits->list[i];
        if (edit->begin < at || edit->end > end)
            continue;
        buf_add(to, source->bytes + at, edit->begin - at);
        buf_add_text(to, edit->text);
        at = edit->end;
    }
    buf_add(to, source->bytes + at, end - at);
}

size_t line_begin(const struct source *source, size_t offset)
{
    size_t first = source_begin(source);
    while (offset > first && source->bytes[offset - 1] != '\n')
        offset--;
    return offset;
}

size_t line_end(const struct source *source, size_t offset)
{
    while (offset < source->size && source->bytes[offset] != '\n')
        offset++;
    bool is_crlf = offset < source->size && offset > 0 && source->bytes[offset - 1] == '\r';
    return is_crlf ? offset - 1 : offset;
}

size_t line_indent(const struct source *source, size_t offset)
{
    size_t begin = line_begin(source, offset);
    for (size_t i = begin; i < offset; i++)
        if (source->bytes[i] != ' ')
            return SIZE_MAX;
    return offset - begin;
}

const char *line_feed(const struct source *source)
{
    const char *feed = memchr(source->bytes, '\n', source->size);
    return feed != NULL && feed > source->bytes && feed[-1] == '\r' ? "\r\n" : "\n";
}
