/* Directives in leading comments, and the marks of other tools' formats. */
#include "text/directives.h"

#include "reading.h"
#include "support/testing.h"

static enum transaction_directive directive_of(const char *text)
{
    struct source source = source_of(text);
    struct directives directives;
    struct fault fault;
    if (!directives_read(&directives, &source, &fault))
        fail_msg("refused: %s", fault.what);
    return directives.transaction;
}

static void test_directives__leading_comments_are_read(void **state)
{
    (void) state;
    assert_int_equal(directive_of("-- pgusher: transaction=off\nSELECT 1;"), TRANSACTION_OFF);
    assert_int_equal(directive_of("-- pgusher: transaction=on"), TRANSACTION_ON);
    assert_int_equal(directive_of("--pgusher:transaction=off\r\nSELECT 1;"), TRANSACTION_OFF);
    assert_int_equal(directive_of("\xEF\xBB\xBF\n-- Rebuild it\n/* long\n*/\n  --  pgusher: transaction=off \nx"),
                     TRANSACTION_OFF);
    assert_int_equal(directive_of("-- pgusher: transaction=off\n-- pgusher: transaction=off\n"), TRANSACTION_OFF);
}

static void test_directives__other_comments_say_nothing(void **state)
{
    (void) state;
    assert_int_equal(directive_of(""), TRANSACTION_UNSAID);
    assert_int_equal(directive_of("-- transaction=off"), TRANSACTION_UNSAID);
    assert_int_equal(directive_of("-- for pgusher: transaction=off"), TRANSACTION_UNSAID);
    assert_int_equal(directive_of("-- PGUSHER: transaction=off"), TRANSACTION_UNSAID);
    assert_int_equal(directive_of("SELECT 1; -- x"), TRANSACTION_UNSAID);
}

static void test_directives__unknown_ones_are_refused_where_they_stand(void **state)
{
    (void) state;
    assert_refused("-- pgusher: transactions=off\n", 1, 13, "transactions=off");
    assert_refused("-- pgusher: transaction=no\n", 1, 13, "transaction=no");
    assert_refused("\n-- pgusher: transaction=off timeout=5\n", 2, 29, "timeout=5");
    assert_refused("-- pgusher: transaction = off\n", 1, 13, "unknown directive \"transaction\"");
    assert_refused("-- pgusher:\nSELECT 1;", 1, 12, "unknown directive");
}

static void test_directives__timeouts_are_durations(void **state)
{
    (void) state;
    struct source source = source_of("-- pgusher: lock_timeout=1500ms, statement_timeout=0\nSELECT 1;");
    struct directives directives;
    struct fault fault;
    assert_true(directives_read(&directives, &source, &fault));
    assert_int_equal(directives.lock_timeout_ms, 1500);
    assert_int_equal(directives.statement_timeout_ms, 0);
    source = source_of("SELECT 1;");
    assert_true(directives_read(&directives, &source, &fault));
    assert_int_equal(directives.lock_timeout_ms, -1);
    assert_int_equal(directives.statement_timeout_ms, -1);
    assert_refused("-- pgusher: lock_timeout=soon\n", 1, 13, "no duration in the directive \"lock_timeout=soon\"");
    assert_refused("-- pgusher: lock_timeout=\n", 1, 13, "lock_timeout=");
    assert_refused("-- pgusher: lock_timeout=11111111111111111111111111111111111111s\n", 1, 13, "no duration");
}

static void test_directives__two_that_differ_are_refused(void **state)
{
    (void) state;
    assert_refused("-- pgusher: transaction=off\n-- pgusher: transaction=on\n", 2, 13, "both");
}

static void test_foreign__each_format_is_named(void **state)
{
    (void) state;
    assert_refused("-- +goose Up\nCREATE TABLE t ();\n-- +goose Down\nDROP TABLE t;", 1, 1, "goose");
    assert_refused("--  +goose   DOWN\n", 1, 1, "goose");
    assert_refused("-- migrate:up\nCREATE TABLE t ();\n-- migrate:down\n", 1, 1, "dbmate");
    assert_refused("--migrate:down transaction:false\n", 1, 1, "dbmate");
    assert_refused("-- +migrate Down\n", 1, 1, "sql-migrate");
    assert_refused("CREATE TABLE t ();\n---- create above / drop below ----\nDROP TABLE t;", 2, 1, "tern");
    assert_refused("CREATE TABLE t ();\r\n---- create above / drop below ----\r\nDROP TABLE t;", 2, 1, "tern");
}

static void test_foreign__what_only_looks_like_it_passes(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("-- +goose StatementBegin\n-- migrate:downtown\n-- see migrate:down\n-- +goose Upper\nSELECT 1;",
                      "SELECT 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directives__leading_comments_are_read),
        cmocka_unit_test(test_directives__other_comments_say_nothing),
        cmocka_unit_test(test_directives__unknown_ones_are_refused_where_they_stand),
        cmocka_unit_test(test_directives__timeouts_are_durations),
        cmocka_unit_test(test_directives__two_that_differ_are_refused),
        cmocka_unit_test(test_foreign__each_format_is_named),
        cmocka_unit_test(test_foreign__what_only_looks_like_it_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
