/*
 * `wait` for many targets, against scripted servers: what is counted, when it ends and with which exit code, and what it tells.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/log_schema.h"
#include "waiting.h"

#define QUICK "--interval", "100ms"

/* A run of `wait` that names no server but its targets. */
static struct run *begin(const char *const *words)
{
    return up_begin(&(struct up){ .command = "wait", .arguments = words });
}

static const char *log_of(const char *const *words, int exit_code)
{
    return up_end(begin(words), exit_code).output;
}

static const char *value(const char *line, const char *name)
{
    const char *at = strstr(line, must_format("\"%s\":", name));
    must(at != NULL, "no %s in %s", name, line);
    at += strlen(name) + 3;
    return must_keep(at, strcspn(at, ",}"));
}

static const char *label(const struct fake_server *server)
{
    return must_format("127.0.0.1:%d", fake_server_port(server));
}

/* --- what is counted --------------------------------------------------------------------------------------------------- */

static void test_crowd__all_that_are_named_have_to_be_ready(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    struct run *run = begin(WORDS("--target", only(first), "--target", only(second), QUICK, "--attempts", "600"));
    run_wait_for(run, "1 of 2 ready; 1 connection refused");
    PLAY_ONE(second, &visit_standby);
    const char *log = up_end(run, 0).output;
    const char *ready = event_line(log, "crowd_ready");
    assert_string_equal(value(ready, "targets"), "2");
    assert_string_equal(value(ready, "ready"), "2");
    assert_string_equal(value(ready, "primaries"), "1");
    assert_string_equal(value(ready, "standbys"), "1");
    assert_contains(event_line_with(log, "target_changed", label(first)), "\"role\":\"primary\"");
}

static void test_crowd__any_of_them_are_enough_if_that_is_what_is_needed(void **state)
{
    (void) state;
    PLAY_ONE(second, &visit_primary);
    const char *log = log_of(WORDS("--target", only(first), "--target", only(second), "--need", "any=1"), 0);
    assert_string_equal(value(event_line(log, "crowd_ready"), "ready"), "1");
}

static void test_crowd__roles_are_counted(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_standby);
    log_of(WORDS("--database", both(), "--need", "primary=1,standby>=1"), 0);
    PLAY_ONE(second, &visit_primary);
    const char *log =
        log_of(WORDS("--database", both(), "--need", "primary=1", "--timeout", "2s", "--interval", "500ms"), 3);
    const char *failed = event_line(log, "failed");
    assert_contains(failed, "the need primary=1 was not met (login) within --timeout 2s: primary 2 of 1");
    assert_contains(failed, "too many primaries: 127.0.0.1:");
}

static void test_crowd__a_promotion_is_waited_for(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_standby);
    PLAY_ONE(second, &visit_standby);
    struct run *run = begin(WORDS("--database", both(), "--need", "primary=1,standby=1", QUICK, "--attempts", "600"));
    run_wait_for(run, "primary 0 of 1, standby 2 of 1");
    PLAY_ONE(first, &visit_primary);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line_with(log, "target_changed", "\"role\":\"primary\""), label(first));
}

/* What was a standby when it was last looked at, a few intervals ago, is a primary by the time that another one comes up. */
static void test_crowd__one_primary_too_many_is_looked_for_among_those_that_are_ready(void **state)
{
    enum { LOOKS = 7, WINDOWS = 3 }; /* the rest behind that look is some ten intervals long */
    (void) state;
    PLAY_ONE(second, &visit_standby);
    struct run *run = begin(WORDS("--database", both(), "--need", "primary=1", "--interval", "300ms", "--attempts", "600"));
    fake_server_wait_connections(second, LOOKS);
    fake_server_script(second, &visit_primary, 1);
    run_wait_for(run, "\"event\":\"crowd_waiting\"");
    run_wait_for_times(run, event_count(run_output(run), "crowd_waiting") + WINDOWS, "\"event\":\"crowd_waiting\"");
    PLAY_ONE(first, &visit_primary);
    run_wait_for(run, "primary 2 of 1");
    run_signal(run, SIGTERM);
    up_end(run, 143);
}

/* As for libpq, a connection string with several hosts is one target; only --need makes each host count. */
static void test_crowd__several_hosts_are_one_target_unless_there_is_a_need(void **state)
{
    (void) state;
    PLAY_ONE(second, &visit_primary);
    const char *log = log_of(WORDS("--target", both(), QUICK), 0);
    assert_string_equal(value(event_line(log, "crowd_ready"), "targets"), "1");
    log = log_of(WORDS("--target", both(), "--need", "all", QUICK, "--attempts", "2"), 3);
    assert_string_equal(value(event_line(log, "crowd_started"), "targets"), "2");
}

/* --- the last answer counts -------------------------------------------------------------------------------------------- */

static void test_crowd__one_that_was_ready_and_went_away_is_not_ready(void **state)
{
    static const struct fake_reply primary[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { { .replies = primary }, STARTING_UP, STARTING_UP, { .replies = primary } };
    (void) state;
    PLAY(first, visits);
    struct run *run = begin(WORDS("--target", only(first), "--target", only(second), QUICK, "--attempts", "600"));
    run_wait_for(run, "the database system is starting up");
    PLAY_ONE(second, &visit_primary);
    const char *log = up_end(run, 0).output;
    assert_true(fake_server_connections(first) >= 4);
    assert_contains(event_line_with(log, "target_changed", "57P03"), label(first));
}

static void test_crowd__stable_means_good_answers_in_a_row(void **state)
{
    static const struct fake_reply primary[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = {
        { .replies = primary }, { .replies = primary }, STARTING_UP, { .replies = primary }
    };
    (void) state;
    PLAY(first, visits);
    log_of(WORDS("--database", only(first), "--stable", "3", "--interval", "1s"), 0);
    assert_int_equal(fake_server_connections(first), 6); /* two, a bad one, and then three */
}

/* --- the end ----------------------------------------------------------------------------------------------------------- */

static void test_crowd__when_time_is_up_the_last_thing_seen_at_each_missing_one_is_told(void **state)
{
    static const struct fake_visit starting = STARTING_UP;
    (void) state;
    PLAY_ONE(second, &starting);
    const char *log = log_of(WORDS("--target", only(first), "--target", only(second), "--timeout", "700ms", QUICK), 3);
    assert_int_equal(event_count(log, "target_missing"), 2);
    assert_contains(event_line_with(log, "target_missing", label(first)), "\"seen\":\"connection refused\"");
    assert_contains(event_line_with(log, "target_missing", label(second)), "\"sqlstate\":\"57P03\"");
    assert_contains(event_line(log, "failed"), must_format("%s/d connection refused", label(first)));
    assert_contains(event_line(log, "failed"), "within --timeout 700ms");
}

static void test_crowd__a_refusal_for_good_ends_it_when_all_are_needed(void **state)
{
    static const struct fake_visit refusing = REFUSING("28P01", "password authentication failed for user \"u\"");
    (void) state;
    PLAY_ONE(second, &refusing);
    const char *log = log_of(WORDS("--target", only(first), "--target", only(second), "--grace", "0"), 4);
    assert_contains(event_line(log, "target_refused"), label(second));
    assert_contains(event_line(log, "failed"), "password authentication failed");
    assert_contains(event_line(log, "failed"), "\"sqlstate\":\"28P01\"");
}

static void test_crowd__a_refusal_for_good_does_not_end_it_while_others_may_do(void **state)
{
    static const struct fake_visit refusing = REFUSING("3D000", "database \"d\" does not exist");
    (void) state;
    PLAY_ONE(second, &refusing);
    struct run *run = begin(WORDS("--database", both(), "--need", "any=1", "--grace", "0", QUICK, "--attempts", "600"));
    run_wait_for(run, "target_refused");
    unsigned asked = fake_server_connections(second);
    PLAY_ONE(first, &visit_primary);
    up_end(run, 0);
    assert_int_equal(fake_server_connections(second), asked); /* who refuses for good is left alone */
}

static void test_crowd__what_contradicts_itself_is_refused_at_once(void **state)
{
    (void) state;
    const char *log = log_of(WORDS("--database", both(), "--need", "any=3"), 2);
    assert_contains(event_line(log, "failed"), "cannot be met by 2 targets");
    log_of(WORDS("--database", both(), "--need", "primary=1,standby>=2"), 2);
    assert_contains(up_end(begin(WORDS("--database", both(), "--need", "standby=1", "--until", "writable")), 2).errors,
                    "does not go with --until writable");
}

static void test_crowd__a_signal_ends_it(void **state)
{
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    (void) state;
    PLAY_ONE(first, &silent);
    PLAY_ONE(second, &visit_primary);
    struct run *run = begin(WORDS("--target", only(first), "--target", only(second)));
    run_wait_for(run, "target_changed");
    run_signal(run, SIGTERM);
    const char *log = up_end(run, 128 + SIGTERM).output;
    assert_int_equal(event_count(log, "stopping"), 1);
    assert_contains(event_line(log, "finished"), "\"outcome\":\"signal\"");
}

/* --- what is told ------------------------------------------------------------------------------------------------------ */

static void test_crowd__a_knock_is_no_event_but_a_change_of_rung_is(void **state)
{
    static const struct fake_visit starting = STARTING_UP;
    (void) state;
    PLAY_ONE(first, &starting);
    PLAY_ONE(second, &visit_primary);
    const char *log =
        log_of(WORDS("--target", only(first), "--target", only(second), "--interval", "1s", "--attempts", "2"), 3);
    assert_true(fake_server_connections(first) > 5);
    assert_int_equal(event_count(log, "target_changed"), 2);
    assert_int_equal(event_count(log, "knocked"), 0);
    assert_int_equal(event_count(log, "crowd_waiting"), 2);
    assert_string_equal(value(event_line_with(log, "target_changed", label(first)), "rung"), "\"listening\"");
}

static void test_crowd__the_result_is_as_its_schema_says(void **state)
{
    static const struct fake_visit refusing = REFUSING("28P01", "no");
    (void) state;
    PLAY_ONE(first, &visit_standby);
    PLAY_ONE(second, &visit_primary);
    struct run_result result = up_end(begin(WORDS("--target", only(first), "--target", only(second), "--json")), 0);
    assert_readiness_is_valid(result.output);
    assert_contains(result.output, "\"outcome\":\"ok\",\"exit_code\":0");
    assert_contains(result.output, "\"role\":\"standby\"");
    assert_contains(result.errors, "\"crowd_ready\"");
    result = up_end(begin(WORDS("--target", only(first), "--until", "accepting", "--json")), 0);
    assert_readiness_is_valid(result.output);
    assert_contains(result.output, "\"rung\":\"accepting\",\"role\":null");
    assert_contains(result.output, "\"query_us\":null");
    PLAY_ONE(second, &refusing);
    result = up_end(begin(WORDS("--database", both(), "--need", "any=2", "--json", "--grace", "0")), 4);
    assert_readiness_is_valid(result.output);
    assert_contains(result.output, "\"state\":\"refused\"");
    assert_contains(result.output, "\"sqlstate\":\"28P01\"");
}

static void test_crowd__a_password_is_never_shown(void **state)
{
    static const struct fake_reply primary[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit strict = { .replies = primary, .password = "other" };
    (void) state;
    PLAY_ONE(first, &strict);
    const char *url = must_format("postgresql://u:Xq7zSecretW@127.0.0.1:%d/d?sslmode=disable", fake_server_port(first));
    struct run_result result =
        up_end(begin(WORDS("--target", url, "--grace", "0", "--log-level", "debug", "--json", "--until", "login")), 4);
    assert_contains(fake_server_heard(first), "password Xq7zSecretW");
    assert_lacks(result.output, "Xq7zSecretW");
    assert_lacks(result.errors, "Xq7zSecretW");
}

static struct run_result run_into_full_disk(const char *until)
{
    return run_program(
        &(struct run_spec){ .program = "/bin/sh",
                            .arguments = WORDS("-c", "exec \"$0\" \"$@\" > /dev/full", run_pgusher(), "wait", "--target",
                                               only(first), "--until", until, "--attempts", "1", "--interval", "10s",
                                               "--grace", "0", "--json", "--log-format", "json") });
}

static void test_crowd__a_result_that_cannot_be_written_hides_no_other_failure(void **state)
{
    (void) state;
    static const struct fake_visit refusing = REFUSING("28P01", "password authentication failed");
    PLAY_ONE(first, &refusing);
    struct run_result result = run_into_full_disk("login");
    assert_int_equal(result.exit_code, 4);
    assert_contains(event_line(result.errors, "failed"), "\"outcome\":\"refused\"");
    result = run_into_full_disk("accepting");
    assert_int_equal(result.exit_code, 1);
    assert_contains(event_line(result.errors, "failed"), "cannot write the result on stdout: No space left on device");
}

/* With its log on the same terminal. */
static struct run *begin_on_terminal(const char *grace)
{
    return run_begin(&(struct run_spec){ .program = "/bin/sh",
                                         .arguments = WORDS("-c", "exec \"$0\" \"$@\" 2>&1", run_pgusher(), "wait",
                                                            "--target", only(first), "--grace", grace, "--json"),
                                         .environment = WORDS("TERM=xterm", "NO_COLOR=1"),
                                         .terminal = true });
}

static void expect_whole_result(const char *output)
{
    const char *result = strstr(output, "{\n  \"outcome\"");
    must(result != NULL, "there is no result in %s", output);
    assert_lacks(result, "\033");
    size_t before = (size_t) (result - output);
    bool at_beginning = before > 0 && (result[-1] == '\n' || result[-1] == 'K' || result[-1] == 'J');
    assert_true(at_beginning);
}

static void test_crowd__a_result_and_a_table_on_one_terminal(void **state)
{
    (void) state;
    static const struct fake_visit refusing = REFUSING("28P01", "password authentication failed");
    PLAY_ONE(first, &refusing);
    struct run *run = begin_on_terminal("300ms");
    run_wait_for(run, "waiting for 1 target");
    struct run_result result = run_end(run);
    assert_int_equal(result.exit_code, 4);
    expect_whole_result(result.output);
    run = begin_on_terminal("1h");
    run_wait_for(run, "waiting for 1 target");
    run_signal(run, SIGINT);
    result = run_end(run);
    assert_int_equal(result.exit_code, 128 + SIGINT);
    expect_whole_result(result.output);
}

/* --- lists ------------------------------------------------------------------------------------------------------------- */

static void test_crowd__targets_come_from_a_file_and_from_stdin(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_standby);
    const char *list = must_format("# two\n%s\n\n  %s\n", only(first), only(second));
    const char *path = folder_add(folder_new(), "hosts", list);
    assert_string_equal(value(event_line(log_of(WORDS("--targets", path), 0), "crowd_ready"), "ready"), "2");
    struct run_result result = run_program(&(struct run_spec){
        .arguments = WORDS("wait", "--targets", "-", "--target", only(first), "--log-format", "json"), .input = list });
    assert_int_equal(result.exit_code, 0);
    assert_string_equal(value(event_line(result.output, "crowd_ready"), "ready"), "3");
}

/* Nobody has opened its other end. */
static void test_crowd__a_signal_ends_the_opening_of_a_list(void **state)
{
    (void) state;
    const char *pipe = folder_path(folder_new(), "list");
    must(mkfifo(pipe, 0666) == 0, "cannot make a pipe");
    struct run *run = begin(WORDS("--targets", pipe));
    run_wait_for(run, "\"event\":\"started\"");
    up_stop_run(run, SIGTERM);
}

/* The one that opens it comes late, and pauses. */
static void test_crowd__a_list_may_come_late(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *pipe = folder_path(folder_new(), "list");
    must(mkfifo(pipe, 0666) == 0, "cannot make a pipe");
    struct run *run = begin(WORDS("--targets", pipe));
    run_wait_for(run, "\"event\":\"started\"");
    int writer = open(pipe, O_WRONLY | O_CLOEXEC);
    const char *line = must_format("%s\n", only(first));
    must(write(writer, line, strlen(line)) == (ssize_t) strlen(line), "cannot write");
    close(writer);
    up_end(run, 0);
}

/* Who would go on with the list holds stdin open, and says no more. */
static void test_crowd__a_signal_ends_the_reading_of_a_list(void **state)
{
    (void) state;
    static const int signals[] = { SIGTERM, SIGINT };
    const char *pipe = folder_path(folder_new(), "list");
    must(mkfifo(pipe, 0666) == 0, "cannot make a pipe");
    int writer = open(pipe, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct run *run = run_begin(
            &(struct run_spec){ .program = "/bin/sh",
                                .arguments = WORDS("-c", must_format("exec \"$0\" \"$@\" < %s", pipe), run_pgusher(), "wait",
                                                   "--targets", "-", "--log-format", "json") });
        run_wait_for(run, "\"event\":\"started\"");
        up_stop_run(run, signals[i]);
    }
    close(writer);
}

/* All of them want to begin in the same turn of the loop, and each needs a descriptor. */
static void test_crowd__few_descriptors_serve_many_targets(void **state)
{
    enum { TARGETS = 100 };
    (void) state;
    struct bytes list = { 0 };
    for (int i = 0; i < TARGETS; i++)
        bytes_add_format(&list, "%s\n", only(first));
    bytes_add(&list, "", 1);
    const char *path = folder_add(folder_new(), "hosts", list.at);
    bytes_finish(&list);
    PLAY_ONE(first, &visit_primary);
    struct run_result result = run_program(&(struct run_spec){
        .program = "/bin/sh",
        .arguments = WORDS("-c", "ulimit -n 40; exec \"$0\" \"$@\"", run_pgusher(), "wait", "--targets", path,
                           "--host-concurrency", "256", "--log-format", "json", "--log-level", "debug") });
    assert_int_equal(result.exit_code, 0);
    assert_string_equal(value(event_line(result.output, "crowd_ready"), "ready"), "100");
    assert_lacks(result.output, "Too many open files");
}

static void test_crowd__a_line_that_is_no_target_is_named_and_not_shown(void **state)
{
    (void) state;
    const char *path = folder_add(folder_new(), "hosts", "host=a\n\n \tXq7zSecretW\n");
    const char *log = log_of(WORDS("--targets", path), 2);
    assert_contains(log, must_format("%s:3:3", path));
    assert_lacks(log, "Xq7zSecretW");
    path = folder_add(folder_new(), "hosts", "host=a\npostgresql://a/?Xq7zSecretW=1\n");
    log = log_of(WORDS("--targets", path), 2);
    assert_contains(log, must_format("%s:2:1", path));
    assert_lacks(log, "Xq7zSecretW");
    path = folder_add(folder_new(), "hosts", "# nobody\n");
    assert_contains(log_of(WORDS("--targets", path), 2), "there is no target in");
}

static void test_crowd__what_a_target_does_not_say_comes_from_the_main_configuration(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    log_of(WORDS("--target", must_format("host=127.0.0.1 port=%d", fake_server_port(first)), "--target",
                 must_format("host=127.0.0.1 port=%d user=other", fake_server_port(first)), "-U", "main", "-d", "shop", "-h",
                 "nowhere.invalid"),
           0);
    assert_contains(fake_server_heard(first), "user=main database=shop");
    assert_contains(fake_server_heard(first), "user=other database=shop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_crowd__all_that_are_named_have_to_be_ready),
        WAIT_TEST(test_crowd__any_of_them_are_enough_if_that_is_what_is_needed),
        WAIT_TEST(test_crowd__roles_are_counted),
        WAIT_TEST(test_crowd__a_promotion_is_waited_for),
        WAIT_TEST(test_crowd__one_primary_too_many_is_looked_for_among_those_that_are_ready),
        WAIT_TEST(test_crowd__several_hosts_are_one_target_unless_there_is_a_need),
        WAIT_TEST(test_crowd__one_that_was_ready_and_went_away_is_not_ready),
        WAIT_TEST(test_crowd__stable_means_good_answers_in_a_row),
        WAIT_TEST(test_crowd__when_time_is_up_the_last_thing_seen_at_each_missing_one_is_told),
        WAIT_TEST(test_crowd__a_refusal_for_good_ends_it_when_all_are_needed),
        WAIT_TEST(test_crowd__a_refusal_for_good_does_not_end_it_while_others_may_do),
        WAIT_TEST(test_crowd__what_contradicts_itself_is_refused_at_once),
        WAIT_TEST(test_crowd__a_signal_ends_it),
        WAIT_TEST(test_crowd__a_knock_is_no_event_but_a_change_of_rung_is),
        WAIT_TEST(test_crowd__the_result_is_as_its_schema_says),
        WAIT_TEST(test_crowd__a_password_is_never_shown),
        WAIT_TEST(test_crowd__a_result_that_cannot_be_written_hides_no_other_failure),
        WAIT_TEST(test_crowd__a_result_and_a_table_on_one_terminal),
        WAIT_TEST(test_crowd__targets_come_from_a_file_and_from_stdin),
        WAIT_TEST(test_crowd__a_signal_ends_the_opening_of_a_list),
        WAIT_TEST(test_crowd__a_list_may_come_late),
        WAIT_TEST(test_crowd__a_signal_ends_the_reading_of_a_list),
        WAIT_TEST(test_crowd__few_descriptors_serve_many_targets),
        WAIT_TEST(test_crowd__a_line_that_is_no_target_is_named_and_not_shown),
        WAIT_TEST(test_crowd__what_a_target_does_not_say_comes_from_the_main_configuration),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
