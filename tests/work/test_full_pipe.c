/*
 * Nobody reads the log, and the pipe is full to the last byte: before the run, while it waits, while a migration runs. A signal ends it
 * all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waiting.h"

struct full_pipe {
    const char *path;
    int reader;
    int writer;
};

static struct full_pipe open_pipe(void)
{
    struct full_pipe pipe = { .path = folder_path(folder_new(), "log") };
    must(mkfifo(pipe.path, 0666) == 0, "cannot make a pipe");
    pipe.reader = open(pipe.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    pipe.writer = open(pipe.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    must(pipe.reader >= 0 && pipe.writer >= 0, "cannot open a pipe");
    return pipe;
}

static void fill(const struct full_pipe *pipe)
{
    static const char dust[4096];
    for (size_t size = sizeof dust; size > 0; size /= 2)
        while (write(pipe->writer, dust, size) > 0)
            continue;
    assert_int_equal(errno, EAGAIN);
}

static void close_pipe(const struct full_pipe *pipe)
{
    close(pipe->reader);
    close(pipe->writer);
}

/* Its log goes into the pipe. */
static struct run *begin(const struct full_pipe *pipe, const char *command, const char *migrations, const char *conninfo)
{
    return run_begin(&(struct run_spec){ .program = "/bin/sh",
                                         .arguments = WORDS("-c", must_format("exec \"$0\" \"$@\" > %s", pipe->path),
                                                            run_pgusher(), command, "--migrations", migrations, "--database",
                                                            conninfo, "--interval", "1h", "--log-format", "json") });
}

static void expect_end(struct run *run, int signal_number)
{
    run_signal(run, signal_number);
    struct run_result result = run_end(run);
    assert_int_equal(result.exit_code, 128 + signal_number);
    assert_string_equal(result.errors, "");
}

static void test_full_pipe__a_signal_ends_a_wait(void **state)
{
    (void) state;
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    struct full_pipe pipe = open_pipe();
    PLAY_ONE(first, &silent);
    struct run *run = begin(&pipe, "wait", folder_new(), only(first));
    fake_server_wait_heard(first, "1 startup");
    fill(&pipe);
    expect_end(run, SIGTERM);
    close_pipe(&pipe);
}

static void test_full_pipe__a_signal_ends_a_long_statement(void **state)
{
    (void) state;
    struct full_pipe pipe = open_pipe();
    const char *database = up_database("unread");
    struct run *run = begin(&pipe, "up", FILES({ "1.sql", "CREATE TABLE one (a int); SELECT pg_sleep(600);" }),
                            cluster_url(cluster, database));
    wait_until(database,
               "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");
    fill(&pipe);
    expect_end(run, SIGTERM);
    wait_until(database, NO_SESSION);
    expect_sql(database, "SELECT to_regclass('one') IS NULL", "t");
    close_pipe(&pipe);
}

/* As /proc tells. Nobody else can know when: the program says nothing to anyone. Of the signals it is the one that sh leaves alone. */
static void wait_until_it_catches_sigterm(const struct run *run)
{
    const char *folder = must_format("/proc/%d", (int) run_pid(run));
    static const char label[] = "SigCgt:\t";
    for (int64_t begun = patience_begin();; sched_yield()) {
        const void *mark = must_mark();
        const char *line = strstr(folder_read(folder, "status"), label);
        unsigned long long caught = line != NULL ? strtoull(line + sizeof label - 1, NULL, 16) : 0;
        must_forget(mark);
        if ((caught >> (SIGTERM - 1) & 1) != 0)
            return;
        must(patience_left_ms(begun) > 0, "it never catches SIGTERM");
    }
}

static void test_full_pipe__a_signal_ends_a_run_that_has_not_said_a_word(void **state)
{
    (void) state;
    static const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct full_pipe pipe = open_pipe();
        fill(&pipe);
        struct run *run = begin(&pipe, "wait", folder_new(), only(first));
        wait_until_it_catches_sigterm(run);
        expect_end(run, signals[i]);
        close_pipe(&pipe);
    }
}

static void test_full_pipe__a_signal_ends_help(void **state)
{
    (void) state;
    struct full_pipe pipe = open_pipe();
    fill(&pipe);
    struct run *run = run_begin(&(struct run_spec){
        .program = "/bin/sh",
        .arguments = WORDS("-c", must_format("exec \"$0\" \"$@\" > %s", pipe.path), run_pgusher(), "--help") });
    wait_until_it_catches_sigterm(run);
    expect_end(run, SIGTERM);
    close_pipe(&pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_full_pipe__a_signal_ends_a_wait),
        UP_TEST(test_full_pipe__a_signal_ends_a_long_statement),
        WAIT_TEST(test_full_pipe__a_signal_ends_a_run_that_has_not_said_a_word),
        UP_TEST(test_full_pipe__a_signal_ends_help),
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
