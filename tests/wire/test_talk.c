/*
 * Conversations over the pipeline with real PostgreSQL: that each act is answered once and in order, whatever goes wrong between, and
 * that a talk ends exactly once. COPY is in test_talk_copy.c; what only a server of our own can do in test_talk_broken.c.
 */
#include <stdlib.h>

#include "talking.h"

/* --- answers ----------------------------------------------------------------------------------------------------------- */

static void test_talk__answers_come_in_order(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT 1"), SAYS("BEGIN"), SAYS("SELECT NULL"), SAYS("COMMIT"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row 1\n0 done SELECT 1\n1 done BEGIN\n2 row NULL\n2 done SELECT 1\n"
                                           "3 done COMMIT\n4 done \nend\n");
}

static void test_talk__an_empty_statement_is_done(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS(""), SAYS("-- nothing"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 done \n1 done \n2 done \nend\n");
}

static void test_talk__nothing_to_say_ends_at_once(void **state)
{
    (void) state;
    chat_hold(&chat, NULL, 0);
    assert_string_equal(chat_heard(&chat), "end\n");
}

/* A query whose rows are not asked for one at a time would show none of them. */
static void test_talk__rows_come_one_at_a_time_wherever_a_query_stands(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("SELECT generate_series(1, 2)"),
        SAYS("SELECT generate_series(3, 4)"),
        SYNC,
        SYNC,
        SAYS("VALUES (5), (6)"),
        SAYS("SELECT 7 WHERE false"),
        SAYS("SELECT 1 / 0"),
        SAYS("SELECT 8"),
        SYNC,
        { .sql = "SELECT generate_series(9, 10)", .waits = true },
        { .sql = "SELECT 11", .flush = true },
        { .sql = "SELECT 12", .waits = true },
        SYNC,
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row 1\n0 row 2\n0 done SELECT 2\n"
                                           "1 row 3\n1 row 4\n1 done SELECT 2\n2 done \n3 done \n"
                                           "4 row 5\n4 row 6\n4 done SELECT 2\n5 done SELECT 0\n6 error 22012 at 0\n"
                                           "7 skipped\n8 done \n9 row 9\n9 row 10\n9 done SELECT 2\n10 row 11\n"
                                           "10 done SELECT 1\n11 row 12\n11 done SELECT 1\n12 done \nend\n");
}

static void test_talk__parameters_and_nulls_are_passed(void **state)
{
    (void) state;
    static const char *const params[] = { "a 'quoted' \\ one", NULL };
    static const struct chat_line lines[] = {
        { .sql = "SELECT $1::text || coalesce($2, '!')", .params = params, .param_count = 2 }, SYNC
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row a 'quoted' \\ one!\n0 done SELECT 1\n1 done \nend\n");
}

/* --- errors and notices ------------------------------------------------------------------------------------------------ */

static void test_talk__after_an_error_all_is_skipped_up_to_the_sync(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("SELECT 1"), SAYS("SELEC 2"), SAYS("SELECT 3"), SAYS("COMMIT"), SYNC, SAYS("SELECT 5"), SYNC
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row 1\n0 done SELECT 1\n1 error 42601 at 1\n2 skipped\n3 skipped\n4 done \n"
                                           "5 row 5\n5 done SELECT 1\n6 done \nend\n");
}

static void test_talk__a_failed_transaction_is_still_open_after_the_sync(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("BEGIN"), SAYS("SELECT 1/0"), SYNC };
    HOLD(&chat, lines);
    assert_true(session_in_transaction(chat.session));
    static const struct chat_line rest[] = { SAYS("ROLLBACK"), SYNC };
    HOLD(&chat, rest);
    assert_false(session_in_transaction(chat.session));
}

static void test_talk__an_error_after_rows_is_heard_after_them(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT 1 / (2 - n) FROM generate_series(1, 3) n"), SAYS("SELECT 2"),
                                              SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row 1\n0 error 22012 at 0\n1 skipped\n2 done \nend\n");
}

static void test_talk__positions_count_characters(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT 'äöü', nix"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 error 42703 at 15\n1 done \nend\n");
}

static void test_talk__notices_come_before_the_answer(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$"),
                                              SAYS("SELECT 3"), SYNC };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "NOTICE one\nWARNING two\n0 done DO\n1 row 3\n1 done SELECT 1\n2 done \nend\n");
}

static void test_talk__notifications_are_nobodys(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("LISTEN here"), SYNC, SAYS("NOTIFY here, 'x'"), SYNC,
                                              SAYS("SELECT 1"),    SYNC };
    HOLD(&chat, lines);
    assert_contains(chat_heard(&chat), "2 done NOTIFY\n3 done \n4 row 1\n4 done SELECT 1\n5 done \nend\n");
}

/* --- the window -------------------------------------------------------------------------------------------------------- */

static struct chat_line *repeat(const char *sql, size_t count)
{
    struct chat_line *lines = must_alloc((count + 1) * sizeof *lines);
    for (size_t i = 0; i < count; i++)
        lines[i].sql = sql;
    lines[count].kind = ACT_SYNC;
    return lines;
}

static void test_talk__never_more_is_under_way_than_the_window_holds(void **state)
{
    (void) state;
    enum { MANY = 5000 };
    struct chat_line *lines = repeat("SELECT 1", MANY);
    chat.forgets_rows = true;
    chat_hold(&chat, lines, MANY + 1);
    free(lines);
    assert_int_equal(chat.rows, MANY);
    assert_int_equal(chat.answered, MANY + 1);
    assert_in_range(chat.most_outstanding, 2, TALK_WINDOW_ACTS);
}

static void test_talk__statements_larger_than_the_window_pass_one_by_one(void **state)
{
    (void) state;
    enum { MANY = 12, SIZE = TALK_WINDOW_BYTES + 1000 };
    char *large = must_alloc(SIZE + 1);
    memset(large, ' ', SIZE);
    memcpy(large, "SELECT 1", 8);
    struct chat_line *lines = repeat(large, MANY);
    chat.forgets_rows = true;
    chat_hold(&chat, lines, MANY + 1);
    free(lines);
    free(large);
    assert_int_equal(chat.rows, MANY);
    assert_int_equal(chat.most_outstanding, 1);
}

static void test_talk__many_rows_are_not_kept(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT repeat('x', 1000) FROM generate_series(1, 100000)"), SYNC };
    chat.forgets_rows = true;
    HOLD(&chat, lines);
    assert_int_equal(chat.rows, 100000);
}

/* --- flush and pauses -------------------------------------------------------------------------------------------------- */

/* Without the flush the first answer would wait for a Sync that is said only after it. */
static void test_talk__a_flush_brings_the_answer_before_the_sync(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        { .sql = "SELECT 1", .flush = true },
        { .sql = "SELECT 2", .waits = true }, /* said only when the first was heard */
        SYNC,
    };
    HOLD(&chat, lines);
    assert_string_equal(chat_heard(&chat), "0 row 1\n0 done SELECT 1\n1 row 2\n1 done SELECT 1\n2 done \nend\n");
}

static struct timer *later;

static void go_on(void *owner)
{
    struct chat *talk = owner;
    assert_int_equal(talk->said, 1);
    talk->pauses = false;
    talk_resume(talk->session);
    timer_free(later);
}

/* A Sync, and then a pause until pauses is false. */
static const struct chat_line with_a_pause[] = { SYNC, { .sql = "SELECT 1", .pauses = true }, SYNC };

static void test_talk__it_can_be_resumed_by_its_owner(void **state)
{
    (void) state;
    struct fault fault;
    chat.pauses = true;
    chat_begin(&chat, with_a_pause, COUNT(with_a_pause));
    later = timer_new(chat.loop, go_on, &chat, &fault);
    timer_start(later, 20);
    loop_run(chat.loop);
    assert_string_equal(chat_heard(&chat), "0 done \n1 row 1\n1 done SELECT 1\n2 done \nend\n");
}

/* --- one after another ------------------------------------------------------------------------------------------------- */

static void talk_again(struct chat *talk)
{
    if (talk->ends < 4)
        chat_begin(talk, once_more, COUNT(once_more));
}

static void test_talk__another_may_begin_when_one_ends(void **state)
{
    (void) state;
    chat.on_end = talk_again;
    chat_begin(&chat, once_more, COUNT(once_more));
    loop_run(chat.loop);
    assert_int_equal(chat.ends, 4);
    assert_int_equal(chat.rows, 4);
}

static void test_talk__the_session_may_be_freed_when_one_ends(void **state)
{
    (void) state;
    chat.frees_at_end = true;
    HOLD(&chat, once_more);
    assert_null(chat.session);
}

/* --- cancel ------------------------------------------------------------------------------------------------------------ */

static void cancel_now(void *owner)
{
    struct chat *talk = owner;
    struct fault fault;
    assert_true(session_cancel(talk->session, &fault));
    timer_free(later);
}

static void test_talk__a_cancel_interrupts_what_runs(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SAYS("SELECT 1"), SYNC };
    struct fault fault;
    chat_begin(&chat, lines, COUNT(lines));
    later = timer_new(chat.loop, cancel_now, &chat, &fault);
    timer_start(later, 0);
    loop_run(chat.loop);
    assert_string_equal(chat_heard(&chat), "0 error 57014 at 0\n1 skipped\n2 done \nend\n");
    HOLD(&chat, once_more);
    assert_int_equal(chat.ends, 2);
}

/* --- the server goes away ---------------------------------------------------------------------------------------------- */

static void terminate_on_first_row(struct chat *talk)
{
    if (talk->rows == 1)
        cluster_sql(cluster, NULL, must_format("SELECT pg_terminate_backend(%d)", session_backend_pid(talk->session)));
}

static void expect_terminated(void)
{
    assert_int_equal(chat.ends, 1);
    assert_true(chat.lost);
    assert_int_equal(chat.fault.class, FAULT_LOST);
    assert_string_equal(chat.fault.sqlstate, "57P01");
    assert_contains(chat.fault.what, "terminating connection due to administrator command");
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
}

static void test_talk__terminated_in_the_middle_of_a_pipeline(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        { .sql = "SELECT 1", .flush = true }, SAYS("SELECT pg_sleep(1000)"), SAYS("SELECT 2"), SYNC
    };
    chat.on_row = terminate_on_first_row;
    HOLD(&chat, lines);
    expect_terminated();
    assert_lacks(chat_heard(&chat), "1 done");
}

static void test_talk__freed_when_it_is_terminated(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { { .sql = "SELECT 1", .flush = true }, SAYS("SELECT pg_sleep(1000)"), SYNC };
    chat.on_row = terminate_on_first_row;
    chat.frees_at_end = true;
    HOLD(&chat, lines);
    assert_true(chat.lost);
    assert_null(chat.session);
}

static void terminate_now(void *owner)
{
    struct chat *talk = owner;
    cluster_sql(cluster, NULL, must_format("SELECT pg_terminate_backend(%d)", session_backend_pid(talk->session)));
    timer_free(later);
}

static void terminate_soon(void)
{
    struct fault fault;
    later = timer_new(chat.loop, terminate_now, &chat, &fault);
    timer_start(later, 0);
}

static void test_talk__terminated_while_its_owner_has_nothing_to_say(void **state)
{
    (void) state;
    chat.pauses = true;
    chat_begin(&chat, with_a_pause, COUNT(with_a_pause));
    terminate_soon();
    loop_run(chat.loop);
    expect_terminated();
}

/* Nobody watches a session between two talks: who talks next notices. */
static void test_talk__terminated_between_two(void **state)
{
    (void) state;
    terminate_soon();
    loop_run(chat.loop);
    HOLD(&chat, once_more);
    expect_terminated();
}

static void test_talk__terminated_in_a_copy(void **state)
{
    (void) state;
    static const struct chat_line out[] = { COPIES_OUT("COPY (SELECT pg_sleep(1000)) TO stdout"), SAYS("SELECT 1"), SYNC };
    chat_begin(&chat, out, COUNT(out));
    terminate_soon();
    loop_run(chat.loop);
    expect_terminated();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK_TEST(test_talk__answers_come_in_order),
        TALK_TEST(test_talk__an_empty_statement_is_done),
        TALK_TEST(test_talk__nothing_to_say_ends_at_once),
        TALK_TEST(test_talk__rows_come_one_at_a_time_wherever_a_query_stands),
        TALK_TEST(test_talk__parameters_and_nulls_are_passed),
        TALK_TEST(test_talk__after_an_error_all_is_skipped_up_to_the_sync),
        TALK_TEST(test_talk__a_failed_transaction_is_still_open_after_the_sync),
        TALK_TEST(test_talk__an_error_after_rows_is_heard_after_them),
        TALK_TEST(test_talk__positions_count_characters),
        TALK_TEST(test_talk__notices_come_before_the_answer),
        TALK_TEST(test_talk__notifications_are_nobodys),
        TALK_TEST(test_talk__never_more_is_under_way_than_the_window_holds),
        TALK_TEST(test_talk__statements_larger_than_the_window_pass_one_by_one),
        TALK_TEST(test_talk__many_rows_are_not_kept),
        TALK_TEST(test_talk__a_flush_brings_the_answer_before_the_sync),
        TALK_TEST(test_talk__it_can_be_resumed_by_its_owner),
        TALK_TEST(test_talk__another_may_begin_when_one_ends),
        TALK_TEST(test_talk__the_session_may_be_freed_when_one_ends),
        TALK_TEST(test_talk__a_cancel_interrupts_what_runs),
        TALK_TEST(test_talk__terminated_in_the_middle_of_a_pipeline),
        TALK_TEST(test_talk__freed_when_it_is_terminated),
        TALK_TEST(test_talk__terminated_while_its_owner_has_nothing_to_say),
        TALK_TEST(test_talk__terminated_between_two),
        TALK_TEST(test_talk__terminated_in_a_copy),
    };
    return cmocka_run_group_tests(tests, talking_start, talking_stop);
}
