/*
 * The names in statements that run alone. It knows their forms, not whether the objects exist.
 */
#include "text/trace.h"

#include <string.h>

#include "text/phrase.h"

static const struct {
    const char *phrase; /* all that comes before the name */
    enum trace_kind kind;
} forms[] = {
    { "create unique? index concurrently if not exists", TRACE_INDEX },
    { "create unique? index concurrently", TRACE_INDEX },
    { "drop index concurrently if exists", TRACE_NO_INDEX },
    { "drop index concurrently", TRACE_NO_INDEX },
    { "create database", TRACE_DATABASE },
    { "drop database if exists", TRACE_NO_DATABASE },
    { "drop database", TRACE_NO_DATABASE },
    { "create tablespace", TRACE_TABLESPACE },
    { "drop tablespace if exists", TRACE_NO_TABLESPACE },
    { "drop tablespace", TRACE_NO_TABLESPACE },
    { "create subscription", TRACE_SUBSCRIPTION },
    { "drop subscription if exists", TRACE_NO_SUBSCRIPTION },
    { "drop subscription", TRACE_NO_SUBSCRIPTION },
};

const char *trace_kind_name(enum trace_kind kind)
{
    static const char *const names[] = {
        [TRACE_INDEX] = "index",
        [TRACE_NO_INDEX] = "no index",
        [TRACE_DATABASE] = "database",
        [TRACE_NO_DATABASE] = "no database",
        [TRACE_TABLESPACE] = "tablespace",
        [TRACE_NO_TABLESPACE] = "no tablespace",
        [TRACE_SUBSCRIPTION] = "subscription",
        [TRACE_NO_SUBSCRIPTION] = "no subscription",
    };
    return names[kind];
}

static bool take_name(struct lexer *lexer, char name[TRACE_NAME_BYTES])
{
    struct lexer ahead = *lexer;
    struct token first = lexer_next(&ahead);
    if (!phrase_match(lexer, "<name>"))
        return false;
    size_t size = lexer->offset - first.offset;
    if (size >= TRACE_NAME_BYTES)
        return false;
    memcpy(name, lexer->bytes + first.offset, size);
    name[size] = '\0';
    return true;
}

/* CREATE INDEX CONCURRENTLY ON t leaves the name to the server. */
static bool is_nameless(struct lexer lexer)
{
    return phrase_match(&lexer, "on");
}

static bool take_names(struct trace *trace, struct lexer *lexer)
{
    if (trace->kind != TRACE_INDEX)
        return take_name(lexer, trace->name);
    return !is_nameless(*lexer) && take_name(lexer, trace->name) && phrase_match(lexer, "on only?") &&
           take_name(lexer, trace->relation);
}

bool trace_find(struct trace *trace, const struct script *script, size_t statement)
{
    const struct statement *at = &script->statements[statement];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct lexer lexer;
        lexer_init(&lexer, script->source->bytes, at->offset_bytes, at->offset_bytes + at->size_bytes);
        if (!phrase_match(&lexer, forms[i].phrase))
            continue;
        *trace = (struct trace){ .kind = forms[i].kind };
        return take_names(trace, &lexer);
    }
    return false;
}
