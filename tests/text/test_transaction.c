/* The rule for BEGIN and COMMIT, and the units of a file that does not run as one transaction. */
#include "text/transaction.h"

#include "reading.h"
#include "support/testing.h"

static void test_transaction__one_pair_at_the_end_is_absorbed(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "-- x\nBEGIN;\nCREATE TABLE t ();\nINSERT INTO t DEFAULT VALUES;\nCOMMIT;\n-- end\n");
    assert_int_equal(reading.script.mode, SCRIPT_TRANSACTION);
    assert_int_equal(reading.script.statement_count, 2);
    assert_statement(&reading, 0, "CREATE TABLE t ()");
    assert_statement(&reading, 1, "INSERT INTO t DEFAULT VALUES");
    assert_string_equal(reading.script.begin_options, "");
    assert_int_equal(reading.script.remark_count, 1);
    assert_int_equal(reading.script.remarks[0].kind, REMARK_TRANSACTION_ABSORBED);
    assert_contains(reading.script.remarks[0].text, "BEGIN (line 2)");
    assert_contains(reading.script.remarks[0].text, "COMMIT (line 5)");
    assert_int_equal(reading.script.remarks[0].offset_bytes, 5);
    reading_finish(&reading);
}

static void test_transaction__every_spelling_of_the_pair_counts(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("begin work; x; end", "x");
    ASSERT_STATEMENTS("BEGIN TRANSACTION; x; END TRANSACTION;", "x");
    ASSERT_STATEMENTS("START TRANSACTION; x; COMMIT WORK AND NO CHAIN;", "x");
    ASSERT_STATEMENTS("BEGIN; COMMIT;", NULL);
}

static void test_transaction__what_stands_before_begin_joins_it(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("DROP TABLE a; DROP TABLE b; BEGIN; CREATE TABLE a (); COMMIT;", "DROP TABLE a", "DROP TABLE b",
                      "CREATE TABLE a ()");
}

static void assert_options(const char *text, const char *options)
{
    struct reading reading;
    read_text(&reading, text);
    assert_string_equal(reading.script.begin_options, options);
    reading_finish(&reading);
}

static void test_transaction__the_options_of_begin_are_kept(void **state)
{
    (void) state;
    assert_options("BEGIN ISOLATION LEVEL SERIALIZABLE; x; COMMIT;", "ISOLATION LEVEL SERIALIZABLE");
    assert_options("START TRANSACTION READ WRITE , NOT DEFERRABLE; x; COMMIT;", "READ WRITE , NOT DEFERRABLE");
    assert_options("BEGIN WORK /* y */ READ ONLY -- z\n; x; COMMIT;", "READ ONLY");
    assert_options("SELECT 1;", "");
}

static void test_transaction__savepoints_are_fine(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT a; RELEASE a; RELEASE SAVEPOINT b",
                      "SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "RELEASE a", "RELEASE SAVEPOINT b");
}

static void test_transaction__what_ends_it_halfway_is_refused(void **state)
{
    (void) state;
    assert_refused("SELECT 1;\nCOMMIT;\nSELECT 2;", 2, 1, "COMMIT (line 2) has no BEGIN");
    assert_refused("BEGIN;\nx;\nCOMMIT;\ny;", 4, 1,
                   "COMMIT (line 3) is not the end of the file: a statement follows (line 4)");
    assert_refused("BEGIN;\nx;\nCOMMIT;\nBEGIN;\ny;\nCOMMIT;", 4, 1, "another BEGIN follows (line 4)");
    assert_refused("BEGIN;\nx;\nCOMMIT;\nCOMMIT;", 4, 1, "COMMIT (line 3)");
    assert_refused("BEGIN;\nBEGIN;\nx;\nCOMMIT;", 2, 1, "BEGIN (line 2) inside the transaction that BEGIN (line 1) began");
    assert_refused("x;\nBEGIN;\ny;", 2, 1, "BEGIN (line 2) has no COMMIT");
    assert_refused("BEGIN;\nx;\nROLLBACK;", 3, 1, "ROLLBACK would undo");
    assert_refused("x;\nABORT;", 2, 1, "ROLLBACK would undo");
    assert_refused("x; ROLLBACK AND CHAIN", 1, 4, "ROLLBACK would undo");
    assert_refused("BEGIN; x; COMMIT AND CHAIN;", 1, 11, "COMMIT AND CHAIN");
    assert_refused("BEGIN; x; PREPARE TRANSACTION 'p';", 1, 11, "PREPARE TRANSACTION");
}

static void test_transaction__words_in_strings_and_names_are_not_ours(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("DO $$ BEGIN COMMIT; END $$; DO 'BEGIN ROLLBACK; END'; PREPARE transaction AS SELECT 1",
                      "DO $$ BEGIN COMMIT; END $$", "DO 'BEGIN ROLLBACK; END'", "PREPARE transaction AS SELECT 1");
}

static void test_transaction__remarks_keep_their_place_among_the_statements(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "\\echo a\nx;\n\\echo b\nBEGIN;\n\\echo c\ny;\n\\echo d\nCOMMIT;\n\\echo e\n");
    static const struct {
        const char *text;
        size_t before;
    } rows[] = { { "a", 0 }, { "b", 1 }, { "BEGIN (line 4)", 1 }, { "c", 1 }, { "d", 2 }, { "e", 2 } };
    assert_int_equal(reading.script.remark_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_contains(reading.script.remarks[i].text, rows[i].text);
        assert_int_equal(reading.script.remarks[i].before_statement, rows[i].before);
    }
    reading_finish(&reading);
}

static size_t leading_sets(const char *text)
{
    struct reading reading;
    read_text(&reading, text);
    size_t count = reading.script.leading_set_count;
    reading_finish(&reading);
    return count;
}

static void test_transaction__a_leading_set_transaction_is_counted_with_the_sets_before_it(void **state)
{
    (void) state;
    assert_int_equal(leading_sets("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1;"), 1);
    assert_int_equal(leading_sets("SET lock_timeout = '1s'; SET LOCAL x.y = 1; SET TRANSACTION READ WRITE; SET a = 1;"), 3);
    assert_int_equal(leading_sets("SET LOCAL transaction_isolation = 'serializable'; SELECT 1"), 1);
    assert_int_equal(leading_sets("SET default_transaction_deferrable = on; SET transaction_deferrable TO on"), 2);
    assert_int_equal(leading_sets("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; x; COMMIT"), 1);
}

static void test_transaction__other_sets_need_not_lead(void **state)
{
    (void) state;
    assert_int_equal(leading_sets(""), 0);
    assert_int_equal(leading_sets("SET lock_timeout = '1s'; SELECT 1;"), 0);
    assert_int_equal(leading_sets("SELECT 1; SET TRANSACTION READ WRITE;"), 0);
    assert_int_equal(leading_sets("SET ROLE bob; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), 0);
    assert_int_equal(leading_sets("SET SESSION AUTHORIZATION bob; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), 0);
}

static void assert_units(const char *text, size_t count, const size_t *units)
{
    struct reading reading;
    read_text(&reading, text);
    assert_int_equal(reading.script.mode, SCRIPT_STATEMENTS);
    assert_int_equal(reading.script.statement_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(reading.script.statements[i].unit, units[i]);
    reading_finish(&reading);
}
#define ASSERT_UNITS(text, ...)                                                                                             \
    assert_units(text, sizeof(size_t[]){ __VA_ARGS__ } / sizeof(size_t), (const size_t[]){ __VA_ARGS__ })

static void test_transaction__each_statement_is_a_unit(void **state)
{
    (void) state;
    ASSERT_UNITS("CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a); VACUUM t;", 0, 1, 2);
    ASSERT_UNITS("-- pgusher: transaction=off\na; b;", 0, 1);
}

static void test_transaction__a_block_is_one_unit(void **state)
{
    (void) state;
    ASSERT_UNITS(
        "-- pgusher: transaction=off\na; BEGIN; b; c; COMMIT; VACUUM; BEGIN; COMMIT; BEGIN; d; SAVEPOINT s; END; e;", 0, 1,
        1, 2, 4, 4, 5);
}

static void test_transaction__tied_statements_are_one_unit(void **state)
{
    (void) state;
    ASSERT_UNITS("-- pgusher: transaction=off\na\\; b\\; c; d; BEGIN; e\\; f; g; COMMIT; h;", 0, 0, 0, 1, 2, 2, 2, 3);
}

static void test_transaction__the_reason_is_said(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "x;\ny;\nCREATE INDEX CONCURRENTLY i ON t (a);\nVACUUM;");
    assert_string_equal(reading.script.mode_reason, "CREATE INDEX CONCURRENTLY (line 3) cannot run in a transaction block");
    assert_false(reading.script.statements[0].alone);
    assert_true(reading.script.statements[2].alone);
    assert_false(reading.script.statements[2].repeatable);
    assert_true(reading.script.statements[3].alone);
    assert_true(reading.script.statements[3].repeatable);
    reading_finish(&reading);
    read_text(&reading, "-- hello\n-- pgusher: transaction=off\nx;");
    assert_string_equal(reading.script.mode_reason, "the file says transaction=off (line 2)");
    reading_finish(&reading);
}

static void test_transaction__blocks_need_the_directive_where_statements_run_alone(void **state)
{
    (void) state;
    assert_refused("BEGIN;\nx;\nCOMMIT;\nVACUUM;", 1, 1, "VACUUM (line 4)");
    assert_refused("BEGIN;\nVACUUM;\nCOMMIT;", 1, 1, "VACUUM (line 2)");
}

static void test_transaction__what_runs_alone_cannot_stand_in_a_block(void **state)
{
    (void) state;
    assert_refused("-- pgusher: transaction=off\nBEGIN;\nVACUUM t;\nCOMMIT;", 3, 1, "VACUUM t");
    assert_refused("VACUUM\\; x;", 1, 1, "VACUUM");
    assert_refused("x\\; VACUUM;", 1, 5, "VACUUM");
}

static void test_transaction__blocks_must_be_whole(void **state)
{
    (void) state;
    assert_refused("-- pgusher: transaction=off\nx;\nCOMMIT;", 3, 1, "no BEGIN");
    assert_refused("-- pgusher: transaction=off\nBEGIN; x;", 2, 1, "no COMMIT");
    assert_refused("-- pgusher: transaction=off\nBEGIN; BEGIN; x; COMMIT;", 2, 8, "inside");
    assert_refused("-- pgusher: transaction=off\nBEGIN; x; ROLLBACK;", 2, 11, "ROLLBACK");
    assert_refused("-- pgusher: transaction=off\nBEGIN READ ONLY; x; COMMIT;", 2, 1, "options");
}

static void test_transaction__the_directive_on_refuses_what_runs_alone(void **state)
{
    (void) state;
    assert_refused("-- pgusher: transaction=on\nx;\nCREATE INDEX CONCURRENTLY i ON t (a);", 3, 1, "transaction=on (line 1)");
    ASSERT_STATEMENTS("-- pgusher: transaction=on\nBEGIN; x; COMMIT;", "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transaction__one_pair_at_the_end_is_absorbed),
        cmocka_unit_test(test_transaction__every_spelling_of_the_pair_counts),
        cmocka_unit_test(test_transaction__what_stands_before_begin_joins_it),
        cmocka_unit_test(test_transaction__the_options_of_begin_are_kept),
        cmocka_unit_test(test_transaction__savepoints_are_fine),
        cmocka_unit_test(test_transaction__what_ends_it_halfway_is_refused),
        cmocka_unit_test(test_transaction__words_in_strings_and_names_are_not_ours),
        cmocka_unit_test(test_transaction__remarks_keep_their_place_among_the_statements),
        cmocka_unit_test(test_transaction__a_leading_set_transaction_is_counted_with_the_sets_before_it),
        cmocka_unit_test(test_transaction__other_sets_need_not_lead),
        cmocka_unit_test(test_transaction__each_statement_is_a_unit),
        cmocka_unit_test(test_transaction__a_block_is_one_unit),
        cmocka_unit_test(test_transaction__tied_statements_are_one_unit),
        cmocka_unit_test(test_transaction__the_reason_is_said),
        cmocka_unit_test(test_transaction__blocks_need_the_directive_where_statements_run_alone),
        cmocka_unit_test(test_transaction__what_runs_alone_cannot_stand_in_a_block),
        cmocka_unit_test(test_transaction__blocks_must_be_whole),
        cmocka_unit_test(test_transaction__the_directive_on_refuses_what_runs_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
