/*
 * COPY within a conversation, with real PostgreSQL: its data in either direction between other acts, and what goes wrong with it.
 */
#include <stdlib.h>

#include "talking.h"

static void test_talk__copies_in_the_middle(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("CREATE TEMP TABLE t (a int, b text)"),
        SYNC,
        COPIES_IN("COPY t FROM stdin", "1\tone\n2\t\\N\n"),
        COPIES_IN("COPY t FROM stdin", ""),
        SAYS("SELECT count(*) FROM t"),
        SYNC,
        COPIES_IN("COPY t FROM stdin", "3\tno newline at the end"),
        SAYS("SELECT b FROM t WHERE a = 3"),
        SYNC,
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done CREATE TABLE\n1 done \n2 done COPY 2\n3 done COPY 0\n4 row 2\n"
                                           "4 done SELECT 1\n5 done \n6 done COPY 1\n7 row no newline at the end\n"
                                           "7 done SELECT 1\n8 done \nend\n");
}

static void test_talk__a_copy_stays_in_the_transaction(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("CREATE TEMP TABLE t (a int)"),
        SYNC,
        SAYS("BEGIN"),
        SYNC,
        COPIES_IN("COPY t FROM stdin", "1\n"),
        SAYS("ROLLBACK"),
        SAYS("SELECT count(*) FROM t"),
        SYNC,
    };
    HOLD(&chat, lines);
    assert_contains(chat_heard(&chat), "4 done COPY 1\n5 done ROLLBACK\n6 row 0\n");
}

static void test_talk__a_copy_may_be_the_last_act(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("CREATE TEMP TABLE t (a int)"), SYNC,
                                              COPIES_IN("COPY t FROM stdin", "1\n") };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done CREATE TABLE\n1 done \n2 done COPY 1\nend\n");
    HOLD(&chat, once_more);
    assert_int_equal(chat.ends, 2);
}

static void test_talk__an_error_in_the_data_is_the_copys(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("CREATE TEMP TABLE t (a int)"), SYNC, COPIES_IN("COPY t FROM stdin", "1\nx\n3\n"),
        SAYS("SELECT count(*) FROM t"),      SYNC,
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done CREATE TABLE\n1 done \n2 error 22P02 at 0\n3 row 0\n3 done SELECT 1\n"
                                           "4 done \nend\n");
}

static void test_talk__a_copy_that_cannot_begin(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { COPIES_IN("COPY nowhere FROM stdin", "1\n"),
                                              COPIES_OUT("COPY nowhere TO stdout"), SAYS("SELECT 1"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 error 42P01 at 0\n1 error 42P01 at 0\n2 row 1\n2 done SELECT 1\n3 done \n"
                                           "end\n");
}

static void test_talk__what_was_taken_for_a_copy_and_is_none(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { COPIES_IN("CREATE TEMP TABLE t (a int)", "1\n"), COPIES_OUT("DROP TABLE t"),
                                              COPIES_OUT(""), SAYS("SELECT 1"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done CREATE TABLE\n1 done DROP TABLE\n2 done \n3 row 1\n3 done SELECT 1\n"
                                           "4 done \nend\n");
}

static char *many_lines(size_t bytes)
{
    char *data = must_alloc(bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (i + 1) % 64 == 0 ? '\n' : 'x';
    return data;
}

static void test_talk__a_large_copy_goes_through(void **state)
{
    (void) state;
    enum { SIZE = 16 * 1024 * 1024 };
    char *data = many_lines(SIZE);
    const struct chat_line lines[] = { SAYS("CREATE TEMP TABLE t (a text)"), SYNC, COPIES_IN("COPY t FROM stdin", data),
                                       SAYS("SELECT sum(length(a) + 1) FROM t"), SYNC };
    HOLD(&chat, lines);
    free(data);
    assert_contains(chat_heard(&chat), must_format("2 done COPY %d\n3 row %d\n", SIZE / 64, SIZE));
}

static void test_talk__an_error_at_the_beginning_of_a_large_copy(void **state)
{
    (void) state;
    enum { SIZE = 16 * 1024 * 1024 };
    char *data = many_lines(SIZE);
    const struct chat_line lines[] = { SAYS("CREATE TEMP TABLE t (a int)"), SYNC, COPIES_IN("COPY t FROM stdin", data),
                                       SAYS("SELECT 1"), SYNC };
    HOLD(&chat, lines);
    free(data);
    assert_contains(chat_heard(&chat), "2 error 22P02 at 0\n3 row 1\n");
}

static void test_talk__copies_out_and_drops_it(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { COPIES_OUT("COPY (SELECT generate_series(1, 100000)) TO stdout"),
                                              COPIES_OUT("COPY (SELECT 1 / (2 - generate_series(1, 3))) TO stdout"),
                                              SAYS("SELECT 1"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done COPY 100000\n1 error 22012 at 0\n2 row 1\n2 done SELECT 1\n3 done \n"
                                           "end\n");
}

static void test_talk__a_copy_where_none_was_expected_ends_the_talk(void **state)
{
    (void) state;
    static const char *const copies[] = { "COPY pg_class TO stdout", "COPY t FROM stdin" };
    for (size_t i = 0; i < COUNT(copies); i++) {
        const struct chat_line lines[] = { SAYS("CREATE TEMP TABLE t (a int)"), SAYS(copies[i]), SAYS("SELECT 1"), SYNC };
        chat_close(&chat);
        chat_open(&chat, talking_conninfo());
        HOLD(&chat, lines);
        assert_true(chat.lost);
        assert_contains(chat.fault.what, "COPY in the middle of a pipeline");
        assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK_TEST(test_talk__copies_in_the_middle),       TALK_TEST(test_talk__a_copy_stays_in_the_transaction),
        TALK_TEST(test_talk__a_copy_may_be_the_last_act), TALK_TEST(test_talk__an_error_in_the_data_is_the_copys),
        TALK_TEST(test_talk__a_copy_that_cannot_begin),   TALK_TEST(test_talk__what_was_taken_for_a_copy_and_is_none),
        TALK_TEST(test_talk__a_large_copy_goes_through),  TALK_TEST(test_talk__an_error_at_the_beginning_of_a_large_copy),
        TALK_TEST(test_talk__copies_out_and_drops_it),    TALK_TEST(test_talk__a_copy_where_none_was_expected_ends_the_talk),
    };
    return cmocka_run_group_tests(tests, talking_start, talking_stop);
}
