/* Who may connect, and who is next. */
#include "support/testing.h"

#include "base/memory.h"
#include "budget.h"
#include "support/must.h"
#include "support/starve.h"

enum { MOST = 8 };

static struct budget budget;
static struct pass passes[MOST];
static const char *turns; /* the passes that got their turn, in order: "0 3 " */

static void on_turn(void *owner)
{
    struct pass *pass = owner;
    turns = must_format("%s%d ", turns, (int) (pass - passes));
}

static void begin(int64_t most, int64_t most_a_server, const char *const *servers)
{
    struct fault fault;
    budget_init(&budget, most, most_a_server);
    turns = "";
    for (size_t i = 0; servers[i] != NULL; i++)
        assert_true(pass_init(&passes[i], &budget, servers[i], on_turn, &passes[i], &fault));
}

static void test_budget__who_comes_first_is_let_in_first(void **state)
{
    (void) state;
    begin(2, 2, (const char *const[]){ "a", "b", "c", "d", NULL });
    assert_true(pass_enter(&passes[0]));
    assert_true(pass_enter(&passes[1]));
    assert_false(pass_enter(&passes[2]));
    assert_false(pass_enter(&passes[3]));
    assert_string_equal(turns, "");
    pass_leave(&passes[1]);
    assert_string_equal(turns, "2 ");
    assert_int_equal(passes[2].state, PASS_IN);
    pass_leave(&passes[0]);
    pass_leave(&passes[2]);
    assert_string_equal(turns, "2 3 ");
    pass_leave(&passes[3]);
    pass_leave(&passes[3]); /* it is out */
    budget_finish(&budget);
}

static void test_budget__a_busy_server_holds_up_only_its_own(void **state)
{
    (void) state;
    begin(3, 1, (const char *const[]){ "a", "a", "a", "b", "c", NULL });
    assert_true(pass_enter(&passes[0]));
    assert_false(pass_enter(&passes[1]));
    assert_false(pass_enter(&passes[2]));
    assert_true(pass_enter(&passes[3]));
    assert_true(pass_enter(&passes[4]));
    pass_leave(&passes[3]);
    assert_string_equal(turns, ""); /* a is still busy */
    pass_leave(&passes[0]);
    assert_string_equal(turns, "1 ");
    pass_leave(&passes[1]);
    assert_string_equal(turns, "1 2 ");
    pass_leave(&passes[2]);
    pass_leave(&passes[4]);
    budget_finish(&budget);
}

/* It came when the whole was used up; on its turn its own server is. */
static void test_budget__a_turn_passes_over_who_must_wait_for_its_server(void **state)
{
    (void) state;
    begin(2, 1, (const char *const[]){ "a", "b", "c", "a", "c", NULL });
    assert_true(pass_enter(&passes[0]));
    assert_true(pass_enter(&passes[1]));
    assert_false(pass_enter(&passes[2]));
    assert_false(pass_enter(&passes[4])); /* the second for c */
    pass_leave(&passes[1]);
    assert_string_equal(turns, "2 ");
    pass_leave(&passes[0]);
    assert_string_equal(turns, "2 ");
    assert_true(pass_enter(&passes[3]));
    pass_leave(&passes[2]);
    assert_string_equal(turns, "2 4 ");
    pass_leave(&passes[3]);
    pass_leave(&passes[4]);
    budget_finish(&budget);
}

static void test_budget__who_gives_up_waiting_is_not_called(void **state)
{
    (void) state;
    begin(1, 1, (const char *const[]){ "a", "b", "c", "d", NULL });
    assert_true(pass_enter(&passes[0]));
    for (int i = 1; i < 4; i++)
        assert_false(pass_enter(&passes[i]));
    pass_leave(&passes[2]);
    pass_leave(&passes[0]);
    assert_string_equal(turns, "1 ");
    pass_leave(&passes[1]);
    assert_string_equal(turns, "1 3 ");
    pass_leave(&passes[3]);
    budget_finish(&budget);
}

/* Whatever happens in which order, nobody is forgotten and no bound is broken. */
static void test_budget__nobody_is_forgotten(void **state)
{
    enum { PASSES = 200, SERVERS = 5, STEPS = 20000 };
    static struct pass many[PASSES];
    struct fault fault;
    (void) state;
    budget_init(&budget, 7, 2);
    turns = "";
    for (int i = 0; i < PASSES; i++)
        assert_true(pass_init(&many[i], &budget, must_format("s%d", i % SERVERS), on_turn, &passes[0], &fault));
    for (unsigned step = 0, seed = 1; step < STEPS; step++) {
        seed = seed * 1103515245U + 12345U;
        struct pass *pass = &many[seed / 65536 % PASSES];
        if (pass->state == PASS_OUT)
            pass_enter(pass);
        else
            pass_leave(pass);
        int in[SERVERS] = { 0 }, waits[SERVERS] = { 0 }, all_in = 0;
        for (int i = 0; i < PASSES; i++) {
            in[i % SERVERS] += many[i].state == PASS_IN;
            waits[i % SERVERS] += many[i].state == PASS_WAITING;
            all_in += many[i].state == PASS_IN;
        }
        assert_true(all_in <= 7);
        for (int i = 0; i < SERVERS; i++) {
            assert_true(in[i] <= 2);
            if (waits[i] > 0 && in[i] < 2)
                assert_int_equal(all_in, 7); /* else one of them could go */
        }
        turns = "";
    }
    for (int i = 0; i < PASSES; i++)
        while (many[i].state != PASS_OUT)
            pass_leave(&many[i]);
    for (int i = 0; i < PASSES; i++) /* those that got their turn meanwhile */
        pass_leave(&many[i]);
    for (int i = 0; i < PASSES; i++)
        pass_leave(&many[i]);
    budget_finish(&budget);
}

static bool make_some(void *argument, struct fault *fault)
{
    (void) argument;
    struct pass pass;
    budget_init(&budget, 1, 1);
    bool ok = pass_init(&pass, &budget, "a", on_turn, &pass, fault) && pass_init(&pass, &budget, "b", on_turn, &pass, fault);
    budget_finish(&budget);
    return ok;
}

static void test_budget__without_memory_it_says_so(void **state)
{
    (void) state;
    assert_int_equal(starve(make_some, NULL), 2);
}

/* Those that stay leave room for those that come and go: half of the whole, and half of each server's. */
static void test_budget__half_of_it_may_be_kept(void **state)
{
    (void) state;
    begin(6, 4, (const char *const[]){ "a", "a", "a", "b", "b", NULL });
    for (int i = 0; i < 5; i++)
        assert_true(pass_enter(&passes[i]));
    assert_true(pass_keep(&passes[0]));
    assert_true(pass_keep(&passes[0])); /* it is already */
    assert_true(pass_keep(&passes[1]));
    assert_false(pass_keep(&passes[2]));
    assert_true(pass_keep(&passes[3]));
    assert_false(pass_keep(&passes[4]));
    pass_leave(&passes[0]);
    assert_true(pass_keep(&passes[2]));
    for (int i = 0; i < 5; i++)
        pass_leave(&passes[i]);
    budget_finish(&budget);
    begin(1, 1, (const char *const[]){ "a", NULL });
    assert_true(pass_enter(&passes[0]));
    assert_false(pass_keep(&passes[0]));
    pass_leave(&passes[0]);
    budget_finish(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget__who_comes_first_is_let_in_first),
        cmocka_unit_test(test_budget__half_of_it_may_be_kept),
        cmocka_unit_test(test_budget__a_busy_server_holds_up_only_its_own),
        cmocka_unit_test(test_budget__a_turn_passes_over_who_must_wait_for_its_server),
        cmocka_unit_test(test_budget__who_gives_up_waiting_is_not_called),
        cmocka_unit_test(test_budget__nobody_is_forgotten),
        cmocka_unit_test(test_budget__without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
