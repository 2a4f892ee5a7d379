/*
 * The wait on a loop of the test's own, with look-ups that answer exactly when the test wants, and without memory. The functions of
 * wire/lookup.h are the test's here.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/memory.h"
#include "session_inside.h"
#include "support/starve.h"
#include "wait_inside.h"
#include "waiting.h"
#include "wire.h"
#include "wire/lookup.h"
#include "work/roster.h"
#include "work/wait.h"

/* --- look-ups by hand -------------------------------------------------------------------------------------------------- */

struct lookup {
    lookup_heard *on_heard; /* NULL: abandoned */
    void *owner;
};

static struct lookup *asked; /* the one that waits for its answer */
static unsigned lookups;

bool address_is_numeric(const char *text)
{
    return text[0] >= '0' && text[0] <= '9';
}

struct lookup *lookup_start(struct loop *loop, const char *name, lookup_heard *on_heard, void *owner, struct fault *fault)
{
    (void) loop, (void) name;
    struct lookup *lookup = memory_alloc(sizeof *lookup);
    if (lookup == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    lookups++;
    *lookup = (struct lookup){ on_heard, owner };
    asked = lookup;
    return lookup;
}

void lookup_abandon(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    lookup->on_heard = NULL;
    memory_free(lookup);
    asked = NULL;
}

static void answer(const char *address)
{
    struct lookup *lookup = asked;
    struct lookup_answer found = { .count = address != NULL, .message = address == NULL ? "no such name" : NULL };
    asked = NULL;
    if (lookup == NULL)
        return;
    if (address != NULL)
        text_cut(found.addresses[0], sizeof found.addresses[0], address);
    lookup->on_heard(lookup->owner, &found);
    memory_free(lookup);
}

/* --- a wait ------------------------------------------------------------------------------------------------------------ */

struct waiting {
    struct arena arena;
    struct settings settings;
    struct target target;
    struct journal journal;
    struct run run;
    struct wait *wait;
    struct reading reading;
    struct session *session;
    unsigned overs;
    enum wait_end end;
    struct fault fault;
    unsigned met; /* how often the goal was asked about */
    void (*on_met)(struct waiting *waiting);
    uv_check_t check; /* runs after the sockets and before the next timers */
    const char *address_then;
    char winner[ADDRESS_BYTES + 16];
};

static void listen_to(void *owner, const struct event *event)
{
    struct waiting *waiting = owner;
    const struct field *address = event_field(event, FIELD_ADDRESS);
    if (event->kind == EVENT_READY && address != NULL)
        text_cut(waiting->winner, sizeof waiting->winner, address->text);
}

static void set_up(struct waiting *waiting, const char *conninfo, const char *interval)
{
    const char *const argv[] = {
        "pgusher", "wait", "--database", conninfo, "--interval", interval, "--attempts", "3", NULL
    };
    const char *const environment[] = { NULL };
    struct fault fault;
    *waiting = (struct waiting){ .overs = 0 };
    arena_init(&waiting->arena);
    if (!settings_read(&waiting->settings, &waiting->arena, 8, argv, environment, &fault) ||
        !target_build(&waiting->target, &waiting->arena, &waiting->settings, NULL, &fault))
        fail_msg("%s", fault.what);
    journal_init(&waiting->journal, LEVEL_DEBUG, listen_to, waiting);
    waiting->run = (struct run){ .loop = loop_new(&fault),
                                 .journal = &waiting->journal,
                                 .settings = &waiting->settings,
                                 .target = waiting->target.label };
    asked = NULL;
    lookups = 0;
}

static void tear_down(struct waiting *waiting)
{
    session_free(waiting->session);
    wait_free(waiting->wait);
    reading_finish(&waiting->reading);
    loop_free(waiting->run.loop);
    arena_finish(&waiting->arena);
}

static void on_over(void *owner, enum wait_end end)
{
    struct waiting *waiting = owner;
    waiting->overs++;
    waiting->end = end;
    if (end == WAIT_READY) {
        waiting->session = wait_take_session(waiting->wait);
        wait_take_reading(waiting->wait, &waiting->reading);
    } else {
        waiting->fault = *wait_fault(waiting->wait);
    }
    wait_free(waiting->wait);
    waiting->wait = NULL;
}

static bool is_met(void *owner, struct reading *reading, struct fault *fault)
{
    struct waiting *waiting = owner;
    (void) reading, (void) fault;
    waiting->met++;
    if (waiting->on_met != NULL)
        waiting->on_met(waiting);
    return true;
}

static bool begin(struct waiting *waiting, struct fault *fault)
{
    const struct wait_goal goal = { .until = RUNG_LOGIN, .is_met = is_met };
    waiting->wait = wait_start(&waiting->run, &goal, on_over, waiting, fault);
    assert_int_equal(waiting->overs, 0);
    return waiting->wait != NULL;
}

static void wait_well(struct waiting *waiting)
{
    struct fault fault;
    if (!begin(waiting, &fault))
        fail_msg("%s", fault.what);
    loop_run(waiting->run.loop);
    assert_int_equal(waiting->overs, 1);
    if (waiting->end != WAIT_READY)
        fail_msg("%s", waiting->fault.what);
    assert_int_equal(session_state(waiting->session), SESSION_OPEN);
}

static void on_check(uv_check_t *check)
{
    struct waiting *waiting = check->data;
    uv_check_stop(check);
    answer(waiting->address_then);
}

/* Has the look-up answer in this very turn of the loop, as the pool's answers do. */
static void answer_in_this_turn(struct waiting *waiting)
{
    if (waiting->met == 1)
        uv_check_start(&waiting->check, on_check);
}

static void add_check(struct waiting *waiting, const char *address_then)
{
    waiting->on_met = answer_in_this_turn;
    waiting->address_then = address_then;
    uv_check_init(&waiting->run.loop->uv, &waiting->check);
    uv_unref((uv_handle_t *) &waiting->check);
    waiting->check.data = waiting;
}

static const char *name_and_second(void)
{
    return must_format("host=db.test,127.0.0.1 port=%d,%d user=u dbname=d sslmode=disable", fake_server_port(first),
                       fake_server_port(second));
}

/* --- who wins ---------------------------------------------------------------------------------------------------------- */

static bool first_wins_after_its_look_up(void)
{
    struct waiting waiting;
    set_up(&waiting, name_and_second(), "1h");
    add_check(&waiting, "127.0.0.1");
    wait_well(&waiting);
    bool won = strcmp(waiting.winner, must_format("127.0.0.1:%d", fake_server_port(first))) == 0;
    uv_close((uv_handle_t *) &waiting.check, NULL);
    tear_down(&waiting);
    return won;
}

/* Without the courtesy it never does; with it, a busy machine may now and then be slower than the courtesy is long. */
static void test_wait__a_first_one_that_is_being_looked_up_is_waited_for(void **state)
{
    (void) state;
    bool won = false;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_primary);
    for (int i = 0; i < 5 && !won; i++)
        won = first_wins_after_its_look_up();
    assert_true(won);
}

static void test_wait__a_look_up_that_fails_ends_the_courtesy(void **state)
{
    (void) state;
    struct waiting waiting;
    PLAY_ONE(second, &visit_primary);
    set_up(&waiting, name_and_second(), "1h");
    add_check(&waiting, NULL);
    wait_well(&waiting);
    assert_string_equal(waiting.winner, must_format("127.0.0.1:%d", fake_server_port(second)));
    assert_int_equal(lookups, 1);
    uv_close((uv_handle_t *) &waiting.check, NULL);
    tear_down(&waiting);
}

static void test_wait__a_look_up_that_never_ends_holds_up_nobody(void **state)
{
    (void) state;
    struct waiting waiting;
    PLAY_ONE(second, &visit_primary);
    set_up(&waiting, name_and_second(), "1h");
    wait_well(&waiting);
    assert_string_equal(waiting.winner, must_format("127.0.0.1:%d", fake_server_port(second)));
    tear_down(&waiting);
}

/* The window asks for the name again; its answer comes just after the first address has won and no longer has that address. */
static void look_up_again(struct waiting *waiting)
{
    if (asked != NULL)
        answer_in_this_turn(waiting);
}

static void test_wait__an_answer_after_the_end_changes_nothing(void **state)
{
    (void) state;
    static const struct fake_reply replies[] = { PRIMARY_STATE, FAKE_END };
    static const struct fake_visit visits[] = { { .manner = FAKE_SILENT }, { .replies = replies } };
    struct waiting waiting;
    struct fault fault;
    PLAY(first, visits);
    set_up(&waiting, must_format("host=db.test port=%d user=u dbname=d sslmode=disable", fake_server_port(first)), "500ms");
    add_check(&waiting, "127.0.0.9");
    waiting.on_met = look_up_again;
    assert_true(begin(&waiting, &fault));
    answer("127.0.0.1");
    loop_run(waiting.run.loop);
    assert_int_equal(waiting.overs, 1);
    assert_int_equal(waiting.end, WAIT_READY);
    assert_int_equal(lookups, 2);
    assert_string_equal(waiting.winner, must_format("127.0.0.1:%d", fake_server_port(first)));
    uv_close((uv_handle_t *) &waiting.check, NULL);
    tear_down(&waiting);
}

/* --- a stalled process ------------------------------------------------------------------------------------------------- */

enum { WINDOW_MS = 1000 };

/*
 * As if the process had been stopped: what the server answers to that lies unread in the socket when the loop turns again, and by then
 * the time is up.
 */
static void stall_over(struct waiting *waiting, const char *heard)
{
    const struct wait *wait = waiting->wait;
    while (strstr(fake_server_heard(first), heard) == NULL)
        uv_run(&waiting->run.loop->uv, UV_RUN_NOWAIT);
    struct pollfd answer = { .fd = PQsocket(wait->hosts[0].slots[0]->session->conn), .events = POLLIN };
    assert_int_equal(poll(&answer, 1, PATIENCE_MS), 1);
    int64_t left_us = wait->window_us + (int64_t) WINDOW_MS * 1000 - clock_monotonic_us();
    if (left_us > 0)
        usleep((useconds_t) left_us + 1000); /* it is the stall itself */
    loop_run(waiting->run.loop);
}

static void test_wait__an_answer_that_came_in_a_stall_is_no_silence(void **state)
{
    (void) state;
    struct waiting waiting;
    struct fault fault;
    PLAY_ONE(first, &visit_primary);
    set_up(&waiting, only(first), "1s");
    assert_true(begin(&waiting, &fault));
    stall_over(&waiting, "1 startup");
    assert_int_equal(waiting.end, WAIT_READY);
    assert_int_equal(fake_server_connections(first), 1); /* it was not given up */
    tear_down(&waiting);
}

static void test_wait__an_answer_that_came_in_a_stall_is_before_the_deadline(void **state)
{
    (void) state;
    struct waiting waiting;
    struct fault fault;
    PLAY_ONE(first, &visit_primary);
    set_up(&waiting, only(first), "1h");
    waiting.settings.timeout_ms = WINDOW_MS;
    assert_true(begin(&waiting, &fault));
    stall_over(&waiting, "1 S"); /* the reading's */
    assert_int_equal(waiting.overs, 1);
    assert_int_equal(waiting.end, WAIT_READY);
    tear_down(&waiting);
}

/* --- its life ---------------------------------------------------------------------------------------------------------- */

static void test_wait__it_may_be_freed_at_any_time(void **state)
{
    (void) state;
    struct waiting waiting;
    struct fault fault;
    PLAY_ONE(second, &visit_primary);
    set_up(&waiting, name_and_second(), "1h");
    assert_true(begin(&waiting, &fault));
    tear_down(&waiting);
    assert_int_equal(waiting.overs, 0);
    wait_free(NULL);
}

static void free_from_a_timer(void *owner)
{
    struct waiting *waiting = owner;
    wait_free(waiting->wait);
    waiting->wait = NULL;
}

static void test_wait__it_may_be_freed_in_the_middle(void **state)
{
    (void) state;
    for (int64_t after_ms = 0; after_ms < 8; after_ms++) {
        struct waiting waiting;
        struct fault fault;
        PLAY_ONE(second, &visit_standby);
        set_up(&waiting, must_format("%s target_session_attrs=primary", name_and_second()), "3ms");
        struct timer *timer = timer_new(waiting.run.loop, free_from_a_timer, &waiting, &fault);
        timer_start(timer, after_ms);
        assert_true(begin(&waiting, &fault));
        loop_run(waiting.run.loop);
        timer_free(timer);
        tear_down(&waiting);
    }
}

static void test_wait__time_is_counted_over_all_waits(void **state)
{
    (void) state;
    struct waiting waiting;
    PLAY_ONE(first, &visit_primary);
    set_up(&waiting, must_format("host=127.0.0.1 port=%d user=u dbname=d sslmode=disable", fake_server_port(first)), "1h");
    waiting.settings.timeout_ms = 1000;
    waiting.run.waited_ms = 1000; /* an earlier wait took all there was */
    fake_server_refuse(first);
    struct fault fault;
    assert_true(begin(&waiting, &fault));
    loop_run(waiting.run.loop);
    assert_int_equal(waiting.overs, 1);
    assert_int_equal(waiting.end, WAIT_FAILED);
    assert_int_equal(waiting.fault.class, FAULT_NOT_READY);
    tear_down(&waiting);
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

/* Whichever allocation fails, it ends once: ready after all, or with the fault of no memory. */
static bool wait_starved(long nth)
{
    struct waiting waiting;
    struct fault fault;
    set_up(&waiting,
           must_format("host=127.0.0.1,db.test port=%d,%d user=u dbname=d sslmode=disable", fake_server_port(first),
                       fake_server_port(second)),
           "1h");
    fault_clear(&fault);
    memory_fail_at(nth);
    bool began = begin(&waiting, &fault);
    if (began) {
        answer("127.0.0.1");
        loop_run(waiting.run.loop);
        assert_int_equal(waiting.overs, 1);
    }
    bool was_hit = memory_count() >= nth;
    memory_fail_at(0);
    if (!began || waiting.end == WAIT_FAILED) {
        assert_true(was_hit);
        assert_int_equal(began ? waiting.fault.class : fault.class, FAULT_INTERNAL);
        assert_string_equal(began ? waiting.fault.what : fault.what, "out of memory");
    }
    tear_down(&waiting);
    return !was_hit;
}

static void test_wait__ends_cleanly_without_memory(void **state)
{
    (void) state;
    PLAY_ONE(first, &visit_primary);
    PLAY_ONE(second, &visit_primary);
    long nth = 1;
    while (!wait_starved(nth))
        nth++;
    assert_true(nth > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait__a_first_one_that_is_being_looked_up_is_waited_for),
        WAIT_TEST(test_wait__a_look_up_that_fails_ends_the_courtesy),
        WAIT_TEST(test_wait__a_look_up_that_never_ends_holds_up_nobody),
        WAIT_TEST(test_wait__an_answer_after_the_end_changes_nothing),
        WAIT_TEST(test_wait__an_answer_that_came_in_a_stall_is_no_silence),
        WAIT_TEST(test_wait__an_answer_that_came_in_a_stall_is_before_the_deadline),
        WAIT_TEST(test_wait__it_may_be_freed_at_any_time),
        WAIT_TEST(test_wait__it_may_be_freed_in_the_middle),
        WAIT_TEST(test_wait__time_is_counted_over_all_waits),
        WAIT_TEST(test_wait__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
