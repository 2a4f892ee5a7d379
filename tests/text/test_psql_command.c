/* psql's backslash commands: passed over, said, or refused. */
#include "text/psql_command.h"

#include "reading.h"
#include "support/starve.h"
#include "support/testing.h"

static void assert_remark(const char *text, enum remark_kind kind, const char *said)
{
    struct reading reading;
    read_text(&reading, text);
    assert_int_equal(reading.script.remark_count, 1);
    assert_int_equal(reading.script.remarks[0].kind, kind);
    assert_string_equal(reading.script.remarks[0].text, said);
    reading_finish(&reading);
}

static void test_psql_command__restrict_and_unrestrict_are_passed_over_in_silence(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "\\restrict dIf3renTk3y\n\nSELECT 1;\n\\unrestrict dIf3renTk3y\n");
    assert_int_equal(reading.script.statement_count, 1);
    assert_int_equal(reading.script.remark_count, 0);
    reading_finish(&reading);
}

static void test_psql_command__echo_and_its_kind_become_remarks(void **state)
{
    (void) state;
    assert_remark("\\echo creating  tables\n", REMARK_ECHO, "creating tables");
    assert_remark("\\qecho x", REMARK_ECHO, "x");
    assert_remark("\\warn look out\r\nSELECT 1;", REMARK_WARN, "look out");
    assert_remark("\\echo", REMARK_ECHO, "");
}

static void test_psql_command__echo_arguments_are_read_as_psql_reads_them(void **state)
{
    (void) state;
    assert_remark("\\echo 'it''s   one'  two", REMARK_ECHO, "it's   one two");
    assert_remark("\\echo -n a -n", REMARK_ECHO, "a -n");
    assert_remark("\\echo -nx", REMARK_ECHO, "-nx");
    assert_remark("\\echo '-n' a", REMARK_ECHO, "-n a");
    assert_remark("\\echo \"a  b\"", REMARK_ECHO, "\"a  b\"");
    assert_remark("\\echo a'b c'd", REMARK_ECHO, "ab cd");
    assert_remark("\\echo 'a\\tb\\'c\\\\d\\101\\x42\\x01'", REMARK_ECHO, "a b'c\\dAB?");
}

static void test_psql_command__a_remark_knows_which_statements_come_before_it(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "\\echo a\nSELECT 1; \\echo b\nSELECT 2;\n\\warn c\n");
    assert_int_equal(reading.script.remark_count, 3);
    assert_int_equal(reading.script.remarks[0].before_statement, 0);
    assert_int_equal(reading.script.remarks[1].before_statement, 1);
    assert_int_equal(reading.script.remarks[2].before_statement, 2);
    assert_int_equal(reading.script.remarks[1].offset_bytes, strlen("\\echo a\nSELECT 1; "));
    reading_finish(&reading);
}

static void test_psql_command__display_commands_are_passed_over_with_a_note(void **state)
{
    (void) state;
    assert_remark("\\timing on\n", REMARK_COMMAND_IGNORED, "\\timing on");
    assert_remark("\\pset null '(null)'\r\n", REMARK_COMMAND_IGNORED, "\\pset null '(null)'");
    assert_remark("\\x", REMARK_COMMAND_IGNORED, "\\x");
    assert_remark("\\set ON_ERROR_STOP on\n", REMARK_COMMAND_IGNORED, "\\set ON_ERROR_STOP on");
    assert_remark("\\set ON_ERROR_STOP", REMARK_COMMAND_IGNORED, "\\set ON_ERROR_STOP");
}

static void test_psql_command__two_backslashes_give_the_line_back_to_sql(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "\\echo a \\\\ SELECT 1; \\timing \\echo b");
    assert_int_equal(reading.script.statement_count, 1);
    assert_statement(&reading, 0, "SELECT 1");
    assert_int_equal(reading.script.remark_count, 3);
    assert_string_equal(reading.script.remarks[0].text, "a");
    assert_string_equal(reading.script.remarks[1].text, "\\timing");
    assert_string_equal(reading.script.remarks[2].text, "b");
    reading_finish(&reading);
}

static void test_psql_command__semicolons_and_comments_are_arguments(void **state)
{
    (void) state;
    assert_remark("\\echo a; -- b", REMARK_ECHO, "a; -- b");
}

static void test_psql_command__the_others_are_refused_with_a_reason(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *part;
    } rows[] = {
        { "\\c other", "one database" },
        { "\\connect - bob", "one database" },
        { "\\i other.sql", "included" },
        { "\\ir ../other.sql", "included" },
        { "\\copy t from 'x.csv'", "files of the client" },
        { "\\.", "none is open" },
        { "\\g", "semicolon" },
        { "\\gexec", "before they run" },
        { "\\gset", "variables" },
        { "\\set name value", "variables" },
        { "\\set ON_ERROR_STOPPED 1", "variables" },
        { "\\set", "variables" },
        { "\\unset ON_ERROR_STOP", "variables" },
        { "\\if true", "conditions" },
        { "\\endif", "conditions" },
        { "\\! rm -rf x", "shell" },
        { "\\q", "whole" },
        { "\\encoding latin1", "UTF-8" },
        { "\\o out.txt", "session of psql" },
        { "\\dt", "nobody looks" },
        { "\\restricted", "command of psql" },
        { "\\ECHO x", "command of psql" },
        { "\\", "command of psql" },
        { "\\echo `date`", "shell" },
        { "\\echo 'a", "not closed" },
        { "\\echo \"a", "not closed" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, 1, 1, rows[i].part);
    assert_refused("SELECT 1;\n  \\c other", 2, 3, "\\c");
    assert_refused("SELECT 'SELECT 1' \\gexec\n", 1, 19, "\\gexec");
}

static void test_psql_command__in_the_middle_of_a_statement_is_refused(void **state)
{
    (void) state;
    assert_refused("SELECT\n\\echo x\n1;", 2, 1, "middle of a statement");
    assert_refused("SELECT 1\n\\timing\n;", 2, 1, "middle of a statement");
}

static bool read_starved(void *argument, struct fault *fault)
{
    struct source source = source_of(argument);
    struct arena arena;
    struct script script;
    arena_init(&arena);
    bool done = script_read(&script, &arena, &source, fault);
    arena_finish(&arena);
    return done;
}

static void test_psql_command__no_memory_is_noticed(void **state)
{
    (void) state;
    char text[] = "\\echo 'a long line, longer than the first room of a buffer, which makes it grow: "
                  "...................................'\n"
                  "\\timing\n\\warn b\n";
    starve(read_starved, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_psql_command__restrict_and_unrestrict_are_passed_over_in_silence),
        cmocka_unit_test(test_psql_command__echo_and_its_kind_become_remarks),
        cmocka_unit_test(test_psql_command__echo_arguments_are_read_as_psql_reads_them),
        cmocka_unit_test(test_psql_command__a_remark_knows_which_statements_come_before_it),
        cmocka_unit_test(test_psql_command__display_commands_are_passed_over_with_a_note),
        cmocka_unit_test(test_psql_command__two_backslashes_give_the_line_back_to_sql),
        cmocka_unit_test(test_psql_command__semicolons_and_comments_are_arguments),
        cmocka_unit_test(test_psql_command__the_others_are_refused_with_a_reason),
        cmocka_unit_test(test_psql_command__in_the_middle_of_a_statement_is_refused),
        cmocka_unit_test(test_psql_command__no_memory_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
