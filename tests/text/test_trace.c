/* The names by which the catalogue is asked about a statement. */
#include "text/trace.h"

#include "reading.h"
#include "support/testing.h"

static void assert_trace(const char *text, enum trace_kind kind, const char *name, const char *relation)
{
    struct reading reading;
    struct trace trace;
    read_text(&reading, text);
    assert_true(trace_find(&trace, &reading.script, 0));
    assert_int_equal(trace.kind, kind);
    assert_string_equal(trace.name, name);
    assert_string_equal(trace.relation, relation);
    reading_finish(&reading);
}

static void assert_no_trace(const char *text)
{
    struct reading reading;
    struct trace trace;
    read_text(&reading, text);
    assert_false(trace_find(&trace, &reading.script, 0));
    reading_finish(&reading);
}

static void test_trace__an_index_is_known_by_its_name_and_its_table(void **state)
{
    (void) state;
    assert_trace("CREATE INDEX CONCURRENTLY i ON t (a)", TRACE_INDEX, "i", "t");
    assert_trace("create unique index concurrently if not exists \"I x\" on only s.\"T\" using btree (a)", TRACE_INDEX,
                 "\"I x\"", "s.\"T\"");
    assert_trace("CREATE INDEX /* c */ CONCURRENTLY i ON s . t(a)", TRACE_INDEX, "i", "s . t");
    assert_trace("DROP INDEX CONCURRENTLY IF EXISTS s.i", TRACE_NO_INDEX, "s.i", "");
}

static void test_trace__databases_tablespaces_and_subscriptions_have_names(void **state)
{
    (void) state;
    assert_trace("CREATE DATABASE d OWNER o", TRACE_DATABASE, "d", "");
    assert_trace("DROP DATABASE IF EXISTS d", TRACE_NO_DATABASE, "d", "");
    assert_trace("CREATE TABLESPACE s LOCATION '/x'", TRACE_TABLESPACE, "s", "");
    assert_trace("DROP TABLESPACE s", TRACE_NO_TABLESPACE, "s", "");
    assert_trace("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", TRACE_SUBSCRIPTION, "s", "");
    assert_trace("DROP SUBSCRIPTION s", TRACE_NO_SUBSCRIPTION, "s", "");
}

static void test_trace__what_has_no_name_leaves_none(void **state)
{
    (void) state;
    assert_no_trace("CREATE INDEX CONCURRENTLY ON t (a)");
    assert_no_trace("ALTER DATABASE d SET TABLESPACE s");
    assert_no_trace("COMMIT PREPARED 'p'");
    assert_no_trace("VACUUM t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace__an_index_is_known_by_its_name_and_its_table),
        cmocka_unit_test(test_trace__databases_tablespaces_and_subscriptions_have_names),
        cmocka_unit_test(test_trace__what_has_no_name_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
