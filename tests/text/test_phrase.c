/* Small patterns, and COPY, which is told by them. */
#include "text/phrase.h"

#include "support/testing.h"
#include "text/copy.h"

static void assert_match(const char *text, const char *phrase, const char *rest)
{
    struct lexer lexer;
    lexer_init(&lexer, text, 0, strlen(text));
    bool matches = phrase_match(&lexer, phrase);
    if (matches != (rest != NULL))
        fail_msg("\"%s\" %s \"%s\"", text, matches ? "matches" : "does not match", phrase);
    assert_string_equal(text + lexer.offset, matches ? rest : text);
}

static void test_phrase__words_match_in_any_case_and_across_comments(void **state)
{
    (void) state;
    assert_match("CREATE /* x */ Index -- y\n i", "create index", " -- y\n i");
    assert_match("create indexes", "create index", NULL);
    assert_match("create \"index\"", "create index", NULL);
    assert_match("create", "create index", NULL);
}

static void test_phrase__optional_words_may_be_missing(void **state)
{
    (void) state;
    assert_match("create unique index i", "create unique? index", " i");
    assert_match("create index i", "create unique? index", " i");
    assert_match("begin", "begin work|transaction?", "");
    assert_match("begin transaction x", "begin work|transaction?", " x");
}

static void test_phrase__names_may_be_quoted_and_qualified(void **state)
{
    (void) state;
    assert_match("alter table a . \"b c\".d detach", "alter table <name> detach", "");
    assert_match("alter table 'a' detach", "alter table <name> detach", NULL);
    assert_match("alter table a. detach", "alter table <name> detach", NULL);
}

static void test_phrase__lists_may_hold_lists(void **state)
{
    (void) state;
    assert_match("reindex (verbose, x (y)) table t", "reindex (...)? table", " t");
    assert_match("reindex table t", "reindex (...)? table", " t");
    assert_match("reindex (verbose", "reindex (...)? table", NULL);
}

static void test_phrase__a_word_is_found_outside_parentheses_only(void **state)
{
    (void) state;
    struct lexer lexer;
    static const char text[] = "t (a int GENERATED ALWAYS AS (b) STORED) AS SELECT";
    lexer_init(&lexer, text, 0, strlen(text));
    assert_true(phrase_find_word(&lexer, "as"));
    assert_string_equal(text + lexer.offset, " SELECT");
    lexer_init(&lexer, text, 0, 40);
    assert_false(phrase_find_word(&lexer, "as"));
    assert_int_equal(lexer.offset, 0);
}

static void assert_option_false(const char *list, const char *name, bool found, bool is_false)
{
    struct lexer lexer;
    struct token value;
    lexer_init(&lexer, list, 0, strlen(list));
    assert_int_equal(phrase_find_option(lexer, name, &value), found);
    if (found)
        assert_int_equal(phrase_value_is_false(list, value), is_false);
}

static void test_phrase__options_are_read_as_the_server_reads_them(void **state)
{
    (void) state;
    assert_option_false("(refresh = false)", "refresh", true, true);
    assert_option_false("(copy_data = x, refresh=OFF)", "refresh", true, true);
    assert_option_false("(refresh 'false')", "refresh", true, true);
    assert_option_false("(refresh 0)", "refresh", true, true);
    assert_option_false("(refresh)", "refresh", true, false);
    assert_option_false("(refresh, x = false)", "refresh", true, false);
    assert_option_false("(refresh true)", "refresh", true, false);
    assert_option_false("(x = refresh)", "refresh", false, false);
    assert_option_false("refresh = false", "refresh", false, false);
    assert_option_false("", "refresh", false, false);
}

static void test_copy__is_told_by_its_direction(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        enum copy_kind kind;
    } rows[] = {
        { "COPY t FROM stdin", COPY_FROM_STDIN },
        { "copy public.\"from\" (a, \"to\") From STDIN with (format csv)", COPY_FROM_STDIN },
        { "COPY public.from FROM stdin WITH NULL AS ''", COPY_FROM_STDIN },
        { "COPY t FROM /* x */ stdin WHERE a > 1", COPY_FROM_STDIN },
        { "COPY t FROM stdout", COPY_FROM_STDIN },
        { "COPY t FROM 'stdin'", COPY_NONE },
        { "COPY t FROM '/tmp/x'", COPY_NONE },
        { "COPY t FROM PROGRAM 'cat'", COPY_NONE },
        { "COPY t TO stdout", COPY_TO_STDOUT },
        { "COPY t TO stdin", COPY_TO_STDOUT },
        { "COPY (SELECT a FROM b) TO stdout", COPY_TO_STDOUT },
        { "COPY (SELECT a FROM stdin) TO '/x'", COPY_NONE },
        { "COPY BINARY t FROM stdin", COPY_FROM_STDIN_BINARY },
        { "COPY t FROM stdin WITH BINARY", COPY_FROM_STDIN_BINARY },
        { "COPY t FROM stdin BINARY", COPY_FROM_STDIN_BINARY },
        { "COPY t FROM stdin WITH (header, FORMAT 'binary')", COPY_FROM_STDIN_BINARY },
        { "COPY t FROM stdin (delimiter 'b', null 'binary')", COPY_FROM_STDIN },
        { "SELECT copy FROM stdin", COPY_NONE },
        { "COPY", COPY_NONE },
        { "COPY t FROM", COPY_NONE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (copy_classify(rows[i].text, 0, strlen(rows[i].text)) != rows[i].kind)
            fail_msg("%s", rows[i].text);
}

static size_t line_in(const char *context, const char *copy)
{
    return copy_line_in_context(context, copy, 0, strlen(copy));
}

static void test_copy__the_context_names_the_line_of_the_data_in_any_language(void **state)
{
    (void) state;
    assert_int_equal(line_in("COPY t, line 12, column a7: \"x\"", "COPY t FROM stdin"), 12);
    assert_int_equal(line_in("COPY t, Zeile 3, Spalte a: »x 9«", "copy s.T (a) from stdin"), 3);
    assert_int_equal(line_in("COPY t 1, line 22: \"5\"", "COPY \"t 1\" FROM stdin"), 22);
    assert_int_equal(line_in("COPY a\"b, ligne 4", "COPY \"S\".\"a\"\"b\" FROM stdin"), 4);
    assert_int_equal(line_in("t 복사, 5번째 줄, a 열", "COPY t FROM stdin"), 5);
    assert_int_equal(line_in("PL/pgSQL function t() line 3 at RAISE\nCOPY t, line 8: \"a\nt 7\"", "COPY t FROM stdin"), 8);
    assert_int_equal(line_in("PL/pgSQL function f() line 3 at RAISE", "COPY t FROM stdin"), 0);
    assert_int_equal(line_in("", "COPY t FROM stdin"), 0);
    assert_int_equal(line_in("COPY t, line 2", "COPY (SELECT 1) TO stdout"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrase__words_match_in_any_case_and_across_comments),
        cmocka_unit_test(test_phrase__optional_words_may_be_missing),
        cmocka_unit_test(test_phrase__names_may_be_quoted_and_qualified),
        cmocka_unit_test(test_phrase__lists_may_hold_lists),
        cmocka_unit_test(test_phrase__a_word_is_found_outside_parentheses_only),
        cmocka_unit_test(test_phrase__options_are_read_as_the_server_reads_them),
        cmocka_unit_test(test_copy__is_told_by_its_direction),
        cmocka_unit_test(test_copy__the_context_names_the_line_of_the_data_in_any_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
