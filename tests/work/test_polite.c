/*
 * What the server's log tells of those who only look: each rung, met and not met, with and without TLS, the ones that lost against
 * an earlier host, and those that were told to stop. The server is one with certificates; the standby follows it.
 */
#include <signal.h>
#include <sys/stat.h>

#include "support/child.h"
#include "support/workspace.h"
#include "up.h"

enum { ROUNDS = 3 };

static struct cluster *standby;

static const char *const complaints[] = {
    "reset by peer",
    "Broken pipe",
    "incomplete startup packet",
    "unexpected EOF",
    "could not accept SSL",
    "could not receive",
    "could not send",
    "SSL error",
    "authentication failed",
    "ERROR:",
    "connection to client lost",
};

static void expect_no_complaint(const char *log)
{
    for (size_t i = 0; i < sizeof complaints / sizeof complaints[0]; i++)
        assert_lacks(log, complaints[i]);
}

static void make_certificate(const char *folder)
{
    const char *script =
        must_format("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=db -keyout key -out crt "
                    "2>&1 && chmod 600 key",
                    folder);
    child_output(&(struct child_spec){
        .program = "/bin/sh", .arguments = WORDS("sh", "-c", script), .input = CHILD_NULL, .unprivileged = true });
}

static int start(void **state)
{
    (void) state;
    const char *folder = workspace_new_folder("certificate");
    workspace_give(folder);
    make_certificate(folder);
    cluster = cluster_new();
    cluster_configure(cluster, must_format("ssl = on\nssl_cert_file = '%s/crt'\nssl_key_file = '%s/key'\n", folder, folder));
    cluster_write_hba(cluster, "host all scram,nobody_with_scram 127.0.0.1/32 scram-sha-256\nhost all md5 127.0.0.1/32 md5\n"
                               "host all clear 127.0.0.1/32 password\nhost all all 127.0.0.1/32 trust\n"
                               "local replication all trust\nhost replication all 127.0.0.1/32 trust");
    cluster_start(cluster);
    cluster_sql(cluster, NULL,
                "CREATE ROLE scram LOGIN PASSWORD 'secret'; CREATE ROLE clear LOGIN PASSWORD 'secret'; "
                "SET password_encryption = md5; CREATE ROLE md5 LOGIN PASSWORD 'secret'");
    standby = cluster_new_standby(cluster);
    cluster_start(standby);
    return 0;
}

static int stop(void **state)
{
    cluster_free(standby);
    return up_stop(state);
}

/* Several times the same host: those that are not first are closed wherever they are when the first has won. */
static const char *hosts(const struct cluster *of, int count)
{
    const char *list = "127.0.0.1";
    for (int i = 1; i < count; i++)
        list = must_format("%s,127.0.0.1", list);
    return must_format("host=%s port=%d dbname=postgres", list, cluster_port(of));
}

static struct run *begin(const char *conninfo, const char *until, const char *const *more)
{
    enum { MOST = 16 };
    const char *arguments[MOST + 1] = { "--database", conninfo, "--until", until };
    size_t count = 4;
    for (; more != NULL && *more != NULL && count < MOST; more++)
        arguments[count++] = *more;
    arguments[count] = NULL;
    return up_begin(&(struct up){ .command = "wait", .arguments = arguments });
}

static const char *const modes[] = { "disable", "require" };

/* Each rung in turn, with and without TLS, as each role. */
static void look(struct cluster *at, int host_count, const char *const *rungs, const char *const *roles,
                 const char *const *more, int exit_code)
{
    for (; *rungs != NULL; rungs++)
        for (const char *const *role = roles; *role != NULL; role++)
            for (int mode = 0; mode < 2; mode++) {
                const char *conninfo =
                    must_format("%s user=%s password=secret sslmode=%s", hosts(at, host_count), *role, modes[mode]);
                up_end(begin(conninfo, *rungs, more), exit_code);
            }
}

static const char *const every_role[] = { "postgres", "scram", "md5", "clear", NULL };

static void test_polite__a_rung_that_is_met(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    look(cluster, 1, WORDS("listening", "accepting", "login", "writable"), every_role, NULL, 0);
    look(standby, 1, WORDS("login", "standby"), every_role, NULL, 0);
    expect_no_complaint(cluster_log(cluster, mark));
}

static void test_polite__accepting_is_no_failed_login(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    look(cluster, 1, WORDS("accepting"), WORDS("scram", "md5", "clear", "nobody_with_scram"), NULL, 0);
    const char *log = cluster_log(cluster, mark);
    expect_no_complaint(log);
    assert_lacks(log, "user=scram");
    assert_lacks(log, "user=md5");
    assert_lacks(log, "user=clear");
}

/* A standby that is to be writable, a primary that is to be a standby, files that nobody applies. */
static void test_polite__a_rung_that_is_not_met(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    const char *const brief[] = { "--interval", "100ms", "--attempts", "2", "-m", folder, NULL };
    size_t mark = cluster_log_mark(cluster);
    look(standby, 1, WORDS("writable"), WORDS("postgres", "scram"), brief, 3);
    look(cluster, 1, WORDS("standby"), WORDS("postgres", "scram"), brief, 3);
    const char *const longer[] = { "--interval", "1s", "--attempts", "2", "-m", folder, NULL };
    look(cluster, 1, WORDS("migrated"), WORDS("postgres", "scram"), longer, 8);
    expect_no_complaint(cluster_log(cluster, mark));
}

static void test_polite__the_hosts_that_lost(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    for (int round = 0; round < ROUNDS; round++)
        look(cluster, 4, WORDS("listening", "accepting", "login"), WORDS("postgres", "scram"), NULL, 0);
    expect_no_complaint(cluster_log(cluster, mark));
}

/* Where one is enough the others are left wherever they are. */
static void test_polite__those_of_a_crowd_that_are_not_needed(void **state)
{
    (void) state;
    static const char *const rungs[] = { "listening", "accepting", "login" };
    size_t mark = cluster_log_mark(cluster);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++)
            for (int way = 0; way < 4; way++) {
                const char *target = must_format("%s user=%s password=secret sslmode=%s", hosts(cluster, 1),
                                                 way < 2 ? "postgres" : "scram", modes[way % 2]);
                up_run(&(struct up){ .command = "wait",
                                     .arguments = WORDS("--target", target, "--target", target, "--target", target, "--need",
                                                        "any", "--until", rungs[rung]) },
                       0);
            }
    expect_no_complaint(cluster_log(cluster, mark));
}

static void test_polite__a_signal_at_any_moment(void **state)
{
    (void) state;
    size_t mark = cluster_log_mark(cluster);
    for (int round = 0; round < 4 * ROUNDS; round++) {
        const char *conninfo = must_format("%s user=%s password=secret sslmode=%s", hosts(cluster, 3),
                                           round % 4 < 2 ? "postgres" : "scram", modes[round % 2]);
        struct run *run = begin(conninfo, "standby", WORDS("--log-level", "debug"));
        run_wait_for(run, round < 2 * ROUNDS ? "\"wait_started\"" : "\"knocked\"");
        run_signal(run, SIGTERM);
        up_end(run, 143);
    }
    expect_no_complaint(cluster_log(cluster, mark));
}

/* The last one: by then everybody has gone, and what the servers had to say of them is said. */
static void test_polite__nobody_was_complained_about(void **state)
{
    (void) state;
    cluster_stop(standby, CLUSTER_FAST);
    cluster_stop(cluster, CLUSTER_FAST);
    expect_no_complaint(cluster_log(standby, 0));
    expect_no_complaint(cluster_log(cluster, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_polite__a_rung_that_is_met),
        UP_TEST(test_polite__accepting_is_no_failed_login),
        UP_TEST(test_polite__a_rung_that_is_not_met),
        UP_TEST(test_polite__the_hosts_that_lost),
        UP_TEST(test_polite__those_of_a_crowd_that_are_not_needed),
        UP_TEST(test_polite__a_signal_at_any_moment),
        UP_TEST(test_polite__nobody_was_complained_about),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start, stop);
}
