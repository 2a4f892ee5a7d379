/* Where one token ends and the next begins. */
#include "text/lexer.h"

#include "support/must.h"
#include "support/testing.h"

static const char *kind_letter(struct token token)
{
    static const char *const letters[] = {
        [TOKEN_END] = "end",           [TOKEN_WORD] = "w",
        [TOKEN_NAME] = "name",         [TOKEN_STRING] = "str",
        [TOKEN_NUMBER] = "num",        [TOKEN_VARIABLE] = "var",
        [TOKEN_SYMBOL] = "sym",        [TOKEN_BACKSLASH] = "back",
        [TOKEN_LINE_COMMENT] = "line", [TOKEN_BLOCK_COMMENT] = "block",
    };
    return letters[token.kind];
}

/* The tokens of a text as "kind<text>", an exclamation mark behind an unterminated one. */
static const char *tokens_of(const char *text)
{
    struct bytes shown = { 0 };
    struct lexer lexer;
    lexer_init(&lexer, text, 0, strlen(text));
    for (;;) {
        struct token token = lexer_next_or_comment(&lexer);
        if (token.kind == TOKEN_END)
            break;
        bytes_add_format(&shown, "%s%s<%.*s>%s", shown.size > 0 ? " " : "", kind_letter(token), (int) token.size,
                         text + token.offset, token.unterminated ? "!" : "");
    }
    const char *kept = must_keep(shown.at != NULL ? shown.at : "", shown.size);
    bytes_finish(&shown);
    return kept;
}

struct row {
    const char *text;
    const char *tokens;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(tokens_of(rows[i].text), rows[i].tokens);
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void test_lexer__white_space_parts_tokens(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "", "" },
        { " \t\r\n\f", "" },
        { "a\tb\fc\rd\ne", "w<a> w<b> w<c> w<d> w<e>" },
        { "a\vb", "w<a> sym<\v> w<b>" },
    };
    CHECK(rows);
}

static void test_lexer__identifiers_hold_digits_dollars_and_letters_beyond_ascii(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "a$b$c", "w<a$b$c>" },
        { "_x1 \xC3\xA9t\xC3\xA9", "w<_x1> w<\xC3\xA9t\xC3\xA9>" },
        { "a$$b", "w<a$$b>" },
        { "a.b", "w<a> sym<.> w<b>" },
    };
    CHECK(rows);
}

static void test_lexer__plain_strings_end_at_a_single_quote(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "'a;b'c", "str<'a;b'> w<c>" },
        { "'it''s'", "str<'it''s'>" },
        { "''", "str<''>" },
        { "''''", "str<''''>" },
        { "'a\\' x", "str<'a\\'> w<x>" },
        { "'a\nb'", "str<'a\nb'>" },
        { "'abc", "str<'abc>!" },
        { "'a''", "str<'a''>!" },
        { "N'a' b'0' x'f'", "str<N'a'> str<b'0'> str<x'f'>" },
        { "U&'a\\' x", "str<U&'a\\'> w<x>" },
        { "be'a\\'", "w<be> str<'a\\'>" },
    };
    CHECK(rows);
}

static void test_lexer__escape_strings_skip_a_quote_behind_a_backslash(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "E'a\\';b' c", "str<E'a\\';b'> w<c>" },
        { "e'\\\\' c", "str<e'\\\\'> w<c>" },
        { "E'a''b' c", "str<E'a''b'> w<c>" },
        { "E'a\\", "str<E'a\\>!" },
        { "E'a\\'", "str<E'a\\'>!" },
        { "E'\\\n' c", "str<E'\\\n'> w<c>" },
    };
    CHECK(rows);
}

static void test_lexer__a_string_on_the_next_line_is_a_new_one_as_for_psql(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "'a'\n'b'", "str<'a'> str<'b'>" },
        { "E'a'\n'b\\' c", "str<E'a'> str<'b\\'> w<c>" },
        { "E'a'\r\n'b\\' c", "str<E'a'> str<'b\\'> w<c>" },
    };
    CHECK(rows);
}

static void test_lexer__an_escape_string_goes_on_behind_a_carriage_return(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "E'a'\r'b\\';' c", "str<E'a'\r'b\\';'> w<c>" },
        { "E'a' -- x\r \t'b\\';' c", "str<E'a' -- x\r \t'b\\';'> w<c>" },
        { "E'a'\n\r'b\\';' c", "str<E'a'\n\r'b\\';'> w<c>" },
        { "E'a' 'b\\' c", "str<E'a'> str<'b\\'> w<c>" },
        { "E'a'\r-'b\\' c", "str<E'a'> sym<-> str<'b\\'> w<c>" },
    };
    CHECK(rows);
}

static void test_lexer__dollar_quotes_end_at_their_own_tag(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "$$a;b$$c", "str<$$a;b$$> w<c>" },
        { "$a$ $$ $b$ $A$ $a$ x", "str<$a$ $$ $b$ $A$ $a$> w<x>" },
        { "$a$ $b$a$ x", "str<$a$ $b$a$> w<x>" },
        { "$\xC3\xA9$;$\xC3\xA9$", "str<$\xC3\xA9$;$\xC3\xA9$>" },
        { "$$ $a$$", "str<$$ $a$$>" },
        { "$a$ x $a", "str<$a$ x $a>!" },
        { "$a b", "sym<$> w<a> w<b>" },
        { "$1a$ $2", "num<$1a$> num<$2>" },
        { "$1$$a$$", "num<$1> str<$$a$$>" },
        { "$ x", "sym<$> w<x>" },
    };
    CHECK(rows);
}

static void test_lexer__quoted_identifiers_hide_everything(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "\"a;'b\"c", "name<\"a;'b\"> w<c>" },
        { "\"a\"\"b\"", "name<\"a\"\"b\">" },
        { "U&\"a\\\" x", "name<U&\"a\\\"> w<x>" },
        { "u&x", "sym<u> sym<&> w<x>" },
        { "\"abc", "name<\"abc>!" },
    };
    CHECK(rows);
}

static void test_lexer__comments_nest_and_hide_quotes(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "-- it's; \\\nx", "line<-- it's; \\> w<x>" },
        { "--a\rx", "line<--a> w<x>" },
        { "/* it's; -- */x", "block</* it's; -- */> w<x>" },
        { "/*/* a */ ; */x", "block</*/* a */ ; */> w<x>" },
        { "/*/**/x", "block</*/**/x>!" },
        { "/*/", "block</*/>!" },
        { "/**/x", "block</**/> w<x>" },
        { "/***/x", "block</***/> w<x>" },
        { "/*", "block</*>!" },
    };
    CHECK(rows);
}

static void test_lexer__a_comment_ends_an_operator(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "1+--2;\n3", "num<1> sym<+> line<--2;> num<3>" },
        { "@/*x*/-", "sym<@> block</*x*/> sym<->" },
        { "*/*;*/", "sym<*> block</*;*/>" },
        { "->--x", "sym<-> sym<>> line<--x>" },
        { "- -", "sym<-> sym<->" },
    };
    CHECK(rows);
}

static void test_lexer__numbers_take_what_is_glued_to_them(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { "1a$b", "num<1a$b>" },
        { "1.5e-3x 2.", "num<1.5e-3x> num<2.>" },
        { "1..10", "num<1> sym<..> num<10>" },
        { "1..2.e'a'", "num<1> sym<..> num<2.e> str<'a'>" },
        { ".5 x", "num<.5> w<x>" },
        { "1e--2;", "num<1e-> sym<-> num<2> sym<;>" },
        { "1e5$$a$$", "num<1e5$$a$$>" },
        { "1e+5$$a$$", "num<1e+5> str<$$a$$>" },
        { "1e'\\' x", "num<1e> str<'\\'> w<x>" },
        { "0x1F 1_000", "num<0x1F> num<1_000>" },
    };
    CHECK(rows);
}

static void test_lexer__psql_variables_are_no_words(void **state)
{
    (void) state;
    static const struct row rows[] = {
        { ":name", "var<:name>" },
        { "x::name", "w<x> sym<::> w<name>" },
        { "a[1:n]", "w<a> sym<[> num<1> var<:n> sym<]>" },
        { "a := 1", "w<a> sym<:> sym<=> num<1>" },
        { ":'a;b'", "sym<:> str<'a;b'>" },
        { ":{?x}y", "var<:{?x}> w<y>" },
        { ":{x}", "sym<:> sym<{> w<x> sym<}>" },
        { ":::x", "sym<::> var<:x>" },
    };
    CHECK(rows);
}

static void test_lexer__a_range_is_never_left(void **state)
{
    (void) state;
    static const char text[] = "'ab'--c\n$$";
    for (size_t end = 0; end < strlen(text); end++) {
        struct lexer lexer;
        lexer_init(&lexer, text, 0, end);
        for (struct token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer))
            assert_true(token.offset + token.size <= end);
    }
}

static void test_lexer__words_compare_without_case(void **state)
{
    (void) state;
    struct lexer lexer;
    lexer_init(&lexer, "SeLect selects sel \"select\"", 0, 27);
    assert_true(token_is_word(lexer.bytes, lexer_next(&lexer), "select"));
    assert_false(token_is_word(lexer.bytes, lexer_next(&lexer), "select"));
    assert_false(token_is_word(lexer.bytes, lexer_next(&lexer), "select"));
    assert_false(token_is_word(lexer.bytes, lexer_next(&lexer), "select"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lexer__white_space_parts_tokens),
        cmocka_unit_test(test_lexer__identifiers_hold_digits_dollars_and_letters_beyond_ascii),
        cmocka_unit_test(test_lexer__plain_strings_end_at_a_single_quote),
        cmocka_unit_test(test_lexer__escape_strings_skip_a_quote_behind_a_backslash),
        cmocka_unit_test(test_lexer__a_string_on_the_next_line_is_a_new_one_as_for_psql),
        cmocka_unit_test(test_lexer__an_escape_string_goes_on_behind_a_carriage_return),
        cmocka_unit_test(test_lexer__dollar_quotes_end_at_their_own_tag),
        cmocka_unit_test(test_lexer__quoted_identifiers_hide_everything),
        cmocka_unit_test(test_lexer__comments_nest_and_hide_quotes),
        cmocka_unit_test(test_lexer__a_comment_ends_an_operator),
        cmocka_unit_test(test_lexer__numbers_take_what_is_glued_to_them),
        cmocka_unit_test(test_lexer__psql_variables_are_no_words),
        cmocka_unit_test(test_lexer__a_range_is_never_left),
        cmocka_unit_test(test_lexer__words_compare_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
