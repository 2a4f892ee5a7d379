/*
 * Waiting for one scripted server, up to the rung that is asked for and no further.
 */
#include <sys/stat.h>

#include "waiting.h"

static void test_wait__listening_asks_for_no_word(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &visit);
    struct run_result result = up_end(wait_begin(only(first), WORDS("--until", "listening", SHORT)), 0);
    assert_string_equal(result.errors, "");
    assert_contains(event_line(result.output, "ready"), "\"until\":\"listening\"");
    assert_lacks(event_line(result.output, "ready"), "\"role\"");
}

static void test_wait__accepting_is_any_answer_to_the_startup_message(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = {
        REFUSING("28000", "no entry"), REFUSING("3D000", "no database"), REFUSING("53300", "full"), { .password = "wanted" }
    };
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
        PLAY_ONE(first, &visits[i]);
        struct run_result result = up_end(wait_begin(only(first), WORDS("--until", "accepting", "--grace", "0")), 0);
        fake_server_refuse(first);
        assert_string_equal(result.errors, "");
        assert_contains(event_line(result.output, "ready"), "\"until\":\"accepting\"");
    }
}

static void test_wait__accepting_is_not_starting_up_and_not_silence(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = { STARTING_UP,
                                                { .manner = FAKE_SILENT },
                                                { .manner = FAKE_CLOSE_AFTER_STARTUP } };
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
        PLAY_ONE(first, &visits[i]);
        wait_log(only(first), WORDS("--until", "accepting", SHORT, "--attempts", "2"), 3);
        fake_server_refuse(first);
    }
}

static void test_wait__below_a_login_no_password_is_sent(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .password = "secret" };
    PLAY_ONE(first, &visit);
    wait_log(must_format("%s password=secret", only(first)), WORDS("--until", "accepting"), 0);
    assert_lacks(fake_server_heard(first), "password");
}

static void wait_in(const char *const *environment, const char *conninfo, const char *rung)
{
    const char *words[] = { "--database", conninfo, "--until", rung, NULL };
    up_run(&(struct up){ .command = "wait", .arguments = words, .environment = environment }, 0);
}

static void test_wait__below_a_login_no_password_is_found_either(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visit = { .password = "secret", .replies = replies };
    const char *folder = folder_new();
    const char *passfile = folder_add(folder, "pgpass", "*:*:*:*:secret\n");
    const char *services = must_format("PGSERVICEFILE=%s", folder_add(folder, "services", "[known]\npassword=secret\n"));
    PLAY_ONE(first, &visit);
    assert_int_equal(chmod(passfile, 0600), 0);
    wait_in(NULL, must_format("%s passfile=%s", only(first), passfile), "accepting");
    wait_in(WORDS(services), must_format("%s service=known", only(first)), "accepting");
    wait_in(WORDS(services, "PGSERVICE=known"), only(first), "accepting");
    assert_lacks(fake_server_heard(first), "password");
    wait_in(WORDS(services, "PGSERVICE=known"), only(first), "login");
    assert_contains(fake_server_heard(first), "password");
}

static void test_wait__writable_looks_on_in_one_session(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = {
        { .match = "pg_is_in_recovery",
          .rows = "pid|r|o|v|s|e|c|u|l|lu|lr|lw|se|mc\n1|t|t|150004|public|f|\\N|f|f|f|f|f|t|t",
          .times = 2 },
        { .match = "pg_is_in_recovery",
          .rows = "pid|r|o|v|s|e|c|u|l|lu|lr|lw|se|mc\n1|f|t|150004|public|f|\\N|f|f|f|f|f|t|t",
          .times = 1 },
        PRIMARY_STATE,
        FAKE_END
    };
    static const struct fake_visit visit = { .replies = replies };
    PLAY_ONE(first, &visit);
    const char *log = wait_log(only(first), WORDS("--until", "writable", "--log-level", "debug"), 0);
    assert_int_equal(fake_server_connections(first), 1);
    assert_contains(event_line(log, "knocked"), "a standby, not writable");
    assert_contains(event_line_with(log, "knocked", "read-only"), "read-only");
}

/* Looking on is a question of its own: a window that ends just then has not been silent for it. */
static void test_wait__looking_on_through_many_windows_keeps_the_session(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_standby);
    const char *log = wait_log(only(first), WORDS("--until", "writable", "--interval", "1s", "--attempts", "5"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 5);
    assert_int_equal(fake_server_connections(first), 1);
}

static void test_wait__a_standby_is_logged_into_all_the_same(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_standby);
    assert_contains(event_line(wait_log(only(first), NULL, 0), "ready"), "\"role\":\"standby\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait__listening_asks_for_no_word),
        WAIT_TEST(test_wait__accepting_is_any_answer_to_the_startup_message),
        WAIT_TEST(test_wait__accepting_is_not_starting_up_and_not_silence),
        WAIT_TEST(test_wait__below_a_login_no_password_is_sent),
        WAIT_TEST(test_wait__below_a_login_no_password_is_found_either),
        WAIT_TEST(test_wait__writable_looks_on_in_one_session),
        WAIT_TEST(test_wait__looking_on_through_many_windows_keeps_the_session),
        WAIT_TEST(test_wait__a_standby_is_logged_into_all_the_same),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
