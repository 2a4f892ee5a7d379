/*
 * How often a job begins again, and how long it rests before, with losses told to it one by one.
 */
#include "base/clock.h"
#include "job_inside.h"
#include "support/must.h"
#include "support/testing.h"

static struct settings settings;
static struct run run;
static struct journal journal;
static struct job job;
static struct fault fault;
static int failures_told;

static void tell(void *owner, const struct event *event)
{
    (void) owner;
    failures_told += event->kind == EVENT_MIGRATION_FAILED;
}

static int make(void **state)
{
    (void) state;
    settings = (struct settings){ .attempts = 5, .interval_ms = 60000, .timeout_ms = -1, .lock_retries = 10 };
    journal_init(&journal, LEVEL_DEBUG, tell, NULL);
    run = (struct run){ .journal = &journal, .settings = &settings, .target = "db:5432" };
    job = (struct job){ .run = &run };
    failures_told = 0;
    job_count_session(&job);
    return 0;
}

static bool lose(const char *migration, const char *sqlstate)
{
    struct fault loss;
    fault_set(&loss, FAULT_LOST, "the connection broke");
    fault_sqlstate(&loss, sqlstate);
    bool goes_on = job_may_go_on(&job, migration, &loss, &fault);
    job_count_session(&job);
    return goes_on;
}

static void test_again__a_migration_is_given_up_when_it_is_lost_for_the_third_time(void **state)
{
    (void) state;
    assert_true(lose("1.sql", ""));
    assert_true(lose("1.sql", ""));
    assert_int_equal(failures_told, 0);
    assert_false(lose("1.sql", "25P03"));
    assert_int_equal(fault.class, FAULT_MIGRATION);
    assert_string_equal(fault.sqlstate, "25P03");
    assert_contains(fault.hint, "idle_in_transaction_session_timeout");
    assert_int_equal(failures_told, 1);
}

/* PostgreSQL 17 has it. */
static void test_again__a_transaction_timeout_is_named(void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++)
        lose("1.sql", "25P04");
    assert_int_equal(fault.class, FAULT_MIGRATION);
    assert_contains(fault.hint, "transaction_timeout");
}

static void test_again__a_loss_outside_any_migration_does_not_start_its_count_anew(void **state)
{
    (void) state;
    assert_true(lose("1.sql", ""));
    assert_true(lose(NULL, ""));
    assert_true(lose("1.sql", ""));
    assert_true(lose(NULL, ""));
    assert_false(lose("1.sql", ""));
    assert_int_equal(fault.class, FAULT_MIGRATION);
}

static void test_again__another_migration_does(void **state)
{
    (void) state;
    assert_true(lose("1.sql", ""));
    assert_true(lose("1.sql", ""));
    assert_true(lose("2.sql", ""));
    assert_true(lose("1.sql", ""));
}

static void test_again__sessions_that_do_not_last_are_bounded_by_the_attempts(void **state)
{
    (void) state;
    for (int i = 0; i < 5; i++)
        assert_true(lose(NULL, ""));
    assert_false(lose(NULL, "57P05"));
    assert_contains(fault.hint, "idle_session_timeout");
    assert_int_equal(fault.class, FAULT_NOT_READY);
    assert_contains(fault.what, "lost 6 times in a row");
    assert_string_equal(fault.detail, "the connection broke");
    assert_int_equal(failures_told, 0);
}

static void test_again__one_that_lasted_or_applied_something_starts_that_count_anew(void **state)
{
    (void) state;
    for (int i = 0; i < 5; i++)
        assert_true(lose(NULL, ""));
    job.session_since_us -= settings.interval_ms * 1000;
    assert_true(lose(NULL, ""));
    for (int i = 0; i < 4; i++)
        assert_true(lose(NULL, ""));
    run.outcome.applied++;
    assert_true(lose(NULL, ""));
    assert_int_equal(job_rest_ms(&job), 0);
}

static void test_again__the_rest_grows_up_to_a_second(void **state)
{
    (void) state;
    settings.attempts = 1000;
    lose(NULL, "");
    assert_int_equal(job_rest_ms(&job), 0);
    for (int64_t most_ms = 50; most_ms <= 1600; most_ms *= 2) {
        lose(NULL, "");
        int64_t bound_ms = most_ms < 1000 ? most_ms : 1000;
        assert_in_range(job_rest_ms(&job), bound_ms / 2, bound_ms);
    }
    for (int i = 0; i < 100; i++)
        lose(NULL, "");
    assert_in_range(job_rest_ms(&job), 500, 1000);
}

static void test_again__the_rest_ends_with_the_deadline(void **state)
{
    (void) state;
    settings.attempts = 1000;
    settings.timeout_ms = 10000;
    for (int i = 0; i < 20; i++)
        lose(NULL, "");
    run.waited_ms = 9993;
    assert_int_equal(job_rest_ms(&job), 7);
    run.waited_ms = 10500;
    assert_int_equal(job_rest_ms(&job), 0);
}

static void test_again__the_tries_of_a_blocked_migration_are_its_own(void **state)
{
    (void) state;
    assert_in_range(job_count_try(&job, "1.sql"), 100, 200);
    assert_in_range(job_count_try(&job, "1.sql"), 200, 400);
    assert_int_equal(job.tries_left, 8);
    assert_in_range(job_count_try(&job, "2.sql"), 100, 200);
    assert_int_equal(job.tries_left, 9);
}

static void test_again__a_row_that_is_a_duplicate_for_ever_is_a_failure(void **state)
{
    (void) state;
    assert_true(job_may_race_on(&job, "1.sql", &fault));
    assert_true(job_may_race_on(&job, "2.sql", &fault));
    assert_true(job_may_race_on(&job, "2.sql", &fault));
    assert_int_equal(failures_told, 0);
    assert_false(job_may_race_on(&job, "2.sql", &fault));
    assert_contains(fault.what, "2.sql");
    assert_int_equal(failures_told, 1);
}

#define AGAIN_TEST(test) cmocka_unit_test_setup(test, make)

static bool fail_to_read(void)
{
    struct fault failure;
    fault_set(&failure, FAULT_NOT_READY, "canceling statement due to statement timeout");
    fault_sqlstate(&failure, "57014");
    bool goes_on = job_may_go_on(&job, NULL, &failure, &fault);
    job_count_session(&job);
    return goes_on;
}

/* However long each of them takes: a lost session that lasted begins the count anew, a reading that failed slowly does not. */
static void test_again__a_reading_that_fails_each_time_is_given_up_after_the_attempts(void **state)
{
    (void) state;
    settings.interval_ms = 0;
    for (int i = 0; i < 5; i++)
        assert_true(fail_to_read());
    assert_false(fail_to_read());
    assert_int_equal(fault.class, FAULT_NOT_READY);
    assert_string_equal(fault.sqlstate, "57014");
    assert_contains(fault.what, "6 times in a row");
    assert_contains(fault.detail, "statement timeout");
    assert_contains(fault.hint, "statement_timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGAIN_TEST(test_again__a_migration_is_given_up_when_it_is_lost_for_the_third_time),
        AGAIN_TEST(test_again__a_transaction_timeout_is_named),
        AGAIN_TEST(test_again__a_loss_outside_any_migration_does_not_start_its_count_anew),
        AGAIN_TEST(test_again__another_migration_does),
        AGAIN_TEST(test_again__sessions_that_do_not_last_are_bounded_by_the_attempts),
        AGAIN_TEST(test_again__one_that_lasted_or_applied_something_starts_that_count_anew),
        AGAIN_TEST(test_again__a_reading_that_fails_each_time_is_given_up_after_the_attempts),
        AGAIN_TEST(test_again__the_rest_grows_up_to_a_second),
        AGAIN_TEST(test_again__the_rest_ends_with_the_deadline),
        AGAIN_TEST(test_again__the_tries_of_a_blocked_migration_are_its_own),
        AGAIN_TEST(test_again__a_row_that_is_a_duplicate_for_ever_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
