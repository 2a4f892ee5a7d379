/*
 * .env.NAME files. It takes from them what concerns the Compose file, and looks at nothing else in them.
 */
#include "compose/bots.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compose/files.h"
#include "compose/words.h"

enum { PREFIX_BYTES = sizeof ".env." - 1, MOST_NAME_BYTES = 40, MOST_BOTS = 500, MOST_PORT = 65535 };

static bool is_an_example(const char *name)
{
    static const char *const names[] = { "example", "sample", "template", "dist" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A name goes into the file as it is, as a service's and as a host's. */
static bool check_name(const char *file, struct fault *fault)
{
    const char *name = file + PREFIX_BYTES;
    size_t size = strlen(name);
    bool is_fine = size > 0 && size <= MOST_NAME_BYTES && isalnum((unsigned char) name[0]);
    for (size_t i = 0; i < size; i++)
        is_fine = is_fine && (isalnum((unsigned char) name[i]) || name[i] == '_' || name[i] == '-');
    if (is_fine)
        return true;
    fault_set(fault, FAULT_CONFIG, "the file \"%s\" names no bot", file);
    fault_hint(
        fault,
        "A bot's name has letters, digits, _ and -, at most %d, and begins with a letter or a digit. Rename the file, or "
        "move it elsewhere.",
        MOST_NAME_BYTES);
    return false;
}

/* --- the folder ------------------------------------------------------------------------------------------------------- */

static bool add_bot(struct bots *bots, struct arena *arena, const char *file, struct fault *fault)
{
    if (!check_name(file, fault))
        return false;
    if (bots->count == MOST_BOTS)
        return fault_set(fault, FAULT_CONFIG, "there are more than %d files .env.NAME", MOST_BOTS);
    struct bot *bot = &bots->list[bots->count++];
    bot->env_file = arena_text(arena, file);
    bot->name = bot->env_file != NULL ? bot->env_file + PREFIX_BYTES : NULL;
    return bot->name != NULL || fault_out_of_memory(fault);
}

static bool list_folder(struct bots *bots, struct arena *arena, DIR *directory, const char *folder, struct fault *fault)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno == 0 || fault_set_errno(fault, FAULT_CONFIG, errno, "cannot read the folder \"%s\"", folder);
        const char *file = entry->d_name;
        if (strncmp(file, ".env.", PREFIX_BYTES) == 0 && !is_an_example(file + PREFIX_BYTES) &&
            !add_bot(bots, arena, file, fault))
            return false;
    }
}

static int compare_bots(const void *a, const void *b)
{
    return strcmp(((const struct bot *) a)->name, ((const struct bot *) b)->name);
}

static bool find_bots(struct bots *bots, struct arena *arena, const char *template_path, struct fault *fault)
{
    const char *folder = file_beside(arena, template_path, ".");
    bots->list = arena_array(arena, MOST_BOTS, sizeof *bots->list);
    if (folder == NULL || bots->list == NULL)
        return fault_out_of_memory(fault);
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return fault_set_errno(fault, FAULT_CONFIG, errno, "cannot read the folder \"%s\"", folder);
    bool ok = list_folder(bots, arena, directory, folder, fault);
    closedir(directory);
    if (ok && bots->count == 0) {
        fault_set(fault, FAULT_CONFIG, "there is no file .env.NAME beside %s", template_path);
        fault_hint(fault, "Each bot has one: .env.alice makes the service alice-bot.");
        return false;
    }
    if (ok)
        qsort(bots->list, bots->count, sizeof *bots->list, compare_bots);
    return ok;
}

/* --- what a file says ------------------------------------------------------------------------------------------------- */

static bool refuse_value(const struct source *source, const struct env_line *line, struct source *blamed, const char *what,
                         struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, source->name, line->value_offset);
    *blamed = *source;
    return false;
}

static bool is_port(const char *text)
{
    size_t size = strlen(text);
    long number = size <= 5 ? strtol(text, NULL, 10) : 0;
    return strspn(text, "0123456789") == size && text[0] != '0' && number > 0 && number <= MOST_PORT;
}

/* What would end the quotes that the text will stand in, or be taken for a variable by Compose. */
static bool is_plain(const char *text)
{
    return text[strcspn(text, "\"\\$#{}[]\n\r\t")] == '\0';
}

static bool take_line(struct bot *bot, const struct source *source, const struct env_line *line, struct source *blamed,
                      struct fault *fault)
{
    if (line->value == NULL || line->value[0] == '\0')
        return true;
    if (strcmp(line->name, "BOT_PORT") == 0) {
        bot->port = line->value;
        return is_port(line->value) || refuse_value(source, line, blamed, "BOT_PORT is no port from 1 to 65535", fault);
    }
    if (strcmp(line->name, "BOT_VOLUMES") == 0) {
        bot->volumes = line->value;
        return is_plain(line->value) ||
               refuse_value(source, line, blamed,
                            "BOT_VOLUMES is SOURCE:TARGET,... without quotes, $, #, braces or brackets", fault);
    }
    return true;
}

static bool read_bot(struct bot *bot, struct arena *arena, const char *template_path, struct source *blamed,
                     struct fault *fault)
{
    struct source source;
    struct env_line line;
    struct fault unread;
    size_t at = 0;
    fault_clear(&unread);
    const char *path = file_beside(arena, template_path, bot->env_file);
    if (path == NULL)
        return fault_out_of_memory(fault);
    if (!file_read(&source, arena, path, fault))
        return false;
    while (env_line_next(&line, arena, &source, &at, &unread))
        if (!take_line(bot, &source, &line, blamed, fault))
            return false;
    return !fault_is_set(&unread) || fault_out_of_memory(fault);
}

static bool check_ports(const struct bots *bots, struct fault *fault)
{
    for (size_t i = 0; i < bots->count; i++)
        for (size_t j = 0; bots->list[i].port != NULL && j < i; j++)
            if (bots->list[j].port != NULL && strcmp(bots->list[i].port, bots->list[j].port) == 0)
                return fault_set(fault, FAULT_CONFIG, "BOT_PORT is %s both in %s and in %s", bots->list[i].port,
                                 bots->list[j].env_file, bots->list[i].env_file);
    return true;
}

bool bots_read(struct bots *bots, struct arena *arena, const char *template_path, struct source *blamed, struct fault *fault)
{
    *bots = (struct bots){ .count = 0 };
    if (!find_bots(bots, arena, template_path, fault))
        return false;
    for (size_t i = 0; i < bots->count; i++)
        if (!read_bot(&bots->list[i], arena, template_path, blamed, fault))
            return false;
    return check_ports(bots, fault);
}
