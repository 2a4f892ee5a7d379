/*
 * What a container runs, judged by its command line. It knows the names of migration tools and how a shell strings commands
 * together, as far as that shows in the text.
 */
#include <string.h>

#include "base/buf.h"
#include "compose/words.h"

enum { MOST_LINE_BYTES = 256 * 1024 };

static const char *const phrases[] = {
    "alembic upgrade",     "flask db upgrade",
    "manage.py migrate",   "prisma migrate deploy",
    "knex migrate:latest", "db:migrate",
    "migration:run",       "migrations:migrate",
    "artisan migrate",     "diesel migration run",
    "sqlx migrate run",    "drizzle-kit migrate",
    "ecto.migrate",        "dbmate up",
    "dbmate migrate",      "flyway migrate",
    "liquibase update",    "sqitch deploy",
    "tern migrate",        "goose up",
    "migrate up",          "yoyo apply",
};

const char *command_line(struct arena *arena, const struct yaml_node *node, struct fault *fault)
{
    struct buf line;
    const struct yaml_node *resolved = yaml_resolve(node);
    buf_init(&line, MOST_LINE_BYTES);
    if (resolved != NULL && resolved->kind == YAML_SEQUENCE)
        for (const struct yaml_node *item = resolved->first; item != NULL; item = item->next) {
            const char *word = yaml_text(yaml_resolve(item));
            buf_add_text(&line, line.size > 0 ? " " : "");
            buf_add_text(&line, word != NULL ? word : "");
        }
    else if (yaml_text(resolved) != NULL)
        buf_add_text(&line, yaml_text(resolved));
    const char *text = buf_ok(&line) ? words_interpolate(arena, buf_text(&line)) : NULL;
    buf_finish(&line);
    if (text == NULL)
        fault_out_of_memory(fault);
    return text;
}

/* Whether a shell goes on to something else behind a command that stands here. */
static bool goes_on(const char *rest)
{
    rest += strspn(rest, "\"' \n");
    const char *end = strpbrk(rest, "&;|\n");
    return end != NULL && end[strspn(end, "&;|\n\"' ")] != '\0';
}

static bool waits_until_migrated(const char *rest)
{
    const char *until = strstr(rest, "--until");
    return until != NULL && strncmp(until + strlen("--until") + strspn(until + strlen("--until"), " ="), "migrated", 8) == 0;
}

static enum runs pgusher_runs(const char *rest)
{
    rest += strspn(rest, "\"' ");
    if (strncmp(rest, "wait", 4) == 0)
        return waits_until_migrated(rest) ? RUNS_AFTER_MIGRATIONS : RUNS_SOMETHING;
    if (strncmp(rest, "up", 2) != 0)
        return RUNS_SOMETHING;
    return goes_on(rest) ? RUNS_AFTER_MIGRATIONS : RUNS_MIGRATIONS;
}

enum runs command_runs(const char *line, bool is_pgusher)
{
    if (is_pgusher)
        return *line == '\0' || *line == '-' ? RUNS_MIGRATIONS : pgusher_runs(line);
    const char *pgusher = words_find(line, "pgusher");
    if (pgusher != NULL)
        return pgusher_runs(pgusher + strlen("pgusher"));
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        const char *phrase = strstr(line, phrases[i]);
        if (phrase != NULL)
            return goes_on(phrase + strlen(phrases[i])) ? RUNS_SOMETHING : RUNS_MIGRATIONS;
    }
    return RUNS_SOMETHING;
}
