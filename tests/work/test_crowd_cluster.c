/*
 * Crowds of real servers: many databases of one, a primary with its standbys, a failover, migrations that are waited for everywhere,
 * and the table on a terminal.
 */
#include "support/log_schema.h"
#include "up.h"

#define QUICK "--interval", "200ms", "--attempts", "600"

static struct run *begin(const char *const *words)
{
    return up_begin(&(struct up){ .command = "wait", .arguments = words });
}

static const char *log_of(const char *const *words, int exit_code)
{
    return up_end(begin(words), exit_code).output;
}

/* As many databases as a list can hold lines, on one server that does not have as many connections. */
static void test_crowd__many_databases_of_one_server(void **state)
{
    enum { DATABASES = 300 };
    struct bytes list = { 0 };
    (void) state;
    const char *database = up_database("crowd");
    for (int i = 0; i < DATABASES; i++)
        bytes_add_format(&list, "%s application_name=crowd%d\n", cluster_conninfo(cluster, database), i);
    const char *path = folder_add(folder_new(), "hosts", list.at);
    bytes_finish(&list);
    struct run_result result = up_end(begin(WORDS("--targets", path, "--json")), 0);
    assert_readiness_is_valid(result.output);
    assert_contains(result.output, "\"count\":300,\"ready\":300,\"refused\":0,\"primaries\":300");
    assert_lacks(result.output, "\"sqlstate\":\"53300\"");
}

static void test_crowd__files_that_are_pending_anywhere_are_exit_8(void **state)
{
    (void) state;
    const char *migrations = FILES({ "1.sql", "SELECT 1;" });
    const char *done = up_database("done");
    const char *open = up_database("open");
    up_run(&(struct up){ .migrations = migrations, .database = done }, 0);
    const char *const *words =
        WORDS("--target", cluster_conninfo(cluster, done), "--target", cluster_conninfo(cluster, open), "--until",
              "migrated", "-m", migrations, "--timeout", "2s");
    const char *log = log_of(words, 8);
    assert_contains(event_line_with(log, "target_missing", open), "\"seen\":\"migrations are pending\"");
    assert_int_equal(event_count(log, "target_missing"), 1);
    struct run *run = begin(WORDS("--target", cluster_conninfo(cluster, done), "--target", cluster_conninfo(cluster, open),
                                  "--until", "migrated", "-m", migrations));
    run_wait_for(run, "migrations are pending");
    up_run(&(struct up){ .migrations = migrations, .database = open }, 0);
    assert_contains(event_line(up_end(run, 0).output, "crowd_ready"), "\"ready\":2");
}

static void test_crowd__another_programs_ledger_is_a_matter_of_that_target(void **state)
{
    (void) state;
    const char *migrations = FILES({ "1.sql", "SELECT 1;" });
    const char *foreign = up_database("foreign");
    const char *open = up_database("ours");
    cluster_sql(cluster, foreign, "CREATE TABLE schema_migrations (version text)");
    const char *const *words =
        WORDS("--target", cluster_conninfo(cluster, foreign), "--target", cluster_conninfo(cluster, open), "--until",
              "migrated", "-m", migrations, "--need", "any=1");
    struct run *run = begin(words);
    run_wait_for(run, "target_refused");
    up_run(&(struct up){ .migrations = migrations, .database = open }, 0);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "target_refused"), "it belongs to another program");
    log = log_of(WORDS("--target", cluster_conninfo(cluster, foreign), "--target", cluster_conninfo(cluster, open),
                       "--until", "migrated", "-m", migrations),
                 2);
    assert_contains(event_line(log, "failed"), "--ledger");
}

static void test_crowd__a_primary_its_standbys_and_a_promotion(void **state)
{
    (void) state;
    struct cluster *one = cluster_new_standby(cluster);
    struct cluster *two = cluster_new_standby(cluster);
    const char *hosts = must_format("host=127.0.0.1,127.0.0.1,127.0.0.1 port=%d,%d,%d user=postgres dbname=postgres",
                                    cluster_port(cluster), cluster_port(one), cluster_port(two));
    struct run *run = begin(WORDS("--database", hosts, "--need", "primary=1,standby>=2", QUICK));
    run_wait_for(run, "standby 0 of 2");
    cluster_launch(one);
    cluster_launch(two);
    assert_contains(event_line(up_end(run, 0).output, "crowd_ready"), "\"ready\":3,\"primaries\":1,\"standbys\":2");
    run = begin(WORDS("--database", hosts, "--need", "primary>=2,standby>=1", QUICK));
    run_wait_for(run, "primary 1 of 2, standby 2 of 1");
    cluster_sql(one, NULL, "SELECT pg_promote()");
    assert_contains(event_line(up_end(run, 0).output, "crowd_ready"), "\"primaries\":2,\"standbys\":1");
    cluster_free(one);
    cluster_free(two);
}

static void test_crowd__a_terminal_shows_a_table(void **state)
{
    (void) state;
    const char *database = up_database("table");
    struct run *run = up_begin(&(struct up){ .command = "wait",
                                             .terminal = true,
                                             .environment = WORDS("PGUSHER_LOG_FORMAT=auto", "TERM=xterm"),
                                             .arguments = WORDS("--target", cluster_conninfo(cluster, database), "--target",
                                                                "host=127.0.0.1 port=1 dbname=nobody", "--need", "any=2",
                                                                QUICK, "--timeout", "4s") });
    run_wait_for(run, "last seen");
    struct run_result result = up_end(run, 3);
    assert_contains(result.output, "waiting for 2 targets (login, need any=2)");
    assert_contains(result.output, "1 ready, 1 waiting");
    assert_contains(result.output, "127.0.0.1:1/nobody");
    assert_contains(result.output, "\033[J"); /* it was taken away */
    assert_contains(result.output, "only 1 of 2 targets were ready");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_crowd__many_databases_of_one_server),
        UP_TEST(test_crowd__files_that_are_pending_anywhere_are_exit_8),
        UP_TEST(test_crowd__another_programs_ledger_is_a_matter_of_that_target),
        UP_TEST(test_crowd__a_primary_its_standbys_and_a_promotion),
        UP_TEST(test_crowd__a_terminal_shows_a_table),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
