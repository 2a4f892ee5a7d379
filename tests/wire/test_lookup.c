/* Names looked up in the pool. Only names that need no network are asked for: localhost, numbers, and .invalid (RFC 6761). */
#include <stdlib.h>

#include "base/memory.h"
#include "support/starve.h"
#include "support/testing.h"
#include "wire.h"
#include "wire/lookup.h"

struct asking {
    struct loop *loop;
    struct lookup *lookup;
    unsigned answers;
    struct lookup_answer answer;
    char message[256];
};

static void keep(void *owner, const struct lookup_answer *answer)
{
    struct asking *asking = owner;
    asking->answers++;
    asking->answer = *answer;
    if (answer->message != NULL)
        text_cut(asking->message, sizeof asking->message, answer->message);
    asking->lookup = NULL;
}

static void ask(struct asking *asking, const char *name)
{
    struct fault fault;
    *asking = (struct asking){ .loop = loop_new(&fault) };
    asking->lookup = lookup_start(asking->loop, name, keep, asking, &fault);
    assert_non_null(asking->lookup);
    assert_int_equal(asking->answers, 0);
    loop_run(asking->loop);
    loop_free(asking->loop);
    assert_int_equal(asking->answers, 1);
}

static void test_lookup__finds_localhost_and_nothing_twice(void **state)
{
    (void) state;
    struct asking asking;
    ask(&asking, "localhost");
    assert_true(asking.answer.count > 0);
    for (size_t i = 0; i < asking.answer.count; i++) {
        assert_true(address_is_numeric(asking.answer.addresses[i]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(asking.answer.addresses[i], asking.answer.addresses[j]);
    }
}

static void test_lookup__a_number_is_itself(void **state)
{
    (void) state;
    struct asking asking;
    ask(&asking, "127.0.0.9");
    assert_int_equal(asking.answer.count, 1);
    assert_string_equal(asking.answer.addresses[0], "127.0.0.9");
}

static void test_lookup__an_address_of_a_link_keeps_its_zone(void **state)
{
    (void) state;
    struct asking asking;
    ask(&asking, "fe80::1%lo");
    assert_int_equal(asking.answer.count, 1);
    assert_string_equal(asking.answer.addresses[0], "fe80::1%lo");
    assert_true(address_is_numeric(asking.answer.addresses[0]));
}

static void test_lookup__no_such_name_comes_with_a_reason(void **state)
{
    (void) state;
    struct asking asking;
    ask(&asking, "nobody-has-this-name.invalid");
    assert_int_equal(asking.answer.count, 0);
    assert_int_not_equal(strlen(asking.message), 0);
}

/* Labels have 63 characters at most, names 253: libuv refuses some of them before it asks anybody. */
static void test_lookup__an_impossible_name_is_a_fault_or_an_answer(void **state)
{
    (void) state;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const char *const names[] = { name, "..", "a b", "\xff\xfe" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fault fault;
        struct asking asking = { .loop = loop_new(&fault) };
        fault_clear(&fault);
        if (lookup_start(asking.loop, names[i], keep, &asking, &fault) == NULL) {
            assert_int_equal(fault.class, FAULT_CONFIG);
        } else {
            loop_run(asking.loop);
            assert_int_equal(asking.answers, 1);
            assert_int_equal(asking.answer.count, 0);
        }
        loop_free(asking.loop);
    }
}

static void test_lookup__one_that_is_abandoned_says_nothing(void **state)
{
    (void) state;
    struct fault fault;
    struct asking asking = { .loop = loop_new(&fault) };
    lookup_abandon(lookup_start(asking.loop, "localhost", keep, &asking, &fault));
    lookup_abandon(NULL);
    loop_run(asking.loop);
    loop_free(asking.loop);
    assert_int_equal(asking.answers, 0);
}

static void test_lookup__who_asks_for_the_same_name_hears_the_same_answer(void **state)
{
    (void) state;
    struct fault fault;
    struct asking first = { .loop = loop_new(&fault) };
    struct asking second = first, third = first, other = first;
    first.lookup = lookup_start(first.loop, "localhost", keep, &first, &fault);
    second.lookup = lookup_start(first.loop, "localhost", keep, &second, &fault);
    third.lookup = lookup_start(first.loop, "localhost", keep, &third, &fault);
    other.lookup = lookup_start(first.loop, "127.0.0.9", keep, &other, &fault);
    assert_int_equal(first.loop->pool_requests, 2);
    lookup_abandon(second.lookup);
    loop_run(first.loop);
    assert_int_equal(first.answers, 1);
    assert_int_equal(second.answers, 0);
    assert_int_equal(third.answers, 1);
    assert_string_equal(third.answer.addresses[0], first.answer.addresses[0]);
    assert_string_equal(other.answer.addresses[0], "127.0.0.9");
    assert_null(first.loop->lookups);
    loop_free(first.loop);
}

static void test_lookup__the_pool_is_made_large_enough_unless_it_was_said_how_large(void **state)
{
    (void) state;
    unsetenv("UV_THREADPOOL_SIZE");
    lookup_expect(1);
    assert_null(getenv("UV_THREADPOOL_SIZE"));
    lookup_expect(20);
    assert_string_equal(getenv("UV_THREADPOOL_SIZE"), "40");
    lookup_expect(100);
    assert_string_equal(getenv("UV_THREADPOOL_SIZE"), "40");
    unsetenv("UV_THREADPOOL_SIZE");
    lookup_expect(2000);
    assert_string_equal(getenv("UV_THREADPOOL_SIZE"), "128");
    unsetenv("UV_THREADPOOL_SIZE");
}

static void test_lookup__a_running_one_is_a_straggler(void **state)
{
    (void) state;
    struct fault fault;
    struct asking asking = { .loop = loop_new(&fault) };
    lookup_start(asking.loop, "127.0.0.1", keep, &asking, &fault);
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(loop_has_stragglers(asking.loop));
#endif
    loop_run(asking.loop);
    assert_false(loop_has_stragglers(asking.loop));
    loop_free(asking.loop);
}

static void test_lookup__knows_numbers_when_it_sees_them(void **state)
{
    (void) state;
    const char *const numbers[] = { "127.0.0.1", "0.0.0.0", "::1", "::", "fe80::1%eth0", "2001:db8::192.0.2.1" };
    const char *const names[] = { "",      "localhost", "1",     "127.1", "127.0.0.1 ", "1.2.3.4.5",
                                  "[::1]", "db",        "::1::", "%",     "256.1.1.1" };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_true(address_is_numeric(numbers[i]));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(address_is_numeric(names[i]));
}

static bool start_and_abandon(void *argument, struct fault *fault)
{
    struct lookup *lookup = lookup_start(argument, "127.0.0.1", keep, NULL, fault);
    lookup_abandon(lookup);
    return lookup != NULL;
}

static void test_lookup__ends_cleanly_without_memory(void **state)
{
    (void) state;
    struct fault fault;
    struct loop *loop = loop_new(&fault);
    starve(start_and_abandon, loop);
    loop_run(loop);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup__finds_localhost_and_nothing_twice),
        cmocka_unit_test(test_lookup__a_number_is_itself),
        cmocka_unit_test(test_lookup__an_address_of_a_link_keeps_its_zone),
        cmocka_unit_test(test_lookup__no_such_name_comes_with_a_reason),
        cmocka_unit_test(test_lookup__an_impossible_name_is_a_fault_or_an_answer),
        cmocka_unit_test(test_lookup__one_that_is_abandoned_says_nothing),
        cmocka_unit_test(test_lookup__who_asks_for_the_same_name_hears_the_same_answer),
        cmocka_unit_test(test_lookup__the_pool_is_made_large_enough_unless_it_was_said_how_large),
        cmocka_unit_test(test_lookup__a_running_one_is_a_straggler),
        cmocka_unit_test(test_lookup__knows_numbers_when_it_sees_them),
        cmocka_unit_test(test_lookup__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
