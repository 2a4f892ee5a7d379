/*
 * Splicing and damaging. It knows which fragments a lexer stumbles over, and draws from a generator of its own, so that a seed
 * means the same inputs on every machine.
 */
#include "mutate.h"

#include <string.h>

static const char *const fragments[] = {
    "'",
    "''",
    "\"",
    "$$",
    "$",
    "$a$",
    "$\xC3\xA9$",
    "$1",
    "$1a$",
    "a$b$c",
    "E'",
    "e'\\'",
    "E'\\\n'",
    "E'a'\r'b\\''",
    "E'a' \r --x\r 'b\\''",
    "E'a'\n'b\\'",
    "'a'\n'b'",
    "'a\\'",
    "U&'",
    "u&\"",
    "U&'a' UESCAPE '!'",
    "U&x",
    "N'",
    "n'a'",
    "b'0",
    "x'",
    "--",
    "--\r",
    "-- x\\\n",
    "/*",
    "*/",
    "/**/",
    "/*/*;*/",
    "/",
    "*",
    "-",
    "@-",
    "+--",
    "=/*",
    "<>-/*x*/",
    "1--2",
    "1e",
    "1e-",
    "1e--2",
    "1e+5",
    "1.5e",
    "1..2",
    "1a$b$",
    "0x1F",
    "1_000",
    "\\",
    "\\'",
    "\\;",
    "\\:",
    "\\.",
    "\n\\.\n",
    ";",
    ";\n",
    "(",
    ")",
    "begin ",
    "BEGIN ATOMIC ",
    "end ",
    "END;",
    "case ",
    "create function f() ",
    "create or replace procedure p() ",
    "create ",
    "or ",
    "replace ",
    "function ",
    "procedure ",
    "atomic ",
    "\"begin\" ",
    "a.begin ",
    "copy t from stdin",
    "copy t from stdin;\n",
    "COPY t FROM STDIN; copy u from stdin;\n1\n\\.\n2\n\\.\n",
    "copy t (a) to stdout;",
    "copy (select 1) to stdout;",
    "copy binary t from stdin;",
    "copy t from stdin binary;",
    ":a",
    ":'a'",
    ":\"a\"",
    "::",
    ":{",
    ":=",
    "..",
    ".",
    ".5",
    " ",
    " \t",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\f",
    "\v",
    "\xEF\xBB\xBF",
    "\xC3\xA9",
    "_",
    "9",
};

enum { FRAGMENTS = sizeof fragments / sizeof fragments[0] };

void mutator_init(struct mutator *mutator, uint64_t seed, const struct bytes *texts, size_t count)
{
    *mutator = (struct mutator){ .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, .texts = texts, .count = count };
}

/* splitmix64 */
static uint64_t draw(struct mutator *mutator)
{
    uint64_t z = mutator->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static size_t below(struct mutator *mutator, size_t limit)
{
    return (size_t) (draw(mutator) % limit);
}

static void add_fragments(struct mutator *mutator, struct bytes *input)
{
    for (size_t left = 1 + below(mutator, 12); left > 0; left--) {
        const char *fragment = fragments[below(mutator, FRAGMENTS)];
        bytes_add(input, fragment, strlen(fragment));
    }
}

/* The beginning of a routine and words that open and close bodies, which chance alone brings together too rarely. */
static void add_routine(struct mutator *mutator, struct bytes *input)
{
    static const char *const words[] = {
        "begin ",     "end ",    "end; ",      "case ",   "case when a then b end; ",
        "select 1; ", "(",       ")",          "atomic ", "'end;' ",
        "\n",         "a.",      "\"begin\" ", ":begin ", "1begin ",
        "; ",         "$$;$$ ",  "-- end\n",   "u&end ",  "or ",
        "replace ",   "create ", "function ",  "x ",
    };
    bytes_add_format(input, "create %s%s ", below(mutator, 2) == 0 ? "or replace " : "",
                     below(mutator, 2) == 0 ? "function" : "procedure");
    for (size_t left = 1 + below(mutator, 16); left > 0; left--) {
        const char *word = words[below(mutator, sizeof words / sizeof words[0])];
        bytes_add(input, word, strlen(word));
    }
}

static void add_cutting(struct mutator *mutator, struct bytes *input)
{
    const struct bytes *text = &mutator->texts[below(mutator, mutator->count)];
    if (text->size == 0)
        return;
    size_t from = below(mutator, text->size);
    size_t size = 1 + below(mutator, 160);
    bytes_add(input, text->at + from, size < text->size - from ? size : text->size - from);
}

static void damage(struct mutator *mutator, struct bytes *input)
{
    if (input->size < 2)
        return;
    size_t at = below(mutator, input->size);
    const char *fragment = fragments[below(mutator, FRAGMENTS)];
    size_t size = strlen(fragment);
    if (draw(mutator) % 2 == 0 && size <= input->size - at) {
        memcpy(input->at + at, fragment, size);
    } else {
        memmove(input->at + at, input->at + at + 1, input->size - at);
        input->size--;
    }
}

/* No NUL byte, and no :{?name}, in whose place psql always sends TRUE or FALSE. */
static void drop_what_has_no_rule(struct bytes *input)
{
    for (size_t i = 0; i < input->size; i++)
        if (input->at[i] == '\0' || (input->at[i] == '?' && i > 0 && input->at[i - 1] == '{'))
            input->at[i] = ' ';
}

void mutator_next(struct mutator *mutator, struct bytes *input)
{
    bytes_drop(input, input->size);
    for (size_t parts = 1 + below(mutator, 8); parts > 0; parts--)
        if (below(mutator, 12) == 0)
            add_routine(mutator, input);
        else if (mutator->count == 0 || below(mutator, 3) == 0)
            add_fragments(mutator, input);
        else
            add_cutting(mutator, input);
    for (size_t left = below(mutator, 6); left > 0; left--)
        damage(mutator, input);
    drop_what_has_no_rule(input);
}
