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

static struct wire_count count_run(const char *folder, const char *database, int exit_code)
{
    wire_proxy_reset_count(proxy);
    up_run(&(struct up){ .migrations = folder, .database = database, .port = wire_proxy_port(proxy) }, exit_code);
    struct wire_count count = wire_proxy_count(proxy);
    assert_int_equal(count.logins, 1);
    return count;
}

/*
 * libpq writes each Sync by itself, and on a busy machine the server may have answered one before the proxy sees what the client said
 * next without waiting. So chance can only add: what is needed is what the fewest of some runs took, each on a database of its own.
 */
static struct wire_count count_needed(const char *before, const char *folder, int exit_code, unsigned expected)
{
    enum { MOST_TRIES = 10 };
    struct wire_count count = { .waits = 0 };
    for (int try = 0; try < MOST_TRIES && (try == 0 || count.waits > expected); try++) {
        const char *database = up_database("needed");
        if (before != NULL)
            count_run(before, database, 0);
        count = count_run(folder, database, exit_code);
    }
    assert_int_equal(count.waits, expected);
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
    count_run(folder, database, 0);
    struct wire_count count = count_run(folder, database, 0);
    assert_int_equal(count.round_trips, 1);
    assert_int_equal(count.connections, 1);
}

static void test_round_trips__a_very_first_run_of_an_empty_folder_is_one(void **state)
{
    (void) state;
    assert_int_equal(count_run(folder_new(), up_database("first"), 0).round_trips, 1);
}

static void test_round_trips__any_number_pending_is_three(void **state)
{
    (void) state;
    struct wire_count one = count_needed(NULL, folder_of(1), 0, 3);
    struct wire_count next = count_needed(folder_of(1), folder_of(2), 0, 3);
    struct wire_count many = count_needed(NULL, folder_of(200), 0, 3);
    assert_int_equal(next.syncs, one.syncs);
    assert_int_equal(many.syncs, one.syncs);
    assert_int_equal(many.queries, 0);
}

static void test_round_trips__a_copy_costs_two_more_and_the_file_its_own_end(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "COPY t FROM stdin;\n1\n\\.\n" });
    /* reading, lock, up to the COPY, into it, its data, and the COMMIT */
    struct wire_count with = count_needed(FILES({ "1.sql", "CREATE TABLE t (a int);" }), folder, 0, 6);
    assert_int_equal(with.queries, 1);
}

static void test_round_trips__another_statement_outside_a_transaction_costs_three(void **state)
{
    (void) state;
    enum { ONE = 7, ROW_STATEMENT_AND_SECOND_ROW = 3 };
    count_needed(NULL, FILES({ "1.sql", "VACUUM pg_class;" }), 0, ONE);
    count_needed(NULL, FILES({ "1.sql", "VACUUM pg_class; VACUUM pg_class;" }), 0, ONE + ROW_STATEMENT_AND_SECOND_ROW);
}

static void test_round_trips__a_failure_costs_two_more(void **state)
{
    (void) state;
    const char *folder = folder_of(1);
    folder_add(folder, "001.sql", "SELECT 1 / 0;");
    count_needed(folder_of(1), folder, 5, 5); /* ROLLBACK, and the row about the failure */
}

#define PROXY_TEST(test) cmocka_unit_test_setup_teardown(test, connect_proxy, disconnect_proxy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(test_round_trips__nothing_pending_is_one),
        PROXY_TEST(test_round_trips__a_very_first_run_of_an_empty_folder_is_one),
        PROXY_TEST(test_round_trips__any_number_pending_is_three),
        PROXY_TEST(test_round_trips__a_copy_costs_two_more_and_the_file_its_own_end),
        PROXY_TEST(test_round_trips__another_statement_outside_a_transaction_costs_three),
        PROXY_TEST(test_round_trips__a_failure_costs_two_more),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
