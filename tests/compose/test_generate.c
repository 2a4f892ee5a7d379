/* One service a bot, out of a template. */
#include "support/testing.h"

#include "compose/generate.h"
#include "compose/stack.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"

enum { MOST_BYTES = 4 * 1024 * 1024 };

static struct arena arena;
static struct buf output;
static struct fault fault;
static struct source blamed;

static int open_all(void **state)
{
    (void) state;
    arena_init(&arena);
    buf_init(&output, MOST_BYTES);
    fault_clear(&fault);
    return 0;
}

static int close_all(void **state)
{
    (void) state;
    buf_finish(&output);
    arena_finish(&arena);
    return 0;
}

static const char small[] = "services:\n"
                            "  db: {image: postgres}\n"
                            "  db-migrate: {image: pgusher, restart: \"no\"}\n"
                            "  # the bot\n"
                            "  bot:  # each of them\n"
                            "    image: bot:${TAG:-latest}\n"
                            "    depends_on: [db]\n"
                            "\n"
                            "  # the end\n";

static const char *folder_of(const char *template)
{
    const char *folder = folder_new();
    folder_add(folder, "t.yml", template);
    return folder;
}

/* Fails the test when it cannot be made. */
static const char *make(const char *folder)
{
    buf_clear(&output);
    arena_finish(&arena);
    arena_init(&arena);
    must(generate(&output, &arena, folder_path(folder, "t.yml"), &blamed, &fault), "%s", fault.what);
    return buf_text(&output);
}

static const char *make_with(const char *template, const char *env)
{
    const char *folder = folder_of(template);
    folder_add(folder, ".env.a", env);
    return make(folder);
}

static void test_generate__each_bot_has_a_copy_and_the_rest_stays(void **state)
{
    (void) state;
    const char *folder = folder_of(small);
    folder_add(folder, ".env.b-2", "");
    folder_add(folder, ".env.a", "SECRET=of-the-test\n");
    assert_string_equal(make(folder), "# Written by `pgusher compose generate` from t.yml and 2 files .env.NAME beside it.\n"
                                      "# Change those and generate it anew: what is changed here is lost.\n"
                                      "services:\n"
                                      "  db: {image: postgres}\n"
                                      "  db-migrate: {image: pgusher, restart: \"no\"}\n"
                                      "  # the bot\n"
                                      "  a-bot:  # each of them\n"
                                      "    image: bot:${TAG:-latest}\n"
                                      "    depends_on: { db-migrate: { condition: service_completed_successfully }, db: { "
                                      "condition: service_started } }\n"
                                      "    env_file:\n"
                                      "      - \".env.a\"\n"
                                      "\n"
                                      "  b-2-bot:  # each of them\n"
                                      "    image: bot:${TAG:-latest}\n"
                                      "    depends_on: { db-migrate: { condition: service_completed_successfully }, db: { "
                                      "condition: service_started } }\n"
                                      "    env_file:\n"
                                      "      - \".env.b-2\"\n"
                                      "\n"
                                      "  # the end\n");
}

static void test_generate__the_same_comes_every_time(void **state)
{
    (void) state;
    const char *one = folder_of(small);
    const char *other = folder_of(small);
    static const char *const names[] = { ".env.x", ".env.b", ".env.a1", ".env.a", ".env.B" };
    for (size_t i = 0; i < 5; i++) {
        folder_add(one, names[i], "BOT_TOKEN=1\n");
        folder_add(other, names[4 - i], "BOT_TOKEN=2\n");
    }
    const char *first = must_format("%s", make(one));
    assert_string_equal(make(other), first);
}

/* As folder_new() makes them, the other files of a folder, secrets and examples are nobody's. */
static void test_generate__examples_and_other_files_are_passed_over(void **state)
{
    (void) state;
    const char *folder = folder_of(small);
    folder_add(folder, ".env.a", "");
    folder_add(folder, ".env.example", "");
    folder_add(folder, ".env.sample", "");
    folder_add(folder, ".env", "");
    folder_add(folder, "a.env", "");
    const char *text = make(folder);
    assert_contains(text, "a-bot:");
    assert_lacks(text, "example");
    assert_lacks(text, "sample");
}

static void test_generate__nothing_of_an_env_file_but_port_and_volumes_is_copied(void **state)
{
    (void) state;
    const char *text = make_with("services:\n"
                                 "  db-migrate: {image: pgusher}\n"
                                 "  bot:\n"
                                 "    image: bot\n"
                                 "    environment: {A: \"${BOT_TOKEN}\", B: $BOT_NAME, C: $$BOT_NAME, D: \"${OTHER:-x}\"}\n",
                                 "BOT_TOKEN=secret\nOTHER=secret\nBOT_NAME=secret\nTAG=secret\n");
    assert_lacks(text, "secret");
    assert_contains(text, "environment: {A: \"${BOT_TOKEN}\", B: a, C: $$BOT_NAME, D: \"${OTHER:-x}\"}\n");
}

static void test_generate__a_port_stands_where_the_template_wants_it(void **state)
{
    (void) state;
    static const char template[] = "services:\n"
                                   "  db-migrate: {image: pgusher}\n"
                                   "  bot:\n"
                                   "    ports: [\"${BOT_PORT:-8080}:80\", \"1:1\"]\n";
    assert_contains(make_with(template, "BOT_PORT=9001\n"), "    ports: [\"9001:80\", \"1:1\"]\n");
    assert_contains(make_with(template, "#BOT_PORT=9001\n"), "    ports: [\"8080:80\", \"1:1\"]\n");
    assert_contains(
        make_with("services:\n  db-migrate: {image: pgusher}\n  bot:\n    ports:\n    - \"1:1\" # one\n", "BOT_PORT=9001\n"),
        "    ports:\n    - \"1:1\" # one\n    - \"9001:9001\"\n");
    assert_contains(make_with("services:\n  db-migrate: {image: pgusher}\n  bot:\n    image: bot\n", "BOT_PORT='9001'\n"),
                    "    ports:\n      - \"9001:9001\"\n");
}

static void test_generate__volumes_are_added_and_declared(void **state)
{
    (void) state;
    const char *text = make_with("services:\r\n"
                                 "  db-migrate: {image: pgusher}\r\n"
                                 "  bot:\r\n"
                                 "    volumes: [\"${BOT_NAME}-data:/data\"]\r\n"
                                 "volumes:\r\n"
                                 "  old:\r\n",
                                 "BOT_VOLUMES=./x:/x:ro, more:/more,old:/old\r\n");
    assert_contains(text, "    volumes: [\"a-data:/data\", \"./x:/x:ro\", \"more:/more\", \"old:/old\"]\r\n");
    assert_contains(text, "volumes:\r\n  old:\r\n  a-data:\r\n  more:\r\n");
    text = make_with("services:\n  db-migrate: {image: pgusher}\n  bot:\n    image: bot\n", "BOT_VOLUMES=data:/data\n");
    assert_contains(text, "    volumes:\n      - \"data:/data\"\n");
    assert_contains(text, "\nvolumes:\n  data:\n");
}

static void test_generate__env_files_of_the_template_stay_before_the_bots_own(void **state)
{
    (void) state;
    static const char *const forms[][2] = {
        { "env_file: common.env", "env_file: [common.env, \".env.a\"]" },
        { "env_file: [common.env]", "env_file: [common.env, \".env.a\"]" },
        { "env_file:\n      - common.env # all", "env_file:\n      - common.env # all\n      - \".env.a\"" },
        { "env_file: .env.${BOT_NAME}", "env_file: .env.a" },
        { "env_file: [x, './.env.${BOT_NAME}']", "env_file: [x, './.env.a']" },
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *template = must_format(
            "services:\n  db-migrate: {image: pgusher}\n  bot:\n    image: bot\n    %s\n    tty: true\n", forms[i][0]);
        assert_contains(make_with(template, ""), must_format("    image: bot\n    %s\n    tty: true\n", forms[i][1]));
    }
}

static void test_generate__the_migration_comes_first_and_the_others_are_kept(void **state)
{
    (void) state;
    static const char begin[] =
        "services:\n  db: {}\n  db-migrate: {image: pgusher}\n  bot:\n    image: bot\n    depends_on:\n";
    assert_contains(make_with(must_format("%s      db: {condition: service_healthy} # c\n"
                                          "      db-migrate:\n        condition: service_completed_successfully\n"
                                          "    tty: true\n",
                                          begin),
                              ""),
                    "    depends_on:\n"
                    "      db-migrate:\n        condition: service_completed_successfully\n"
                    "      db: {condition: service_healthy} # c\n"
                    "    tty: true\n");
    assert_contains(
        make_with(must_format("%s      - db\n", begin), ""),
        "      db-migrate: { condition: service_completed_successfully }\n      db: { condition: service_started "
        "}\n");
}

static void test_generate__without_a_migration_the_bots_image_migrates(void **state)
{
    (void) state;
    const char *text = make_with("services:\n"
                                 "  db:\n"
                                 "    image: postgres\n"
                                 "  bot:\n"
                                 "    image: bot:1   # ours\n"
                                 "    environment:\n"
                                 "      DATABASE_URL: postgres://db/x\n"
                                 "    labels: {name: \"${BOT_NAME}\"}\n"
                                 "    depends_on:\n"
                                 "      - db\n"
                                 "    restart: always\n",
                                 "");
    assert_contains(text, "  db-migrate:\n"
                          "    image: bot:1   # ours\n"
                          "    environment:\n"
                          "      DATABASE_URL: postgres://db/x\n"
                          "    depends_on:\n"
                          "      - db\n"
                          "    command: [\"pgusher\", \"up\"]\n"
                          "    restart: \"no\"\n"
                          "\n"
                          "  a-bot:\n");
}

/* Only what is another text for each bot is left out, and a name with BOT_ in it is not. */
static void test_generate__the_migration_has_what_all_bots_share(void **state)
{
    (void) state;
    static const char *const forms[][2] = {
        { "    environment: { A: \"${BOT_NAME}\", POSTGRES_HOST: db, \"C\": 1 } # all\n",
          "    environment: { POSTGRES_HOST: db, \"C\": 1 }\n" },
        { "    environment: [\"A=$BOT_NAME\", POSTGRES_HOST=db]\n", "    environment: [POSTGRES_HOST=db]\n" },
        { "    environment:\n      POSTGRES_HOST: db # the server\n      A: ${BOT_NAME}\n      C: 1\n",
          "    environment:\n      POSTGRES_HOST: db # the server\n      C: 1\n" },
        { "    environment:\n    - A=${BOT_PORT:-80}\n    - POSTGRES_HOST=db\n",
          "    environment:\n    - POSTGRES_HOST=db\n" },
        { "    environment:\n      A: ${BOT_NAME}\n", "" },
        { "    env_file: .env.${BOT_NAME}\n", "" },
        { "    environment:\n      TELEGRAM_BOT_TOKEN: x\n      A: $$BOT_NAME\n      B: ${BOT_NAME2}\n",
          "    environment:\n      TELEGRAM_BOT_TOKEN: x\n      A: $$BOT_NAME\n      B: ${BOT_NAME2}\n" },
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *template = must_format("services:\n  bot:\n    image: ${BOT_IMAGE}\n%s    tty: true\n", forms[i][0]);
        assert_contains(make_with(template, ""),
                        must_format("  db-migrate:\n    image: ${BOT_IMAGE}\n%s    command: [", forms[i][1]));
    }
}

static void assert_refuses(const char *folder, const char *what, size_t line, size_t column)
{
    buf_clear(&output);
    assert_false(generate(&output, &arena, folder_path(folder, "t.yml"), &blamed, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, what);
    assert_int_equal(fault.has_offset, line > 0);
    if (line == 0)
        return;
    assert_non_null(blamed.bytes);
    assert_string_equal(blamed.name, fault.source);
    struct position position = source_position(&blamed, fault.offset_bytes);
    assert_int_equal(position.line, line);
    assert_int_equal(position.column, column);
}

static void test_generate__dangerous_names_are_refused(void **state)
{
    (void) state;
    static const char *const names[] = { ".env.a b",      ".env.$(id)", ".env.a.bak",
                                         ".env.-a",       ".env.a~",    ".env.",
                                         ".env.\xC3\xA9", ".env.a\nb",  ".env.0123456789012345678901234567890123456789x" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *folder = folder_of(small);
        folder_add(folder, names[i], "");
        assert_refuses(folder, "names no bot", 0, 0);
        assert_contains(fault.hint, "letters, digits, _ and -");
    }
}

struct refused_text {
    const char *text;
    const char *what;
    size_t line;
    size_t column;
};

static void test_generate__what_an_env_file_says_wrong_has_its_place(void **state)
{
    (void) state;
    static const struct refused_text texts[] = {
        { "BOT_PORT=http\n", "BOT_PORT is no port from 1 to 65535", 1, 10 },
        { "# x\nexport BOT_PORT = '0'\n", "BOT_PORT is no port", 2, 20 },
        { "BOT_PORT=65536\n", "BOT_PORT is no port", 1, 10 },
        { "BOT_PORT=1\"\n", "BOT_PORT is no port", 1, 10 },
        { "BOT_VOLUMES=a:/b\"\n", "BOT_VOLUMES is", 1, 13 },
        { "BOT_VOLUMES=${X}:/b\n", "BOT_VOLUMES is", 1, 13 },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *folder = folder_of(small);
        folder_add(folder, ".env.a", texts[i].text);
        assert_refuses(folder, texts[i].what, texts[i].line, texts[i].column);
    }
    const char *folder = folder_of(small);
    folder_add(folder, ".env.a", "BOT_PORT=1\n");
    folder_add(folder, ".env.b", "BOT_PORT=1\n");
    assert_refuses(folder, "BOT_PORT is 1 both in .env.a and in .env.b", 0, 0);
    assert_refuses(folder_of(small), "there is no file .env.NAME", 0, 0);
}

static void test_generate__what_cannot_be_copied_has_its_place(void **state)
{
    (void) state;
    static const struct refused_text templates[] = {
        { "services:\n  web: {image: x}\n", "the template has no service named bot", 1, 1 },
        { "include: [db.yml]\n", "the template has no service named bot", 1, 1 },
        { "services:\n  bot: {image: x}\n", "must be written on lines of its own", 2, 3 },
        { "services: {bot: {image: x}}\n", "must be written on lines of its own", 1, 12 },
        { "services:\n  x: &x {image: x}\n  bot: *x\n", "must be written on lines of its own", 3, 3 },
        { "services:\n  bot:\n    image: x\n  a-bot: {image: x}\n", "has a service a-bot already", 4, 3 },
        { "services:\n  bot:\n    image: x\n  web: {depends_on: [bot]}\n",
          "web depends on bot, which is only there to be copied", 4, 3 },
        { "services:\n  bot:\n    image: x\n    ports: [\"${BOT_PORT}:80\"]\n", ".env.a does not say BOT_PORT", 4, 14 },
        { "services:\n  bot:\n    image: x\n    env_file: {}\n", "env_file of the service bot must be", 4, 5 },
        { "services:\n  bot:\n    image: x\n    container_name: bot\n", "every bot would have this container_name", 4, 21 },
        { "services:\n  bot:\n    image: x-${BOT_NAME}\n", "each bot has an image of its own", 3, 12 },
        { "services:\n  bot:\n    image: x\n  db-migrate: {image: pgusher, depends_on: [db-migrate]}\n",
          "the service bot is written in a way that cannot be copied", 2, 3 },
        { "services: [\n", "the file is no YAML", 2, 1 },
    };
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        const char *folder = folder_of(templates[i].text);
        folder_add(folder, ".env.a", "");
        folder_add(folder, ".env.b", "BOT_PORT=1\n");
        assert_refuses(folder, templates[i].what, templates[i].line, templates[i].column);
    }
}

/* The example that people copy: its output is blessed in the repository's own words, and has nothing to be found in it. */
static void test_generate__the_example_makes_a_file_that_waits(void **state)
{
    (void) state;
    static const struct stack_options options = { .reads_env_files = false };
    struct stack stack;
    must(generate(&output, &arena, MULTI_BOT "/compose.template.yml", &blamed, &fault), "%s", fault.what);
    const struct source made = { .name = "compose.yml", .bytes = buf_text(&output), .size = output.size };
    assert_true(stack_read(&stack, &arena, &made, &options, &fault));
    const struct service *migration = stack_service(&stack, "db-migrate");
    assert_non_null(migration);
    assert_null(stack_service(&stack, "bot"));
    static const char *const bots[] = { "alice-bot", "bob-bot" };
    for (size_t i = 0; i < 2; i++) {
        const struct service *bot = stack_service(&stack, bots[i]);
        assert_non_null(bot);
        assert_string_equal(bot->dependencies[0].name, "db-migrate");
        assert_int_equal(bot->dependencies[0].condition, CONDITION_COMPLETED);
        assert_string_equal(bot->dependencies[1].name, "postgres");
        assert_int_equal(bot->dependencies[1].condition, CONDITION_HEALTHY);
    }
    assert_contains(buf_text(&output), "ports: [\"127.0.0.1:8081:8080\"]");
    assert_contains(buf_text(&output), "volumes: [\"bob-data:/data\", \"./bob/rules:/rules:ro\"]");
    assert_contains(buf_text(&output), "\n  alice-data:\n  bob-data:\n");
    assert_lacks(buf_text(&output), "replace-me");
}

struct path {
    const char *text;
};

static bool generate_once(void *argument, struct fault *own_fault)
{
    const struct path *path = argument;
    struct arena own;
    struct buf text;
    struct source place;
    arena_init(&own);
    buf_init(&text, MOST_BYTES);
    bool ok = generate(&text, &own, path->text, &place, own_fault);
    buf_finish(&text);
    arena_finish(&own);
    return ok;
}

static void test_generate__starves_cleanly(void **state)
{
    (void) state;
    const char *folder = folder_of("services:\n  bot:\n    image: x\n    depends_on: [db]\n  db: {image: postgres}\n");
    folder_add(folder, ".env.a", "BOT_PORT=1\nBOT_VOLUMES=x:/x\n");
    struct path path = { folder_path(folder, "t.yml") };
    starve(generate_once, &path);
}

#define WITH_ALL(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ALL(test_generate__each_bot_has_a_copy_and_the_rest_stays),
        WITH_ALL(test_generate__the_same_comes_every_time),
        WITH_ALL(test_generate__examples_and_other_files_are_passed_over),
        WITH_ALL(test_generate__nothing_of_an_env_file_but_port_and_volumes_is_copied),
        WITH_ALL(test_generate__a_port_stands_where_the_template_wants_it),
        WITH_ALL(test_generate__volumes_are_added_and_declared),
        WITH_ALL(test_generate__env_files_of_the_template_stay_before_the_bots_own),
        WITH_ALL(test_generate__the_migration_comes_first_and_the_others_are_kept),
        WITH_ALL(test_generate__without_a_migration_the_bots_image_migrates),
        WITH_ALL(test_generate__the_migration_has_what_all_bots_share),
        WITH_ALL(test_generate__dangerous_names_are_refused),
        WITH_ALL(test_generate__what_an_env_file_says_wrong_has_its_place),
        WITH_ALL(test_generate__what_cannot_be_copied_has_its_place),
        WITH_ALL(test_generate__the_example_makes_a_file_that_waits),
        WITH_ALL(test_generate__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
