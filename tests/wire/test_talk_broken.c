/*
 * Conversations that break: with a proxy that cuts the wire at every message in turn, with a server that stops answering or hears
 * no cancel, and without memory. Each has to end exactly once, with a loop that closes clean.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/memory.h"
#include "chat.h"
#include "support/fixture.h"
#include "support/wire_proxy.h"
#include "wire.h"

static struct wire_proxy *proxy;

static int start(void **state)
{
    start_cluster(state);
    cluster_sql(cluster, NULL, "CREATE TABLE t (a text)");
    proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
    return 0;
}

static int stop(void **state)
{
    wire_proxy_free(proxy);
    return stop_cluster(state);
}

static const char *through_proxy(void)
{
    return must_format("%s sslmode=disable gssencmode=disable", wire_proxy_conninfo(proxy, "postgres"));
}

static const char *at_fake(void)
{
    return must_format("%s sslmode=disable gssencmode=disable", fake_server_conninfo(server));
}

/* --- the wire is cut at every message ---------------------------------------------------------------------------------- */

static const struct chat_line everything[] = {
    SAYS("BEGIN"),
    { .sql = "SELECT generate_series(1, 3)", .flush = true },
    SAYS("SELECT 1/0"),
    SAYS("SELECT 4"),
    SYNC,
    SAYS("ROLLBACK"),
    SYNC,
    { .kind = ACT_COPY_IN, .sql = "COPY t FROM stdin", .data = "a\nb\n" },
    { .kind = ACT_COPY_OUT, .sql = "COPY (SELECT generate_series(1, 3)) TO stdout" },
    { .sql = "SELECT 5", .waits = true },
    SYNC,
};

static void expect_a_lost_wire(const struct chat *chat)
{
    assert_int_equal(chat->ends, 1);
    if (!chat->lost)
        return; /* the cut came behind the last answer */
    assert_int_equal(chat->fault.class, FAULT_LOST);
    assert_lacks(chat->fault.what, "watch a socket");
    assert_int_not_equal(strlen(chat->fault.what), 0);
    assert_int_equal(session_state(chat->session), SESSION_CLOSED);
}

static bool hold_and_cut(struct wire_cut cut)
{
    struct chat chat;
    chat_open(&chat, through_proxy());
    wire_proxy_cut_when(proxy, &cut);
    chat_hold(&chat, everything, COUNT(everything));
    expect_a_lost_wire(&chat);
    bool lost = chat.lost;
    chat_close(&chat);
    wire_proxy_cut_when(proxy, &(struct wire_cut){ .after_client_messages = 0 });
    return lost;
}

static void test_talk__ends_once_wherever_the_server_falls_silent(void **state)
{
    (void) state;
    unsigned lost = 0;
    for (unsigned n = 1; n < 200; n++) {
        if (!hold_and_cut((struct wire_cut){ .after_server_messages = n }))
            break;
        lost++;
    }
    assert_in_range(lost, 20, 198);
}

static void test_talk__ends_once_wherever_the_client_is_cut_off(void **state)
{
    (void) state;
    unsigned lost = 0;
    for (unsigned n = 1; n < 200; n++) {
        if (!hold_and_cut((struct wire_cut){ .after_client_messages = n }))
            break;
        lost++;
    }
    assert_in_range(lost, 15, 198);
}

static void test_talk__ends_when_an_answer_is_lost(void **state)
{
    (void) state;
    assert_true(hold_and_cut((struct wire_cut){ .lose_answer_to = "ROLLBACK" }));
    assert_true(hold_and_cut((struct wire_cut){ .lose_answer_to = "COPY (SELECT" }));
}

static struct timer *later;

static void cut_now(void *owner)
{
    (void) owner;
    wire_proxy_cut_now(proxy);
    timer_free(later);
}

static void hold_and_cut_later(const struct chat_line *lines, size_t count)
{
    struct chat chat;
    struct fault fault;
    chat_open(&chat, through_proxy());
    chat_begin(&chat, lines, count);
    later = timer_new(chat.loop, cut_now, NULL, &fault);
    timer_start(later, 20);
    loop_run(chat.loop);
    expect_a_lost_wire(&chat);
    assert_true(chat.lost);
    chat_close(&chat);
}

static void test_talk__is_lost_with_the_wire_in_the_middle_of_a_query(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SYNC };
    hold_and_cut_later(lines, COUNT(lines));
}

static void test_talk__is_lost_with_the_wire_in_the_middle_of_a_copy_out(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        { .kind = ACT_COPY_OUT, .sql = "COPY (SELECT 1 UNION ALL SELECT 2 FROM pg_sleep(1000)) TO stdout" }
    };
    hold_and_cut_later(lines, COUNT(lines));
}

/* The server sleeps over the first row, and what is sent fills the buffers on the way. */
static void test_talk__is_lost_with_the_wire_in_the_middle_of_a_copy_in(void **state)
{
    (void) state;
    enum { SIZE = 32 * 1024 * 1024 };
    cluster_sql(
        cluster, NULL,
        "CREATE TABLE slow (a text);"
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1000); RETURN NEW; END $$;"
        "CREATE TRIGGER wait BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait()");
    char *data = must_alloc(SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (i + 1) % 64 == 0 ? '\n' : 'x';
    const struct chat_line lines[] = { { .kind = ACT_COPY_IN, .sql = "COPY slow FROM stdin", .data = data }, SYNC };
    hold_and_cut_later(lines, COUNT(lines));
    free(data);
}

/* --- the server dies without a word ------------------------------------------------------------------------------------ */

static void kill_now(void *owner)
{
    struct chat *chat = owner;
    kill(session_backend_pid(chat->session), SIGKILL);
    timer_free(later);
}

static void hold_and_kill(const struct chat_line *lines, size_t count)
{
    struct chat chat;
    struct fault fault;
    chat_open(&chat, must_format("%s sslmode=disable gssencmode=disable", cluster_conninfo(cluster, "postgres")));
    chat_begin(&chat, lines, count);
    size_t mark = cluster_log_mark(cluster);
    later = timer_new(chat.loop, kill_now, &chat, &fault);
    timer_start(later, 20);
    loop_run(chat.loop);
    expect_a_lost_wire(&chat);
    assert_true(chat.lost);
    assert_contains(chat.fault.what, "server closed the connection unexpectedly");
    chat_close(&chat);
    cluster_wait_log(cluster, mark, "ready to accept connections");
}

static void test_talk__a_server_that_is_killed_in_a_query_or_copy(void **state)
{
    (void) state;
    static const struct chat_line query[] = { SAYS("SELECT pg_sleep(1000)"), SAYS("SELECT 1"), SYNC };
    static const struct chat_line copy[] = {
        { .kind = ACT_COPY_OUT, .sql = "COPY (SELECT 1 UNION ALL SELECT 2 FROM pg_sleep(1000)) TO stdout" }, SYNC
    };
    hold_and_kill(query, COUNT(query));
    hold_and_kill(copy, COUNT(copy));
}

/* --- a server of our own ----------------------------------------------------------------------------------------------- */

static struct chat_line *repeat(const char *sql, size_t count)
{
    struct chat_line *lines = must_alloc((count + 1) * sizeof *lines);
    for (size_t i = 0; i < count; i++)
        lines[i].sql = sql;
    lines[count].kind = ACT_SYNC;
    return lines;
}

static size_t count_said_to_silence(const char *sql)
{
    enum { MANY = 2000 };
    static const struct fake_reply replies[] = { { .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct chat chat;
    chat_open(&chat, at_fake());
    struct chat_line *lines = repeat(sql, MANY);
    chat_begin(&chat, lines, MANY + 1);
    size_t said = chat.said;
    chat_close(&chat);
    free(lines);
    assert_int_equal(chat.ends, 0);
    return said;
}

static void test_talk__says_no_more_than_the_window_to_a_server_that_is_silent(void **state)
{
    (void) state;
    assert_int_equal(count_said_to_silence("SELECT 1"), TALK_WINDOW_ACTS);
    char *large = must_alloc(100 * 1024 + 1);
    memset(large, ' ', 100 * 1024);
    assert_int_equal(count_said_to_silence(large), 3);
    free(large);
}

static void test_talk__a_cancel_that_is_lost_is_repeated(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { { .match = "pg_sleep", .deed = FAKE_UNTIL_CANCELLED }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies, .deaf_cancels = 3 };
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SAYS("SELECT 1"), SYNC };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct chat chat;
    struct fault fault;
    chat_open(&chat, at_fake());
    loop_pool_entered(chat.loop); /* a look-up that takes for ever must not hold it back */
    chat_begin(&chat, lines, COUNT(lines));
    fake_server_wait_heard(server, "pg_sleep");
    assert_true(session_cancel(chat.session, &fault));
    loop_run(chat.loop);
    loop_pool_left(chat.loop);
    assert_string_equal(chat_heard(&chat), "0 error 57014 at 0\n1 skipped\n2 done \nend\n");
    chat_close(&chat);
    assert_int_equal(fake_server_cancels(server), 4);
}

static void test_talk__a_cancel_when_nothing_runs_is_not_repeated(void **state)
{
    (void) state;
    struct chat chat;
    struct fault fault;
    fake_server_listen(server);
    chat_open(&chat, at_fake());
    assert_true(session_cancel(chat.session, &fault));
    loop_run(chat.loop); /* comes to an end */
    assert_int_equal(fake_server_cancels(server), 1);
    chat_close(&chat);
}

/* Of a server that will not answer. */
static void ask_the_silent(struct chat *chat)
{
    static const struct fake_reply replies[] = { { .match = "pg_sleep", .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SYNC };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    chat_open(chat, at_fake());
    chat_begin(chat, lines, COUNT(lines));
}

static void test_talk__it_may_be_cancelled_twice(void **state)
{
    (void) state;
    struct chat chat;
    struct fault fault;
    ask_the_silent(&chat);
    assert_true(session_cancel(chat.session, &fault));
    assert_true(session_cancel(chat.session, &fault));
    chat_close(&chat);
}

static void test_talk__a_session_may_be_freed_while_it_is_cancelled(void **state)
{
    (void) state;
    struct chat chat;
    struct fault fault;
    ask_the_silent(&chat);
    assert_true(session_cancel(chat.session, &fault));
    chat_close(&chat);
    assert_int_equal(chat.ends, 0);
}

struct leaving {
    struct timer *timer;
    int64_t begun;
    const char *last_word; /* of the session that leaves last */
    bool has_left;
    unsigned cancels; /* that came before it left */
};

static void release_cancellers_when_it_has_left(void *owner)
{
    enum { LOOK_EVERY_MS = 20 };
    struct leaving *leaving = owner;
    leaving->has_left = strstr(fake_server_heard(server), leaving->last_word) != NULL;
    leaving->cancels = fake_server_cancels(server);
    if (leaving->has_left || patience_left_ms(leaving->begun) <= 0)
        fake_server_drop_all(server);
    else
        timer_start(leaving->timer, LOOK_EVERY_MS);
}

static unsigned await_leaving(struct loop *loop, const char *last_word)
{
    struct fault fault;
    struct leaving leaving = { .begun = patience_begin(), .last_word = last_word };
    leaving.timer = timer_new(loop, release_cancellers_when_it_has_left, &leaving, &fault);
    timer_start(leaving.timer, 0);
    loop_run(loop);
    assert_true(leaving.has_left);
    timer_free(leaving.timer);
    return leaving.cancels;
}

/* Its question was answered, and the connection that asked for the cancel hangs: neither keeps it for longer than a moment. */
static void leave_while_a_cancel_hangs(void (*leave)(struct chat *chat))
{
    static const struct fake_reply replies[] = { { .match = "pg_sleep", .deed = FAKE_UNTIL_CANCELLED }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies, .keeps_cancellers = true };
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SYNC };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct chat chat;
    chat_open(&chat, at_fake());
    chat_begin(&chat, lines, COUNT(lines));
    fake_server_wait_heard(server, "pg_sleep");
    leave(&chat);
    await_leaving(chat.loop, "1 X");
    chat_close(&chat);
}

static void ask_no_more(struct chat *chat)
{
    interrupt_note(SIGTERM);
    session_free(chat->session);
    chat->session = NULL;
    interrupt_forget();
}

static void settle(void *owner)
{
    struct chat *chat = owner;
    assert_int_equal(session_state(chat->session), SESSION_OPEN);
}

/* There are four threads in the pool, and look-ups want some, too. */
static void test_talk__nobodys_questions_leave_threads_to_others(void **state)
{
    enum { SESSIONS = 3 };
    static const struct fake_reply replies[] = { { .match = "pg_sleep", .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies, .keeps_cancellers = true };
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SYNC };
    (void) state;
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct chat chats[SESSIONS];
    struct fault fault;
    chat_open(&chats[0], at_fake());
    for (int i = 1; i < SESSIONS; i++) {
        chats[i] = (struct chat){ .loop = chats[0].loop };
        assert_non_null(chat_start(&chats[i], at_fake(), settle, &fault));
    }
    loop_run(chats[0].loop);
    for (int i = 0; i < SESSIONS; i++)
        chat_begin(&chats[i], lines, COUNT(lines));
    fake_server_wait_heard(server, must_format("%d P SELECT pg_sleep", SESSIONS));
    for (int i = 0; i < SESSIONS; i++)
        ask_no_more(&chats[i]);
    assert_int_equal(await_leaving(chats[0].loop, must_format("%d X", SESSIONS)), 1);
    for (int i = SESSIONS - 1; i > 0; i--)
        bytes_finish(&chats[i].heard);
    chat_close(&chats[0]);
}

static void free_at_the_answer(struct chat *chat)
{
    struct fault fault;
    chat->frees_at_end = true;
    assert_true(session_cancel(chat->session, &fault));
}

static void test_talk__nobodys_question_does_not_wait_for_a_cancel_that_hangs(void **state)
{
    (void) state;
    leave_while_a_cancel_hangs(ask_no_more);
}

static void test_talk__a_session_does_not_wait_for_a_cancel_that_hangs(void **state)
{
    (void) state;
    leave_while_a_cancel_hangs(free_at_the_answer);
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

static void test_talk__ends_cleanly_without_memory(void **state)
{
    (void) state;
    static const struct chat_line lines[] = {
        SAYS("SELECT 1"), SYNC, { .kind = ACT_COPY_OUT, .sql = "SELECT 2" }, SAYS("SELECT 3"), SYNC
    };
    fake_server_listen(server);
    long nth = 1;
    for (bool enough = false; !enough; nth++) {
        struct chat chat;
        chat_open(&chat, at_fake());
        memory_fail_at(nth);
        chat_hold(&chat, lines, COUNT(lines));
        enough = memory_count() < nth;
        memory_fail_at(0);
        assert_true(chat.lost != enough);
        if (chat.lost) {
            assert_int_equal(chat.fault.class, FAULT_INTERNAL);
            assert_string_equal(chat.fault.what, "out of memory");
        }
        chat_close(&chat);
    }
    assert_true(nth > 2);
}

static void test_talk__a_cancel_without_memory_is_none(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { { .match = "pg_sleep", .deed = FAKE_SAY_NOTHING }, FAKE_END };
    static const struct fake_visit visit = { .replies = replies };
    static const struct chat_line lines[] = { SAYS("SELECT pg_sleep(1000)"), SYNC };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct chat chat;
    struct fault fault;
    chat_open(&chat, at_fake());
    chat_begin(&chat, lines, COUNT(lines));
    memory_fail_at(1);
    assert_false(session_cancel(chat.session, &fault));
    memory_fail_at(0);
    assert_string_equal(fault.what, "out of memory");
    chat_close(&chat);
}

#define FAKE(name) cmocka_unit_test_setup_teardown(name, make_server, free_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk__ends_once_wherever_the_server_falls_silent),
        cmocka_unit_test(test_talk__ends_once_wherever_the_client_is_cut_off),
        cmocka_unit_test(test_talk__ends_when_an_answer_is_lost),
        cmocka_unit_test(test_talk__is_lost_with_the_wire_in_the_middle_of_a_query),
        cmocka_unit_test(test_talk__is_lost_with_the_wire_in_the_middle_of_a_copy_out),
        cmocka_unit_test(test_talk__is_lost_with_the_wire_in_the_middle_of_a_copy_in),
        cmocka_unit_test(test_talk__a_server_that_is_killed_in_a_query_or_copy),
        FAKE(test_talk__says_no_more_than_the_window_to_a_server_that_is_silent),
        FAKE(test_talk__a_cancel_that_is_lost_is_repeated),
        FAKE(test_talk__a_cancel_when_nothing_runs_is_not_repeated),
        FAKE(test_talk__it_may_be_cancelled_twice),
        FAKE(test_talk__a_session_may_be_freed_while_it_is_cancelled),
        FAKE(test_talk__nobodys_question_does_not_wait_for_a_cancel_that_hangs),
        FAKE(test_talk__nobodys_questions_leave_threads_to_others),
        FAKE(test_talk__a_session_does_not_wait_for_a_cancel_that_hangs),
        FAKE(test_talk__ends_cleanly_without_memory),
        FAKE(test_talk__a_cancel_without_memory_is_none),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
