/*
 * The marks by which other tools part a file. It knows only the comments that begin a half; the rest of those formats is harmless.
 */
#include "text/foreign.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct mark {
    const char *text; /* behind the dashes and blanks; a blank stands for one or more */
    const char *tool;
};

static const struct mark marks[] = {
    { "+goose up", "goose" },
    { "+goose down", "goose" },
    { "migrate:up", "dbmate" },
    { "migrate:down", "dbmate" },
    { "+migrate up", "sql-migrate" },
    { "+migrate down", "sql-migrate" },
    { "create above / drop below ----", "tern" },
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool matches(const char *at, const char *end, const char *mark)
{
    for (; *mark != '\0'; mark++) {
        if (at == end || (*mark == ' ' ? !is_blank(*at) : strncasecmp(at, mark, 1) != 0))
            return false;
        at++;
        while (*mark == ' ' && at < end && is_blank(*at))
            at++;
    }
    return at == end || is_blank(*at);
}

static const struct mark *find_mark(const char *at, const char *end)
{
    while (at < end && (*at == '-' || is_blank(*at)))
        at++;
    if (at == end || strchr("+mc", *at | 0x20) == NULL) /* '+' | 0x20 is '+' */
        return NULL;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (matches(at, end, marks[i].text))
            return &marks[i];
    return NULL;
}

bool foreign_check(const struct source *source, struct token comment, struct fault *fault)
{
    const char *text = source->bytes + comment.offset;
    const struct mark *mark = find_mark(text, text + comment.size);
    if (mark == NULL)
        return true;
    fault_set(fault, FAULT_CONFIG, "the file is in the up-and-down format of %s: run whole, it would drop what it makes",
              mark->tool);
    fault_place(fault, source->name, comment.offset);
    fault_hint(fault, "Keep only the statements of the way up, and take out this line.");
    return false;
}
