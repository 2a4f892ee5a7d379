/*
 * Directives in comments. It knows their form, keys and values; what follows from them is decided elsewhere.
 */
#include "text/directives.h"

#include <string.h>

#include "base/duration.h"

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

static bool refuse(const struct source *source, struct span word, const char *why, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s \"%.*s\"", why, (int) (word.size < 100 ? word.size : 100), word.text);
    fault_place(fault, source->name, place(source, word));
    fault_hint(fault,
               "A directive is \"-- pgusher:\" and one or more of transaction=on, transaction=off, lock_timeout=DURATION, "
               "statement_timeout=DURATION.");
    return false;
}

static bool refuse_change(const struct source *source, struct span word, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "the file says both transaction=on and transaction=off");
    fault_place(fault, source->name, place(source, word));
    fault_hint(fault, "Keep the one that is meant.");
    return false;
}

static bool read_transaction(struct directives *directives, const struct source *source, struct span word, bool on,
                             struct fault *fault)
{
    enum transaction_directive transaction = on ? TRANSACTION_ON : TRANSACTION_OFF;
    if (directives->transaction != TRANSACTION_UNSAID && directives->transaction != transaction)
        return refuse_change(source, word, fault);
    directives->transaction = transaction;
    directives->transaction_offset = place(source, word);
    return true;
}

static bool begins(struct span word, const char *key)
{
    return word.size > strlen(key) && memcmp(word.text, key, strlen(key)) == 0;
}

static bool read_duration(int64_t *duration_ms, const struct source *source, struct span word, const char *key,
                          struct fault *fault)
{
    char value[32];
    size_t size = word.size - strlen(key);
    if (size >= sizeof value)
        return refuse(source, word, "no duration in the directive", fault);
    memcpy(value, word.text + strlen(key), size);
    value[size] = '\0';
    if (duration_read(duration_ms, value, key, fault))
        return true;
    return refuse(source, word, "no duration in the directive", fault);
}

static bool read_word(struct directives *directives, const struct source *source, struct span word, struct fault *fault)
{
    static const char lock_timeout[] = "lock_timeout=";
    static const char statement_timeout[] = "statement_timeout=";
    if (is(word, "transaction=on"))
        return read_transaction(directives, source, word, true, fault);
    if (is(word, "transaction=off"))
        return read_transaction(directives, source, word, false, fault);
    if (begins(word, lock_timeout))
        return read_duration(&directives->lock_timeout_ms, source, word, lock_timeout, fault);
    if (begins(word, statement_timeout))
        return read_duration(&directives->statement_timeout_ms, source, word, statement_timeout, fault);
    return refuse(source, word, "unknown directive", fault);
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
    return any || refuse(source, text, "unknown directive", fault);
}

bool directives_read(struct directives *directives, const struct source *source, struct fault *fault)
{
    *directives = (struct directives){ .lock_timeout_ms = -1, .statement_timeout_ms = -1 };
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
