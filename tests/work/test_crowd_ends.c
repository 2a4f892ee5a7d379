/*
 * How `wait` for many targets ends: what is ready is confirmed, what is missing decides the exit code, and what belongs to one target
 * alone ends only that one. Against scripted servers.
 */
#include "waiting.h"

/* A run of `wait` that names no server but its targets. */
static struct run *begin(const char *const *words)
{
    return up_begin(&(struct up){ .command = "wait", .arguments = words });
}

static const char *label(const struct fake_server *server)
{
    return must_format("127.0.0.1:%d", fake_server_port(server));
}

/* --- what was ready is confirmed --------------------------------------------------------------------------------------- */

/* The first is looked at three times in the first 2.6 intervals; from the end of the fourth window on the second is there. */
static struct run *begin_with_a_late_one(const char *const *words)
{
    struct run *run = begin(words);
    run_wait_for(run, "attempt 4 of");
    PLAY_ONE(second, &visit_primary);
    return run;
}

static void test_crowd__what_was_ready_a_while_ago_is_asked_again(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    struct run *run = begin_with_a_late_one(WORDS("--target", only(first), "--target", only(second), "--interval", "1s"));
    assert_contains(event_line(up_end(run, 0).output, "crowd_ready"), "\"ready\":2");
    assert_true(fake_server_connections(first) >= 4);
}

static void test_crowd__what_could_not_be_confirmed_in_time_was_not_ready(void **state)
{
    (void) state;
    static const struct fake_reply primary[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = {
        { .replies = primary }, { .replies = primary }, { .replies = primary }, { .manner = FAKE_SILENT }
    };
    PLAY(first, visits);
    struct run *run = begin_with_a_late_one(WORDS("--target", only(first), "--target", only(second), "--interval", "1s",
                                                  "--timeout", "4400ms", "--until", "accepting"));
    const char *log = up_end(run, 3).output;
    const char *missing = event_line_with(log, "target_missing", label(first));
    assert_contains(missing, "\"seen\":\"no answer\"");
    assert_contains(event_line(log, "failed"), must_format("%s/d no answer", label(first)));
}

/* --- what is missing --------------------------------------------------------------------------------------------------- */

static const struct fake_reply migrated[] = {
    { .match = "pg_is_in_recovery",
      .rows = "pid|r|o|v|schema|ledger|log|lw|se|mc|sc|rows|log_rows\n4711|f|f|150004|public|t|f|\\N|t|t|t|<row>"
              "<packed>" FAKE_BAR "1.sql</packed></row>|\\N" },
    FAKE_END,
};
static const struct fake_visit visit_migrated = { .replies = migrated };

static const char *end_of_three(const char *need, int exit_code)
{
    const char *const *words =
        WORDS("--target", only(first), "--target", only(first), "--target", only(second), "--until", "migrated", "-m",
              FILES({ "1.sql", "SELECT 1;" }), "--need", need, "--timeout", "2s", "--interval", "500ms");
    return event_line(up_end(begin(words), exit_code).output, "failed");
}

static void test_crowd__a_wrong_number_of_primaries_is_no_lack_of_migrations(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_migrated);
    PLAY_ONE(second, &visit_standby);
    assert_contains(end_of_three("primary=1", 3), "too many primaries");
    assert_contains(end_of_three("primary=2,standby=1", 8), "migrations are pending");
    assert_contains(end_of_three("primary>=3", 3), "primary 2 of 3");
}

static void test_crowd__one_that_is_not_needed_is_no_lack_beside_migrations(void **state)
{
    (void) state;
    PLAY_ONE(second, &visit_standby);
    assert_contains(end_of_three("any=1", 8), "migrations are pending");
    assert_contains(end_of_three("any=2", 3), "connection refused");
}

static void test_crowd__a_standby_that_is_to_be_writable_is_told_of(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_standby);
    const char *log = up_end(begin(WORDS("--target", only(first), "--target", only(second), "--until", "writable", "--need",
                                         "all", "--interval", "500ms", "--attempts", "2")),
                             3)
                          .output;
    const char *missing = event_line(log, "target_missing");
    assert_contains(missing, label(second));
    assert_contains(missing, "\"role\":\"standby\",\"seen\":\"a standby, not writable\"");
    assert_int_equal(event_count(log, "target_missing"), 1);
    assert_contains(event_line(log, "failed"), "only 1 of 2 targets were ready (writable, need all)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_crowd__what_was_ready_a_while_ago_is_asked_again),
        WAIT_TEST(test_crowd__what_could_not_be_confirmed_in_time_was_not_ready),
        WAIT_TEST(test_crowd__a_wrong_number_of_primaries_is_no_lack_of_migrations),
        WAIT_TEST(test_crowd__one_that_is_not_needed_is_no_lack_beside_migrations),
        WAIT_TEST(test_crowd__a_standby_that_is_to_be_writable_is_told_of),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
