/*
 * Crowds that are found by name: each address a target, joining and leaving while they are waited for.
 */
#include <signal.h>
#include <stdio.h>

#include "waiting.h"

#define QUICK "--interval", "100ms", "--attempts", "600"

static struct fake_server *at_2, *at_3; /* 127.0.0.2 and 127.0.0.3, the same port */

static int make(void **state)
{
    waiting_make(state);
    at_2 = fake_server_new_at(NULL, "127.0.0.2", fake_server_port(first));
    at_3 = fake_server_new_at(NULL, "127.0.0.3", fake_server_port(first));
    return 0;
}

static int clear(void **state)
{
    waiting_clear(state);
    fake_server_free(at_2);
    fake_server_free(at_3);
    return 0;
}

static struct run *begin(const char *hosts, const char *const *words)
{
    return wait_begin_with_hosts(
        hosts, must_format("host=db.test port=%d user=u dbname=d sslmode=disable", fake_server_port(first)), words);
}

static const char *at(const char *address)
{
    return must_format("%s:%d", address, fake_server_port(first));
}

static void test_names__each_address_is_a_target(void **state)
{
    (void) state;
    const char *hosts = write_hosts(NULL, "db.test 127.0.0.2 127.0.0.3\n");
    PLAY_ONE(at_2, &visit_primary);
    struct run *run = begin(hosts, WORDS("--each-address", QUICK));
    run_wait_for(run, "1 of 2 ready");
    PLAY_ONE(at_3, &visit_standby);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "crowd_ready"), "\"targets\":2,\"ready\":2,\"primaries\":1,\"standbys\":1");
    assert_contains(event_line_with(log, "target_changed", at("127.0.0.2")), "\"role\":\"primary\"");
    assert_contains(event_line_with(log, "target_changed", at("127.0.0.3")), "\"role\":\"standby\"");
}

static void test_names__each_tells_how_long_the_look_up_took(void **state)
{
    (void) state;
    PLAY_ONE(at_2, &visit_primary);
    struct run_result result = up_end(begin(write_hosts(NULL, "db.test 127.0.0.2\n"), WORDS("--each-address", "--json")), 0);
    assert_contains(result.output, "\"resolve_us\":");
    assert_lacks(result.output, "\"resolve_us\":null");
}

static void test_names__a_name_that_comes_late_is_waited_for(void **state)
{
    (void) state;
    const char *hosts = write_hosts(NULL, "# nobody yet\n");
    PLAY_ONE(at_2, &visit_primary);
    struct run *run = begin(hosts, WORDS("--each-address", QUICK));
    run_wait_for(run, "no such host name");
    write_hosts(hosts, "db.test 127.0.0.2\n");
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "crowd_ready"), "\"targets\":1,\"ready\":1");
}

static void test_names__a_new_address_joins_and_one_that_vanished_leaves(void **state)
{
    (void) state;
    const char *hosts = write_hosts(NULL, "db.test 127.0.0.2\n");
    struct run *run = begin(hosts, WORDS("--each-address", "--need", "any=2", "--log-level", "debug", QUICK));
    run_wait_for(run, "\"targets\":1,\"ready\":0");
    write_hosts(hosts, "db.test 127.0.0.2 127.0.0.3\n");
    run_wait_for(run, "\"targets\":2,\"ready\":0");
    write_hosts(hosts, "db.test 127.0.0.1 127.0.0.3\n");
    run_wait_for(run, at("127.0.0.1"));
    PLAY_ONE(at_2, &visit_primary); /* it belongs to somebody else now */
    PLAY_ONE(at_3, &visit_primary);
    run_wait_for(run, "\"targets\":2,\"ready\":1");
    PLAY_ONE(first, &visit_primary);
    const char *log = up_end(run, 0).output;
    assert_contains(event_line(log, "crowd_ready"), "\"targets\":2,\"ready\":2");
    assert_true(event_count(log, "target_changed") > 0);
    assert_contains(event_line(log, "target_left"), at("127.0.0.2"));
    assert_lacks(event_line_with(log, "target_changed", "\"seen\":\"ready\""), at("127.0.0.2"));
}

static void test_names__a_look_up_that_fails_changes_nothing(void **state)
{
    (void) state;
    const char *hosts = write_hosts(NULL, "db.test 127.0.0.2 127.0.0.3\n");
    PLAY_ONE(at_2, &visit_primary);
    struct run *run = begin(hosts, WORDS("--each-address", QUICK));
    run_wait_for(run, "\"targets\":2,\"ready\":1");
    write_hosts(hosts, "# the resolver has a bad moment\n");
    run_wait_for(run, "attempt 6 of");
    PLAY_ONE(at_3, &visit_primary);
    assert_contains(event_line(up_end(run, 0).output, "crowd_ready"), "\"targets\":2,\"ready\":2");
}

/* The certificate's name and the password file go by the name, whatever the address. */
static void test_names__a_number_is_a_target_as_it_is(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    const char *log = wait_log(only(first), WORDS("--each-address"), 0);
    assert_contains(event_line(log, "crowd_ready"), "\"targets\":1,\"ready\":1");
}

static void test_names__many_targets_of_one_name_look_it_up_together(void **state)
{
    enum { TARGETS = 20 };
    const char *list = "";
    (void) state;
    for (int i = 0; i < TARGETS; i++)
        list = must_format("%shost=db.test port=%d user=u%d dbname=d sslmode=disable\n", list, fake_server_port(first), i);
    PLAY_ONE(at_2, &visit_primary);
    const struct up up = { .command = "wait",
                           .arguments = WORDS("--targets", folder_add(folder_new(), "list", list)),
                           .hosts = write_hosts(NULL, "db.test 127.0.0.2\n") };
    const char *log = up_run(&up, 0).output;
    assert_contains(event_line(log, "crowd_ready"), "\"ready\":20");
    assert_int_equal(event_count(log, "resolved"), TARGETS); /* each tells, though only one asked */
}

/* The main configuration's, as a crowd of one. */
static void test_names__those_that_hang_hold_up_nobody(void **state)
{
    (void) state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* there the program waits for what its pool still does */
#endif
    PLAY_ONE(first, &visit_primary);
    const char *names = "one.test,two.test,three.test,db.test";
    const char *hosts = write_hosts(NULL, "one.test never\ntwo.test never\nthree.test never\ndb.test 127.0.0.1\n");
    const char *conninfo = must_format("host=%s port=%d user=u dbname=d sslmode=disable", names, fake_server_port(first));
    struct run_result result = up_end(wait_begin_with_hosts(hosts, conninfo, WORDS("--json", "--timeout", "30s")), 0);
    assert_contains(result.output, must_format("\"address\":\"%s\"", at("127.0.0.1")));
}

/* As behind a headless service of some size. */
static void test_names__hundreds_of_addresses_are_as_many_targets(void **state)
{
    enum { ADDRESSES = 300 };
    (void) state;
    struct bytes line = { 0 };
    bytes_add_format(&line, "db.test");
    for (int i = 0; i < ADDRESSES; i++)
        bytes_add_format(&line, " 127.0.%d.%d", 1 + i / 250, 1 + i % 250);
    bytes_add(&line, "\n", 2);
    struct run *run = begin(write_hosts(NULL, line.at), WORDS("--each-address", QUICK));
    bytes_finish(&line);
    run_wait_for(run, "\"targets\":300,");
    run_signal(run, SIGTERM);
    up_end(run, 143);
}

#define NAMES_TEST(test) cmocka_unit_test_setup_teardown(test, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES_TEST(test_names__each_address_is_a_target),
        NAMES_TEST(test_names__each_tells_how_long_the_look_up_took),
        NAMES_TEST(test_names__a_name_that_comes_late_is_waited_for),
        NAMES_TEST(test_names__a_new_address_joins_and_one_that_vanished_leaves),
        NAMES_TEST(test_names__a_look_up_that_fails_changes_nothing),
        NAMES_TEST(test_names__a_number_is_a_target_as_it_is),
        NAMES_TEST(test_names__hundreds_of_addresses_are_as_many_targets),
        NAMES_TEST(test_names__many_targets_of_one_name_look_it_up_together),
        NAMES_TEST(test_names__those_that_hang_hold_up_nobody),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
