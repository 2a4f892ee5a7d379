/*
 * Waiting for several servers at once, and for names: who wins, what a host with several addresses has to say, and names that
 * resolve only later or to something else.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "waiting.h"

static const char *host_list(const char *names)
{
    return must_format("host=%s port=%d user=u dbname=d sslmode=disable", names, fake_server_port(first));
}

static const char *log_with_hosts(const char *lines, const char *conninfo, const char *const *words, int exit_code)
{
    return up_end(wait_begin_with_hosts(write_hosts(NULL, lines), conninfo, words), exit_code).output;
}

/* --- who wins ---------------------------------------------------------------------------------------------------------- */

/* The courtesy is a quarter of a second, and a busy machine may now and then be slower than that. */
enum { TRIES = 5 };

static int count_wins(const char *conninfo, const char *const *words, const struct fake_server *server)
{
    int count = 0;
    for (int i = 0; i < TRIES; i++) {
        const char *ready = event_line(wait_log(conninfo, words, 0), "ready");
        count += strstr(ready, must_format("\"address\":\"127.0.0.1:%d\"", fake_server_port(server))) != NULL;
    }
    return count;
}

static void expect_first_wins(const char *conninfo, const char *const *words)
{
    assert_in_range(count_wins(conninfo, words, first), 3, TRIES);
}

static void test_wait__the_first_of_two_ready_ones_wins(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_primary);
    expect_first_wins(both(), NULL);
}

/* It has to ask for a password, which takes it longer: without the courtesy it never wins. */
static void test_wait__the_first_wins_also_when_it_is_the_slower_one(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit asking = { .password = "x", .replies = replies };
    PLAY_ONE(first, &asking);
    PLAY_ONE(second, &visit_primary);
    expect_first_wins(must_format("%s password=x", both()), NULL);
}

static void test_wait__a_first_one_that_refuses_is_passed_over(void **state)
{
    (void) state;
    PLAY_ONE(second, &visit_primary);
    const char *log = wait_log(both(), NULL, 0);
    expect_winner(log, second);
    assert_int_equal(event_count(log, "attempt_failed"), 0);
}

static void test_wait__a_first_one_that_is_silent_holds_up_nobody(void **state)
{
    (void) state;
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &silent);
    PLAY_ONE(second, &visit_primary);
    const char *log = wait_log(both(), WORDS("--interval", "1h"), 0);
    expect_winner(log, second);
    fake_server_wait_heard(first, "1 gone");
}

static void test_wait__a_name_that_does_not_resolve_holds_up_nobody(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *log = log_with_hosts("", host_list("nobody.test,127.0.0.1"), WORDS("--interval", "1h"), 0);
    expect_winner(log, first);
}

static bool is_ready_in_time(const char *const *words)
{
    bool ready = false;
    for (int i = 0; i < TRIES && !ready; i++)
        ready = run_end(wait_begin(both(), words)).exit_code == 0;
    return ready;
}

static void test_wait__a_ready_one_is_not_given_up_for_a_silent_one_when_time_is_short(void **state)
{
    (void) state;
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    PLAY_ONE(first, &silent);
    PLAY_ONE(second, &visit_primary);
    assert_true(is_ready_in_time(WORDS("--interval", "200ms", "--attempts", "1")));
    assert_true(is_ready_in_time(WORDS("--timeout", "200ms")));
}

static void test_wait__the_losers_are_closed(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    static const struct fake_visit silent = { .manner = FAKE_SILENT };
    PLAY_ONE(second, &silent);
    wait_log(both(), NULL, 0);
    fake_server_wait_heard(second, "1 gone");
}

static void test_wait__few_slots_serve_many_hosts(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *log =
        wait_log(host_list("127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.1"), WORDS("--concurrency", "1"), 0);
    expect_winner(log, first);
}

/* --- target_session_attrs ---------------------------------------------------------------------------------------------- */

static const char *with_attrs(const char *attrs)
{
    return must_format("%s target_session_attrs=%s", both(), attrs);
}

static void test_wait__target_session_attrs_choose(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_standby);
    PLAY_ONE(second, &visit_primary);
    expect_first_wins(with_attrs("any"), NULL);
    expect_winner(wait_log(with_attrs("read-write"), NULL, 0), second);
    expect_winner(wait_log(with_attrs("primary"), NULL, 0), second);
    expect_winner(wait_log(with_attrs("read-only"), NULL, 0), first);
    expect_winner(wait_log(with_attrs("standby"), NULL, 0), first);
    expect_first_wins(with_attrs("prefer-standby"), NULL);
}

static void test_wait__a_read_only_primary_is_a_primary(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_read_only);
    PLAY_ONE(second, &visit_primary);
    expect_first_wins(with_attrs("primary"), NULL);
    expect_winner(wait_log(with_attrs("read-only"), NULL, 0), first);
    expect_winner(wait_log(with_attrs("read-write"), NULL, 0), second);
}

static void test_wait__a_standby_is_preferred_to_a_primary_before_it(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_standby);
    assert_in_range(count_wins(with_attrs("prefer-standby"), NULL, second), 3, TRIES);
}

static void test_wait__a_primary_will_do_where_a_standby_is_preferred(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    expect_winner(wait_log(with_attrs("prefer-standby"), NULL, 0), first);
}

static void test_wait__writable_passes_over_a_standby(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_standby);
    PLAY_ONE(second, &visit_primary);
    expect_winner(wait_log(both(), WORDS("--until", "writable"), 0), second);
    expect_winner(wait_log(both(), WORDS("--until", "standby"), 0), first);
}

/* --- refusals of several ----------------------------------------------------------------------------------------------- */

static void test_wait__one_refusal_of_two_hosts_is_none(void **state)
{
    (void) state;
    static const struct fake_visit refusing = REFUSING("28P01", "no");
    PLAY_ONE(first, &refusing);
    const char *log = wait_log(both(), WORDS(SHORT, "--attempts", "5", "--grace", "0"), 3);
    assert_contains(event_line_with(log, "attempt_failed", "login refused"), "connection refused");
}

static void test_wait__two_refusals_of_two_hosts_are_one(void **state)
{
    (void) state;
    static const struct fake_visit no_login = REFUSING("28P01", "no"), no_database = REFUSING("3D000", "nothing here");
    PLAY_ONE(first, &no_login);
    PLAY_ONE(second, &no_database);
    const char *log = wait_log(both(), WORDS("--grace", "0"), 4);
    assert_contains(event_line(log, "failed"), "\"sqlstate\":\"28P01\"");
}

/* It is too old for us, and the other one may be new. */
static void test_wait__a_server_that_is_of_no_use_does_not_end_it_for_the_other(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { STATE_OF("f", "f", "120017"), FAKE_END };
    static const struct fake_visit old = { .replies = replies };
    PLAY_ONE(first, &old);
    struct run *run = wait_begin(both(), WORDS(SHORT, "--attempts", "600", "--grace", "0"));
    run_wait_for(run, "PostgreSQL 12");
    PLAY_ONE(second, &visit_primary);
    expect_winner(up_end(run, 0).output, second);
}

/* localhost, with a server on one of its two addresses. */
static void test_wait__an_address_that_is_nobodys_does_not_hide_a_refusal(void **state)
{
    (void) state;
    static const struct fake_visit refusing = REFUSING("28P01", "no");
    PLAY_ONE(first, &refusing);
    log_with_hosts("db.test 127.0.0.2 127.0.0.1\n", host_list("db.test"), WORDS("--grace", "100ms"), 4);
}

/* As with a pg_hba.conf that has a line for 127.0.0.1 and none for ::1. Answers that differ must not restart each other's grace. */
static void test_wait__addresses_that_refuse_differently_still_refuse(void **state)
{
    (void) state;
    static const struct fake_visit no_password = REFUSING("28P01", "no"), no_entry = REFUSING("28000", "no entry");
    struct fake_server *other = fake_server_new_at(NULL, "127.0.0.2", fake_server_port(first));
    PLAY_ONE(first, &no_password);
    PLAY_ONE(other, &no_entry);
    log_with_hosts("db.test 127.0.0.2 127.0.0.1\n", host_list("db.test"),
                   WORDS("--grace", "1200ms", "--interval", "500ms", "--attempts", "20"), 4);
    fake_server_free(other);
}

/* --- names ------------------------------------------------------------------------------------------------------------- */

static void test_wait__a_name_that_resolves_only_later(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *hosts = write_hosts(NULL, "other.test 127.0.0.1\n");
    struct run *run = wait_begin_with_hosts(hosts, host_list("db.test"), WORDS(SHORT, "--attempts", "1000"));
    run_wait_for(run, "\"seen\":\"no such host name\"");
    write_hosts(hosts, "db.test 127.0.0.1\n");
    const char *log = up_end(run, 0).output;
    event_line_with(log, "attempt_failed", "\"seen\":\"no such host name\"");
    assert_contains(event_line(log, "resolved"), "\"name\":\"db.test\",\"addresses\":1");
    assert_int_equal(event_count(log, "resolved"), 1);
    expect_winner(log, first);
}

static void test_wait__a_name_that_never_resolves(void **state)
{
    (void) state;
    const char *log = log_with_hosts("", host_list("db.test"), WORDS(SHORT, "--attempts", "2"), 3);
    assert_int_equal(event_count(log, "attempt_failed"), 2);
    assert_int_equal(event_count(log, "resolved"), 0);
    assert_contains(event_line(log, "failed"), "no such host name");
}

static void test_wait__a_name_with_an_address_that_refuses_and_one_that_works(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *log = log_with_hosts("db.test 127.0.0.2 127.0.0.1\n", host_list("db.test"), NULL, 0);
    assert_contains(event_line(log, "resolved"), "\"addresses\":2");
    expect_winner(log, first);
}

static void test_wait__an_address_that_changes_is_followed(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *hosts = write_hosts(NULL, "db.test 127.0.0.2 127.0.0.3\n");
    struct run *run = wait_begin_with_hosts(hosts, host_list("db.test"), WORDS(SHORT, "--attempts", "1000"));
    run_wait_for(run, "\"attempt_failed\"");
    write_hosts(hosts, "db.test 127.0.0.3 127.0.0.1\n");
    expect_winner(up_end(run, 0).output, first);
}

static void test_wait__each_address_is_told_when_there_are_several(void **state)
{
    (void) state;
    static const struct fake_visit visits[] = { STARTING_UP };
    PLAY(first, visits);
    const char *log =
        log_with_hosts("db.test 127.0.0.2 127.0.0.1\n", host_list("db.test"), WORDS(SHORT, "--attempts", "5"), 3);
    const char *line = event_line_with(log, "attempt_failed", "\"sqlstate\":\"57P03\"");
    assert_contains(line,
                    must_format("\"seen\":\"127.0.0.2:%d connection refused, 127.0.0.1:%d not accepting connections yet\"",
                                fake_server_port(first), fake_server_port(first)));
}

/* The resolver waits at a FIFO that nobody writes to. */
static void test_wait__a_look_up_that_hangs_is_bounded_by_the_deadline(void **state)
{
    (void) state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* there the program waits for what its pool still does */
#endif
    const char *fifo = must_format("%s/hosts", folder_new());
    assert_int_equal(mkfifo(fifo, 0644), 0);
    const char *log =
        up_end(wait_begin_with_hosts(fifo, host_list("db.test"), WORDS(SHORT, "--timeout", "350ms")), 3).output;
    assert_contains(event_line(log, "attempt_failed"), "the name is still being looked up");
    assert_contains(event_line(log, "failed"), "within --timeout");
}

static void test_wait__a_look_up_that_hangs_does_not_hold_up_a_signal(void **state)
{
    (void) state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    const char *fifo = must_format("%s/hosts", folder_new());
    assert_int_equal(mkfifo(fifo, 0644), 0);
    struct run *run = wait_begin_with_hosts(fifo, host_list("db.test"), NULL);
    run_wait_for(run, "\"wait_started\"");
    run_signal(run, SIGTERM);
    up_end(run, 143);
}

static void test_wait__names_that_are_looked_up_in_vain_hold_up_nobody(void **state)
{
    (void) state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    PLAY_ONE(first, &visit_primary);
    const char *lines = "one.test never\ntwo.test never\nthree.test never\ndb.test 127.0.0.1\n";
    const char *names = host_list("one.test,two.test,three.test,db.test");
    expect_winner(log_with_hosts(lines, names, WORDS("--attempts", "1"), 0), first);
    const char *targets = must_format("host=db.test port=%d user=u dbname=d sslmode=disable", fake_server_port(first));
    const char *log =
        log_with_hosts(lines, names, WORDS("--attempts", "1", "--target", names, "--target", targets, "--need", "any"), 0);
    assert_int_equal(event_count(log, "crowd_ready"), 1);
}

/* --- mounted secrets --------------------------------------------------------------------------------------------------- */

static const char *database_file(const char *folder, const struct fake_server *server)
{
    return folder_add(folder, "url",
                      must_format("postgresql://u@127.0.0.1:%d/d?sslmode=disable\n", fake_server_port(server)));
}

static struct run *begin_with(const char *const *environment, const char *const *words)
{
    return up_begin(&(struct up){ .command = "wait", .environment = environment, .arguments = words });
}

static void test_wait__a_database_url_that_is_rotated_is_picked_up(void **state)
{
    (void) state;
    PLAY_ONE(second, &visit_primary);
    const char *folder = folder_new();
    const char *path = database_file(folder, first);
    struct run *run = begin_with(WORDS(must_format("DATABASE_URL_FILE=%s", path)), WORDS(SHORT, "--attempts", "1000"));
    run_wait_for(run, "\"attempt_failed\"");
    const char *fresh = folder_new();
    must(rename(database_file(fresh, second), path) == 0, "cannot rename");
    expect_winner(up_end(run, 0).output, second);
}

static void test_wait__a_password_that_is_rotated_is_picked_up(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit asking = { .password = "new secret", .replies = replies };
    PLAY_ONE(first, &asking);
    const char *folder = folder_new();
    const char *path = folder_add(folder, "password", "old secret\n");
    struct run *run =
        begin_with(WORDS("POSTGRES_HOST=127.0.0.1", must_format("POSTGRES_PORT=%d", fake_server_port(first)),
                         "POSTGRES_USER=u", must_format("POSTGRES_PASSWORD_FILE=%s", path), "PGSSLMODE=disable"),
                   WORDS(SHORT, "--attempts", "1000", "--grace", "1h"));
    run_wait_for(run, "\"attempt_failed\"");
    must(rename(folder_add(folder, "fresh", "new secret\n"), path) == 0, "cannot rename");
    struct run_result result = up_end(run, 0);
    expect_winner(result.output, first);
    assert_contains(fake_server_heard(first), "password old secret\n");
    assert_lacks(result.output, "secret");
    assert_lacks(result.errors, "secret");
}

static void test_wait__a_secret_that_goes_away_ends_it(void **state)
{
    (void) state;
    const char *folder = folder_new();
    const char *path = database_file(folder, first);
    struct run *run = begin_with(WORDS(must_format("DATABASE_URL_FILE=%s", path)), WORDS(SHORT, "--attempts", "1000"));
    run_wait_for(run, "\"attempt_failed\"");
    folder_remove(folder, "url");
    assert_contains(event_line(up_end(run, 2).output, "failed"), "DATABASE_URL_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait__the_first_of_two_ready_ones_wins),
        WAIT_TEST(test_wait__the_first_wins_also_when_it_is_the_slower_one),
        WAIT_TEST(test_wait__a_first_one_that_refuses_is_passed_over),
        WAIT_TEST(test_wait__a_first_one_that_is_silent_holds_up_nobody),
        WAIT_TEST(test_wait__a_name_that_does_not_resolve_holds_up_nobody),
        WAIT_TEST(test_wait__a_ready_one_is_not_given_up_for_a_silent_one_when_time_is_short),
        WAIT_TEST(test_wait__the_losers_are_closed),
        WAIT_TEST(test_wait__few_slots_serve_many_hosts),
        WAIT_TEST(test_wait__target_session_attrs_choose),
        WAIT_TEST(test_wait__a_read_only_primary_is_a_primary),
        WAIT_TEST(test_wait__a_standby_is_preferred_to_a_primary_before_it),
        WAIT_TEST(test_wait__a_primary_will_do_where_a_standby_is_preferred),
        WAIT_TEST(test_wait__writable_passes_over_a_standby),
        WAIT_TEST(test_wait__one_refusal_of_two_hosts_is_none),
        WAIT_TEST(test_wait__two_refusals_of_two_hosts_are_one),
        WAIT_TEST(test_wait__a_server_that_is_of_no_use_does_not_end_it_for_the_other),
        WAIT_TEST(test_wait__an_address_that_is_nobodys_does_not_hide_a_refusal),
        WAIT_TEST(test_wait__addresses_that_refuse_differently_still_refuse),
        WAIT_TEST(test_wait__a_name_that_resolves_only_later),
        WAIT_TEST(test_wait__a_name_that_never_resolves),
        WAIT_TEST(test_wait__a_name_with_an_address_that_refuses_and_one_that_works),
        WAIT_TEST(test_wait__an_address_that_changes_is_followed),
        WAIT_TEST(test_wait__each_address_is_told_when_there_are_several),
        WAIT_TEST(test_wait__a_look_up_that_hangs_is_bounded_by_the_deadline),
        WAIT_TEST(test_wait__a_look_up_that_hangs_does_not_hold_up_a_signal),
        WAIT_TEST(test_wait__names_that_are_looked_up_in_vain_hold_up_nobody),
        WAIT_TEST(test_wait__a_database_url_that_is_rotated_is_picked_up),
        WAIT_TEST(test_wait__a_password_that_is_rotated_is_picked_up),
        WAIT_TEST(test_wait__a_secret_that_goes_away_ends_it),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
