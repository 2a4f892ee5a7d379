/*
 * Running programs, tried with the shell; and folders of files, since programs read them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/child.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/run_program.h"
#include "support/testing.h"
#include "support/workspace.h"

#define SHELL(script)                                                                                                       \
    .program = "/bin/sh", .arguments = (const char *const[])                                                                \
    {                                                                                                                       \
        "-c", script, NULL                                                                                                  \
    }

static void test_run__tells_output_errors_and_exit_code_apart(void **state)
{
    (void) state;
    struct run_result result = run_program(&(struct run_spec){ SHELL("echo out; echo err >&2; exit 7") });
    assert_string_equal(result.output, "out\n");
    assert_string_equal(result.errors, "err\n");
    assert_int_equal(result.exit_code, 7);
    assert_int_equal(result.signal, 0);
}

/* Asked at once, and often: a child that was still on its way to its program would hold the other end. */
static void test_run__a_child_that_was_started_holds_nothing_of_ours(void **state)
{
    (void) state;
    const char *const arguments[] = { "true", NULL };
    const struct child_spec nothing = {
        .program = "/bin/true", .arguments = arguments, .input = CHILD_NULL, .output = CHILD_NULL, .errors = CHILD_NULL
    };
    for (int i = 0; i < 50; i++) {
        int ends[2];
        char byte;
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        pid_t pid = child_start(&nothing);
        close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 0);
        close(ends[0]);
        child_wait(pid, "true");
    }
}

static void test_run__the_environment_is_clean_but_for_what_was_given(void **state)
{
    (void) state;
    setenv("PGHOST", "elsewhere", 1);
    struct run_result result = run_program(&(struct run_spec){
        SHELL("echo \"[$PGHOST][$GIVEN]\"; pwd; ls"),
        .environment = (const char *const[]){ "GIVEN=a b", NULL },
        .folder = folder_with((const struct folder_file[]){ { "one.sql", "SELECT 1;" }, { 0 } }),
    });
    unsetenv("PGHOST");
    assert_contains(result.output, "[][a b]\n");
    assert_contains(result.output, workspace_folder());
    assert_contains(result.output, "\none.sql\n");
}

static void test_run__a_signal_goes_out_when_a_text_has_come(void **state)
{
    (void) state;
    struct run *run =
        run_begin(&(struct run_spec){ SHELL("trap 'echo caught; exit 3' TERM; echo ready; while :; do :; done") });
    run_wait_for(run, "ready");
    assert_lacks(run_output(run), "caught");
    run_signal(run, SIGTERM);
    run_wait_for(run, "caught");
    assert_int_equal(run_end(run).exit_code, 3);
}

static void test_run__a_killed_program_has_a_signal_and_no_exit_code(void **state)
{
    (void) state;
    struct run_result result = run_program(&(struct run_spec){ SHELL("kill -9 $$") });
    assert_int_equal(result.exit_code, -1);
    assert_int_equal(result.signal, SIGKILL);
}

static void test_run__reads_its_input(void **state)
{
    (void) state;
    struct run_result result = run_program(&(struct run_spec){ .program = "/bin/cat", .input = "one\ntwo\n" });
    assert_string_equal(result.output, "one\ntwo\n");
}

static void test_run__more_output_than_a_pipe_holds(void **state)
{
    (void) state;
    struct run_result result = run_program(&(struct run_spec){ SHELL("head -c 3000000 /dev/zero | tr '\\0' x") });
    assert_int_equal(result.output_size, 3000000);
}

static void test_run__a_terminal_is_a_terminal(void **state)
{
    (void) state;
    struct run_result result =
        run_program(&(struct run_spec){ SHELL("test -t 1 && echo yes; stty size <&1"), .terminal = true });
    assert_string_equal(result.output, "yes\n30 100\n");
    assert_int_not_equal(run_program(&(struct run_spec){ SHELL("test -t 1") }).exit_code, 0);
}

static void test_run__starts_without_a_stdout(void **state)
{
    (void) state;
    struct run_result result =
        run_program(&(struct run_spec){ SHELL("test -e /proc/$$/fd/1 && exit 1; exit 0"), .output_closed = true });
    assert_int_equal(result.exit_code, 0);
}

static void test_run__names_resolve_as_the_hosts_file_says(void **state)
{
    (void) state;
    const char *folder = folder_new();
    const char *hosts = folder_path(folder, "hosts");
    const struct run_spec spec = {
        SHELL("getent ahosts db.test | cut -d' ' -f1 | uniq; getent ahosts ::1 > /dev/null && echo 6"), .hosts = hosts
    };
    assert_string_equal(run_program(&spec).output, "6\n");
    folder_add(folder, "hosts", "other.test 127.0.0.9\ndb.test 127.0.0.2 127.0.0.1\n");
    assert_string_equal(run_program(&spec).output, "127.0.0.2\n127.0.0.1\n6\n");
    folder_add(folder, "hosts", "db.test\n");
    assert_string_equal(run_program(&spec).output, "6\n");
}

static void test_run__an_unprivileged_program_may_not_read_everything(void **state)
{
    (void) state;
    const char *folder = folder_new();
    const char *secret = folder_add(folder, "secret", "hush");
    folder_chmod(folder, "secret", 0);
    struct run_result result =
        run_program(&(struct run_spec){ SHELL(must_format("id -u; cat %s", secret)), .unprivileged = true });
    assert_int_not_equal(result.exit_code, 0);
    assert_contains(result.errors, "Permission denied");
    assert_string_equal(result.output, must_format("%d\n", (int) workspace_user()->uid));
}

static void test_folder__holds_bytes_as_they_are(void **state)
{
    (void) state;
    const char *folder = folder_with((const struct folder_file[]){ { "text.sql", "SELECT 1;\n" }, { 0 } });
    folder_add_bytes(folder, "nul.sql", "a\0b", 3);
    assert_memory_equal(folder_read(folder, "nul.sql"), "a\0b", 4);
    assert_string_equal(folder_read(folder, "text.sql"), "SELECT 1;\n");
    folder_add_symlink(folder, "link.sql", "text.sql");
    assert_string_equal(folder_read(folder, "link.sql"), "SELECT 1;\n");
    folder_remove(folder, "link.sql");
    assert_int_not_equal(access(folder_path(folder, "link.sql"), F_OK), 0);
}

static int end_runs(void **state)
{
    (void) state;
    run_end_all();
    return 0;
}

#define RUN_TEST(test) cmocka_unit_test_teardown(test, end_runs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_run__tells_output_errors_and_exit_code_apart),
        RUN_TEST(test_run__a_child_that_was_started_holds_nothing_of_ours),
        RUN_TEST(test_run__the_environment_is_clean_but_for_what_was_given),
        RUN_TEST(test_run__a_signal_goes_out_when_a_text_has_come),
        RUN_TEST(test_run__a_killed_program_has_a_signal_and_no_exit_code),
        RUN_TEST(test_run__reads_its_input),
        RUN_TEST(test_run__more_output_than_a_pipe_holds),
        RUN_TEST(test_run__a_terminal_is_a_terminal),
        RUN_TEST(test_run__starts_without_a_stdout),
        RUN_TEST(test_run__names_resolve_as_the_hosts_file_says),
        RUN_TEST(test_run__an_unprivileged_program_may_not_read_everything),
        RUN_TEST(test_folder__holds_bytes_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
