/*
 * What is written about a run, in each of the three formats, into a pipe and on a terminal.
 */
#include <signal.h>
#include <stdlib.h>

#include "up.h"

#define ESCAPE "\x1b"

static const char *three_files(void)
{
    return FILES({ "1_one.sql", "CREATE TABLE one (a int);" }, { "2_two.sql", "SELECT pg_sleep(0.3);" },
                 { "3_three.sql", "DO $$ BEGIN RAISE NOTICE 'heard \"it\" = all\nof it'; END $$;" });
}

static struct run_result run_in(const char *format, int exit_code, bool terminal, const char *folder)
{
    return up_run(&(struct up){ .migrations = folder,
                                .database = up_database("log"),
                                .terminal = terminal,
                                .environment = WORDS(must_format("PGUSHER_LOG_FORMAT=%s", format), "TERM=xterm-256color") },
                  exit_code);
}

static const char *failing_file(void)
{
    return FILES({ "1.sql", "SELECT 1;\nSELECT nothing;" });
}

/* --- json --- */

static const char *word_after(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    assert_non_null(at);
    at += strlen(key);
    return must_keep(at, strcspn(at, "\",}"));
}

static void test_logs__phases_come_in_their_order(void **state)
{
    (void) state;
    static const char order[] = "start discover resolve wait lock plan apply finish";
    struct run_result result = run_in("json", 0, false, three_files());
    size_t last = 0;
    const char *log = result.output;
    for (const char *line = log; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *phase = word_after(line, "\"phase\":\"");
        size_t place = (size_t) (strstr(order, phase) - order);
        if (place < last)
            fail_msg("%s comes too late in:\n%s", phase, log);
        last = place;
    }
}

static void test_logs__phases_that_end_say_how_long_they_took(void **state)
{
    (void) state;
    struct run_result result = run_in("json", 0, false, three_files());
    static const char *const ends[] = {
        "started", "discovered", "ready", "lock_acquired", "planned", "applied", "finished"
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        assert_contains(event_line(result.output, ends[i]), "\"duration_us\":");
    const char *finished = event_line(result.output, "finished");
    static const char *const phases[] = { "start_us", "discover_us", "wait_us", "lock_us", "plan_us", "apply_us" };
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        assert_contains(finished, phases[i]);
    assert_true(strtol(word_after(finished, "\"apply_us\":"), NULL, 10) >= 300000);
    const char *two = event_line_with(result.output, "migration_applied", "2_two.sql");
    assert_true(strtol(word_after(two, "\"duration_us\":"), NULL, 10) >= 300000);
}

static void test_logs__progress_is_told_when_it_happens(void **state)
{
    (void) state;
    const char *database = up_database("progress");
    const char *folder = FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 2;" }, { "3.sql", "SELECT pg_sleep(600);" });
    struct run *run = up_begin(&(struct up){ .migrations = folder, .database = database });
    run_wait_for(run, "\"msg\":\"applied 2.sql");
    assert_int_equal(event_count(run_output(run), "migration_applied"), 2);
    run_signal(run, SIGTERM);
    up_end(run, 143);
}

/* The name that each of a log's lines has. */
static const char *name_of_run(const char *log)
{
    const char *name = word_after(log, "\"run\":\"");
    for (const char *line = log; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_string_equal(word_after(line, "\"run\":\""), name);
    return name;
}

static void test_logs__lines_of_two_runs_can_be_told_apart(void **state)
{
    (void) state;
    const char *one = name_of_run(run_in("json", 0, false, three_files()).output);
    const char *other = name_of_run(run_in("json", 5, false, failing_file()).output);
    assert_string_not_equal(one, other);
}

static void test_logs__debug_says_more_and_error_says_less(void **state)
{
    (void) state;
    const char *database = up_database("level");
    const char *folder = three_files();
    struct run_result most =
        up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--log-level", "debug") }, 0);
    assert_int_equal(event_count(most.output, "migration_started"), 3);
    struct run_result least =
        up_run(&(struct up){ .migrations = folder, .database = database, .arguments = WORDS("--log-level", "error") }, 0);
    assert_string_equal(least.output, "");
    assert_string_equal(least.errors, "");
}

/* --- logfmt and text --- */

static void test_logs__a_pipe_gets_logfmt_by_itself(void **state)
{
    (void) state;
    struct run_result result = run_in("auto", 0, false, three_files());
    assert_int_equal(strncmp(result.output, "ts=20", 5), 0);
    assert_contains(result.output, " level=info phase=apply event=migration_applied target=127.0.0.1:");
    assert_contains(result.output, " migration=1_one.sql statements=1 duration_us=");
    assert_contains(result.output, " message=\"heard \\\"it\\\" = all\\nof it\" ");
    assert_lacks(result.output, ESCAPE);
    assert_lacks(result.output, "\r");
}

static void test_logs__a_failure_in_logfmt_is_one_line(void **state)
{
    (void) state;
    struct run_result result = run_in("logfmt", 5, false, failing_file());
    const char *failed = strstr(result.output, "event=migration_failed");
    assert_non_null(failed);
    failed = must_keep(failed, strcspn(failed, "\n"));
    assert_contains(failed, " migration=1.sql statement=2 line=2 column=8 sqlstate=42703 ");
    assert_contains(failed, "msg=");
}

static void test_logs__text_is_for_people(void **state)
{
    (void) state;
    struct run_result result = run_in("text", 5, false, failing_file());
    assert_contains(result.output, "  error  1.sql:2:8: ERROR 42703: column \"nothing\" does not exist\n");
    assert_contains(result.output, "2 | SELECT nothing;\n");
    assert_contains(result.output, "  info   ");
    assert_lacks(result.output, ESCAPE);
    assert_lacks(result.output, "\r");
    assert_lacks(result.output, "\"event\"");
}

/* --- a terminal --- */

static void test_logs__a_terminal_gets_colour_a_live_line_and_a_summary(void **state)
{
    (void) state;
    struct run_result result = run_in("auto", 0, true, three_files());
    assert_contains(result.output, ESCAPE "[");
    assert_contains(result.output, "\r");
    assert_contains(result.output, "1_one.sql");
    assert_contains(result.output, "done: 3 migrations applied");
    assert_contains(result.output, "apply ");
    assert_lacks(result.output, "event=");
    const char *end = result.output + result.output_size - 1;
    assert_int_equal(*end, '\n');
}

static void test_logs__a_terminal_without_colour_gets_none(void **state)
{
    (void) state;
    struct run_result result =
        up_run(&(struct up){ .migrations = failing_file(),
                             .database = up_database("plain"),
                             .terminal = true,
                             .environment = WORDS("PGUSHER_LOG_FORMAT=auto", "TERM=xterm", "NO_COLOR=1") },
               5);
    assert_lacks(result.output, ESCAPE "[1m");
    assert_lacks(result.output, ESCAPE "[3");
    const char *told = strstr(result.output, "1.sql:2:8: ERROR 42703");
    assert_non_null(told);
    assert_lacks(told + 1, "1.sql:2:8");
}

static const char *result_of(const char *command, bool terminal, const char *variable)
{
    const struct up up = { .command = command,
                           .migrations = three_files(),
                           .database = up_database("result"),
                           .terminal = terminal,
                           .environment = WORDS(variable, "TERM=xterm") };
    return up_run(&up, 0).output;
}

static void test_logs__a_result_has_colour_on_a_terminal_only(void **state)
{
    (void) state;
    static const char *const commands[] = { "status", "plan" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_contains(result_of(commands[i], true, "NO_COLOR="), ESCAPE "[36m");
        assert_lacks(result_of(commands[i], true, "NO_COLOR=1"), ESCAPE);
        assert_lacks(result_of(commands[i], true, "TERM=dumb"), ESCAPE);
        assert_lacks(result_of(commands[i], false, "NO_COLOR="), ESCAPE);
    }
}

static const char *fault_on_terminal(const char *variable)
{
    return run_program(&(struct run_spec){ .program = "/bin/sh",
                                           .arguments = WORDS("-c", "exec \"$0\" upp 2>&1", run_pgusher()),
                                           .environment = WORDS("TERM=xterm", variable),
                                           .terminal = true })
        .output;
}

static void test_logs__a_fault_has_colour_on_a_terminal_only(void **state)
{
    (void) state;
    assert_contains(fault_on_terminal("NO_COLOR="), ESCAPE "[1mpgusher" ESCAPE "[0m: unknown command");
    assert_contains(fault_on_terminal("NO_COLOR=1"), "pgusher: unknown command");
    assert_lacks(fault_on_terminal("NO_COLOR=1"), ESCAPE);
}

static void test_logs__a_dumb_terminal_is_written_to_like_a_pipe(void **state)
{
    (void) state;
    struct run_result result = up_run(&(struct up){ .migrations = three_files(),
                                                    .database = up_database("dumb"),
                                                    .terminal = true,
                                                    .environment = WORDS("PGUSHER_LOG_FORMAT=text", "TERM=dumb") },
                                      0);
    assert_lacks(result.output, ESCAPE);
    assert_lacks(result.output, "\r");
}

static void test_logs__what_a_server_says_cannot_steer_a_terminal(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "DO $$ BEGIN RAISE NOTICE E'\\x1b[2Jgone\\x07\\u009b'; END $$;" },
                               { "2.sql", "SELECT '\x1b[31m' FROM \"\x1b[2Jnowhere\";" });
    struct run_result result = up_run(&(struct up){ .migrations = folder,
                                                    .database = up_database("steer"),
                                                    .terminal = true,
                                                    .environment = WORDS("PGUSHER_LOG_FORMAT=text", "TERM=xterm") },
                                      5);
    assert_lacks(result.output, ESCAPE "[2J");
    assert_lacks(result.errors, ESCAPE "[2J");
    assert_lacks(result.output, "\x07");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_logs__phases_come_in_their_order),
        UP_TEST(test_logs__phases_that_end_say_how_long_they_took),
        UP_TEST(test_logs__progress_is_told_when_it_happens),
        UP_TEST(test_logs__lines_of_two_runs_can_be_told_apart),
        UP_TEST(test_logs__debug_says_more_and_error_says_less),
        UP_TEST(test_logs__a_pipe_gets_logfmt_by_itself),
        UP_TEST(test_logs__a_failure_in_logfmt_is_one_line),
        UP_TEST(test_logs__text_is_for_people),
        UP_TEST(test_logs__a_terminal_gets_colour_a_live_line_and_a_summary),
        UP_TEST(test_logs__a_terminal_without_colour_gets_none),
        UP_TEST(test_logs__a_result_has_colour_on_a_terminal_only),
        UP_TEST(test_logs__a_fault_has_colour_on_a_terminal_only),
        UP_TEST(test_logs__a_dumb_terminal_is_written_to_like_a_pipe),
        UP_TEST(test_logs__what_a_server_says_cannot_steer_a_terminal),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
