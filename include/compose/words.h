/* Texts as Compose means them: interpolation, .env files, image names, commands. All of it pure. */
#ifndef PGUSHER_COMPOSE_WORDS_H
#define PGUSHER_COMPOSE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "compose/yaml.h"
#include "text/source.h"

/* Stands in an interpolated text for what only the environment of `docker compose` can tell. */
enum { UNKNOWN_CHARACTER = '\x01' };

/* "${A:-x} $$ ${B}" becomes "x $ \x01". NULL for NULL, and when out of memory. */
const char *words_interpolate(struct arena *arena, const char *text);

/* Whether an interpolated text has a part that is not known. */
bool words_are_unknown(const char *text);

/* A name without regard to case and a list of words: whether it is one of them, or ends in "_" and one of them. */
bool words_end_like(const char *name, const char *const *list);

/* Whether a text holds a word, with neither a letter, a digit nor one of "_-." beside it. The place of the first, or NULL. */
const char *words_find(const char *text, const char *word);

/* What an image is known to be by its name. */
enum image_kind { IMAGE_OTHER, IMAGE_DATABASE, IMAGE_POOLER, IMAGE_TOOL, IMAGE_MIGRATION, IMAGE_PGUSHER };
enum image_kind image_kind(const char *image);

/* A command or entrypoint, a string or a list, as one line; NULL when node is neither, "" for an empty one. */
const char *command_line(struct arena *arena, const struct yaml_node *node, struct fault *fault);

enum runs {
    RUNS_SOMETHING,
    RUNS_MIGRATIONS,       /* and nothing after them */
    RUNS_AFTER_MIGRATIONS, /* pgusher up, or a wait until all is migrated, and then something else; or that wait alone */
};

/* What a command does; is_pgusher tells that it is given to an image whose entrypoint is pgusher. */
enum runs command_runs(const char *line, bool is_pgusher);

/* One line of a .env file, taken apart. */
struct env_line {
    const char *name;
    const char *value;  /* quotes and comments gone; NULL when the line only names a variable */
    size_t name_offset; /* in the text */
    size_t value_offset;
};

/* The next variable from *at on, which moves behind its line. False: there is none left, or there is no memory (fault is set then). */
bool env_line_next(struct env_line *line, struct arena *arena, const struct source *source, size_t *at, struct fault *fault);

#endif
