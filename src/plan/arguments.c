/*
 * The command line's grammar, that of getopt_long without abbreviations: a walk cuts argv into tokens, and two passes over
 * the tokens look first for --help, then for everything else. It does not know what values mean.
 */
#include "plan/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "plan/conninfo.h"

struct walk {
    const char *const *argv;
    int argc;
    int at;
    bool options_ended;
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OPTION, TOKEN_UNKNOWN, TOKEN_NEEDS_VALUE, TOKEN_TAKES_NO_VALUE };

struct token {
    enum token_kind kind;
    const struct option *option; /* NULL for TOKEN_WORD and TOKEN_UNKNOWN */
    const char *text;            /* as written: a word, or an option that begins with a dash */
    size_t name_size;            /* how much of the text is the option's name, dashes included */
    const char *value;           /* TOKEN_OPTION */
};

static bool is_switch(const struct option *option)
{
    return option->argument == NULL;
}

/* A switch that has a variable can be on there and must then be switched off here: --strict=off. */
static bool takes_value(const struct option *option)
{
    return !is_switch(option) || option->variable != NULL;
}

static void take_value(struct walk *walk, struct token *token, const char *attached)
{
    token->kind = TOKEN_OPTION;
    if (attached != NULL)
        token->value = attached;
    else if (is_switch(token->option))
        token->value = "on";
    else if (walk->at < walk->argc)
        token->value = walk->argv[walk->at++];
    if (attached != NULL && !takes_value(token->option))
        token->kind = TOKEN_TAKES_NO_VALUE;
    else if (token->value == NULL || token->value[0] == '\0')
        token->kind = TOKEN_NEEDS_VALUE;
}

static void take_long(struct walk *walk, struct token *token)
{
    const char *equals = strchr(token->text, '=');
    token->name_size = equals != NULL ? (size_t) (equals - token->text) : strlen(token->text);
    token->option = option_find(token->text + 2, token->name_size - 2);
    if (token->option == NULL)
        token->kind = TOKEN_UNKNOWN;
    else
        take_value(walk, token, equals != NULL ? equals + 1 : NULL);
}

static void take_short(struct walk *walk, struct token *token)
{
    const char *attached = token->text[2] != '\0' ? token->text + 2 : NULL;
    token->name_size = 2;
    token->option = option_find_letter(token->text[1]);
    if (token->option == NULL)
        token->kind = TOKEN_UNKNOWN;
    else
        take_value(walk, token, attached);
}

static struct token next_token(struct walk *walk)
{
    struct token token = { .kind = TOKEN_END };
    if (walk->at < walk->argc && !walk->options_ended && strcmp(walk->argv[walk->at], "--") == 0) {
        walk->options_ended = true;
        walk->at++;
    }
    if (walk->at >= walk->argc)
        return token;
    token.text = walk->argv[walk->at++];
    if (walk->options_ended || token.text[0] != '-' || token.text[1] == '\0')
        token.kind = TOKEN_WORD;
    else if (token.text[1] == '-')
        take_long(walk, &token);
    else
        take_short(walk, &token);
    return token;
}

static struct walk walk_from_start(int argc, const char *const *argv)
{
    return (struct walk){ .argv = argv, .argc = argc, .at = 1 };
}

static void hint_at_help(struct fault *fault, enum command command, const char *guess, const char *dashes)
{
    char where[64];
    const struct command_row *row = command_find(command);
    snprintf(where, sizeof where, "pgusher %s%s--help", row != NULL ? row->name : "", row != NULL ? " " : "");
    if (guess != NULL)
        fault_hint(fault, "Did you mean %s%s? See %s.", dashes, guess, where);
    else
        fault_hint(fault, "See %s.", where);
}

static bool refuse_command(const char *text, struct fault *fault)
{
    struct nearest nearest = { .word = text, .word_size = strlen(text) };
    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&nearest, command_table[i].name);
    if (conninfo_is_secret(text))
        fault_set(fault, FAULT_CONFIG, "a connection string stands where the command should");
    else
        fault_set(fault, FAULT_CONFIG, "unknown command \"%s\"", text);
    hint_at_help(fault, COMMAND_NONE, nearest.found, "");
    return false;
}

static bool read_command(enum command *command, const char *text, struct fault *fault)
{
    const struct command_row *row = command_find_name(text);
    if (row == NULL)
        return refuse_command(text, fault);
    *command = row->command;
    return true;
}

static bool is_prompt_switch(const char *name, size_t size)
{
    static const char *const names[] = { "-w", "-W", "--password", "--no-password" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return true;
    return false;
}

/* What is behind a blank, or the parts of a URI, is no name, and may be a password. */
static size_t shown_size(const struct token *token)
{
    size_t size = strcspn(token->text, " \t\r\n:/@");
    return size < token->name_size ? size : token->name_size;
}

/* As a list in a YAML file has it where one line holds both. */
static bool refuse_with_blank(const struct token *token, int name_size, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%.*s and its value stand in one argument", name_size, token->text);
    fault_hint(fault, "Make two arguments of them, or put a \"=\" between.");
    return false;
}

static bool refuse_unknown(const struct token *token, enum command command, struct fault *fault)
{
    bool is_long = token->text[1] == '-';
    size_t size = shown_size(token);
    if (is_long && size < token->name_size && option_find(token->text + 2, size - 2) != NULL)
        return refuse_with_blank(token, (int) size, fault);
    fault_set(fault, FAULT_CONFIG, "unknown option \"%.*s\"", (int) size, token->text);
    if (is_prompt_switch(token->text, size)) {
        fault_hint(fault, "pgusher never asks for a password: give it in POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE or a "
                          "password file.");
        return false;
    }
    struct nearest nearest = { .word = token->text + 2, .word_size = is_long ? size - 2 : 0 };
    for (size_t i = 0; is_long && i < option_count; i++)
        if (option_table[i].name != NULL && (command == COMMAND_NONE || option_table[i].commands & (1U << command)))
            nearest_offer(&nearest, option_table[i].name);
    hint_at_help(fault, command, nearest.found, "--");
    return false;
}

static bool refuse_value(const struct token *token, struct fault *fault)
{
    int size = (int) token->name_size;
    if (token->kind == TOKEN_TAKES_NO_VALUE)
        return fault_set(fault, FAULT_CONFIG, "%.*s takes no value", size, token->text);
    fault_set(fault, FAULT_CONFIG, "%.*s needs a value", size, token->text);
    if (token->option->letter == 'h')
        fault_hint(fault, "-h is the host, as in psql; --help shows the help.");
    else if (token->option->argument != NULL)
        fault_hint(fault, "%.*s %s: %s", size, token->text, token->option->argument, token->option->help);
    return false;
}

static bool has_below(const struct command_row *above)
{
    for (size_t i = 0; i < command_count; i++)
        if (command_last_word(&command_table[i], above) != NULL)
            return true;
    return false;
}

static bool refuse_word_below(const char *text, const struct command_row *above, struct fault *fault)
{
    struct nearest nearest = { .word = text, .word_size = strlen(text) };
    for (size_t i = 0; i < command_count; i++)
        if (command_last_word(&command_table[i], above) != NULL)
            nearest_offer(&nearest, command_last_word(&command_table[i], above));
    fault_set(fault, FAULT_CONFIG, "unknown command \"%s %s\"", above->name, text);
    hint_at_help(fault, above->command, nearest.found, "");
    return false;
}

static bool refuse_word(const char *text, enum command command, struct fault *fault)
{
    const struct command_row *row = command_find(command);
    const char *name = row->name;
    if (has_below(row) && !conninfo_is_secret(text))
        return refuse_word_below(text, row, fault);
    if (conninfo_is_secret(text)) {
        fault_set(fault, FAULT_CONFIG, "a connection string stands after \"%s\" without an option", name);
        fault_hint(fault, "A connection string is given by --database, or better by DATABASE_URL.");
        return false;
    }
    if (row->operand != NULL)
        fault_set(fault, FAULT_CONFIG, "unexpected argument \"%s\": %s takes one %s only", text, name, row->operand);
    else
        fault_set(fault, FAULT_CONFIG, "unexpected argument \"%s\": %s takes options only", text, name);
    hint_at_help(fault, command, NULL, "");
    return false;
}

static bool keep_option(struct arguments *arguments, struct arena *arena, const struct token *token, struct fault *fault)
{
    struct given *given = &arguments->given[token->option->id];
    given->value = token->value;
    given->origin = arena_copy(arena, token->text, token->name_size);
    if (given->origin == NULL)
        return fault_out_of_memory(fault);
    return token->option->id != OPTION_TARGET || targets_add(&arguments->targets, given->value, given->origin, fault);
}

/* The command, the second word of its name, or its operand. */
static bool keep_word(struct arguments *arguments, const char *text, struct fault *fault)
{
    if (arguments->command == COMMAND_NONE)
        return read_command(&arguments->command, text, fault);
    const struct command_row *row = command_find(arguments->command);
    const struct command_row *below = command_find_below(row, text);
    if (below != NULL)
        arguments->command = below->command;
    else if (row->operand != NULL && arguments->operand == NULL && !conninfo_is_secret(text))
        arguments->operand = text;
    else
        return refuse_word(text, arguments->command, fault);
    return true;
}

static bool keep_token(struct arguments *arguments, struct arena *arena, const struct token *token, struct fault *fault)
{
    switch (token->kind) {
    case TOKEN_WORD:
        return keep_word(arguments, token->text, fault);
    case TOKEN_OPTION:
        return keep_option(arguments, arena, token, fault);
    case TOKEN_UNKNOWN:
        return refuse_unknown(token, arguments->command, fault);
    case TOKEN_NEEDS_VALUE:
    case TOKEN_TAKES_NO_VALUE:
        return refuse_value(token, fault);
    case TOKEN_END:
        break;
    }
    return true;
}

static void add_takers(char *list, size_t size, unsigned commands)
{
    list[0] = '\0';
    for (size_t i = 0; i < command_count; i++)
        if (commands & (1U << command_table[i].command)) {
            size_t used = strlen(list);
            snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", command_table[i].name);
        }
}

static bool check_command_takes_them(const struct arguments *arguments, struct fault *fault)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (arguments->given[i].value == NULL || option->commands & (1U << arguments->command))
            continue;
        char takers[128];
        add_takers(takers, sizeof takers, option->commands);
        fault_set(fault, FAULT_CONFIG, "%s does not take %s", command_find(arguments->command)->name,
                  arguments->given[i].origin);
        fault_hint(fault, "It is an option of: %s.", takers);
        return false;
    }
    return true;
}

static bool check_it_is_complete(const struct arguments *arguments, struct fault *fault)
{
    const struct command_row *row = command_find(arguments->command);
    if (row == NULL)
        fault_set(fault, FAULT_CONFIG, "no command was given");
    else if (has_below(row))
        fault_set(fault, FAULT_CONFIG, "%s is half a command", row->name);
    else if (row->operand != NULL && (arguments->operand == NULL || arguments->operand[0] == '\0'))
        fault_set(fault, FAULT_CONFIG, "%s needs a %s", row->name, row->operand);
    else
        return true;
    hint_at_help(fault, arguments->command, NULL, "");
    return false;
}

static bool read_command_of_help(enum command *command, const char *const *words, struct fault *fault)
{
    if (words[0] == NULL)
        return true;
    if (!read_command(command, words[0], fault))
        return false;
    const struct command_row *below = words[1] != NULL ? command_find_below(command_find(*command), words[1]) : NULL;
    if (below != NULL)
        *command = below->command;
    return true;
}

/* Answers in *asked whether help or the version is wanted, which silences every complaint but one about the command. */
static bool look_for_help(struct arguments *arguments, struct walk walk, bool *asked, struct fault *fault)
{
    const char *words[2] = { NULL, NULL };
    size_t count = 0;
    for (struct token token = next_token(&walk); token.kind != TOKEN_END; token = next_token(&walk)) {
        if (token.kind == TOKEN_WORD && count < 2)
            words[count++] = token.text;
        if (token.kind == TOKEN_OPTION && token.option->id == OPTION_HELP)
            arguments->help = true;
        if (token.kind == TOKEN_OPTION && token.option->id == OPTION_VERSION)
            arguments->version = true;
    }
    *asked = arguments->help || arguments->version;
    return !*asked || read_command_of_help(&arguments->command, words, fault);
}

bool arguments_read(struct arguments *arguments, struct arena *arena, int argc, const char *const *argv, struct fault *fault)
{
    *arguments = (struct arguments){ .command = COMMAND_NONE, .targets = { .arena = arena } };
    bool asked;
    if (!look_for_help(arguments, walk_from_start(argc, argv), &asked, fault))
        return false;
    if (asked)
        return true;
    struct walk walk = walk_from_start(argc, argv);
    for (struct token token = next_token(&walk); token.kind != TOKEN_END; token = next_token(&walk))
        if (!keep_token(arguments, arena, &token, fault))
            return false;
    return check_it_is_complete(arguments, fault) && check_command_takes_them(arguments, fault);
}
