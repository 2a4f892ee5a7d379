/* Where statements end, and what is not closed. */
#include "text/splitter.h"

#include "reading.h"
#include "support/testing.h"

static void test_splitter__semicolons_end_statements(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 1; SELECT 2 ;SELECT 3", "SELECT 1", "SELECT 2", "SELECT 3");
}

static void test_splitter__the_last_statement_needs_no_semicolon(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 1", "SELECT 1");
    ASSERT_STATEMENTS("SELECT 1 \n -- done", "SELECT 1");
}

static void test_splitter__empty_and_comment_only_statements_are_dropped(void **state)
{
    (void) state;
    ASSERT_NO_STATEMENTS("");
    ASSERT_NO_STATEMENTS(" \n;;; ; ");
    ASSERT_NO_STATEMENTS("-- a;\n/* b; */;\n-- c");
    ASSERT_STATEMENTS(";; SELECT 1 ;; /* x */ ;", "SELECT 1");
}

static void test_splitter__comments_at_both_ends_are_left_out_and_kept_inside(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("-- one\n/* two */ SELECT /* three */ 1 -- four\n+ 2 -- five\n;", "SELECT /* three */ 1 -- four\n+ 2");
}

static void test_splitter__quotes_hide_semicolons(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT ';', \";\", E'\\';', U&'\\003B;' UESCAPE '!', B';', $q$;$q$; x",
                      "SELECT ';', \";\", E'\\';', U&'\\003B;' UESCAPE '!', B';', $q$;$q$", "x");
}

static void test_splitter__a_dollar_quote_hides_semicolons(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("DO $$ BEGIN x; END $$; SELECT 1;", "DO $$ BEGIN x; END $$", "SELECT 1");
    ASSERT_STATEMENTS("SELECT $t\xC3\xA9g$;$$;$t\xC3\xA9g$; x", "SELECT $t\xC3\xA9g$;$$;$t\xC3\xA9g$", "x");
}

static void test_splitter__a_dollar_inside_an_identifier_opens_nothing(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT a$b$c; SELECT d$b$e", "SELECT a$b$c", "SELECT d$b$e");
}

static void test_splitter__a_plain_string_ending_in_a_backslash_ends_there(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 'C:\\'; SELECT 2", "SELECT 'C:\\'", "SELECT 2");
}

static void test_splitter__an_escape_string_ending_in_a_backslash_goes_on(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT E'a\\'; b'; SELECT 2", "SELECT E'a\\'; b'", "SELECT 2");
    ASSERT_STATEMENTS("SELECT E'a\\\\'; SELECT 2", "SELECT E'a\\\\'", "SELECT 2");
}

static void test_splitter__a_string_continued_over_lines_is_one_statement(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 'a;'\n  'b;'; SELECT 2", "SELECT 'a;'\n  'b;'", "SELECT 2");
}

static void test_splitter__comments_nest(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT /* a /* b; */ c; */ 1; SELECT 2", "SELECT /* a /* b; */ c; */ 1", "SELECT 2");
}

static void test_splitter__a_line_comment_ending_in_a_backslash_ends_with_its_line(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("-- path is C:\\\nSELECT 1;", "SELECT 1");
}

static void test_splitter__operators_holding_comment_marks_end_before_them(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 1 +-- ;\n2; SELECT 3 */* ; */ 4;", "SELECT 1 +-- ;\n2", "SELECT 3 */* ; */ 4");
}

static void test_splitter__numbers_glued_to_words_are_no_words(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT 1a$$b; SELECT $1a$; x", "SELECT 1a$$b", "SELECT $1a$", "x");
}

static void test_splitter__parentheses_hide_semicolons(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 2;",
                      "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 2");
    ASSERT_STATEMENTS("SELECT 1); SELECT 2", "SELECT 1)", "SELECT 2");
}

static void test_splitter__the_body_of_an_sql_routine_hides_semicolons(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3;",
                      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3");
    ASSERT_STATEMENTS("create or replace procedure p()\nbegin atomic\n insert into t values (1);\nend; x",
                      "create or replace procedure p()\nbegin atomic\n insert into t values (1);\nend", "x");
}

static void test_splitter__case_in_a_body_has_an_end_of_its_own(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN CASE 1 WHEN 1 THEN true END THEN 2 "
                      "END; SELECT 3; END; x;",
                      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN CASE 1 WHEN 1 THEN true END THEN 2 "
                      "END; SELECT 3; END",
                      "x");
    ASSERT_STATEMENTS("SELECT CASE WHEN true THEN 1 END; x", "SELECT CASE WHEN true THEN 1 END", "x");
}

static void test_splitter__begin_and_atomic_are_names_elsewhere(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("SELECT atomic FROM begin; x", "SELECT atomic FROM begin", "x");
    ASSERT_STATEMENTS("CREATE TABLE atomic (begin int); x", "CREATE TABLE atomic (begin int)", "x");
    ASSERT_STATEMENTS("CREATE FUNCTION f(begin int) RETURNS int AS 'SELECT 1' LANGUAGE sql; x",
                      "CREATE FUNCTION f(begin int) RETURNS int AS 'SELECT 1' LANGUAGE sql", "x");
    ASSERT_STATEMENTS("CREATE FUNCTION \"begin\"() RETURNS int AS 'SELECT 1' LANGUAGE sql; x",
                      "CREATE FUNCTION \"begin\"() RETURNS int AS 'SELECT 1' LANGUAGE sql", "x");
}

static void test_splitter__crlf_and_the_byte_order_mark_are_no_text(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("\xEF\xBB\xBFSELECT\r\n1;\r\n-- x\r\nSELECT 2\r\n", "SELECT\r\n1", "SELECT 2");
}

static void test_splitter__a_carriage_return_ends_a_line_comment(void **state)
{
    (void) state;
    ASSERT_STATEMENTS("-- x\rSELECT 1;", "SELECT 1");
}

static void test_splitter__an_escaped_semicolon_parts_statements_and_ties_them(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "SELECT 1\\; SELECT 2; SELECT 3;");
    assert_int_equal(reading.script.statement_count, 3);
    assert_statement(&reading, 0, "SELECT 1");
    assert_statement(&reading, 1, "SELECT 2");
    assert_true(reading.script.statements[0].tied);
    assert_false(reading.script.statements[1].tied);
    assert_false(reading.script.statements[2].tied);
    reading_finish(&reading);
    ASSERT_STATEMENTS("\\; SELECT 1", "SELECT 1");
}

static void test_splitter__what_cannot_stand_as_written_is_refused(void **state)
{
    (void) state;
    assert_refused("SELECT\n a\\:b", 2, 3, "\\:");
    assert_refused("SELECT (1\\; 2)", 1, 10, "\\;");
    assert_refused("COPY t FROM stdin\\; SELECT 1;\n\\.\n", 1, 1, "\\;");
}

static void test_splitter__what_is_never_closed_is_refused_where_it_opens(void **state)
{
    (void) state;
    assert_refused("SELECT 1;\nSELECT 'abc;\n", 2, 8, "string");
    assert_refused("SELECT E'abc\\';", 1, 8, "string");
    assert_refused("SELECT 1;\n  \"abc", 2, 3, "quoted identifier");
    assert_refused("DO $body$ BEGIN END $$;", 1, 4, "dollar-quoted");
    assert_refused("SELECT 1; /* a /* b */", 1, 11, "comment");
    assert_refused("SELECT (1, (2);\nSELECT 3;", 1, 8, "parenthesis");
    assert_refused("CREATE FUNCTION begin() RETURNS int AS 'x';\nSELECT 1;", 1, 17, "BEGIN");
}

static void test_splitter__copy_data_are_not_sql(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "COPY t (a, b) FROM stdin;\n1\tit's; $$\n\\N\t\\\\.\n\\.\nSELECT 1;");
    assert_int_equal(reading.script.statement_count, 2);
    assert_statement(&reading, 0, "COPY t (a, b) FROM stdin");
    assert_statement(&reading, 1, "SELECT 1");
    const struct statement *copy = &reading.script.statements[0];
    assert_int_equal(copy->kind, STATEMENT_COPY_FROM_STDIN);
    assert_int_equal(copy->data_offset_bytes, strlen("COPY t (a, b) FROM stdin;\n"));
    assert_int_equal(copy->data_size_bytes, strlen("1\tit's; $$\n\\N\t\\\\.\n"));
    assert_int_equal(reading.script.statements[1].kind, STATEMENT_SQL);
    assert_true(reading.script.has_copy);
    reading_finish(&reading);
}

static void assert_data(const char *text, size_t size)
{
    struct reading reading;
    read_text(&reading, text);
    assert_int_equal(reading.script.statements[0].kind, STATEMENT_COPY_FROM_STDIN);
    assert_int_equal(reading.script.statements[0].data_size_bytes, size);
    reading_finish(&reading);
}

static void test_splitter__copy_data_end_at_a_line_that_is_exactly_backslash_dot(void **state)
{
    (void) state;
    assert_data("COPY t FROM stdin;\n\\.\n", 0);
    assert_data("COPY t FROM stdin;\r\na\r\n\\.\r\n", 3);
    assert_data("COPY t FROM stdin;\na\n\\.", 2);
    assert_data("COPY t FROM stdin;\n\\.x\n \\.\nx\\.\n\\. \n\\.\n", 16);
    assert_data("COPY t FROM stdin; -- a comment's no matter\na\n\\.\n", 2);
}

static void test_splitter__copy_data_without_an_end_are_refused(void **state)
{
    (void) state;
    assert_refused("SELECT 1;\n COPY t FROM stdin;\n1\n2\n", 2, 2, "no end");
    assert_refused("COPY t FROM stdin;", 1, 1, "no end");
    assert_refused("COPY t FROM stdin", 1, 1, "no end");
    assert_refused("COPY t FROM stdin; \\.\n", 1, 1, "no end");
}

static void test_splitter__the_rest_of_a_copy_line_is_read_before_what_follows_the_data(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "COPY a FROM stdin; COPY b FROM stdin; SELECT 1;\na\n\\.\nbb\n\\.\nSELECT 2;");
    assert_int_equal(reading.script.statement_count, 4);
    assert_statement(&reading, 1, "COPY b FROM stdin");
    assert_statement(&reading, 2, "SELECT 1");
    assert_statement(&reading, 3, "SELECT 2");
    assert_int_equal(reading.script.statements[0].data_size_bytes, 2);
    assert_int_equal(reading.script.statements[1].data_size_bytes, 3);
    reading_finish(&reading);
}

static void test_splitter__a_statement_around_copy_data_is_refused(void **state)
{
    (void) state;
    assert_refused("COPY a FROM stdin; SELECT\na\n\\.\n1;", 1, 20, "line of the COPY");
    assert_refused("COPY a FROM stdin; SELECT (\na\n\\.\n1);", 1, 20, "line of the COPY");
    assert_refused("COPY a FROM stdin; /* x\na\n\\.\n*/;", 1, 20, "line of the COPY");
    assert_refused("COPY a FROM stdin; SELECT '\na\n\\.\n';", 1, 27, "line of the COPY");
}

static void test_splitter__copy_to_stdout_is_told_apart(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "COPY t TO stdout; COPY (SELECT 1 FROM stdin) TO STDOUT (FORMAT csv); COPY t TO '/x'; SELECT 1");
    assert_int_equal(reading.script.statement_count, 4);
    assert_int_equal(reading.script.statements[0].kind, STATEMENT_COPY_TO_STDOUT);
    assert_int_equal(reading.script.statements[1].kind, STATEMENT_COPY_TO_STDOUT);
    assert_int_equal(reading.script.statements[2].kind, STATEMENT_SQL);
    assert_int_equal(reading.script.statements[3].kind, STATEMENT_SQL);
    assert_true(reading.script.has_copy);
    reading_finish(&reading);
}

static void test_splitter__binary_copy_data_are_refused(void **state)
{
    (void) state;
    assert_refused("COPY t FROM stdin (FORMAT binary);\n\\.\n", 1, 1, "binary");
}

static void test_splitter__a_late_directive_is_refused(void **state)
{
    (void) state;
    assert_refused("SELECT 1;\n-- pgusher: transaction=off\n", 2, 1, "directive");
    assert_refused("\\echo x\n-- pgusher: transaction=off\n", 2, 1, "directive");
    ASSERT_STATEMENTS("SELECT '\n-- pgusher: transaction=off\n'; -- as pgusher: does",
                      "SELECT '\n-- pgusher: transaction=off\n'");
}

static void test_splitter__marks_of_foreign_formats_are_found_in_comments_only(void **state)
{
    (void) state;
    assert_refused("CREATE TABLE t ();\n-- +goose Down\nDROP TABLE t;", 2, 1, "goose");
    assert_refused("CREATE TABLE t ()\n-- migrate:down\nDROP TABLE t;", 2, 1, "dbmate");
    ASSERT_STATEMENTS("SELECT $$\n-- +goose Down\n$$", "SELECT $$\n-- +goose Down\n$$");
    assert_data("COPY t FROM stdin;\n-- migrate:down\n\\.\n", 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splitter__semicolons_end_statements),
        cmocka_unit_test(test_splitter__the_last_statement_needs_no_semicolon),
        cmocka_unit_test(test_splitter__empty_and_comment_only_statements_are_dropped),
        cmocka_unit_test(test_splitter__comments_at_both_ends_are_left_out_and_kept_inside),
        cmocka_unit_test(test_splitter__quotes_hide_semicolons),
        cmocka_unit_test(test_splitter__a_dollar_quote_hides_semicolons),
        cmocka_unit_test(test_splitter__a_dollar_inside_an_identifier_opens_nothing),
        cmocka_unit_test(test_splitter__a_plain_string_ending_in_a_backslash_ends_there),
        cmocka_unit_test(test_splitter__an_escape_string_ending_in_a_backslash_goes_on),
        cmocka_unit_test(test_splitter__a_string_continued_over_lines_is_one_statement),
        cmocka_unit_test(test_splitter__comments_nest),
        cmocka_unit_test(test_splitter__a_line_comment_ending_in_a_backslash_ends_with_its_line),
        cmocka_unit_test(test_splitter__operators_holding_comment_marks_end_before_them),
        cmocka_unit_test(test_splitter__numbers_glued_to_words_are_no_words),
        cmocka_unit_test(test_splitter__parentheses_hide_semicolons),
        cmocka_unit_test(test_splitter__the_body_of_an_sql_routine_hides_semicolons),
        cmocka_unit_test(test_splitter__case_in_a_body_has_an_end_of_its_own),
        cmocka_unit_test(test_splitter__begin_and_atomic_are_names_elsewhere),
        cmocka_unit_test(test_splitter__crlf_and_the_byte_order_mark_are_no_text),
        cmocka_unit_test(test_splitter__a_carriage_return_ends_a_line_comment),
        cmocka_unit_test(test_splitter__an_escaped_semicolon_parts_statements_and_ties_them),
        cmocka_unit_test(test_splitter__what_cannot_stand_as_written_is_refused),
        cmocka_unit_test(test_splitter__what_is_never_closed_is_refused_where_it_opens),
        cmocka_unit_test(test_splitter__copy_data_are_not_sql),
        cmocka_unit_test(test_splitter__copy_data_end_at_a_line_that_is_exactly_backslash_dot),
        cmocka_unit_test(test_splitter__copy_data_without_an_end_are_refused),
        cmocka_unit_test(test_splitter__the_rest_of_a_copy_line_is_read_before_what_follows_the_data),
        cmocka_unit_test(test_splitter__a_statement_around_copy_data_is_refused),
        cmocka_unit_test(test_splitter__copy_to_stdout_is_told_apart),
        cmocka_unit_test(test_splitter__binary_copy_data_are_refused),
        cmocka_unit_test(test_splitter__a_late_directive_is_refused),
        cmocka_unit_test(test_splitter__marks_of_foreign_formats_are_found_in_comments_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
