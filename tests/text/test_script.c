/* A whole file at once: what pg_dump writes, large files, and no memory. */
#include "text/script.h"

#include <stdlib.h>

#include "reading.h"
#include "support/must.h"
#include "support/starve.h"
#include "support/testing.h"

static const char dump[] = "--\n"
                           "-- PostgreSQL database dump\n"
                           "--\n"
                           "\n"
                           "\\restrict Abc123\n"
                           "\n"
                           "SET statement_timeout = 0;\n"
                           "SET standard_conforming_strings = on;\n"
                           "SELECT pg_catalog.set_config('search_path', '', false);\n"
                           "\n"
                           "CREATE FUNCTION public.f() RETURNS trigger\n"
                           "    LANGUAGE plpgsql\n"
                           "    AS $$ BEGIN RETURN NEW; END; $$;\n"
                           "\n"
                           "COPY public.bots (id, name) FROM stdin;\n"
                           "1\tEli's; bot\n"
                           "2\t\\N\n"
                           "\\.\n"
                           "\n"
                           "\n"
                           "ALTER TABLE ONLY public.bots ADD CONSTRAINT bots_pkey PRIMARY KEY (id);\n"
                           "\n"
                           "\\unrestrict Abc123\n"
                           "\n";

static void test_script__a_dump_is_read_whole(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, dump);
    assert_int_equal(reading.script.mode, SCRIPT_TRANSACTION);
    assert_null(reading.script.mode_reason);
    assert_int_equal(reading.script.statement_count, 6);
    assert_int_equal(reading.script.statements[4].kind, STATEMENT_COPY_FROM_STDIN);
    assert_int_equal(reading.script.statements[4].data_size_bytes, strlen("1\tEli's; bot\n2\t\\N\n"));
    assert_statement(&reading, 5, "ALTER TABLE ONLY public.bots ADD CONSTRAINT bots_pkey PRIMARY KEY (id)");
    assert_int_equal(reading.script.remark_count, 0);
    assert_int_equal(reading.script.leading_set_count, 0);
    assert_true(reading.script.changes_session);
    assert_true(reading.script.has_copy);
    reading_finish(&reading);
}

static void test_script__an_empty_file_has_no_statements(void **state)
{
    (void) state;
    struct reading reading;
    read_text(&reading, "-- nothing yet\n");
    assert_int_equal(reading.script.statement_count, 0);
    assert_int_equal(reading.script.mode, SCRIPT_TRANSACTION);
    assert_false(reading.script.changes_session);
    assert_ptr_equal(reading.script.source, &reading.source);
    reading_finish(&reading);
}

static void assert_headline(const char *text, size_t size, const char *expected)
{
    struct reading reading;
    read_text(&reading, text);
    char line[200];
    memset(line, '#', sizeof line);
    statement_headline(&reading.script, 0, line, size);
    assert_string_equal(line, expected);
    reading_finish(&reading);
}

static void test_script__a_headline_is_the_first_line_cut_with_dots(void **state)
{
    (void) state;
    assert_headline("CREATE TABLE t (\n  a int\n);", 80, "CREATE TABLE t (");
    assert_headline("CREATE TABLE t ( \r\n  a int\r\n);", 80, "CREATE TABLE t (");
    assert_headline("SELECT 1234567;", 15, "SELECT 1234567");
    assert_headline("SELECT 12345678;", 15, "SELECT 1234...");
    assert_headline("SELECT '\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9';", 13, "SELECT '...");
    assert_headline("SELECT 1;", 4, "...");
    assert_headline("SELECT 1;", 1, "");
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

static char *repeated(const char *text, size_t times)
{
    size_t size = strlen(text);
    char *all = must_alloc(size * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * size, text, size);
    return all;
}

static void test_script__no_memory_is_noticed_whatever_fails(void **state)
{
    (void) state;
    char absorbed[] = "\\echo a\nBEGIN READ WRITE; SELECT 1; COMMIT;";
    char alone[] = "-- pgusher: transaction=off\nBEGIN; SELECT 1; COMMIT; VACUUM;";
    starve(read_starved, absorbed);
    starve(read_starved, alone);
    char *many = repeated("SELECT 1;\n\\echo x\n", 2000);
    starve(read_starved, many);
    free(many);
}

static void test_script__a_refused_file_leaks_nothing(void **state)
{
    (void) state;
    assert_refused("SELECT 1; \\echo a\nSELECT 'x", 2, 8, "string");
}

static size_t count_statements(const char *text)
{
    struct reading reading;
    read_text(&reading, text);
    size_t count = reading.script.statement_count;
    reading_finish(&reading);
    return count;
}

/* Quadratic work on any of these would take hours, which the harness does not wait for. */
static void test_script__large_files_are_read_in_linear_time(void **state)
{
    (void) state;
    enum { TIMES = 50000 };
    static const struct {
        const char *part;
        size_t statements;
    } rows[] = {
        { "S;", TIMES },
        { "SELECT E'a',", 1 },
        { "/* a */ ", 0 },
        { "-- a\n", 0 },
        { "$a b ", 1 },
        { "a$$ $a$ $a$ ", 1 },
        { "1..2e- ", 1 },
        { "E''\n", 1 },
        { ":a ::b ", 1 },
        { "'a' -- \n", 1 },
        { "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END;", TIMES },
        { "COPY t FROM stdin;\n1\n\\.\n", TIMES },
        { "\\timing\n", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = repeated(rows[i].part, TIMES);
        assert_int_equal(count_statements(text), rows[i].statements);
        free(text);
    }
}

static void test_script__large_refused_files_are_refused_in_linear_time(void **state)
{
    (void) state;
    static const struct {
        const char *part;
        const char *word;
    } rows[] = {
        { "/*", "comment" },
        { "(", "parenthesis" },
        { "'a", "string" },
        { "\"a ", "quoted identifier" },
        { "CREATE FUNCTION begin ", "BEGIN" },
        { "BEGIN;", "inside" },
        { "\\", "psql" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = repeated(rows[i].part, 50001);
        struct reading reading;
        read_refused(&reading, text);
        assert_contains(reading.fault.what, rows[i].word);
        reading_finish(&reading);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script__a_dump_is_read_whole),
        cmocka_unit_test(test_script__an_empty_file_has_no_statements),
        cmocka_unit_test(test_script__a_headline_is_the_first_line_cut_with_dots),
        cmocka_unit_test(test_script__no_memory_is_noticed_whatever_fails),
        cmocka_unit_test(test_script__a_refused_file_leaks_nothing),
        cmocka_unit_test(test_script__large_files_are_read_in_linear_time),
        cmocka_unit_test(test_script__large_refused_files_are_refused_in_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
