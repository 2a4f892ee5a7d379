/*
 * The rule for psql's commands. It knows how psql reads a command's arguments, roughly, and asks psql's scanner where commands are.
 */
#include "plain_text.h"

#include <stdbool.h>
#include <string.h>

#include "postgres_fe.h"

#include "fe_utils/psqlscan.h"
#include "mb/pg_wchar.h"

#include "text/copy.h"

static const PsqlScanCallbacks no_variables = { NULL };

/* The scanner leaves out blanks at the beginning of a query; behind this it shows every byte that it has read. */
static const char seed[] = "x";

struct translation {
    struct bytes *plain;
    const char *text;
    size_t size;
    size_t at; /* of the next line */
    PsqlScanState scan;
    PQExpBuffer shown;
    struct bytes statement; /* so far */
    int waiting;            /* COPYs of this line whose data come */
};

static bool begins_with(const char *text, const char *end, const char *word)
{
    size_t size = strlen(word);
    return (size_t) (end - text) >= size && memcmp(text, word, size) == 0;
}

static size_t line_size(const struct translation *translation)
{
    const char *start = translation->text + translation->at;
    const char *newline = memchr(start, '\n', translation->size - translation->at);
    return newline != NULL ? (size_t) (newline - start) : translation->size - translation->at;
}

/* How much of line was read for what the scanner shows of it: only the backslashes of "\;" and "\:" are missing. */
static size_t read_size(const char *line, const PQExpBufferData *shown)
{
    size_t at = 0;
    for (size_t i = sizeof seed - 1; i < shown->len; i++, at++)
        if (line[at] != shown->data[i])
            at++;
    return at;
}

static void note_copy(struct translation *translation, const char *statement, size_t size)
{
    translation->waiting += copy_classify(statement, 0, size) == COPY_FROM_STDIN;
}

static void end_statement(struct translation *translation)
{
    if (translation->statement.size > 0)
        note_copy(translation, translation->statement.at, translation->statement.size - 1);
    bytes_drop(&translation->statement, translation->statement.size);
}

static void add(struct translation *translation, const char *text, size_t size)
{
    bytes_add(translation->plain, text, size);
    bytes_add(&translation->statement, text, size);
}

static const char *skip_quoted(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote)
        at += quote == '\'' && *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

static const char *skip_arguments(const char *at, const char *end)
{
    while (at < end && *at != '\\')
        at = strchr("'\"`", *at) != NULL ? skip_quoted(at, end) : at + 1;
    return at;
}

static bool sends_query(const char *name, size_t size)
{
    static const char *const names[] = { "g", "gx", "gset", "gexec", "gdesc", "crosstabview" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == size && memcmp(name, names[i], size) == 0)
            return true;
    return false;
}

static const char *translate_copy(struct translation *translation, const char *name, const char *end)
{
    const char *last = end;
    while (last > name && strchr(" \t\r;", last[-1]) != NULL)
        last--;
    bytes_add(translation->plain, name, (size_t) (last - name));
    bytes_add(translation->plain, ";", 1);
    note_copy(translation, name, (size_t) (last - name));
    return end;
}

/* name is behind the backslash; gives the place where SQL goes on. */
static const char *translate_command(struct translation *translation, const char *name, const char *end)
{
    if (begins_with(name, end, "copy "))
        return translate_copy(translation, name, end);
    if (begins_with(name, end, ".")) { /* the end of data that were not seen: nobody shall get past it */
        add(translation, "\\.", 2);
        return end;
    }
    const char *name_end = name;
    while (name_end < end && strchr(" \t\r\f\\", *name_end) == NULL)
        name_end++;
    if (sends_query(name, (size_t) (name_end - name))) {
        add(translation, ";", 1);
        end_statement(translation);
    }
    const char *at = skip_arguments(name_end, end);
    if (at == end)
        return end;
    return begins_with(at, end, "\\\\") ? at + 2 : translate_command(translation, at + 1, end);
}

static void translate_line(struct translation *translation, const char *line, const char *end)
{
    while (true) {
        const char *part = must_keep(line, (size_t) (end - line));
        psql_scan_setup(translation->scan, part, (int) (end - line), PG_UTF8, true);
        PsqlScanResult result;
        const char *at = line;
        do {
            promptStatus_t prompt = PROMPT_READY;
            resetPQExpBuffer(translation->shown);
            appendPQExpBufferStr(translation->shown, seed);
            result = psql_scan(translation->scan, translation->shown, &prompt);
            size_t size = read_size(at, translation->shown);
            add(translation, at, size);
            at += size;
            if (result == PSCAN_SEMICOLON)
                end_statement(translation);
        } while (result == PSCAN_SEMICOLON);
        psql_scan_finish(translation->scan);
        if (result != PSCAN_BACKSLASH)
            return;
        line = translate_command(translation, at + 1, end);
        psql_scan_reselect_sql_lexer(translation->scan);
    }
}

static void pass_data(struct translation *translation)
{
    bool ended = false;
    while (!ended && translation->at < translation->size) {
        const char *line = translation->text + translation->at;
        size_t size = line_size(translation);
        ended = size == 2 && memcmp(line, "\\.", 2) == 0;
        bytes_add(translation->plain, line, size);
        bytes_add(translation->plain, "\n", 1);
        translation->at += size + 1;
    }
    translation->waiting--;
}

void plain_text_add(struct bytes *plain, const char *text, size_t size)
{
    struct translation translation = { .plain = plain, .text = text, .size = size };
    translation.scan = psql_scan_create(&no_variables);
    translation.shown = createPQExpBuffer();
    while (translation.at < size) {
        size_t line = line_size(&translation);
        const char *start = text + translation.at;
        translation.at += line + 1;
        translate_line(&translation, start, start + line);
        add(&translation, "\n", 1);
        while (translation.waiting > 0)
            pass_data(&translation);
    }
    destroyPQExpBuffer(translation.shown);
    psql_scan_destroy(translation.scan);
    bytes_finish(&translation.statement);
}
