/*
 * How many connections a crowd has open at a time, counted by the server that they come to.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "waiting.h"

enum { TARGETS = 12, MOST_CONNECTIONS = 400 };

/* The same server many times. */
static const char *list_of(int targets, const char *further)
{
    struct bytes list = { 0 };
    for (int i = 0; i < targets; i++)
        bytes_add_format(&list, "%s %s\n", only(first), further);
    bytes_add(&list, "", 1);
    const char *path = folder_add(folder_new(), "hosts", list.at);
    bytes_finish(&list);
    return path;
}

/* Whoever has said goodbye is as good as gone. */
static int most_open(const char *heard)
{
    bool is_open[MOST_CONNECTIONS] = { false };
    int open = 0;
    int most = 0;
    for (const char *line = heard; line != NULL && *line != '\0';
         line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        char *word;
        long number = strtol(line, &word, 10);
        if (word == line || number < 0 || number >= MOST_CONNECTIONS)
            continue;
        bool begins = strncmp(word, " startup", 8) == 0;
        bool ends = strncmp(word, " X", 2) == 0 || strncmp(word, " gone", 5) == 0;
        open += begins;
        open -= ends && is_open[number];
        is_open[number] = begins || (is_open[number] && !ends);
        most = open > most ? open : most;
    }
    return most;
}

static void expect_most_open(const char *option, int bound)
{
    PLAY_ONE(first, &visit_primary);
    up_run(&(struct up){ .command = "wait",
                         .arguments = WORDS("--targets", list_of(TARGETS, ""), option, must_format("%d", bound)) },
           0);
    assert_in_range(fake_server_connections(first), TARGETS, MOST_CONNECTIONS - 1);
    assert_in_range(most_open(fake_server_heard(first)), 1, bound);
}

static void test_bounds__so_many_are_open_at_a_time(void **state)
{
    (void) state;
    expect_most_open("--concurrency", 3);
}

static void test_bounds__so_many_are_open_to_one_server(void **state)
{
    (void) state;
    expect_most_open("--host-concurrency", 2);
}

/* --- those that are kept ----------------------------------------------------------------------------------------------- */

/* The server's process is that of the connection, as where there is no pooler; whoever comes later finds one. */
static void play_for_listeners(void)
{
    static struct fake_reply replies[TARGETS][2];
    static struct fake_visit visits[TARGETS];
    for (int i = 0; i < TARGETS; i++) {
        replies[i][0] = (struct fake_reply){ .match = "pg_is_in_recovery",
                                             .rows = must_format("pid|r|o|v|schema|ledger|log|lw|se|mc|sc|rows|log_rows\n"
                                                                 "%d|f|f|150004|public|f|f|\\N|t|t|t|\\N|\\N",
                                                                 i + 1) };
        replies[i][1] = (struct fake_reply) FAKE_END;
        visits[i] = (struct fake_visit){ .replies = replies[i] };
    }
    play(first, visits, TARGETS);
}

static void test_bounds__those_that_listen_are_among_them(void **state)
{
    (void) state;
    play_for_listeners();
    struct run *run =
        up_begin(&(struct up){ .command = "wait",
                               .migrations = FILES({ "1.sql", "SELECT 1;" }),
                               .arguments = WORDS("--targets", list_of(TARGETS, ""), "--until", "migrated",
                                                  "--host-concurrency", "4", "--interval", "500ms", "--attempts", "600") });
    run_wait_for(run, must_format("\"seen\":\"%d migrations are pending\"", TARGETS));
    run_signal(run, SIGTERM);
    up_end(run, 143);
    const char *heard = fake_server_heard(first);
    assert_contains(heard, "LISTEN");
    assert_in_range(most_open(heard), 2, 4);
}

/* --- descriptors ------------------------------------------------------------------------------------------------------- */

static void test_bounds__the_soft_limit_on_files_is_raised(void **state)
{
    enum { MORE = 60 };
    (void) state;
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &silent);
    struct run *run = run_begin(
        &(struct run_spec){ .program = "/bin/sh",
                            .arguments = WORDS("-c", "ulimit -Sn 40; exec \"$0\" \"$@\"", run_pgusher(), "wait", "--targets",
                                               list_of(MORE, "connect_timeout=600"), "--host-concurrency", "256",
                                               "--interval", "1h", "--log-format", "json") });
    fake_server_wait_connections(first, MORE);
    run_signal(run, SIGTERM);
    assert_int_equal(run_end(run).exit_code, 143);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_bounds__so_many_are_open_at_a_time),
        WAIT_TEST(test_bounds__so_many_are_open_to_one_server),
        WAIT_TEST(test_bounds__those_that_listen_are_among_them),
        WAIT_TEST(test_bounds__the_soft_limit_on_files_is_raised),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
