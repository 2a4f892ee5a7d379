/*
 * `pgusher status` and `pgusher plan`: their answers on stdout in both forms, their events on stderr, and the exit codes.
 */
#include "up.h"

/* Python's reader says whether it is JSON, and what an expression over it comes to. */
static void expect_json(const char *json, const char *expression, const char *answer)
{
    struct run_result result = run_program(&(struct run_spec){
        .program = "/usr/bin/python3",
        .arguments = WORDS(
            "-c", must_format("import json, sys\nd = json.load(sys.stdin)\nm = d['migrations']\nprint((%s))", expression)),
        .input = json });
    if (strcmp(result.output, must_format("%s\n", answer)) != 0)
        fail_msg("%s is %s%s and not %s in:\n%s", expression, result.output, result.errors, answer, json);
}

/* One applied, one changed, one missing, two pending. */
static const char *mixed_folder(const char *database)
{
    const char *folder = FILES({ "1_applied.sql", "CREATE TABLE one (a int);" }, { "2_changed.sql", "SELECT 1;" },
                               { "3_missing.sql", "SELECT 1;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    folder_add(folder, "2_changed.sql", "SELECT 2;");
    folder_remove(folder, "3_missing.sql");
    folder_add(folder, "4_pending.sql", "-- a comment\n\nCREATE TABLE four (\n  a int);\nINSERT INTO four VALUES (1);\n");
    folder_add(folder, "5_outside.sql", "VACUUM;");
    return folder;
}

static void test_status__a_table_with_every_state(void **state)
{
    (void) state;
    const char *database = up_database("table");
    struct run_result result =
        up_run(&(struct up){ .command = "status", .migrations = mixed_folder(database), .database = database }, 0);
    assert_contains(result.output, "applied  1_applied.sql  20");
    assert_contains(result.output, "changed  2_changed.sql  20");
    assert_contains(result.output, "missing  3_missing.sql  20");
    assert_contains(result.output, "pending  4_pending.sql\n");
    assert_contains(result.output, "2 applied (1 of them changed), 2 pending, 1 missing; ledger public.schema_migrations\n");
    assert_lacks(result.output, "\"event\"");
}

static void test_status__json_says_the_same(void **state)
{
    (void) state;
    const char *database = up_database("json");
    struct run_result result = up_run(
        &(struct up){
            .command = "status", .migrations = mixed_folder(database), .database = database, .arguments = WORDS("--json") },
        0);
    expect_json(result.output, "d['applied'], d['changed'], d['missing'], d['pending'], d['ledger'], d['ledger_exists']",
                "(2, 1, 1, 2, 'public.schema_migrations', True)");
    expect_json(result.output, "' '.join(x['name'][0] + x['state'] for x in m)",
                "1applied 2changed 3missing 4pending 5pending");
    expect_json(result.output,
                "m[0]['duration_us'] > 0, len(m[0]['applied_checksum']), m[0]['applied_at'][-1], m[3]['applied_at']",
                "(True, 64, 'Z', None)");
    expect_json(result.output, "m[1]['applied_checksum'] != m[1]['file_checksum']", "True");
}

static void check(const char *folder, const char *database, int exit_code)
{
    const struct up up = { .command = "status", .migrations = folder, .database = database, .arguments = WORDS("--check") };
    up_run(&up, exit_code);
}

static void test_status__check_answers_by_exit_code(void **state)
{
    (void) state;
    const char *database = up_database("check");
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    check(folder, database, 8);
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    check(folder, database, 0);
    folder_add(folder, "2.sql", "SELECT 2;");
    check(folder, database, 8);
    folder_add(folder, "1.sql", "SELECT 'changed';");
    check(folder, database, 6);
    folder_remove(folder, "1.sql");
    check(folder, database, 6);
    up_run(&(struct up){ .command = "status", .migrations = folder, .database = database }, 0);
}

static void test_status__before_the_first_run_there_is_no_ledger(void **state)
{
    (void) state;
    const char *database = up_database("fresh");
    size_t mark = cluster_log_mark(cluster);
    const char *folder = FILES({ "1.sql", "this is no SQL" });
    struct run_result result = up_run(
        &(struct up){ .command = "status", .migrations = folder, .database = database, .arguments = WORDS("--json") }, 0);
    expect_json(result.output, "d['ledger_exists'], d['pending']", "(False, 1)");
    expect_sql(database, "SELECT to_regclass('schema_migrations') IS NULL", "t");
    assert_lacks(cluster_log(cluster, mark), "ERROR:");
}

static void test_status__works_for_a_reader_and_with_names_that_need_escapes(void **state)
{
    (void) state;
    const char *database = up_database("reader");
    const char *folder = FILES({ "a \"quoted\" é.sql", "SELECT 1;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    cluster_sql(cluster, database, "CREATE ROLE status_reader LOGIN; GRANT SELECT ON schema_migrations TO status_reader");
    struct run_result result = up_run(&(struct up){ .command = "status",
                                                    .migrations = folder,
                                                    .database = database,
                                                    .role = "status_reader",
                                                    .arguments = WORDS("--json") },
                                      0);
    expect_json(result.output, "m[0]['name'], m[0]['state'], m[0]['duration_us']",
                "('a \"quoted\" é.sql', 'applied', None)");
}

static void test_plan__says_what_would_run_and_why(void **state)
{
    (void) state;
    const char *database = up_database("plan");
    struct run_result result =
        up_run(&(struct up){ .command = "plan", .migrations = mixed_folder(database), .database = database }, 0);
    assert_contains(result.output, "4_pending.sql  not in the ledger, 2 statements, in one transaction\n");
    assert_contains(result.output, "5_outside.sql  not in the ledger, 1 statement, not in one transaction\n");
    assert_contains(result.output, "VACUUM (line 1)");
    assert_contains(result.output, "2_changed.sql  changed since it was applied\n");
    assert_lacks(result.output, "\"event\"");
    expect_sql(database, "SELECT to_regclass('four') IS NULL", "t");
}

static void test_plan__json_has_each_statement_with_its_line(void **state)
{
    (void) state;
    const char *database = up_database("planjson");
    struct run_result result = up_run(&(struct up){ .command = "plan",
                                                    .migrations = mixed_folder(database),
                                                    .database = database,
                                                    .environment = WORDS("PGUSHER_JSON=yes") },
                                      0);
    expect_json(result.output, "m[0]['statements'], m[0]['transaction']", "(None, None)");
    expect_json(result.output, "m[3]['transaction'], m[3]['transaction_reason'], m[3]['statement_count']",
                "('on', None, 2)");
    expect_json(result.output, "[(s['line'], s['text']) for s in m[3]['statements']]",
                "[(3, 'CREATE TABLE four ('), (5, 'INSERT INTO four VALUES (1)')]");
    expect_json(result.output, "m[4]['transaction'], m[4]['transaction_reason']",
                "('off', 'VACUUM (line 1) cannot run in a transaction block')");
}

static void test_plan__with_nothing_to_do_says_so(void **state)
{
    (void) state;
    struct run_result result =
        up_run(&(struct up){ .command = "plan", .migrations = folder_new(), .database = up_database("none") }, 0);
    assert_contains(result.output, "Nothing to do.\n");
}

static void test_plan__refuses_what_up_would_refuse(void **state)
{
    (void) state;
    const struct up up = { .command = "plan",
                           .migrations = FILES({ "1.sql", "SELECT 'open;" }),
                           .database = up_database("bad") };
    struct run_result result = up_run(&up, 2);
    const char *failed = event_line(result.errors, "failed");
    assert_contains(failed, "\"migration\":\"1.sql\",\"line\":1,\"column\":8,");
    assert_contains(failed, "\"excerpt\":\"   1 | SELECT 'open;\\n");
    assert_contains(failed, "\"msg\":\"1.sql:1:8: ");
    assert_string_equal(result.output, "");
}

static void test_wait__until_migrated_waits_for_another_runner(void **state)
{
    (void) state;
    const char *database = up_database("migrated");
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    up_failure(&(struct up){ .command = "wait",
                             .migrations = folder,
                             .database = database,
                             .arguments = WORDS("--until", "migrated", "--timeout", "2s", "--interval", "500ms") },
               8);
    struct run *waiter = up_begin(&(struct up){ .command = "wait",
                                                .migrations = folder,
                                                .database = database,
                                                .arguments = WORDS("--until", "migrated", "--interval", "50ms") });
    run_wait_for(waiter, "\"event\":\"attempt_failed\"");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    up_end(waiter, 0);
}

static void test_wait__reaches_each_rung_of_a_primary(void **state)
{
    (void) state;
    static const char *const rungs[] = { "listening", "accepting", "login", "writable" };
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        struct run_result result =
            up_run(&(struct up){ .command = "wait", .database = "postgres", .arguments = WORDS("--until", rungs[i]) }, 0);
        assert_contains(event_line(result.output, "ready"), must_format("\"until\":\"%s\"", rungs[i]));
    }
    up_failure(&(struct up){ .command = "wait",
                             .database = "postgres",
                             .arguments = WORDS("--until", "standby", "--attempts", "1", "--interval", "50ms") },
               3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_status__a_table_with_every_state),
        UP_TEST(test_status__json_says_the_same),
        UP_TEST(test_status__check_answers_by_exit_code),
        UP_TEST(test_status__before_the_first_run_there_is_no_ledger),
        UP_TEST(test_status__works_for_a_reader_and_with_names_that_need_escapes),
        UP_TEST(test_plan__says_what_would_run_and_why),
        UP_TEST(test_plan__json_has_each_statement_with_its_line),
        UP_TEST(test_plan__with_nothing_to_do_says_so),
        UP_TEST(test_plan__refuses_what_up_would_refuse),
        UP_TEST(test_wait__until_migrated_waits_for_another_runner),
        UP_TEST(test_wait__reaches_each_rung_of_a_primary),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
