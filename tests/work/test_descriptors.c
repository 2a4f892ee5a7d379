/*
 * A run that may have few files open: whatever it cannot open ends it with a plain fault, and never in the middle of a migration.
 */
#include "up.h"

enum { FEWEST = 4, MOST = 40 }; /* with three the program itself cannot be loaded */

static struct run_result run_with(int descriptors, const char *database, const char *folder)
{
    const char *command = must_format("ulimit -n %d && exec \"$0\" \"$@\"", descriptors);
    return run_program(&(struct run_spec){ .program = "/bin/sh",
                                           .arguments = WORDS("-c", command, run_pgusher(), "up", "--migrations", folder,
                                                              "--database", cluster_url(cluster, database), "--attempts",
                                                              "4", "--interval", "250ms", "--log-format", "json") });
}

static void expect_plain_fault(int descriptors, const struct run_result *result)
{
    if (result->exit_code != 1 && result->exit_code != 3)
        fail_msg("with %d descriptors it ended with %d (signal %d):\n%s%s", descriptors, result->exit_code, result->signal,
                 result->output, result->errors);
    assert_int_equal(event_count(result->output, "finished"), 1);
    assert_int_equal(event_count(result->output, "migration_failed"), 0);
    assert_contains(result->errors, "oo many open files");
}

static void test_descriptors__with_too_few_it_says_so_and_with_enough_it_works(void **state)
{
    (void) state;
    const char *database = up_database("few");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "CREATE INDEX CONCURRENTLY i ON t (a);" });
    int descriptors = FEWEST;
    struct run_result result = run_with(descriptors, database, folder);
    for (; result.exit_code != 0; result = run_with(++descriptors, database, folder)) {
        expect_plain_fault(descriptors, &result);
        assert_true(descriptors < MOST);
    }
    assert_true(descriptors > FEWEST);
    print_message("%d limits were too low\n", descriptors - FEWEST);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_descriptors__with_too_few_it_says_so_and_with_enough_it_works),
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
