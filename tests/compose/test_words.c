/* Small texts: interpolation, names, images, commands, .env files. */
#include "compose/words.h"
#include "support/fixture.h"
#include "support/must.h"
#include "support/starve.h"

static void test_words__defaults_are_taken_and_the_rest_is_unknown(void **state)
{
    (void) state;
    static const char *const texts[][2] = {
        { "plain", "plain" }, { "${A:-x}", "x" },         { "${A-x}y", "xy" },
        { "${A:-}", "" },     { "a$$b", "a$b" },          { "${A}", "\x01" },
        { "$A/b", "\x01/b" }, { "${A:?needed}", "\x01" }, { "${A:-${B:-c}}d", "${B:-c}d" },
        { "$", "$" },         { "${A", "${A" },           { "100$ ", "100$ " },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(words_interpolate(&arena, texts[i][0]), texts[i][1]);
    assert_true(words_are_unknown(words_interpolate(&arena, "a${B}")));
    assert_false(words_are_unknown(words_interpolate(&arena, "a${B:-b}")));
    assert_null(words_interpolate(&arena, NULL));
}

static void test_words__a_name_may_have_a_prefix(void **state)
{
    (void) state;
    static const char *const list[] = { "DB_HOST", "PGHOST", NULL };
    assert_true(words_end_like("DB_HOST", list));
    assert_true(words_end_like("APP_DB_HOST", list));
    assert_true(words_end_like("app_pghost", list));
    assert_false(words_end_like("XDB_HOST", list));
    assert_false(words_end_like("DB_HOSTNAME", list));
    assert_false(words_end_like("", list));
}

static void test_words__a_word_stands_alone(void **state)
{
    (void) state;
    const char *text = "my-psql psqlx /usr/bin/psql -h";
    assert_ptr_equal(words_find(text, "psql"), text + 23);
    assert_null(words_find("pgusher-x pgusher_y pgusher.z", "pgusher"));
    assert_non_null(words_find("\"pgusher\"", "pgusher"));
}

static void test_words__an_image_is_known_by_its_last_part(void **state)
{
    (void) state;
    static const struct {
        const char *image;
        enum image_kind kind;
    } images[] = {
        { "postgres", IMAGE_DATABASE },
        { "postgres:16-alpine", IMAGE_DATABASE },
        { "registry.example/library/postgres@sha256:0123", IMAGE_DATABASE },
        { "bitnami/postgresql:16", IMAGE_DATABASE },
        { "postgis/postgis", IMAGE_DATABASE },
        { "timescale/timescaledb-ha:pg16", IMAGE_DATABASE },
        { "registry:5000/pgvector/pgvector", IMAGE_DATABASE },
        { "postgrest/postgrest", IMAGE_TOOL },
        { "prometheuscommunity/postgres-exporter", IMAGE_TOOL },
        { "prodrigestivill/postgres-backup-local", IMAGE_TOOL },
        { "dpage/pgadmin4", IMAGE_TOOL },
        { "edoburu/pgbouncer", IMAGE_POOLER },
        { "migrate/migrate:v4", IMAGE_MIGRATION },
        { "flyway/flyway", IMAGE_MIGRATION },
        { "pgusher", IMAGE_PGUSHER },
        { "registry.example/someone/pgusher:1.0", IMAGE_PGUSHER },
        { "postgres/app", IMAGE_OTHER },
        { "mysql:8", IMAGE_OTHER },
        { "", IMAGE_OTHER },
        { "\x01", IMAGE_OTHER },
        { NULL, IMAGE_OTHER },
    };
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        if (image_kind(images[i].image) != images[i].kind)
            fail_msg("%s is kind %d", images[i].image, (int) image_kind(images[i].image));
}

static void test_words__a_command_is_judged_by_what_it_ends_with(void **state)
{
    (void) state;
    static const struct {
        const char *line;
        bool is_pgusher;
        enum runs runs;
    } lines[] = {
        { "pgusher up", false, RUNS_MIGRATIONS },
        { "/usr/local/bin/pgusher up -m /migrations", false, RUNS_MIGRATIONS },
        { "sh -c \"pgusher up\"", false, RUNS_MIGRATIONS },
        { "sh -c \"pgusher up && exec bot\"", false, RUNS_AFTER_MIGRATIONS },
        { "sh -c 'pgusher up; bot'", false, RUNS_AFTER_MIGRATIONS },
        { "pgusher wait --until migrated", false, RUNS_AFTER_MIGRATIONS },
        { "pgusher wait --until=migrated && bot", false, RUNS_AFTER_MIGRATIONS },
        { "pgusher wait", false, RUNS_SOMETHING },
        { "pgusher status", false, RUNS_SOMETHING },
        { "", true, RUNS_MIGRATIONS },
        { "--strict", true, RUNS_MIGRATIONS },
        { "up", true, RUNS_MIGRATIONS },
        { "wait --until migrated", true, RUNS_AFTER_MIGRATIONS },
        { "status", true, RUNS_SOMETHING },
        { "alembic upgrade head", false, RUNS_MIGRATIONS },
        { "bash -c 'sleep 5 && alembic upgrade head'", false, RUNS_MIGRATIONS },
        { "alembic upgrade head && uvicorn app", false, RUNS_SOMETHING },
        { "python manage.py migrate --noinput", false, RUNS_MIGRATIONS },
        { "npx prisma migrate deploy", false, RUNS_MIGRATIONS },
        { "bundle exec rails db:migrate", false, RUNS_MIGRATIONS },
        { "python bot.py", false, RUNS_SOMETHING },
        { "", false, RUNS_SOMETHING },
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (command_runs(lines[i].line, lines[i].is_pgusher) != lines[i].runs)
            fail_msg("\"%s\" runs %d", lines[i].line, (int) command_runs(lines[i].line, lines[i].is_pgusher));
}

static const char *read_all(const char *bytes)
{
    struct source source = { .name = ".env", .bytes = bytes, .size = strlen(bytes) };
    struct bytes all = { 0 };
    struct env_line line;
    struct fault fault;
    size_t at = 0;
    fault_clear(&fault);
    while (env_line_next(&line, &arena, &source, &at, &fault)) {
        bytes_add_format(&all, "%s=%s|", line.name, line.value != NULL ? line.value : "(none)");
        assert_memory_equal(bytes + line.name_offset, line.name, strlen(line.name));
        if (line.value != NULL)
            assert_memory_equal(bytes + line.value_offset, line.value, strlen(line.value));
    }
    assert_false(fault_is_set(&fault));
    const char *text = must_keep(all.at != NULL ? all.at : "", all.size);
    bytes_finish(&all);
    return text;
}

static void test_words__env_lines_are_read_as_compose_reads_them(void **state)
{
    (void) state;
    assert_string_equal(read_all("A=b\nexport C = \"d # e\" # f\n# G=h\n\n  I='j'\r\nK=l m # n\nO\nP=\n"),
                        "A=b|C=d # e|I=j|K=l m|O=(none)|P=|");
    assert_string_equal(read_all("\xEF\xBB\xBF"
                                 "A=b"),
                        "A=b|");
    assert_string_equal(read_all("A=#b\nB=c#d\nC=\"open\n"), "A=|B=c#d|C=\"open|");
    assert_string_equal(read_all("not a variable\n=x\n?A=b\n"), "");
    assert_string_equal(read_all(""), "");
}

static bool read_once(void *argument, struct fault *fault)
{
    struct arena own;
    struct env_line line;
    size_t at = 0;
    arena_init(&own);
    bool ok = env_line_next(&line, &own, argument, &at, fault);
    const char *text = ok ? words_interpolate(&own, "a${B}c") : NULL;
    if (ok && text == NULL)
        ok = fault_out_of_memory(fault);
    arena_finish(&own);
    return ok;
}

static void test_words__starve_cleanly(void **state)
{
    (void) state;
    struct source source = { .name = ".env", .bytes = "A=b", .size = 3 };
    starve(read_once, &source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_words__defaults_are_taken_and_the_rest_is_unknown),
        IN_ARENA(test_words__a_name_may_have_a_prefix),
        IN_ARENA(test_words__a_word_stands_alone),
        IN_ARENA(test_words__an_image_is_known_by_its_last_part),
        IN_ARENA(test_words__a_command_is_judged_by_what_it_ends_with),
        IN_ARENA(test_words__env_lines_are_read_as_compose_reads_them),
        IN_ARENA(test_words__starve_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
