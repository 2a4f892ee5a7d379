/*
 * Small texts of Compose files: ${...}, names of variables and of images. It knows what images are called; in which service a
 * text stands it does not know.
 */
#include "compose/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

enum { MOST_TEXT_BYTES = 1024 * 1024 };

/* --- interpolation ---------------------------------------------------------------------------------------------------- */

static size_t name_size(const char *text)
{
    size_t size = 0;
    while (isalnum((unsigned char) text[size]) || text[size] == '_')
        size++;
    return size;
}

/* The size of what stands in braces, nested ones included; 0 when the closing one is missing. */
static size_t braced_size(const char *text)
{
    size_t depth = 1;
    for (size_t i = 0; text[i] != '\0'; i++) {
        depth += text[i] == '{';
        depth -= text[i] == '}';
        if (depth == 0)
            return i;
    }
    return 0;
}

/* text is what follows "${". A default within a default is given as it is written. */
static void add_braced(struct buf *buf, const char *text, size_t size)
{
    size_t name = name_size(text);
    size_t sign = name + (text[name] == ':');
    if (sign < size && text[sign] == '-')
        buf_add(buf, text + sign + 1, size - sign - 1);
    else
        buf_add_char(buf, UNKNOWN_CHARACTER);
}

static size_t add_variable(struct buf *buf, const char *text)
{
    size_t braced = text[1] == '{' ? braced_size(text + 2) : 0;
    size_t plain = name_size(text + 1);
    if (text[1] == '$') {
        buf_add_char(buf, '$');
        return 2;
    }
    if (braced > 0) {
        add_braced(buf, text + 2, braced);
        return braced + 3;
    }
    buf_add_char(buf, plain > 0 ? UNKNOWN_CHARACTER : '$');
    return plain + 1;
}

const char *words_interpolate(struct arena *arena, const char *text)
{
    struct buf buf;
    buf_init(&buf, MOST_TEXT_BYTES);
    if (text == NULL)
        return NULL;
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        buf_add(&buf, text, plain);
        text += plain;
        if (*text == '$')
            text += add_variable(&buf, text);
    }
    const char *copy = buf_ok(&buf) ? arena_text(arena, buf_text(&buf)) : NULL;
    buf_finish(&buf);
    return copy;
}

bool words_are_unknown(const char *text)
{
    return strchr(text, UNKNOWN_CHARACTER) != NULL;
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

bool words_end_like(const char *name, const char *const *list)
{
    size_t size = strlen(name);
    for (; *list != NULL; list++) {
        size_t tail = strlen(*list);
        if (size < tail || strcasecmp(name + size - tail, *list) != 0)
            continue;
        if (size == tail || name[size - tail - 1] == '_')
            return true;
    }
    return false;
}

static bool is_of_a_word(char c)
{
    return isalnum((unsigned char) c) || c == '_' || c == '-' || c == '.';
}

const char *words_find(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        if ((at == text || !is_of_a_word(at[-1])) && !is_of_a_word(at[size]))
            return at;
    return NULL;
}

/* --- images ----------------------------------------------------------------------------------------------------------- */

/* The part of "registry:5000/team/postgres:16@sha256:..." that names it: from `base`, so many bytes. */
static size_t find_base(const char *image, const char **base)
{
    const char *slash = strrchr(image, '/');
    *base = slash != NULL ? slash + 1 : image;
    return strcspn(*base, ":@");
}

static bool has_part(const char *base, size_t size, const char *part)
{
    size_t part_size = strlen(part);
    for (size_t i = 0; i + part_size <= size; i++)
        if (strncasecmp(base + i, part, part_size) == 0)
            return true;
    return false;
}

static bool starts(const char *base, size_t size, const char *part)
{
    return size >= strlen(part) && strncasecmp(base, part, strlen(part)) == 0;
}

static bool is_one_of(const char *base, size_t size, const char *const *list,
                      bool (*matches)(const char *, size_t, const char *))
{
    for (; *list != NULL; list++)
        if (matches(base, size, *list))
            return true;
    return false;
}

static bool is_just(const char *base, size_t size, const char *word)
{
    return size == strlen(word) && strncasecmp(base, word, size) == 0;
}

enum image_kind image_kind(const char *image)
{
    static const char *const tools[] = { "pgadmin", "adminer", "pgweb",      "pghero",    "cloudbeaver", "exporter",
                                         "backup",  "barman",  "pgbackrest", "postgrest", NULL };
    static const char *const poolers[] = { "pgbouncer", "pgpool", "pgcat", "odyssey", "supavisor", "pgdog", NULL };
    static const char *const databases[] = { "postgres", "postgis", "timescaledb", "pgvector", "pgvecto-rs",
                                             "citus",    "spilo",   "paradedb",    NULL };
    static const char *const migrations[] = { "migrate", "dbmate", "goose", "flyway", "liquibase", "atlas", "sqitch", NULL };
    const char *base;
    size_t size = image != NULL ? find_base(image, &base) : 0;
    if (size == 0)
        return IMAGE_OTHER;
    if (is_just(base, size, "pgusher"))
        return IMAGE_PGUSHER;
    if (is_one_of(base, size, tools, has_part))
        return IMAGE_TOOL;
    if (is_one_of(base, size, poolers, has_part))
        return IMAGE_POOLER;
    if (is_one_of(base, size, migrations, is_just))
        return IMAGE_MIGRATION;
    return is_one_of(base, size, databases, starts) ? IMAGE_DATABASE : IMAGE_OTHER;
}
