/*
 * Directives in comments. It knows their form, keys and values; what follows from them is decided elsewhere.
 */
#include "text/directives.h"

#include <string.h>

static const char prefix[] = "pgusher:";

struct span {
    const char *text;
    size_t size;
};

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* What stands behind "-- pgusher:"; its text is NULL for any other comment. */
static struct span directive_text(const struct source *source, struct token comment)
{
    const char *at = source->bytes + comment.offset + 2;
    const char *end = source->bytes + comment.offset + comment.size;
    while (at < end && is_separator(*at))
        at++;
    if ((size_t) (end - at) < sizeof prefix - 1 || memcmp(at, prefix, sizeof prefix - 1) != 0)
        return (struct span){ NULL, 0 };
    at += sizeof prefix - 1;
    return (struct span){ at, (size_t) (end - at) };
}

bool directives_recognise(const struct source *source, struct token comment)
{
    return directive_text(source, comment).text != NULL;
}

static bool is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.text, text, span.size) == 0;
}

static size_t place(const struct source *source, struct span span)
{
    return (size_t) (span.text - source->bytes);
}

static bool refuse_word(const struct source *source, struct span word, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "unknown directive \"%.*s\"", (int) (word.size < 100 ? word.size : 100), word.text);
    fault_place(fault, source->name, place(source, word));
    fault_hint(fault, "A directive is \"-- pgusher: transaction=on\" or \"-- pgusher: transaction=off\".");
    return false;
}

static bool refuse_change(const struct source *source, struct span word, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "the file says both transaction=on and transaction=off");
    fault_place(fault, source->name, place(source, word));
    fault_hint(fault, "Keep the one that is meant.");
    return false;
}

static bool read_word(struct directives *directives, const struct source *source, struct span word, struct fault *fault)
{
    enum transaction_directive transaction = is(word, "transaction=on")    ? TRANSACTION_ON
                                             : is(word, "transaction=off") ? TRANSACTION_OFF
                                                                           : TRANSACTION_UNSAID;
    if (transaction == TRANSACTION_UNSAID)
        return refuse_word(source, word, fault);
    if (directives->transaction != TRANSACTION_UNSAID && directives->transaction != transaction)
        return refuse_change(source, word, fault);
    directives->transaction = transaction;
    directives->transaction_offset = place(source, word);
    return true;
}

static bool read_words(struct directives *directives, const struct source *source, struct span text, struct fault *fault)
{
    const char *end = text.text + text.size;
    bool any = false;
    for (const char *at = text.text; at < end;) {
        if (is_separator(*at)) {
            at++;
            continue;
        }
        struct span word = { at, 0 };
        while (at < end && !is_separator(*at))
            at++;
        word.size = (size_t) (at - word.text);
        any = true;
        if (!read_word(directives, source, word, fault))
            return false;
    }
    return any || refuse_word(source, text, fault);
}

bool directives_read(struct directives *directives, const struct source *source, struct fault *fault)
{
    *directives = (struct directives){ .transaction = TRANSACTION_UNSAID };
    struct lexer lexer;
    lexer_init(&lexer, source->bytes, source_begin(source), source->size);
    for (;;) {
        struct token token = lexer_next_or_comment(&lexer);
        if (token.kind == TOKEN_BLOCK_COMMENT)
            continue;
        if (token.kind != TOKEN_LINE_COMMENT)
            return true;
        struct span text = directive_text(source, token);
        if (text.text != NULL && !read_words(directives, source, text, fault))
            return false;
    }
}
