/*
 * The comparison. It walks psql's messages and asks the splitter for the pieces of each.
 */
#include "parity.h"

#include <string.h>

#include "psql_scanner.h"
#include "text/splitter.h"

struct walk {
    struct parity *parity;
    const struct oracle *oracle;
    struct source source;
    struct splitter splitter;
    struct piece piece;
    struct fault fault;
    bool refused;
};

enum verdict { SAME, DIFFERENT, STOPPED };

static void shorten(struct bytes *out, const char *text, size_t size)
{
    const size_t most = 300;
    bytes_add_format(out, "%.*s%s", (int) (size < most ? size : most), text, size < most ? "" : "...");
}

static enum verdict differ(struct walk *walk, const char *why, const char *psql, size_t psql_size)
{
    struct bytes *out = &walk->parity->difference;
    bytes_add_format(out, "%s\n  psql: ", why);
    shorten(out, psql, psql_size);
    bytes_add_format(out, "\n  ours: ");
    if (walk->refused)
        bytes_add_format(out, "refused at byte %zu: %s", walk->fault.offset_bytes, walk->fault.what);
    else if (walk->piece.kind == PIECE_COMMAND)
        bytes_add_format(out, "a command");
    else
        shorten(out, walk->source.bytes + walk->piece.offset, walk->piece.kind == PIECE_END ? 0 : walk->piece.size);
    bytes_add_format(out, "\n");
    return DIFFERENT;
}

/* Whether psql's scanner, too, is outside quotes and commands at that place. */
static bool is_plain_place(const struct walk *walk, size_t offset)
{
    struct oracle before;
    oracle_read(&before, walk->source.bytes, offset);
    bool plain = !before.in_quote &&
                 (before.end == ORACLE_END || before.end == ORACLE_INCOMPLETE || before.end == ORACLE_BROKEN_BY_DATA ||
                  before.end == ORACLE_ENDLESS_DATA || before.end == ORACLE_BINARY);
    oracle_finish(&before);
    return plain;
}

static bool next_piece(struct walk *walk)
{
    walk->refused = !splitter_next(&walk->splitter, &walk->piece, &walk->fault);
    walk->parity->statements += !walk->refused && walk->piece.kind != PIECE_END && walk->piece.kind != PIECE_COMMAND;
    return !walk->refused;
}

/* What psql takes and we do not, on purpose. */
static bool is_refused_on_purpose(const struct walk *walk)
{
    if (!walk->refused)
        return false;
    size_t at = walk->fault.offset_bytes;
    const char *text = walk->source.bytes + at;
    bool is_escape = at + 1 < walk->source.size && text[0] == '\\' && (text[1] == ';' || text[1] == ':');
    bool is_tied_copy =
        strstr(walk->fault.what, "cannot follow a COPY") != NULL || strstr(walk->fault.what, "in binary format") != NULL;
    bool is_comment = strstr(walk->fault.what, "directive") != NULL || strstr(walk->fault.what, "up-and-down") != NULL;
    return is_tied_copy || ((is_escape || is_comment) && is_plain_place(walk, at));
}

/* Only the last statement of a message can have data. */
static bool data_are_same(const struct walk *walk, const struct oracle_message *message)
{
    bool has_data = walk->piece.kind == PIECE_COPY_FROM_STDIN;
    if (has_data != (message->has_data && !walk->piece.tied))
        return false;
    return !has_data || (walk->piece.data_offset == message->data_offset && walk->piece.data_size == message->data_size);
}

static enum verdict compare_message(struct walk *walk, const struct oracle_message *message)
{
    const char *start = walk->oracle->written.at + message->written_offset;
    const char *end = start + message->written_size;
    const char *at = start;
    bool tied = false;
    for (;;) {
        at = oracle_skip_blank(at, end);
        if (at == end)
            return SAME;
        if (*at == ';') {
            at++;
            continue;
        }
        bool other_before = walk->piece.kind != PIECE_END && tied;
        if (other_before && !walk->piece.tied)
            return differ(walk, "a statement is not tied to the one psql sends it with", start, message->written_size);
        if (!next_piece(walk))
            return is_refused_on_purpose(walk) ? STOPPED
                                               : differ(walk, "psql sends what is refused", at, (size_t) (end - at));
        if (walk->piece.kind == PIECE_END || walk->piece.kind == PIECE_COMMAND)
            return differ(walk, "psql has one more statement", at, (size_t) (end - at));
        if (walk->piece.size > (size_t) (end - at) ||
            memcmp(at, walk->source.bytes + walk->piece.offset, walk->piece.size) != 0)
            return differ(walk, "a statement differs", at, (size_t) (end - at));
        at += walk->piece.size;
        const char *behind = oracle_skip_blank(at, end);
        if (behind < end && *behind != ';')
            return differ(walk, "a statement is longer for psql", start, message->written_size);
        if (!data_are_same(walk, message))
            return differ(walk, "COPY data differ", start, message->written_size);
        tied = true;
    }
}

/* psql has not sent what ends in "\;" when it stops; for us those are statements already. */
static bool next_untied_piece(struct walk *walk)
{
    while (next_piece(walk))
        if (!walk->piece.tied)
            return true;
    return false;
}

static enum verdict compare_end(struct walk *walk)
{
    bool goes_on = next_untied_piece(walk);
    if (is_refused_on_purpose(walk))
        return STOPPED;
    switch (walk->oracle->end) {
    case ORACLE_END:
        return goes_on && walk->piece.kind == PIECE_END ? SAME : differ(walk, "psql is at the end", "", 0);
    case ORACLE_COMMAND:
        if (goes_on && walk->piece.kind == PIECE_COMMAND)
            return is_plain_place(walk, walk->piece.command.offset) ? SAME : differ(walk, "not a command for psql", "", 0);
        return walk->refused ? SAME : differ(walk, "psql sees a command", "", 0);
    case ORACLE_INCOMPLETE:
    case ORACLE_BINARY:
    case ORACLE_ENDLESS_DATA:
    case ORACLE_BROKEN_BY_DATA:
        break;
    }
    return walk->refused ? SAME : differ(walk, "psql sees what is not whole", "", 0);
}

/* The COPY that psql stopped in is a message of psql's, and for us already the refusal. */
static bool is_last_copy(const struct oracle *oracle, size_t index)
{
    return index + 1 == oracle->count && (oracle->end == ORACLE_BINARY || oracle->end == ORACLE_ENDLESS_DATA);
}

static void compare(struct walk *walk)
{
    for (size_t i = 0; i < walk->oracle->count; i++) {
        if (is_last_copy(walk->oracle, i))
            break;
        if (compare_message(walk, &walk->oracle->messages[i]) != SAME)
            return;
    }
    walk->parity->whole = compare_end(walk) == SAME && walk->oracle->end == ORACLE_END;
}

bool parity_holds(struct parity *parity, const char *text, size_t size)
{
    *parity = (struct parity){ 0 };
    struct oracle oracle;
    oracle_read(&oracle, text, size);
    parity->messages = oracle.count;
    struct walk walk = { .parity = parity, .oracle = &oracle, .source = { "text", text, size } };
    fault_clear(&walk.fault);
    splitter_init(&walk.splitter, &walk.source);
    compare(&walk);
    oracle_finish(&oracle);
    return parity->difference.size == 0;
}

void parity_finish(struct parity *parity)
{
    bytes_finish(&parity->difference);
}
