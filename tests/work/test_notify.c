/*
 * Those who wait for a migration are notified of it. That is a courtesy: where it cannot be had, the migration is applied without it.
 */
#include "support/fake_server.h"
#include "up.h"

static const char *one(void)
{
    return FILES({ "1.sql", "CREATE TABLE one (a int);" });
}

static void test_notify__a_role_that_may_not_applies_without_it(void **state)
{
    (void) state;
    const char *database = up_database("mute");
    cluster_sql(cluster, database,
                "REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC; CREATE ROLE mute LOGIN; "
                "GRANT CREATE ON SCHEMA public TO mute");
    const char *log = up_run(&(struct up){ .migrations = one(), .database = database, .role = "mute" }, 0).output;
    assert_int_equal(event_count(log, "migration_applied"), 1);
    assert_int_equal(event_count(log, "migration_retried"), 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

/* --- against a script ------------------------------------------------------------------------------------------------- */

/* Ledger and log are there and empty, so that the only COMMIT is the migration's. */
#define READING(pid)                                                                                                        \
    {                                                                                                                       \
        .match = "AS in_recovery", .rows = "pid|r|o|v|s|l|g|lw|se|mc|sc|lr|gr\n" pid                                        \
                                           "|f|f|150004|public|t|t|t|t|t|t|<packed></packed>|<packed></packed>"             \
    }
#define LOCK_IS_OURS                                                                                                        \
    { .match = "pg_try_advisory_lock", .rows = "l|n|t\nt|t|f" },                                                            \
    {                                                                                                                       \
        .match = "AS is_us", .rows = "is_us|pid|a|h|s|q\nt|1|pgusher|local|2026|SELECT 1"                                   \
    }

struct scripted_run {
    const char *log;
    const char *heard; /* by the server */
};

static struct scripted_run run_at(const struct fake_reply *replies, int exit_code)
{
    const struct fake_visit visit = { .replies = replies };
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    const struct up up = { .migrations = one(),
                           .environment = WORDS("PGHOST=127.0.0.1", must_format("PGPORT=%d", fake_server_port(server)),
                                                "PGUSER=postgres", "PGSSLMODE=disable") };
    struct scripted_run run = { .log = up_run(&up, exit_code).output,
                                .heard = must_format("%s", fake_server_heard(server)) };
    fake_server_free(server);
    return run;
}

static int times_in(const char *text, const char *part)
{
    int times = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        times++;
    return times;
}

static void expect_second_try_without(const char *sqlstate, const struct fake_reply *replies)
{
    struct scripted_run run = run_at(replies, 0);
    assert_int_equal(event_count(run.log, "migration_retried"), 1);
    assert_contains(event_line(run.log, "migration_retried"), must_format("\"sqlstate\":\"%s\"", sqlstate));
    assert_int_equal(event_count(run.log, "migration_failed"), 0);
    assert_int_equal(times_in(run.heard, "CREATE TABLE one"), 2);
    assert_int_equal(times_in(run.heard, "AS guard"), 2);
    assert_int_equal(times_in(run.heard, "pg_catalog.pg_notify($3, $1)"), 1);
}

static void test_notify__a_full_queue_is_no_reason_to_fail(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        READING("1"),
        LOCK_IS_OURS,
        { .match = "COMMIT", .error = { "ERROR", "54000", "too many notifications in the NOTIFY queue" }, .times = 1 },
        FAKE_END
    };
    expect_second_try_without("54000", replies);
}

static void test_notify__one_that_is_full_of_the_files_own_is_told_of(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        READING("1"),
        LOCK_IS_OURS,
        { .match = "COMMIT", .error = { "ERROR", "54000", "too many notifications in the NOTIFY queue" } },
        FAKE_END
    };
    const char *log = run_at(replies, 5).log;
    assert_int_equal(event_count(log, "migration_failed"), 1);
    assert_contains(event_line(log, "migration_failed"), "pg_notification_queue_usage()");
}

/* Behind a pooler nobody asks for the right beforehand. */
static void test_notify__behind_a_pooler_a_role_that_may_not_finds_out(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        READING("4711"),
        { .match = "pg_notify", .error = { "FEHLER", "42501", "keine Berechtigung für Funktion pg_notify" } },
        FAKE_END
    };
    expect_second_try_without("42501", replies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_notify__a_role_that_may_not_applies_without_it),
        UP_TEST(test_notify__a_full_queue_is_no_reason_to_fail),
        UP_TEST(test_notify__one_that_is_full_of_the_files_own_is_told_of),
        UP_TEST(test_notify__behind_a_pooler_a_role_that_may_not_finds_out),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
