/*
 * Commands of psql. It knows their quoting, and one table of names with what becomes of each; it does not know SQL.
 */
#include "text/psql_command.h"

#include <string.h>

#include "base/buf.h"
#include "text/forbidden.h"

struct command_row {
    const char *names; /* with one blank between them */
    enum psql_verdict verdict;
    const char *reason;
    const char *hint;
};

/* What is not here is refused too. */
static const struct command_row command_rows[] = {
    { "restrict unrestrict", PSQL_SILENT, NULL, NULL },
    { "echo qecho", PSQL_ECHO, NULL, NULL },
    { "warn", PSQL_WARN, NULL, NULL },
    { "timing pset x", PSQL_IGNORED, NULL, NULL },
    { "c connect", PSQL_REFUSED, "a run works on one database",
      "Keep the files of another database in a folder of their own, and run pgusher for each database." },
    { "i include ir include_relative", PSQL_REFUSED, "files are not included in one another",
      "Make the included file a migration of its own, named to come before this one." },
    { "copy", PSQL_REFUSED, "it copies from and to files of the client",
      "Use COPY ... FROM stdin; with the data below it, ended by a line \\. of its own." },
    { ".", PSQL_REFUSED, "it ends the data of a COPY ... FROM stdin, and none is open here",
      "Take the line out, or look why the COPY above it ended sooner." },
    { "g gx", PSQL_REFUSED, "a statement is ended by a semicolon", "End the statement with ; instead." },
    { "gexec", PSQL_REFUSED, "statements made by a query cannot be known before they run",
      "Use a DO block that runs them with EXECUTE." },
    { "gset set unset prompt getenv setenv", PSQL_REFUSED, "there are no psql variables in a migration",
      "Write the value itself, or use a DO block with variables." },
    { "if elif else endif", PSQL_REFUSED, "there are no conditions outside SQL in a migration",
      "Use a DO block with IF, or the IF [NOT] EXISTS of the statement itself." },
    { "!", PSQL_REFUSED, "no shell is run for a migration", "Do it outside, before or after the run." },
    { "q quit", PSQL_REFUSED, "a migration is applied whole", "Take out the line and what follows it." },
    { "encoding", PSQL_REFUSED, "files are UTF-8", "Save the file as UTF-8 and take the line out." },
    { "o out w write cd password e edit ef ev s r reset watch", PSQL_REFUSED, "it makes sense only in a session of psql",
      "Take the line out." },
    { "d l dt di dv dn df du gdesc crosstabview z sf sv a t f H C T h ? conninfo errverbose", PSQL_REFUSED,
      "nobody looks at what it shows while a migration runs", "Take the line out." },
};

static const struct command_row any_other = { "", PSQL_REFUSED, "it is a command of psql, not SQL",
                                              "Take the line out, or write it in SQL." };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static const char *name_of(const struct psql_command *command, const struct source *source)
{
    return source->bytes + command->offset + 1;
}

/* The end of the quoted text at offset, behind its closing quote; limit when that is missing. */
static size_t skip_quoted(const char *bytes, size_t offset, size_t limit)
{
    char quote = bytes[offset];
    for (size_t at = offset + 1; at < limit; at++) {
        if (quote == '\'' && bytes[at] == '\\' && at + 1 < limit)
            at++;
        else if (bytes[at] == quote)
            return at + 1;
    }
    return limit;
}

static bool is_closed(const char *bytes, size_t offset, size_t end)
{
    return end - offset >= 2 && bytes[end - 1] == bytes[offset];
}

/* Two backslashes end a command and give the rest of its line back to SQL. */
static size_t skip_separator(const char *bytes, size_t at, size_t line_end)
{
    return line_end - at >= 2 && memcmp(bytes + at, "\\\\", 2) == 0 ? at + 2 : at;
}

static void read_arguments(struct psql_command *command, const char *bytes, size_t line_end)
{
    size_t at = command->arguments_offset;
    while (at < line_end && bytes[at] != '\\') {
        if (bytes[at] != '\'' && bytes[at] != '"' && bytes[at] != '`') {
            at++;
            continue;
        }
        size_t behind = skip_quoted(bytes, at, line_end);
        command->open_quote = command->open_quote || !is_closed(bytes, at, behind);
        command->has_backquote = command->has_backquote || bytes[at] == '`';
        at = behind;
    }
    command->arguments_end = at;
    command->end = skip_separator(bytes, at, line_end);
}

void psql_command_read(struct psql_command *command, const struct source *source, size_t offset, size_t limit)
{
    *command = (struct psql_command){ .offset = offset };
    const char *bytes = source->bytes;
    const char *newline = memchr(bytes + offset, '\n', limit - offset);
    size_t line_end = newline != NULL ? (size_t) (newline - bytes) : limit;
    size_t at = offset + 1;
    while (at < line_end && !is_space(bytes[at]) && bytes[at] != '\\')
        at++;
    command->name_size = at - offset - 1;
    command->arguments_offset = at;
    read_arguments(command, bytes, line_end);
}

static bool lists(const char *names, const char *name, size_t size)
{
    while (*names != '\0') {
        size_t next = strcspn(names, " ");
        if (next == size && memcmp(names, name, size) == 0)
            return true;
        names += next;
        names += strspn(names, " ");
    }
    return false;
}

static const struct command_row *find_row(const struct psql_command *command, const struct source *source)
{
    for (size_t i = 0; i < sizeof command_rows / sizeof command_rows[0]; i++)
        if (lists(command_rows[i].names, name_of(command, source), command->name_size))
            return &command_rows[i];
    return &any_other;
}

static bool sets_on_error_stop(const struct psql_command *command, const struct source *source)
{
    static const char variable[] = "ON_ERROR_STOP";
    if (command->name_size != 3 || memcmp(name_of(command, source), "set", 3) != 0)
        return false;
    size_t at = command->arguments_offset;
    while (at < command->arguments_end && is_space(source->bytes[at]))
        at++;
    size_t end = at + sizeof variable - 1;
    return end <= command->arguments_end && memcmp(source->bytes + at, variable, sizeof variable - 1) == 0 &&
           (end == command->arguments_end || is_space(source->bytes[end]));
}

/* \encoding UTF8 sets what is set. */
static bool sets_utf8(const struct psql_command *command, const struct source *source)
{
    return lists("encoding", name_of(command, source), command->name_size) &&
           forbidden_encoding_is_utf8(source->bytes + command->arguments_offset,
                                      command->arguments_end - command->arguments_offset);
}

enum psql_verdict psql_command_judge(const struct psql_command *command, const struct source *source)
{
    if (sets_on_error_stop(command, source) || sets_utf8(command, source))
        return PSQL_IGNORED;
    enum psql_verdict verdict = find_row(command, source)->verdict;
    return command->open_quote || command->has_backquote ? PSQL_REFUSED : verdict;
}

bool psql_command_refuse(const struct psql_command *command, const struct source *source, struct fault *fault)
{
    const struct command_row *row = find_row(command, source);
    const char *reason = row->reason;
    const char *hint = row->hint;
    if (reason == NULL) {
        reason = command->open_quote ? "a quote in its arguments is not closed" : "no shell is run for a migration";
        hint = command->open_quote ? "Close the quote on the same line." : "Take the backquotes out.";
    }
    int shown = command->name_size < 40 ? (int) command->name_size : 40;
    fault_set(fault, FAULT_CONFIG, "psql's \\%.*s cannot be used here: %s", shown, name_of(command, source), reason);
    fault_place(fault, source->name, command->offset);
    fault_hint(fault, "%s", hint);
    return false;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned) (c - '0');
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned) (c - 'a' + 10) : 99;
}

/* A byte written as a number; what is no printable ASCII character becomes a question mark. Gives how many bytes it took. */
static size_t add_numbered(struct buf *buf, const char *digits, const char *end, unsigned base, size_t most)
{
    unsigned value = 0;
    size_t used = 0;
    while (used < most && digits + used < end && digit_value(digits[used]) < base)
        value = value * base + digit_value(digits[used++]);
    buf_add_char(buf, value >= 0x20 && value < 0x7F ? (char) value : '?');
    return used;
}

/* What follows a backslash in single quotes. Gives how many bytes it took. */
static size_t add_escape(struct buf *buf, const char *at, const char *end)
{
    static const char letters[] = "ntbrf";
    if (*at >= '0' && *at <= '7')
        return add_numbered(buf, at, end, 8, 3);
    if (*at == 'x' && at + 1 < end && digit_value(at[1]) < 16)
        return 1 + add_numbered(buf, at + 1, end, 16, 2);
    buf_add_char(buf, strchr(letters, *at) != NULL ? ' ' : *at);
    return 1;
}

/* at is behind the opening quote; gives the place behind the closing one. */
static const char *add_single_quoted(struct buf *buf, const char *at, const char *end)
{
    while (at < end) {
        if (*at == '\\' && at + 1 < end) {
            at += 1 + add_escape(buf, at + 1, end);
        } else if (*at != '\'') {
            buf_add_char(buf, *at++);
        } else if (at + 1 < end && at[1] == '\'') {
            buf_add_char(buf, '\'');
            at += 2;
        } else {
            return at + 1;
        }
    }
    return end;
}

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

static const char *add_argument(struct buf *buf, const char *at, const char *end)
{
    while (at < end && !is_space(*at)) {
        if (*at == '\'') {
            at = add_single_quoted(buf, at + 1, end);
        } else if (*at == '"') {
            size_t size = skip_quoted(at, 0, (size_t) (end - at));
            buf_add(buf, at, size);
            at += size;
        } else {
            buf_add_char(buf, *at++);
        }
    }
    return at;
}

static const char *skip_no_newline_switch(const char *at, const char *end)
{
    bool is_switch = end - at >= 2 && memcmp(at, "-n", 2) == 0 && (end - at == 2 || is_space(at[2]));
    return is_switch ? skip_spaces(at + 2, end) : at;
}

char *psql_command_message(const struct psql_command *command, const struct source *source, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, command->arguments_end - command->arguments_offset + 1);
    const char *end = source->bytes + command->arguments_end;
    const char *at = skip_spaces(source->bytes + command->arguments_offset, end);
    at = skip_no_newline_switch(at, end);
    while (at < end) {
        at = skip_spaces(add_argument(&buf, at, end), end);
        if (at < end)
            buf_add_char(&buf, ' ');
    }
    char *message = buf_ok(&buf) ? arena_copy(arena, buf_text(&buf), buf.size) : NULL;
    buf_finish(&buf);
    return message;
}
