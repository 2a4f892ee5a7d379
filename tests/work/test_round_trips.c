/*
 * How often the program waits for the server, counted on the wire and not in time. Round trips are those after the login.
 *
 *   nothing pending                        1   the reading of server, ledger and log
 *   a very first run of an empty folder    1   the same reading: that there is no ledger is an answer, not an error
 *   any number pending, without COPY       3   the reading, the lock with a second reading under it, and one pipeline for all
 *   a file with COPY                     + 2   the way into COPY, and its data
 */
#include "support/wire_proxy.h"
#include "up.h"

static struct wire_proxy *proxy;

static int connect_proxy(void **state)
{
    (void) state;
    proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    return 0;
}

static int disconnect_proxy(void **state)
{
    up_clean(state);
    wire_proxy_free(proxy);
    return 0;
}

static struct wire_count count_run(const char *folder, const char *database)
{
    wire_proxy_reset_count(proxy);
    up_run(&(struct up){ .migrations = folder, .database = database, .port = wire_proxy_port(proxy) }, 0);
    struct wire_count count = wire_proxy_count(proxy);
    assert_int_equal(count.logins, 1);
    return count;
}

static const char *folder_of(int migrations)
{
    const char *folder = folder_new();
    for (int i = 0; i < migrations; i++)
        folder_add(folder, must_format("%03d.sql", i),
                   must_format("CREATE TABLE t%d (a int); INSERT INTO t%d VALUES (1);", i, i));
    return folder;
}

static void test_round_trips__nothing_pending_is_one(void **state)
{
    (void) state;
    const char *database = up_database("nothing");
    const char *folder = folder_of(3);
    count_run(folder, database);
    struct wire_count count = count_run(folder, database);
    assert_int_equal(count.round_trips, 1);
    assert_int_equal(count.connections, 1);
}

static void test_round_trips__a_very_first_run_of_an_empty_folder_is_one(void **state)
{
    (void) state;
    assert_int_equal(count_run(folder_new(), up_database("first")).round_trips, 1);
}

static void test_round_trips__one_pending_is_three(void **state)
{
    (void) state;
    const char *database = up_database("one");
    assert_int_equal(count_run(folder_of(1), database).round_trips, 3);
    assert_int_equal(count_run(folder_of(2), database).round_trips, 3);
}

/* A long pipeline keeps sending while answers come: only the times that it had to wait can be counted. */
static void test_round_trips__two_hundred_pending_wait_no_more_often_than_one(void **state)
{
    (void) state;
    struct wire_count one = count_run(folder_of(1), up_database("one"));
    struct wire_count many = count_run(folder_of(200), up_database("many"));
    assert_int_equal(one.waits, 3);
    assert_int_equal(many.waits, 3);
    assert_int_equal(many.syncs, one.syncs);
    assert_int_equal(many.queries, 0);
}

static void test_round_trips__a_copy_costs_two_more_and_the_file_its_own_end(void **state)
{
    (void) state;
    const char *database = up_database("copy");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "COPY t FROM stdin;\n1\n\\.\n" });
    struct wire_count without = count_run(FILES({ "1.sql", "CREATE TABLE t (a int);" }), database);
    struct wire_count with = count_run(folder, database);
    assert_int_equal(without.waits, 3);
    assert_int_equal(with.waits, 6); /* reading, lock, up to the COPY, into it, its data, and the COMMIT */
    assert_int_equal(with.queries, 1);
}

static void test_round_trips__a_statement_outside_a_transaction_costs_three(void **state)
{
    (void) state;
    struct wire_count one = count_run(FILES({ "1.sql", "CHECKPOINT; VACUUM pg_class;" }), up_database("one"));
    struct wire_count two =
        count_run(FILES({ "1.sql", "CHECKPOINT; VACUUM pg_class; VACUUM pg_class;" }), up_database("two"));
    assert_int_equal(two.waits - one.waits, 3); /* its row, itself, its second row */
}

static void test_round_trips__a_failure_costs_two_more(void **state)
{
    (void) state;
    const char *database = up_database("fails");
    count_run(folder_of(1), database);
    wire_proxy_reset_count(proxy);
    const char *folder = folder_of(1);
    folder_add(folder, "001.sql", "SELECT 1 / 0;");
    up_run(&(struct up){ .migrations = folder, .database = database, .port = wire_proxy_port(proxy) }, 5);
    assert_int_equal(wire_proxy_count(proxy).waits, 5); /* ROLLBACK, and the row about the failure */
}

#define PROXY_TEST(test) cmocka_unit_test_setup_teardown(test, connect_proxy, disconnect_proxy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(test_round_trips__nothing_pending_is_one),
        PROXY_TEST(test_round_trips__a_very_first_run_of_an_empty_folder_is_one),
        PROXY_TEST(test_round_trips__one_pending_is_three),
        PROXY_TEST(test_round_trips__two_hundred_pending_wait_no_more_often_than_one),
        PROXY_TEST(test_round_trips__a_copy_costs_two_more_and_the_file_its_own_end),
        PROXY_TEST(test_round_trips__a_statement_outside_a_transaction_costs_three),
        PROXY_TEST(test_round_trips__a_failure_costs_two_more),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
