/* The tables: what cannot run in a block, what cannot change the session, what is refused outright. */
#include "reading.h"
#include "support/must.h"
#include "support/testing.h"
#include "text/session_effect.h"
#include "text/standalone.h"

static const struct standalone *find(const char *text)
{
    return standalone_find(text, 0, strlen(text));
}

static void test_standalone__each_example_falls_under_its_own_entry(void **state)
{
    (void) state;
    assert_true(standalone_count > 0);
    for (size_t i = 0; i < standalone_count; i++) {
        const struct standalone *found = find(standalone_table[i].example);
        if (found != &standalone_table[i])
            fail_msg("%s", standalone_table[i].example);
        assert_true(standalone_table[i].rule[0] != '\0');
    }
}

static void test_standalone__other_forms_are_recognised(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *name;
    } rows[] = {
        { "create UNIQUE index /* x */ concurrently if not exists i on t (c)", "CREATE INDEX CONCURRENTLY" },
        { "DROP INDEX CONCURRENTLY IF EXISTS s.i", "DROP INDEX CONCURRENTLY" },
        { "REINDEX INDEX CONCURRENTLY i", "REINDEX CONCURRENTLY" },
        { "REINDEX (VERBOSE, CONCURRENTLY) TABLE t", "REINDEX CONCURRENTLY" },
        { "REINDEX (CONCURRENTLY true) TABLE t", "REINDEX CONCURRENTLY" },
        { "REINDEX (VERBOSE) DATABASE d", "REINDEX SCHEMA, DATABASE or SYSTEM" },
        { "REINDEX SYSTEM", "REINDEX SCHEMA, DATABASE or SYSTEM" },
        { "VACUUM", "VACUUM" },
        { "VACUUM (FULL, ANALYZE) t", "VACUUM" },
        { "CLUSTER VERBOSE", "CLUSTER" },
        { "CLUSTER (VERBOSE)", "CLUSTER" },
        { "CREATE DATABASE d WITH OWNER o", "CREATE DATABASE" },
        { "DROP DATABASE IF EXISTS d WITH (FORCE)", "DROP DATABASE" },
        { "ALTER DATABASE \"d\" SET TABLESPACE s", "ALTER DATABASE SET TABLESPACE" },
        { "ALTER DATABASE d WITH TABLESPACE s", "ALTER DATABASE SET TABLESPACE" },
        { "ALTER SYSTEM RESET ALL", "ALTER SYSTEM" },
        { "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot)", "CREATE SUBSCRIPTION" },
        { "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = true, enabled = false)",
          "CREATE SUBSCRIPTION" },
        { "ALTER SUBSCRIPTION s ADD PUBLICATION p", "ALTER SUBSCRIPTION with refresh" },
        { "ALTER SUBSCRIPTION s DROP PUBLICATION p WITH (copy_data = false)", "ALTER SUBSCRIPTION with refresh" },
        { "ALTER TABLE IF EXISTS ONLY a.b DETACH PARTITION c.d CONCURRENTLY", "ALTER TABLE DETACH PARTITION CONCURRENTLY" },
        { "ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct standalone *found = find(rows[i].text);
        assert_string_equal(found != NULL ? found->name : rows[i].text, rows[i].name);
    }
}

static void test_standalone__what_may_run_in_a_block_passes(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "CREATE INDEX i ON t (concurrently_made)",
        "CREATE INDEX \"concurrently\" ON t (c)",
        "DROP INDEX i",
        "REINDEX TABLE t",
        "REINDEX (VERBOSE) INDEX i",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "REINDEX (CONCURRENTLY 0) TABLE t",
        "ANALYZE",
        "CLUSTER t USING i",
        "CLUSTER VERBOSE t",
        "CLUSTER (VERBOSE) t",
        "ALTER DATABASE d SET search_path = 'x'",
        "ALTER DATABASE d SET default_tablespace = s",
        "ALTER TYPE t ADD VALUE 'x'",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = off)",
        "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
        "ALTER SUBSCRIPTION s SET (slot_name = NONE)",
        "ALTER SUBSCRIPTION s DISABLE",
        "ALTER TABLE t DETACH PARTITION p",
        "ALTER TABLE t DETACH PARTITION p FINALIZE",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "SELECT 'VACUUM'",
        "COMMIT",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (find(texts[i]) != NULL)
            fail_msg("%s", texts[i]);
}

static void test_standalone__only_what_is_harmless_twice_is_repeatable(void **state)
{
    (void) state;
    assert_int_equal(find("VACUUM t")->repetition, REPEATABLE);
    assert_int_equal(find("REINDEX SCHEMA s")->repetition, REPEATABLE);
    assert_int_equal(find("REINDEX INDEX CONCURRENTLY i")->repetition, REPEATABLE);
    assert_int_equal(find("ALTER SYSTEM SET x = 1")->repetition, REPEATABLE);
    assert_int_equal(find("CREATE INDEX CONCURRENTLY i ON t (c)")->repetition, ONCE);
    assert_int_equal(find("DROP DATABASE d")->repetition, ONCE);
    assert_int_equal(find("COMMIT PREPARED 'x'")->repetition, ONCE);
}

static bool may_change(const char *text)
{
    return session_effect_possible(text, 0, strlen(text));
}

static void test_session_effect__plain_ddl_has_none(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "CREATE TABLE t (a int GENERATED ALWAYS AS (b) STORED)",
        "CREATE UNLOGGED TABLE IF NOT EXISTS s.t ()",
        "create unique index i on t (c)",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql",
        "CREATE TYPE t AS ENUM ('a')",
        "CREATE DOMAIN d AS int",
        "CREATE SEQUENCE s",
        "CREATE SCHEMA s",
        "CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()",
        "CREATE POLICY p ON t",
        "ALTER TABLE t ADD c int",
        "ALTER TYPE t ADD VALUE 'x'",
        "DROP TABLE t",
        "DROP MATERIALIZED VIEW v",
        "COMMENT ON TABLE t IS 'x'",
        "GRANT SELECT ON t TO r",
        "REVOKE ALL ON t FROM r",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (may_change(texts[i]))
            fail_msg("%s", texts[i]);
}

static void test_session_effect__everything_else_may_have_one(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "SET search_path = ''",
        "SELECT set_config('search_path', '', false)",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DO $$ BEGIN END $$",
        "CALL p()",
        "CREATE TEMP TABLE t (a int)",
        "CREATE TEMPORARY VIEW v AS SELECT 1",
        "CREATE LOCAL TEMP TABLE t ()",
        "CREATE TABLE pg_temp.t ()",
        "CREATE TABLE IF NOT EXISTS PG_TEMP.t ()",
        "CREATE FUNCTION \"pg_temp\".f() RETURNS int AS 'SELECT 1' LANGUAGE sql",
        "CREATE TABLE t AS SELECT f()",
        "CREATE TABLE t (a) WITH (fillfactor = 70) AS SELECT f()",
        "CREATE MATERIALIZED VIEW v AS SELECT f()",
        "CREATE EXTENSION pg_trgm",
        "COPY t FROM stdin",
        "LISTEN x",
        "PREPARE p AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "LOCK TABLE t",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "SAVEPOINT s",
        "TRUNCATE t",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!may_change(texts[i]))
            fail_msg("%s", texts[i]);
}

static void test_session_effect__one_statement_decides_for_the_script(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "CREATE TABLE t (); CREATE INDEX i ON t (c);");
    assert_false(reading.script.changes_session);
    assert_false(reading.script.has_copy);
    reading_finish(&reading);
    read_text(&reading, "CREATE TABLE t (); INSERT INTO t VALUES (1); CREATE INDEX i ON t (c);");
    assert_true(reading.script.changes_session);
    reading_finish(&reading);
    read_text(&reading, "BEGIN; CREATE TABLE t (); COMMIT;");
    assert_false(reading.script.changes_session);
    reading_finish(&reading);
}

static void test_forbidden__discard_all_is_refused(void **state)
{
    (void) state;
    assert_refused("SELECT 1;\ndiscard /* x */ all;", 2, 1, "lock");
    ASSERT_STATEMENTS("DISCARD PLANS; DISCARD TEMP", "DISCARD PLANS", "DISCARD TEMP");
}

static void test_forbidden__turning_standard_strings_off_is_refused(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "SET standard_conforming_strings = off;",
        "set local STANDARD_CONFORMING_STRINGS to 'off'",
        "SET SESSION \"standard_conforming_strings\" = false",
        "SET standard_conforming_strings TO 0",
        "SELECT set_config('standard_conforming_strings', 'off', false)",
        "SELECT 1, pg_catalog.set_config('standard_conforming_strings', 'no', true) AS x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_refused(texts[i], 1, 1, "standard_conforming_strings");
    assert_refused("SELECT 1;\n\n SET standard_conforming_strings = off;", 3, 2, "standard_conforming_strings");
}

static void test_forbidden__turning_standard_strings_on_is_fine(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SET standard_conforming_strings = on; SET LOCAL standard_conforming_strings TO 'true'",
                      "SET standard_conforming_strings = on", "SET LOCAL standard_conforming_strings TO 'true'");
    ASSERT_STATEMENTS("SELECT pg_catalog.set_config('search_path', '', false); SET escape_string_warning = off",
                      "SELECT pg_catalog.set_config('search_path', '', false)", "SET escape_string_warning = off");
}

static void test_forbidden__another_client_encoding_is_refused(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "SET client_encoding = 'LATIN1'",
        "set local Client_Encoding to sql_ascii",
        "SET SESSION \"client_encoding\" = utf16",
        "SET NAMES 'EUC_JP'",
        "SET LOCAL NAMES latin1",
        "SELECT set_config('client_encoding', 'LATIN1', false)",
        "SELECT pg_catalog.Set_Config ( 'client_encoding' , E'UTF8', false)",
        "WITH x AS (SELECT set_config('client_encoding', 'latin1', true)) SELECT * FROM x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_refused(must_format("SELECT 1;\n  %s;", texts[i]), 2, 3, "client_encoding");
}

static void test_forbidden__utf8_by_any_of_its_names_is_fine(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "SET client_encoding = 'UTF8'",
        "SET client_encoding = 'UTF-8'",
        "SET client_encoding TO utf8",
        "SET client_encoding = unicode",
        "SET client_encoding = DEFAULT",
        "RESET client_encoding",
        "SET NAMES 'utf-8'",
        "SET NAMES",
        "SELECT pg_catalog.set_config('client_encoding', 'UTF8', false)",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SELECT reset_config, 'client_encoding', 'latin1'",
        "SHOW client_encoding",
        "ALTER DATABASE d SET client_encoding = 'latin1'",
        "\\encoding 'utf-8'\nSELECT 1",
        "_",
        "SELECT _",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reading reading;
        read_text(&reading, texts[i]);
        reading_finish(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standalone__each_example_falls_under_its_own_entry),
        cmocka_unit_test(test_standalone__other_forms_are_recognised),
        cmocka_unit_test(test_standalone__what_may_run_in_a_block_passes),
        cmocka_unit_test(test_standalone__only_what_is_harmless_twice_is_repeatable),
        cmocka_unit_test(test_session_effect__plain_ddl_has_none),
        cmocka_unit_test(test_session_effect__everything_else_may_have_one),
        cmocka_unit_test(test_session_effect__one_statement_decides_for_the_script),
        cmocka_unit_test(test_forbidden__discard_all_is_refused),
        cmocka_unit_test(test_forbidden__turning_standard_strings_off_is_refused),
        cmocka_unit_test(test_forbidden__turning_standard_strings_on_is_fine),
        cmocka_unit_test(test_forbidden__another_client_encoding_is_refused),
        cmocka_unit_test(test_forbidden__utf8_by_any_of_its_names_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
