/*
 * The judge. It knows how psql's MainLoop() feeds its scanner, and what COPY data are; where a statement ends it asks the
 * scanner, and nothing of ours but the rule for what is a COPY FROM STDIN.
 */
#include "psql_scanner.h"

#include <stdlib.h>
#include <string.h>

#include "postgres_fe.h"

#include "fe_utils/psqlscan.h"
#include "mb/pg_wchar.h"

#include "text/copy.h"

static const PsqlScanCallbacks no_variables = { NULL };

struct line {
    const char *text; /* a copy, without its newline and with a NUL */
    size_t size;
};

struct reader {
    struct oracle *oracle;
    bool only_counts; /* nothing is kept */
    const char *text;
    size_t size;
    size_t at; /* of the next line */
    PsqlScanState scan;
    PQExpBuffer query;
    PQExpBuffer line;
    size_t *empty_lines; /* where in query psql left one out */
    size_t empty_count;
    size_t empty_room;
    size_t messages;
    bool line_had_data;
    bool without_data; /* every COPY is a statement like others */
    bool over;
    promptStatus_t prompt;
    PsqlScanResult result;
};

static void *grow(void *elements, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return elements;
    *room = *room > 0 ? *room * 2 : 64;
    void *grown = realloc(elements, *room * element_bytes);
    must(grown != NULL, "out of memory");
    return grown;
}

static void stop(struct reader *reader, enum oracle_end end)
{
    reader->over = true;
    reader->oracle->end = end;
}

static const char *skip_block_comment(const char *at, const char *end)
{
    size_t depth = 0;
    while (end - at >= 2) {
        if (memcmp(at, "/*", 2) == 0)
            depth++;
        else if (memcmp(at, "*/", 2) == 0)
            depth--;
        else {
            at++;
            continue;
        }
        at += 2;
        if (depth == 0)
            return at;
    }
    return end;
}

const char *oracle_skip_blank(const char *at, const char *end)
{
    while (at < end) {
        if (strchr(" \t\n\r\f", *at) != NULL)
            at++;
        else if (end - at >= 2 && memcmp(at, "--", 2) == 0)
            while (at < end && *at != '\n' && *at != '\r')
                at++;
        else if (end - at >= 2 && memcmp(at, "/*", 2) == 0)
            at = skip_block_comment(at, end);
        else
            break;
    }
    return at;
}

static bool has_text(PQExpBuffer query)
{
    const char *end = query->data + query->len;
    return oracle_skip_blank(query->data, end) < end;
}

static bool next_line(struct reader *reader)
{
    if (reader->at >= reader->size)
        return false;
    const char *start = reader->text + reader->at;
    const char *newline = memchr(start, '\n', reader->size - reader->at);
    size_t size = newline != NULL ? (size_t) (newline - start) : reader->size - reader->at;
    resetPQExpBuffer(reader->line);
    bool first_of_file = reader->at == 0 && !reader->without_data;
    if (first_of_file && size >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0)
        appendBinaryPQExpBuffer(reader->line, start + 3, size - 3);
    else
        appendBinaryPQExpBuffer(reader->line, start, size);
    reader->at += size + (newline != NULL ? 1 : 0);
    return true;
}

static void note_empty_line(struct reader *reader)
{
    if (reader->query->len == 0)
        return;
    reader->empty_lines = grow(reader->empty_lines, reader->empty_count, &reader->empty_room, sizeof *reader->empty_lines);
    reader->empty_lines[reader->empty_count++] = reader->query->len;
}

static void add_as_written(struct bytes *written, const struct reader *reader)
{
    size_t from = 0;
    for (size_t i = 0; i < reader->empty_count; i++) {
        bytes_add(written, reader->query->data + from, reader->empty_lines[i] - from);
        bytes_add(written, "\n", 1);
        from = reader->empty_lines[i];
    }
    bytes_add(written, reader->query->data + from, reader->query->len - from);
}

static struct oracle_message *add_message(struct reader *reader)
{
    struct oracle *oracle = reader->oracle;
    struct oracle_message message = { .offset = oracle->sent.size, .written_offset = oracle->written.size };
    message.has_semicolon = reader->result == PSCAN_SEMICOLON;
    bytes_add(&oracle->sent, reader->query->data, reader->query->len);
    add_as_written(&oracle->written, reader);
    message.size = oracle->sent.size - message.offset;
    message.written_size = oracle->written.size - message.written_offset;
    oracle->messages = grow(oracle->messages, oracle->count, &oracle->room, sizeof *oracle->messages);
    oracle->messages[oracle->count++] = message;
    return &oracle->messages[oracle->count - 1];
}

/* The line that ends the data may be the last one and without its newline: the server takes it for the end then. */
static bool is_end_of_data(PQExpBuffer line)
{
    return strcmp(line->data, "\\.") == 0 || strcmp(line->data, "\\.\r") == 0;
}

/* The data of several COPYs on one line lie behind that line in their order. */
static void take_data(struct reader *reader, struct oracle_message *message)
{
    message->has_data = true;
    message->data_offset = reader->at;
    PQExpBuffer scanned = reader->line; /* the scanner still reads from it */
    reader->line = createPQExpBuffer();
    bool ended = false;
    while (!ended && next_line(reader)) {
        ended = is_end_of_data(reader->line);
        if (!ended)
            message->data_size = reader->at - message->data_offset;
    }
    destroyPQExpBuffer(reader->line);
    reader->line = scanned;
    reader->line_had_data = true;
    if (!ended)
        stop(reader, ORACLE_ENDLESS_DATA);
}

static void run(struct reader *reader);

/* Statements tied by "\;" have come out of the scanner with plain semicolons: read again, they are messages of their own. */
static enum copy_kind classify_last(const PQExpBufferData *query)
{
    struct oracle parts = { .end = ORACLE_END };
    struct reader reader = { .oracle = &parts, .text = query->data, .size = query->len, .without_data = true };
    run(&reader);
    enum copy_kind kind = COPY_NONE;
    if (parts.count > 0) {
        const struct oracle_message *last = &parts.messages[parts.count - 1];
        kind = copy_classify(parts.sent.at, last->offset, last->offset + last->size - (last->has_semicolon ? 1 : 0));
    }
    oracle_finish(&parts);
    return kind;
}

/* Whether the query so far ends in half a statement, and not behind a "\;". */
static bool has_half_statement(const PQExpBufferData *query)
{
    struct oracle parts = { .end = ORACLE_END };
    struct reader reader = { .oracle = &parts, .text = query->data, .size = query->len, .without_data = true };
    run(&reader);
    bool half = parts.count > 0 && !parts.messages[parts.count - 1].has_semicolon;
    oracle_finish(&parts);
    return half;
}

static bool may_have_data(const struct reader *reader)
{
    if (reader->without_data)
        return false;
    const char *query = reader->query->data;
    return reader->only_counts ? strncasecmp(query, "copy", 4) == 0 : strcasestr(query, "copy") != NULL;
}

static void send_query(struct reader *reader)
{
    struct oracle_message nothing = { 0 };
    struct oracle_message *message = reader->only_counts ? &nothing : add_message(reader);
    reader->messages++;
    enum copy_kind kind = may_have_data(reader) ? classify_last(reader->query) : COPY_NONE;
    if (kind == COPY_FROM_STDIN)
        take_data(reader, message);
    else if (kind == COPY_FROM_STDIN_BINARY)
        stop(reader, ORACLE_BINARY);
    resetPQExpBuffer(reader->query);
    reader->empty_count = 0;
}

static bool is_open(const struct reader *reader)
{
    return reader->result == PSCAN_INCOMPLETE && reader->prompt != PROMPT_READY;
}

static void scan_line(struct reader *reader)
{
    psql_scan_setup(reader->scan, reader->line->data, (int) reader->line->len, PG_UTF8, true);
    for (;;) {
        reader->result = psql_scan(reader->scan, reader->query, &reader->prompt);
        if (reader->result == PSCAN_BACKSLASH)
            stop(reader, ORACLE_COMMAND);
        if (reader->result != PSCAN_SEMICOLON || reader->over)
            break;
        send_query(reader);
        if (reader->over)
            break;
    }
    psql_scan_finish(reader->scan);
    if (!reader->over && reader->line_had_data && (is_open(reader) || has_half_statement(reader->query)))
        stop(reader, ORACLE_BROKEN_BY_DATA);
}

static void read_lines(struct reader *reader)
{
    while (!reader->over && next_line(reader)) {
        if (reader->line->len == 0 && !psql_scan_in_quote(reader->scan)) {
            note_empty_line(reader);
            continue;
        }
        if (reader->query->len > 0)
            appendPQExpBufferChar(reader->query, '\n');
        reader->line_had_data = false;
        scan_line(reader);
    }
}

/* psql sends what is left over, whatever it is; what is open is for the comparison to know. */
static void read_rest(struct reader *reader)
{
    if (is_open(reader))
        stop(reader, ORACLE_INCOMPLETE);
    else if (has_text(reader->query))
        send_query(reader);
}

static void run(struct reader *reader)
{
    reader->prompt = PROMPT_READY;
    reader->result = PSCAN_INCOMPLETE;
    reader->scan = psql_scan_create(&no_variables);
    reader->query = createPQExpBuffer();
    reader->line = createPQExpBuffer();
    read_lines(reader);
    if (!reader->over)
        read_rest(reader);
    reader->oracle->in_quote = psql_scan_in_quote(reader->scan);
    destroyPQExpBuffer(reader->line);
    destroyPQExpBuffer(reader->query);
    psql_scan_destroy(reader->scan);
    free(reader->empty_lines);
}

void oracle_read(struct oracle *oracle, const char *text, size_t size)
{
    *oracle = (struct oracle){ .end = ORACLE_END };
    struct reader reader = { .oracle = oracle, .text = text, .size = size };
    run(&reader);
}

void oracle_finish(struct oracle *oracle)
{
    bytes_finish(&oracle->sent);
    bytes_finish(&oracle->written);
    free(oracle->messages);
}

size_t oracle_count(const char *text, size_t size)
{
    struct oracle nothing = { .end = ORACLE_END };
    struct reader reader = { .oracle = &nothing, .only_counts = true, .text = text, .size = size };
    run(&reader);
    return reader.messages;
}

int psql_scanner_version(void)
{
    return PG_VERSION_NUM;
}
