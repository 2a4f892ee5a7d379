/* The whole program: exit codes, what is written where, and the build without it. */
#include "support/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/must.h"
#include "support/run_program.h"

static const char broken[] = "services:\n"
                             "  db:\n"
                             "    image: postgres\n"
                             "  db-migrate:\n"
                             "    image: pgusher\n"
                             "    restart: always\n"
                             "  bot:\n"
                             "    image: bot\n"
                             "    env_file: bot.env\n";

static struct run_result run_in(const char *folder, const char *const *arguments)
{
    return run_program(&(struct run_spec){ .arguments = arguments, .folder = folder });
}

#define RUN(folder, ...) run_in(folder, (const char *const[]){ __VA_ARGS__, NULL })

static const char *folder_with_compose(void)
{
    const char *folder = folder_new();
    folder_add(folder, "compose.yml", broken);
    folder_add(folder, "bot.env", "DATABASE_URL=postgres://bot:secret@db/bot\n");
    return folder;
}

static void test_program__findings_are_shown_and_exit_with_8(void **state)
{
    (void) state;
    struct run_result result = RUN(folder_with_compose(), "compose", "check", "compose.yml");
    assert_int_equal(result.exit_code, 8);
    assert_string_equal(result.errors, "");
    assert_contains(result.output, "compose.yml:6:5: db-migrate migrates and would be started again (restart: always)");
    assert_contains(result.output, "   6 |     restart: always\n     |     ^\n");
    assert_contains(result.output, "bot uses the database (DATABASE_URL in bot.env) and does not wait for db-migrate");
    assert_contains(result.output, "compose.yml: 2 findings, 2 of which --fix can fix\n");
    assert_lacks(result.output, "secret");
}

static void test_program__what_is_fixed_is_clean(void **state)
{
    (void) state;
    struct stat status;
    const char *folder = folder_with_compose();
    folder_chmod(folder, "compose.yml", 0604);
    struct run_result result = RUN(folder, "compose", "check", "--fix", "compose.yml");
    assert_int_equal(result.exit_code, 0);
    assert_contains(result.output, "compose.yml: 2 fixed, nothing to do");
    assert_contains(folder_read(folder, "compose.yml"), "    restart: \"no\"\n");
    assert_contains(folder_read(folder, "compose.yml"),
                    "      db-migrate:\n        condition: service_completed_successfully\n");
    assert_int_equal(stat(folder_path(folder, "compose.yml"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0604);
    assert_int_equal(RUN(folder, "compose", "check", "compose.yml").exit_code, 0);
}

static void test_program__a_file_without_findings_is_not_written(void **state)
{
    (void) state;
    struct stat before;
    struct stat after;
    const char *folder = folder_new();
    const char *path = folder_add(folder, "compose.yml", "services: {}\n");
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(RUN(folder, "compose", "check", "--fix", "compose.yml").exit_code, 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
}

static void test_program__json_goes_to_stdout_with_the_same_code(void **state)
{
    (void) state;
    struct run_result result = RUN(folder_with_compose(), "compose", "check", "--json", "compose.yml");
    assert_int_equal(result.exit_code, 8);
    assert_contains(result.output, "\"rule\":\"would-restart\"");
    assert_int_equal(result.output[0], '{');
    assert_string_equal(result.errors, "");
}

static void test_program__what_cannot_be_read_exits_with_2(void **state)
{
    (void) state;
    const char *folder = folder_new();
    struct run_result result = RUN(folder, "compose", "check", "none.yml");
    assert_int_equal(result.exit_code, 2);
    assert_contains(result.errors, "cannot read \"none.yml\": No such file or directory");
    folder_add(folder, "a.yml", "services: [\n");
    result = RUN(folder, "compose", "check", "a.yml");
    assert_int_equal(result.exit_code, 2);
    assert_contains(result.errors, "a.yml:2:1: the file is no YAML");
    assert_string_equal(result.output, "");
}

static void test_program__the_example_of_this_repository_is_clean(void **state)
{
    (void) state;
    struct run_result result = RUN(folder_new(), "compose", "check", EXAMPLE);
    assert_int_equal(result.exit_code, 0);
    assert_contains(result.output, "nothing to do; 3 services use the database and wait for db-migrate");
}

static void test_program__a_file_is_generated_to_stdout_or_to_a_file(void **state)
{
    (void) state;
    const char *folder = folder_new();
    folder_add(folder, "compose.template.yml", "services:\n  bot:\n    image: bot\n");
    folder_add(folder, ".env.alice", "BOT_PORT=8081\nTOKEN=secret\n");
    struct run_result result = RUN(folder, "compose", "generate");
    assert_int_equal(result.exit_code, 0);
    assert_contains(result.output, "  alice-bot:\n    image: bot\n");
    assert_lacks(result.output, "secret");
    assert_int_equal(RUN(folder, "compose", "generate", "--output", "compose.yml").exit_code, 0);
    assert_string_equal(folder_read(folder, "compose.yml"), result.output);
    assert_int_equal(RUN(folder, "compose", "check", "compose.yml").exit_code, 0);
}

static void test_program__the_template_is_not_replaced_by_whatever_name(void **state)
{
    (void) state;
    static const char *const names[] = { "compose.template.yml", "./compose.template.yml", "link.yml" };
    static const char template[] = "services:\n  bot:\n    image: bot\n";
    const char *folder = folder_new();
    folder_add(folder, "compose.template.yml", template);
    folder_add(folder, ".env.alice", "");
    must(symlink("compose.template.yml", folder_path(folder, "link.yml")) == 0, "no link");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct run_result result = RUN(folder, "compose", "generate", "--output", names[i]);
        assert_int_equal(result.exit_code, 2);
        assert_contains(result.errors, "the output would replace the template");
        assert_string_equal(folder_read(folder, "compose.template.yml"), template);
    }
}

static void test_program__what_is_wrong_in_an_env_file_is_shown_there(void **state)
{
    (void) state;
    const char *folder = folder_new();
    folder_add(folder, "t.yml", "services:\n  bot:\n    image: bot\n");
    folder_add(folder, ".env.alice", "TOKEN=secret\nBOT_PORT=http\n");
    struct run_result result = RUN(folder, "compose", "generate", "--template", "t.yml");
    assert_int_equal(result.exit_code, 2);
    assert_contains(result.errors,
                    ".env.alice:2:10: BOT_PORT is no port from 1 to 65535\n   2 | BOT_PORT=http\n     |          ^\n");
    assert_string_equal(result.output, "");
}

static void test_program__a_build_without_it_says_so(void **state)
{
    (void) state;
    static const char *const commands[] = { "check", "generate" };
    for (size_t i = 0; i < 2; i++) {
        struct run_result result = run_program(&(struct run_spec){
            .program = PGUSHER_WITHOUT_COMPOSE,
            .arguments = (const char *const[]){ "compose", commands[i], i == 0 ? "compose.yml" : NULL, NULL },
        });
        assert_int_equal(result.exit_code, 2);
        assert_contains(result.errors, "this build of pgusher leaves compose out");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program__findings_are_shown_and_exit_with_8),
        cmocka_unit_test(test_program__what_is_fixed_is_clean),
        cmocka_unit_test(test_program__a_file_without_findings_is_not_written),
        cmocka_unit_test(test_program__json_goes_to_stdout_with_the_same_code),
        cmocka_unit_test(test_program__what_cannot_be_read_exits_with_2),
        cmocka_unit_test(test_program__the_example_of_this_repository_is_clean),
        cmocka_unit_test(test_program__a_file_is_generated_to_stdout_or_to_a_file),
        cmocka_unit_test(test_program__the_template_is_not_replaced_by_whatever_name),
        cmocka_unit_test(test_program__what_is_wrong_in_an_env_file_is_shown_there),
        cmocka_unit_test(test_program__a_build_without_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
