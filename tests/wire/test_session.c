/*
 * A session from its first knock to its end, against the fake server: how far it gets, that it settles once and never from within
 * session_new(), and that it may be freed anywhere.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "chat.h"
#include "support/descriptors.h"
#include "support/fake_server.h"
#include "support/testing.h"
#include "wire.h"
#include "wire/conninfo.h"

static struct fake_server *server;
static int descriptors;

static int make(void **state)
{
    (void) state;
    descriptors = open_descriptors();
    server = fake_server_new(NULL);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    fake_server_free(server);
    return open_descriptors() == descriptors ? 0 : -1;
}

/* What the harness opens once and keeps. */
static int warm_up(void **state)
{
    make(state);
    fake_server_free(server);
    return 0;
}

static const char *conninfo(const char *more)
{
    return must_format("%s sslmode=disable gssencmode=disable %s", fake_server_conninfo(server), more);
}

static void play(const struct fake_visit *visit)
{
    fake_server_script(server, visit, 1);
    fake_server_listen(server);
}

static void expect_reach(const struct fake_visit *visit, enum session_state state, enum session_reach reach)
{
    struct chat chat;
    play(visit);
    chat_connect(&chat, conninfo(""));
    assert_int_equal(session_state(chat.session), state);
    assert_int_equal(session_reach(chat.session), reach);
    chat_close(&chat);
}

/* --- how far a login gets ---------------------------------------------------------------------------------------------- */

static void test_session__a_login_opens_it(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_LOGIN };
    expect_reach(&visit, SESSION_OPEN, REACH_LOGIN);
}

static void test_session__an_open_one_knows_the_server(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    chat_open(&chat, conninfo(""));
    assert_int_not_equal(session_backend_pid(chat.session), 0);
    assert_int_not_equal(strlen(session_server_version(chat.session)), 0);
    assert_true(session_heard_us(chat.session) > 0);
    assert_false(session_in_transaction(chat.session));
    chat_close(&chat);
}

static void test_session__a_refused_connection_reaches_nothing(void **state)
{
    (void) state;
    struct chat chat;
    chat_connect(&chat, conninfo(""));
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    assert_int_equal(session_reach(chat.session), REACH_NOTHING);
    chat_close(&chat);
}

/* It belongs to another host, and libpq would go there all the same. */
static void test_session__an_address_that_was_claimed_is_not_taken(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    conninfo_claim_environment();
    chat_connect(&chat, must_format("host=/nowhere port=%d user=u dbname=d sslmode=disable", fake_server_port(server)));
    assert_int_equal(session_sighting(chat.session)->seen, SEEN_NO_SOCKET);
    conninfo_claim_environment(); /* nothing is claimed any more */
    chat_close(&chat);
}

static void test_session__one_that_cannot_connect_now_listens_only(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_REFUSE, .error = { "FATAL", "57P03", "starting up" } };
    expect_reach(&visit, SESSION_CLOSED, REACH_LISTENING);
}

static void test_session__one_that_hangs_up_listens_only(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_CLOSE_AFTER_STARTUP };
    expect_reach(&visit, SESSION_CLOSED, REACH_LISTENING);
}

static void test_session__any_other_answer_is_accepting(void **state)
{
    (void) state;
    static const struct fake_visit refusals[] = {
        { .manner = FAKE_REFUSE, .error = { "FATAL", "28000", "no entry" } },
        { .manner = FAKE_REFUSE, .error = { "FATAL", "3D000", "no database" } },
        { .manner = FAKE_REFUSE, .error = { "FATAL", "53300", "too many" } },
        { .manner = FAKE_LOGIN, .password = "wanted" },
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        expect_reach(&refusals[i], SESSION_CLOSED, REACH_ACCEPTING);
}

static void test_session__it_sends_what_it_is_given(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .password = "p@ss 'word\\ %41" };
    struct chat chat;
    play(&visit);
    chat_open(&chat, conninfo("password='p@ss \\'word\\\\ %41' application_name=tester"));
    chat_close(&chat);
    assert_contains(fake_server_heard(server), "1 password p@ss 'word\\ %41\n");
    assert_contains(fake_server_heard(server), "application_name=tester");
}

static void test_session__it_says_good_bye(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    chat_open(&chat, conninfo(""));
    chat_close(&chat);
    fake_server_wait_heard(server, "1 X\n");
}

static void test_session__a_start_that_fails_at_once_is_settled_later(void **state)
{
    (void) state;
    struct chat chat;
    chat_connect(&chat, "host=127.0.0.1 port=99999"); /* asserts that it was not settled when session_new() returned */
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    assert_int_equal(session_reach(chat.session), REACH_NOTHING);
    assert_contains(session_sighting(chat.session)->message, "invalid port number");
    chat_close(&chat);
}

/* --- callbacks --------------------------------------------------------------------------------------------------------- */

static void count_settled(void *owner)
{
    struct chat *chat = owner;
    chat->settled++;
}

static void free_now(void *owner)
{
    struct chat *chat = owner;
    chat->settled++;
    session_free(chat->session);
    chat->session = NULL;
}

static void free_on_reach(void *owner)
{
    struct chat *chat = owner;
    chat->rows++;
    session_free(chat->session);
    chat->session = NULL;
}

static void count_reach(void *owner)
{
    struct chat *chat = owner;
    chat->rows++;
    assert_int_equal(session_state(chat->session), SESSION_CONNECTING);
    bytes_add_format(&chat->heard, "%d ", (int) session_reach(chat->session));
}

static void begin(struct chat *chat, const char *words, void (*on_settled)(void *owner))
{
    struct fault fault;
    *chat = (struct chat){ .loop = loop_new(&fault) };
    if (chat_start(chat, words, on_settled, &fault) == NULL)
        fail_msg("%s", fault.what);
}

static void test_session__it_may_be_freed_when_it_opens(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    begin(&chat, conninfo(""), free_now);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 1);
    chat_close(&chat);
}

static void test_session__it_may_be_freed_when_it_fails(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_REFUSE, .error = { "FATAL", "57P03", "starting up" } };
    struct chat chat;
    play(&visit);
    begin(&chat, conninfo(""), free_now);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 1);
    chat_close(&chat);
    begin(&chat, "host=127.0.0.1 port=99999", free_now);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 1);
    chat_close(&chat);
}

static void test_session__it_may_be_freed_when_it_gets_further(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    begin(&chat, conninfo(""), count_settled);
    session_tell_reach(chat.session, free_on_reach);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 0);
    assert_int_equal(chat.rows, 1);
    chat_close(&chat);
}

static void test_session__it_may_be_freed_before_the_loop_turns(void **state)
{
    (void) state;
    struct chat chat;
    fake_server_listen(server);
    begin(&chat, conninfo(""), count_settled);
    session_free(chat.session);
    chat.session = NULL;
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 0);
    chat_close(&chat);
    begin(&chat, "host=127.0.0.1 port=99999", count_settled);
    chat_close(&chat);
    assert_int_equal(chat.settled, 0);
}

static void test_session__each_step_forward_is_told_once(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .password = "x" };
    struct chat chat;
    play(&visit);
    begin(&chat, conninfo("password=x"), count_settled);
    session_tell_reach(chat.session, count_reach);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 1);
    assert_int_equal(session_reach(chat.session), REACH_LOGIN);
    assert_in_range(chat.rows, 1, 2); /* what follows the password may come in one piece */
    assert_int_equal(chat_heard(&chat)[0] - '0', REACH_LISTENING);
    chat_close(&chat);
}

/* --- servers that break off -------------------------------------------------------------------------------------------- */

struct ring {
    struct chat *chat;
    struct timer *timer;
};

static void close_on_ring(void *owner)
{
    struct ring *ring = owner;
    assert_int_equal(session_state(ring->chat->session), SESSION_CONNECTING);
    assert_int_equal(session_heard_us(ring->chat->session), 0);
    session_free(ring->chat->session);
    ring->chat->session = NULL;
    timer_free(ring->timer);
}

static void test_session__a_silent_server_keeps_it_connecting_without_a_word(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_SILENT };
    struct chat chat;
    struct fault fault;
    play(&visit);
    begin(&chat, conninfo(""), count_settled);
    struct ring ring = { &chat, timer_new(chat.loop, close_on_ring, &ring, &fault) };
    timer_start(ring.timer, 30);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 0);
    assert_contains(fake_server_heard(server), "1 startup");
    chat_close(&chat);
}

static unsigned turns;

static void count_turn(uv_check_t *check)
{
    (void) check;
    turns++;
}

static void test_session__half_a_handshake_does_not_spin(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_HALF_TLS };
    struct chat chat;
    struct fault fault;
    play(&visit);
    begin(&chat, must_format("%s gssencmode=disable sslmode=require", fake_server_conninfo(server)), count_settled);
    uv_check_t check;
    uv_check_init(&chat.loop->uv, &check);
    uv_check_start(&check, count_turn);
    uv_unref((uv_handle_t *) &check);
    struct timer *timer = timer_new(chat.loop, free_on_reach, &chat, &fault);
    timer_start(timer, 50);
    turns = 0;
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 0);
    assert_in_range(turns, 1, 40);
    timer_free(timer);
    uv_close((uv_handle_t *) &check, NULL);
    chat_close(&chat);
}

static void test_session__many_at_once_on_one_loop(void **state)
{
    (void) state;
    enum { MANY = 40 };
    static struct chat chats[MANY];
    struct fault fault;
    struct loop *loop = loop_new(&fault);
    fake_server_listen(server);
    for (size_t i = 0; i < MANY; i++) {
        chats[i] = (struct chat){ .loop = loop };
        assert_non_null(chat_start(&chats[i], conninfo(""), count_settled, &fault));
    }
    loop_run(loop);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(chats[i].settled, 1);
        assert_int_equal(session_state(chats[i].session), SESSION_OPEN);
        session_free(chats[i].session);
    }
    loop_free(loop);
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

/* True when it came to a login. The n-th allocation fails; whatever that ends, it ends in words and once. */
static bool connect_starved(struct chat *chat, long nth)
{
    struct fault fault;
    fault_clear(&fault);
    const char *words = conninfo("");
    memory_fail_at(nth);
    if (chat_start(chat, words, count_settled, &fault) == NULL) {
        assert_int_equal(fault.class, FAULT_INTERNAL);
        assert_string_equal(fault.what, "out of memory");
        assert_int_equal(chat->settled, 0);
        return false;
    }
    assert_int_equal(chat->settled, 0);
    loop_run(chat->loop);
    assert_int_equal(chat->settled, 1);
    if (session_state(chat->session) == SESSION_OPEN)
        return true;
    assert_string_equal(session_sighting(chat->session)->message, "out of memory");
    return false;
}

static void test_session__ends_cleanly_without_memory(void **state)
{
    (void) state;
    fake_server_listen(server);
    long nth = 1;
    for (bool enough = false; !enough; nth++) {
        struct fault fault;
        struct chat chat = { .loop = loop_new(&fault) };
        bool opened = connect_starved(&chat, nth);
        enough = memory_count() < nth;
        memory_fail_at(0);
        assert_true(opened == enough);
        chat_close(&chat);
    }
    assert_true(nth > 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_session__a_login_opens_it),
        TEST(test_session__an_open_one_knows_the_server),
        TEST(test_session__a_refused_connection_reaches_nothing),
        TEST(test_session__an_address_that_was_claimed_is_not_taken),
        TEST(test_session__one_that_cannot_connect_now_listens_only),
        TEST(test_session__one_that_hangs_up_listens_only),
        TEST(test_session__any_other_answer_is_accepting),
        TEST(test_session__it_sends_what_it_is_given),
        TEST(test_session__it_says_good_bye),
        TEST(test_session__a_start_that_fails_at_once_is_settled_later),
        TEST(test_session__it_may_be_freed_when_it_opens),
        TEST(test_session__it_may_be_freed_when_it_fails),
        TEST(test_session__it_may_be_freed_when_it_gets_further),
        TEST(test_session__it_may_be_freed_before_the_loop_turns),
        TEST(test_session__each_step_forward_is_told_once),
        TEST(test_session__a_silent_server_keeps_it_connecting_without_a_word),
        TEST(test_session__half_a_handshake_does_not_spin),
        TEST(test_session__many_at_once_on_one_loop),
        TEST(test_session__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
