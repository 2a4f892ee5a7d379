/*
 * The pages of --help, out of the option table and the command table. It knows how a page is laid out and the few words that
 * are no option's; every other sentence is the tables'.
 */
#include "face/help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, OPTION_COLUMN = 32, COMMAND_COLUMN = 20, CODE_COLUMN = 10, EXAMPLE_COLUMN = 4 };

static void add_spaces(struct buf *buf, size_t count)
{
    while (count-- > 0)
        buf_add_char(buf, ' ');
}

/* Words flowing into lines. Further lines begin at indent. */
struct flow {
    struct buf *buf;
    size_t indent;
    size_t column; /* where the next character goes */
};

static struct flow flow_from(struct buf *buf, size_t indent)
{
    return (struct flow){ .buf = buf, .indent = indent, .column = indent };
}

/* One word, or words that stay together. */
static void add_unbroken(struct flow *flow, const char *text, size_t size)
{
    if (flow->column > flow->indent && flow->column + 1 + size > WIDTH) {
        buf_add_char(flow->buf, '\n');
        add_spaces(flow->buf, flow->indent);
        flow->column = flow->indent;
    }
    if (flow->column > flow->indent) {
        buf_add_char(flow->buf, ' ');
        flow->column++;
    }
    buf_add(flow->buf, text, size);
    flow->column += size;
}

static void add_words(struct flow *flow, const char *text)
{
    while (*text != '\0' && *text != '\n') {
        size_t size = strcspn(text, " \n");
        add_unbroken(flow, text, size);
        text += size;
        text += strspn(text, " ");
    }
}

static void add_paragraph(struct buf *buf, const char *text, size_t indent)
{
    struct flow flow = flow_from(buf, indent);
    add_spaces(buf, indent);
    add_words(&flow, text);
    buf_add_char(buf, '\n');
}

/* The left one of two columns; text that is too wide for it has a line of its own. The cursor ends at column. */
static void add_left(struct buf *buf, const char *text, size_t column)
{
    size_t used = 2 + strlen(text);
    buf_add_format(buf, "  %s", text);
    if (used + 2 > column) {
        buf_add_char(buf, '\n');
        used = 0;
    }
    add_spaces(buf, column - used);
}

static void add_entry(struct buf *buf, const char *left, const char *right, size_t column)
{
    struct flow flow = flow_from(buf, column);
    add_left(buf, left, column);
    add_words(&flow, right);
    buf_add_char(buf, '\n');
}

static void add_flag(struct buf *buf, const struct option *option)
{
    char left[OPTION_COLUMN * 2];
    char letter[] = { '-', option->letter, ',', ' ', '\0' };
    const char *argument = option->argument;
    if (option->name == NULL)
        snprintf(left, sizeof left, "%s", option->variable);
    else
        snprintf(left, sizeof left, "%s--%s%s%s", option->letter != 0 ? letter : "    ", option->name,
                 argument != NULL ? " " : "", argument != NULL ? argument : "");
    add_left(buf, left, OPTION_COLUMN);
}

static size_t count_takers(const struct option *option)
{
    size_t count = 0;
    for (size_t i = 0; i < command_count; i++)
        count += (option->commands >> command_table[i].command) & 1U;
    return count;
}

/* What concerns the server is taken by all commands that ask one, which need not be said. */
static bool is_for_all(const struct option *option)
{
    for (size_t i = 0; i < command_count; i++) {
        enum command command = command_table[i].command;
        if (command_asks_server(command) && !(option->commands >> command & 1U))
            return false;
    }
    return true;
}

static void add_takers(struct flow *flow, const struct option *option)
{
    size_t left = count_takers(option);
    if (is_for_all(option))
        return;
    add_words(flow, "Only for");
    for (size_t i = 0; i < command_count; i++)
        if (option->commands & (1U << command_table[i].command)) {
            char word[32];
            left--;
            snprintf(word, sizeof word, "%s%s", command_table[i].name, left == 0 ? "." : left == 1 ? " and" : ",");
            add_words(flow, word);
        }
}

static void add_variable_and_default(struct flow *flow, const struct option *option)
{
    const char *variable = option->name != NULL ? option->variable : NULL;
    const char *preset = option->default_text;
    char note[WIDTH];
    if (variable == NULL && preset == NULL)
        return;
    int size = snprintf(note, sizeof note, "[%s%s%s%s]", variable != NULL ? variable : "",
                        variable != NULL && preset != NULL ? "; " : "", preset != NULL ? "default: " : "",
                        preset != NULL ? preset : "");
    add_unbroken(flow, note, (size_t) size);
}

static void add_option(struct buf *buf, const struct option *option, enum command command)
{
    struct flow flow = flow_from(buf, OPTION_COLUMN);
    add_flag(buf, option);
    add_words(&flow, option->help);
    if (command == COMMAND_NONE)
        add_takers(&flow, option);
    add_variable_and_default(&flow, option);
    buf_add_char(buf, '\n');
}

static bool is_shown(const struct option *option, enum option_group group, enum command command)
{
    return option->group == group && (command == COMMAND_NONE || option->commands & (1U << command));
}

static void add_group(struct buf *buf, enum option_group group, enum command command)
{
    bool has_title = false;
    for (size_t i = 0; i < option_count; i++) {
        if (!is_shown(&option_table[i], group, command))
            continue;
        if (!has_title)
            buf_add_format(buf, "\n%s:\n", option_group_title(group));
        has_title = true;
        add_option(buf, &option_table[i], command);
    }
}

static void add_options(struct buf *buf, enum command command)
{
    bool asks_server = command == COMMAND_NONE || command_asks_server(command);
    buf_add_text(buf, "\nOptions, each with its [environment variable; default]:\n");
    for (enum option_group group = GROUP_CONNECTION; group < GROUP_COUNT; group++) {
        add_group(buf, group, command);
        if (group == GROUP_CONNECTION && asks_server)
            add_paragraph(buf, "The rest comes from libpq: PGSSLMODE, PGSERVICE, PGPASSFILE, ~/.pgpass and so on.", 2);
    }
    if (!asks_server)
        return;
    buf_add_char(buf, '\n');
    add_paragraph(
        buf,
        "A flag beats its variable. DATABASE_URL beats POSTGRES_*, which beat PG*; what one of them leaves open, "
        "the next one fills in. A DURATION is a number with ms, s, m or h (500ms, 1.5m); a bare number is seconds.",
        0);
}

static void add_example(struct buf *buf, const char *example)
{
    size_t size = strcspn(example, "\t");
    add_spaces(buf, EXAMPLE_COLUMN);
    buf_add(buf, example, size);
    buf_add_char(buf, '\n');
    if (example[size] == '\t')
        add_paragraph(buf, example + size + 1, EXAMPLE_COLUMN * 2);
}

static void add_examples(struct buf *buf, const char *const *examples)
{
    buf_add_text(buf, "\nExamples:\n");
    for (; *examples != NULL; examples++)
        add_example(buf, *examples);
}

static void add_paragraphs(struct buf *buf, const char *text)
{
    while (*text != '\0') {
        buf_add_char(buf, '\n');
        add_paragraph(buf, text, 0);
        text += strcspn(text, "\n");
        text += strspn(text, "\n");
    }
}

static void add_exit_codes(struct buf *buf)
{
    static const char *const codes[][2] = {
        { "0", "done, or nothing to do" },
        { "1", "internal error (a bug, or out of memory)" },
        { "2", "usage or configuration, the migrations folder included" },
        { "3", "the server was not ready in time" },
        { "4", "refused for good: login, database, TLS, no right to the ledger" },
        { "5", "a migration failed; those before it stay applied" },
        { "6", "an applied file was changed or is missing (up --strict, status --check)" },
        { "7", "another runner held the lock for longer than --lock-wait" },
        { "8",
          "migrations are pending (status --check, wait --until migrated, up --until replicated), or compose check found "
          "something" },
        { "128+n", "ended by signal n" },
    };
    buf_add_text(buf, "\nExit codes:\n");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        add_entry(buf, codes[i][0], codes[i][1], CODE_COLUMN);
}

static void add_program_page(struct buf *buf)
{
    static const char *const examples[] = {
        "DATABASE_URL=postgresql://app:secret@db/app pgusher up\tWait for the server at db, then apply sql/migrations to "
        "its database app",
        "pgusher wait -h db -U app --until writable --timeout 30s\tOnly wait, for 30 seconds at most, until the server "
        "takes writes",
        "pgusher status --check\tFail in a script when a migration is pending or was edited",
        NULL,
    };
    buf_add_text(buf, "pgusher brings the schema of a PostgreSQL database up to date, as soon as the server is ready.\n"
                      "\nUsage: pgusher COMMAND [OPTION]...\n");
    add_paragraphs(buf,
                   "It waits until the server lets it in, applies the .sql files of a folder that were not applied yet, "
                   "each once and in the order of their names, and exits. It is made to run before an application: as "
                   "an init container, in Docker Compose, or by hand.");
    buf_add_text(buf, "\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        add_entry(buf, command_table[i].name, command_table[i].summary, COMMAND_COLUMN);
    add_entry(buf, "", "pgusher COMMAND --help tells more about one.", COMMAND_COLUMN);
    add_options(buf, COMMAND_NONE);
    add_examples(buf, examples);
    add_exit_codes(buf);
}

static void add_command_page(struct buf *buf, const struct command_row *row)
{
    buf_add_format(buf, "pgusher %s: %s\n\nUsage: pgusher %s [OPTION]...%s%s\n", row->name, row->summary, row->name,
                   row->operand != NULL ? " " : "", row->operand != NULL ? row->operand : "");
    add_paragraphs(buf, row->description);
    add_options(buf, row->command);
    add_examples(buf, row->examples);
    buf_add_text(buf, "\nExit codes and the other commands: pgusher --help\n");
}

void help_add(struct buf *buf, enum command command)
{
    const struct command_row *row = command_find(command);
    if (row == NULL)
        add_program_page(buf);
    else
        add_command_page(buf, row);
}
