/*
 * One line of the source as a terminal shows it. It knows how wide characters are; it does not know what is wrong with the line.
 */
#include "text/excerpt.h"

#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/* East Asian Wide and Fullwidth, and emoji; in ascending order. */
static const struct range wide[] = {
    { 0x1100, 0x115F },   { 0x231A, 0x231B },   { 0x2329, 0x232A },   { 0x23E9, 0x23EC },   { 0x2614, 0x2615 },
    { 0x26A1, 0x26A1 },   { 0x26BD, 0x26BE },   { 0x2705, 0x2705 },   { 0x274C, 0x274C },   { 0x2753, 0x2757 },
    { 0x2795, 0x2797 },   { 0x2B50, 0x2B50 },   { 0x2E80, 0x303E },   { 0x3041, 0x4DBF },   { 0x4E00, 0xA4CF },
    { 0xA960, 0xA97C },   { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },   { 0xFF00, 0xFF60 },
    { 0xFFE0, 0xFFE6 },   { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x1FA70, 0x1FAFF },
    { 0x20000, 0x3FFFD },
};

/* Combining marks, joiners and other characters that take no column; in ascending order. */
static const struct range narrowest[] = {
    { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x0610, 0x061A }, { 0x064B, 0x065F },
    { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200B, 0x200F },
    { 0x20D0, 0x20FF }, { 0x302A, 0x302D }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF },
};

static bool lies_in(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && ranges[i].first <= character; i++)
        if (character <= ranges[i].last)
            return true;
    return false;
}

/* The size of the character at bytes, of which left are there; a byte that begins none counts as one. */
static size_t decode(const unsigned char *bytes, size_t left, uint32_t *character)
{
    size_t size = bytes[0] < 0xC0 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    *character = size == 1 ? bytes[0] : bytes[0] & (0xFFU >> (size + 1));
    if (size > left)
        return 1;
    for (size_t i = 1; i < size; i++)
        *character = *character << 6 | (bytes[i] & 0x3F);
    return size;
}

static size_t columns_of(uint32_t character)
{
    if (lies_in(character, narrowest, sizeof narrowest / sizeof narrowest[0]))
        return 0;
    return lies_in(character, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

/* A line of text and the places of a window in it, all in bytes from its start. */
struct line {
    const char *text;
    size_t size;
    size_t place; /* of the caret */
    size_t from;  /* the window */
    size_t to;
};

static size_t next_character(const struct line *line, size_t at, size_t *columns)
{
    uint32_t character;
    size_t size = decode((const unsigned char *) line->text + at, line->size - at, &character);
    *columns = columns_of(character);
    return at + size;
}

static size_t previous_character(const struct line *line, size_t at, size_t *columns)
{
    do
        at--;
    while (at > 0 && ((unsigned char) line->text[at] & 0xC0) == 0x80);
    next_character(line, at, columns);
    return at;
}

/* How many columns the bytes between two places take, counted no further than most. */
static size_t measure(const struct line *line, size_t from, size_t to, size_t most)
{
    size_t sum = 0;
    while (from < to && sum <= most) {
        size_t columns;
        from = next_character(line, from, &columns);
        sum += columns;
    }
    return sum;
}

/* Steps back, or forward, from at while no more than most columns are passed. */
static size_t step_back(const struct line *line, size_t at, size_t most)
{
    size_t columns;
    while (at > 0) {
        size_t before = previous_character(line, at, &columns);
        if (columns > most)
            break;
        most -= columns;
        at = before;
    }
    return at;
}

static size_t step_forward(const struct line *line, size_t at, size_t most)
{
    size_t columns;
    while (at < line->size) {
        size_t behind = next_character(line, at, &columns);
        if (columns > most)
            break;
        most -= columns;
        at = behind;
    }
    return at;
}

enum { DOTS = 3, LEAST_WIDTH = 16 };

/* Half of the room goes before the place; what one side does not need, the other gets. */
static void choose_window(struct line *line, size_t width)
{
    if (measure(line, 0, line->size, width) <= width) {
        line->from = 0;
        line->to = line->size;
        return;
    }
    size_t room = width - 2 * DOTS;
    line->to = step_forward(line, line->place, room / 2);
    line->from = step_back(line, line->place, room - measure(line, line->place, line->to, room));
    line->to = step_forward(line, line->from, room);
}

static void find_line(struct line *line, const struct source *source, size_t offset)
{
    size_t start = offset;
    while (start > 0 && source->bytes[start - 1] != '\n')
        start--;
    if (start == 0)
        start = source_begin(source);
    const char *newline = memchr(source->bytes + start, '\n', source->size - start);
    size_t end = newline != NULL ? (size_t) (newline - source->bytes) : source->size;
    if (newline != NULL && end > start && source->bytes[end - 1] == '\r')
        end--;
    line->text = source->bytes + start;
    line->size = end - start;
    line->place = offset < start ? 0 : offset > end ? end - start : offset - start;
}

/* Tabs, and whatever else a terminal would act upon, are shown as a space. */
static void add_shown(struct buf *buf, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char) text[i];
        buf_add_char(buf, byte < 0x20 || byte == 0x7F ? ' ' : text[i]);
    }
}

static void add_spaces(struct buf *buf, size_t count)
{
    while (count-- > 0)
        buf_add_char(buf, ' ');
}

void excerpt_add(struct buf *buf, const struct source *source, size_t offset_bytes, size_t width)
{
    size_t offset = offset_bytes < source->size ? offset_bytes : source->size;
    struct line line;
    find_line(&line, source, offset);
    choose_window(&line, width < LEAST_WIDTH ? LEAST_WIDTH : width);

    size_t before_number = buf->size;
    buf_add_format(buf, "%4zu", source_position(source, offset).line);
    size_t number_width = buf->size - before_number;
    buf_add_text(buf, " | ");
    buf_add_text(buf, line.from > 0 ? "..." : "");
    add_shown(buf, line.text + line.from, line.to - line.from);
    buf_add_text(buf, line.to < line.size ? "...\n" : "\n");

    add_spaces(buf, number_width);
    buf_add_text(buf, " | ");
    add_spaces(buf, (line.from > 0 ? DOTS : 0) + measure(&line, line.from, line.place, line.size));
    buf_add_text(buf, "^\n");
}
