/*
 * What a file may hold and where an error in it is shown: encodings, line ends, statements' ends, psql's commands, other tools'
 * formats. How text is split is tested without a server on its own floor; here it is what a server and a person see in the end.
 */
#include <stdio.h>

#include "up.h"

/* --- places --- */

static const char *place_in(const char *text)
{
    const char *database = up_database("place");
    struct run_result result = up_run(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = database }, 5);
    const char *event = event_line(result.output, "migration_failed");
    return must_format("%s\n%s", result.errors, event);
}

static void test_place__counts_characters_and_points_under_wide_ones(void **state)
{
    (void) state;
    const char *said = place_in("-- Prüfung\n\tSELECT '€😀漢', 1 FROM missingä -- 漢\n;");
    assert_contains(said, "pgusher: 1.sql:2:23: ERROR 42P01: relation \"missingä\" does not exist\n"
                          "   2 |  SELECT '€😀漢', 1 FROM missingä -- 漢\n"
                          "     |                         ^\n");
    assert_contains(said, "\"line\":2,\"column\":23");
    assert_contains(said, "\"excerpt\":\"   2 |  SELECT '€😀漢', 1 FROM missingä -- 漢\\n"
                          "     |                         ^");
}

static void test_place__is_right_in_a_later_statement_behind_multibyte_text(void **state)
{
    (void) state;
    const char *said = place_in("SELECT 'ä'; /* ö */ SELECT 'ü';\n/* é */ SELECT 1,\n   'ß', nothing;\n");
    assert_contains(said, "1.sql:3:9: ERROR 42703");
    assert_contains(said, "\"statement\":3,\"line\":3,\"column\":9");
}

static void test_place__is_right_with_crlf(void **state)
{
    (void) state;
    const char *said = place_in("SELECT 1;\r\nSELECT 2,\r\n  nothing;\r\n");
    assert_contains(said, "1.sql:3:3: ERROR 42703");
    assert_contains(said, "   3 |   nothing;\n     |   ^\n");
}

static void test_place__is_right_behind_a_byte_order_mark(void **state)
{
    (void) state;
    assert_contains(place_in("\xEF\xBB\xBFSELECT nothing;"), "1.sql:1:8: ERROR 42703");
}

static void test_place__is_right_without_a_semicolon_at_the_end(void **state)
{
    (void) state;
    assert_contains(place_in("SELECT 1;\n\nSELECT nothing"), "1.sql:3:8: ERROR 42703");
}

static void test_place__of_an_error_without_a_position_is_the_statement(void **state)
{
    (void) state;
    const char *said = place_in("CREATE TABLE t (a int PRIMARY KEY);\n\n  INSERT INTO t\n  VALUES (1), (1);");
    assert_contains(said, "1.sql:3:3: ERROR 23505");
    assert_contains(said, "detail: Key (a)=(1) already exists.");
}

static void test_place__of_an_error_inside_a_function_comes_with_its_context(void **state)
{
    (void) state;
    const char *said =
        place_in("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  EXECUTE 'SELECT nothing';\n"
                 "END $$;\nSELECT f();");
    assert_contains(said, "1.sql:5:1: ERROR 42703");
    assert_contains(said, "PL/pgSQL function f() line 3");
    assert_contains(said, "SELECT nothing");
}

static void test_place__of_the_end_of_the_text_is_inside_the_file(void **state)
{
    (void) state;
    assert_contains(place_in("SELECT 1;\nSELECT 1 +"), "1.sql:2:11: ERROR 42601");
}

/* --- encodings --- */

static void test_text__bom_crlf_and_no_last_semicolon_are_fine(void **state)
{
    (void) state;
    const char *database = up_database("forms");
    const char *folder =
        FILES({ "1.sql", "\xEF\xBB\xBF-- BOM\r\nCREATE TABLE t (name text);\r\n" },
              { "2.sql", "INSERT INTO t VALUES ('a;b'), ($q$c\n;d$q$), (E'e\\';f'), ('ä€😀')" }, { "3.sql", "\xEF\xBB\xBF" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(name, '|' ORDER BY name COLLATE \"C\") FROM t", "a;b|c\n;d|e';f|ä€😀");
}

static void test_text__utf8_is_stored_right_whatever_the_client_encoding_of_the_role(void **state)
{
    (void) state;
    const char *database = up_database("latin");
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET client_encoding = 'LATIN1'", database));
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE t AS SELECT 'ä€' AS a;" }, { "2.sql", "INSERT INTO t VALUES ('ö€');" });
    up_run(&(struct up){ .migrations = folder, .database = database, .environment = WORDS("PGCLIENTENCODING=LATIN1") }, 0);
    expect_sql(database, "SET client_encoding = 'UTF8'; SELECT string_agg(a, ',' ORDER BY a COLLATE \"C\") FROM t", "ä€,ö€");
}

static void expect_refusal(const char *text, size_t size, const char *said)
{
    const char *database = up_database("refusal");
    const char *folder = FILES({ "1.sql", "CREATE TABLE good (a int);" });
    folder_add_bytes(folder, "2.sql", text, size);
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 2), said);
    expect_sql(database, "SELECT to_regclass('good') IS NULL, to_regclass('schema_migrations') IS NULL", "t|t");
}

#define REFUSED(text, said) expect_refusal(text, sizeof(text) - 1, said)

static void test_text__what_is_no_utf8_is_refused_before_anything_runs(void **state)
{
    (void) state;
    REFUSED("SELECT 1;\nSELECT 'a\0b';", "2.sql:2:10: ");
    REFUSED("SELECT 1;\n-- M\xFCller\nSELECT 2;", "2.sql:2:5: ");
    REFUSED("SELECT '\xC3\xA4\xED\xA0\x80';", "2.sql:1:10: ");
    REFUSED("\xFF\xFES\0E\0L\0", "UTF-16");
    REFUSED("\xFE\xFF\0S\0E\0L", "UTF-16");
    REFUSED("S\0E\0L\0E\0C\0T\0", "2.sql:1:2: ");
}

/* --- other tools and psql --- */

static void test_text__other_tools_formats_are_refused_before_anything_runs(void **state)
{
    (void) state;
    REFUSED("-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;", "goose");
    REFUSED("-- migrate:up\nCREATE TABLE a ();\n\n-- migrate:down\nDROP TABLE a;", "dbmate");
    REFUSED("CREATE TABLE a ();\n---- create above / drop below ----\nDROP TABLE a;", "tern");
    REFUSED("-- pgusher: transactions=off\nSELECT 1;", "2.sql:1:13: unknown directive");
    const char *folder = FILES({ "1.up.sql", "SELECT 1;" }, { "1.down.sql", "SELECT 1;" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = up_database("down") }, 2), "1.down.sql");
}

static void test_text__psql_commands_are_said_ignored_or_refused(void **state)
{
    (void) state;
    const char *database = up_database("psql");
    const char *folder = FILES({ "1.sql", "\\restrict abc\n\\set ON_ERROR_STOP on\n\\timing\n\\pset pager off\n\\x\n"
                                          "\\echo 'making t' now\nCREATE TABLE t (a int);\n\\qecho done\n\\warn look out\n"
                                          "\\unrestrict abc\n" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_int_equal(event_count(result.output, "psql_command_ignored"), 4);
    assert_contains(event_line_with(result.output, "echo", "\"line\":6"), "\"message\":\"making t now\"");
    assert_contains(event_line_with(result.output, "echo", "\"line\":9"), "\"level\":\"warn\"");
    assert_int_equal(event_count(result.output, "echo"), 3);
    REFUSED("SELECT 1;\n\\i other.sql\n", "2.sql:2:1: ");
    REFUSED("\\connect other\nSELECT 1;\n", "2.sql:1:1: ");
    REFUSED("SELECT 1 \\gexec\n", "2.sql:1:10: ");
    REFUSED("\\copy t FROM 'file'\n", "COPY ... FROM stdin");
    REFUSED("\\set x 1\nSELECT :x;\n", "2.sql:1:1: ");
}

static void test_text__what_is_not_closed_is_refused_before_anything_runs(void **state)
{
    (void) state;
    REFUSED("SELECT 1;\nSELECT 'open;\n", "2.sql:2:8: ");
    REFUSED("DO $body$ BEGIN END $bodi$;", "2.sql:1:4: ");
    REFUSED("SELECT 1; /* never /* ends */", "2.sql:1:11: ");
    REFUSED("CREATE TABLE t (a int;\n", "2.sql:1:16: ");
}

/* --- what the server says --- */

static void test_text__notices_are_events_with_their_migration(void **state)
{
    (void) state;
    const char *folder =
        FILES({ "1.sql", "DO $$ BEGIN RAISE NOTICE 'hear \"this\"'; RAISE WARNING 'and this' USING HINT = 'look'; "
                         "RAISE DEBUG 'not this'; END $$;" },
              { "2.sql", "DROP TABLE IF EXISTS nowhere;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = up_database("notice") }, 0);
    const char *notice = event_line_with(result.output, "notice", "hear \\\"this\\\"");
    assert_contains(notice, "\"migration\":\"1.sql\",\"severity\":\"NOTICE\"");
    const char *warning = event_line_with(result.output, "notice", "and this");
    assert_contains(warning, "\"level\":\"warn\"");
    assert_contains(warning, "\"hint\":\"look\"");
    assert_contains(event_line_with(result.output, "notice", "nowhere"), "\"migration\":\"2.sql\"");
    assert_int_equal(event_count(result.output, "notice"), 3);
}

/* A million rows of some hundred bytes would be a hundred megabytes and more. */
static void test_text__rows_that_nobody_wants_take_no_memory(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "SELECT i, repeat('x', 100) FROM generate_series(1, 1000000) AS i; SELECT 1;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = up_database("rows") }, 0);
    assert_in_range(result.most_memory_kb, 1, up_memory_limit_kb(30 * 1024));
}

static void test_text__many_statements_take_little_memory(void **state)
{
    (void) state;
    struct bytes text = { 0 };
    bytes_add_format(&text, "CREATE TABLE t (a int);\n");
    for (int i = 0; i < 20000; i++)
        bytes_add_format(&text, "INSERT INTO t VALUES (%d);\n", i);
    const char *database = up_database("many");
    struct run_result result = up_run(&(struct up){ .migrations = FILES({ "1.sql", text.at }), .database = database }, 0);
    bytes_finish(&text);
    expect_sql(database, "SELECT count(*) FROM t", "20000");
    assert_in_range(result.most_memory_kb, 1, up_memory_limit_kb(30 * 1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_place__counts_characters_and_points_under_wide_ones),
        UP_TEST(test_place__is_right_in_a_later_statement_behind_multibyte_text),
        UP_TEST(test_place__is_right_with_crlf),
        UP_TEST(test_place__is_right_behind_a_byte_order_mark),
        UP_TEST(test_place__is_right_without_a_semicolon_at_the_end),
        UP_TEST(test_place__of_an_error_without_a_position_is_the_statement),
        UP_TEST(test_place__of_an_error_inside_a_function_comes_with_its_context),
        UP_TEST(test_place__of_the_end_of_the_text_is_inside_the_file),
        UP_TEST(test_text__bom_crlf_and_no_last_semicolon_are_fine),
        UP_TEST(test_text__utf8_is_stored_right_whatever_the_client_encoding_of_the_role),
        UP_TEST(test_text__what_is_no_utf8_is_refused_before_anything_runs),
        UP_TEST(test_text__other_tools_formats_are_refused_before_anything_runs),
        UP_TEST(test_text__psql_commands_are_said_ignored_or_refused),
        UP_TEST(test_text__what_is_not_closed_is_refused_before_anything_runs),
        UP_TEST(test_text__notices_are_events_with_their_migration),
        UP_TEST(test_text__rows_that_nobody_wants_take_no_memory),
        UP_TEST(test_text__many_statements_take_little_memory),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
