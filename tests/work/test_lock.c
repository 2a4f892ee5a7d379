/*
 * The runners' lock between sessions of one process, against a real server: who gets it, who need not, who gives up, and what a
 * waiter is told.
 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "base/memory.h"
#include "support/fixture.h"
#include "support/must.h"
#include "work/lock.h"

static const int64_t key = 4711;

static const char *database;
static struct settings settings = { .ledger_table = "schema_migrations", .lock_wait_ms = -1 };

/* One runner. All of a test share a loop. */
struct runner {
    struct run run;
    struct session *session;
    struct lock *lock;
    unsigned overs;
    enum lock_end end;
    struct fault fault;
    unsigned asked; /* whether it is needless */
    bool is_needless;
    void (*on_asked)(struct runner *runner);
    struct runner *other;
    struct bytes told;
    struct journal journal;
};

static struct loop *loop;
static struct runner one, two;

/* --- runners ----------------------------------------------------------------------------------------------------------- */

static void tell(void *owner, const struct event *event)
{
    struct runner *runner = owner;
    bytes_add_format(&runner->told, "%s: %s\n", event_name(event->kind), event->msg);
}

static void on_settled(void *owner)
{
    struct runner *runner = owner;
    assert_int_equal(session_state(runner->session), SESSION_OPEN);
}

static void open_runner(struct runner *runner)
{
    const char *port = must_format("%d", cluster_port(cluster));
    const char *const keywords[] = { "hostaddr", "port", "user", "dbname", "application_name", "sslmode", NULL };
    const char *const values[] = {
        "127.0.0.1", port, "postgres", database, runner == &one ? "one" : "two", "disable", NULL
    };
    struct fault fault;
    *runner = (struct runner){ .run = { .loop = loop, .settings = &settings, .journal = &runner->journal } };
    journal_init(&runner->journal, LEVEL_DEBUG, tell, runner);
    bytes_add(&runner->told, "", 0);
    runner->session = session_new(loop, keywords, values, on_settled, runner, &fault);
    assert_non_null(runner->session);
}

static void close_runner(struct runner *runner)
{
    lock_free(runner->lock);
    session_free(runner->session);
    bytes_finish(&runner->told);
    *runner = (struct runner){ .overs = 0 };
}

static bool is_needless(void *owner, struct reading *reading, struct fault *fault)
{
    struct runner *runner = owner;
    (void) fault;
    assert_true(reading->server.pid > 0);
    runner->asked++;
    if (runner->on_asked != NULL)
        runner->on_asked(runner);
    return runner->is_needless;
}

static void on_over(void *owner, enum lock_end end)
{
    struct runner *runner = owner;
    runner->overs++;
    runner->end = end;
    runner->fault = *lock_fault(runner->lock);
    lock_free(runner->lock);
    runner->lock = NULL;
    if (runner->fault.class != FAULT_LOCKED)
        return;
    session_free(runner->session);
    runner->session = NULL;
}

static void begin(struct runner *runner)
{
    struct fault fault;
    runner->lock = lock_start(&runner->run, runner->session, &key, is_needless, on_over, runner, &fault);
    assert_non_null(runner->lock);
    assert_int_equal(runner->overs, 0);
}

static void lock_well(struct runner *runner)
{
    begin(runner);
    loop_run(loop);
    assert_int_equal(runner->overs, 1);
    assert_int_equal(runner->end, LOCK_OURS);
}

static int make(void **state)
{
    (void) state;
    struct fault fault;
    database = cluster_create_database(cluster, "lock");
    settings.lock_wait_ms = -1;
    loop = loop_new(&fault);
    open_runner(&one);
    open_runner(&two);
    loop_run(loop);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    close_runner(&one);
    close_runner(&two);
    loop_free(loop);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------------------------------- */

static void test_lock__one_that_is_free_is_ours_at_once(void **state)
{
    (void) state;
    lock_well(&one);
    assert_int_equal(one.asked, 0);
    assert_string_equal(one.told.at, "lock_acquired: the runners' lock is ours\n");
    assert_true(one.run.outcome.phase_us[PHASE_LOCK] > 0);
}

static void test_lock__one_of_two_waits_and_says_for_whom(void **state)
{
    (void) state;
    lock_well(&one);
    settings.lock_wait_ms = 0;
    begin(&two);
    loop_run(loop);
    assert_int_equal(two.overs, 1);
    assert_int_equal(two.end, LOCK_FAILED);
    assert_int_equal(two.fault.class, FAULT_LOCKED);
    assert_contains(two.fault.what, "--lock-wait 0s");
    assert_contains(two.fault.detail, must_format("process %d, one from 127.0.0.1", session_backend_pid(one.session)));
    assert_contains(two.fault.hint, must_format("pg_terminate_backend(%d)", session_backend_pid(one.session)));
    assert_int_equal(two.asked, 1);
}

/* As behind a pooler, where a session lock would be stranded. */
static void test_lock__without_a_key_the_ledger_is_only_read(void **state)
{
    (void) state;
    struct fault fault;
    lock_well(&one);
    two.lock = lock_start(&two.run, two.session, NULL, is_needless, on_over, &two, &fault);
    loop_run(loop);
    assert_int_equal(two.overs, 1);
    assert_int_equal(two.end, LOCK_OURS);
    assert_string_equal(cluster_sql(cluster, database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "1");
}

static PGconn *lock_the_ledger(void)
{
    cluster_sql(cluster, database, "CREATE TABLE schema_migrations (migration_name varchar(255), applied_at timestamp)");
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PQclear(PQexec(conn, "BEGIN; LOCK TABLE schema_migrations"));
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    return conn;
}

/* It may have got the lock, but what it has to read under it is somebody else's for now. */
static void test_lock__a_reading_that_is_blocked_is_told_of_and_bounded(void **state)
{
    (void) state;
    PGconn *conn = lock_the_ledger();
    settings.lock_wait_ms = 1500;
    begin(&two);
    loop_run(loop);
    assert_int_equal(two.overs, 1);
    assert_int_equal(two.end, LOCK_FAILED);
    assert_int_equal(two.fault.class, FAULT_LOCKED);
    assert_contains(two.fault.what, "--lock-wait 1500ms");
    assert_contains(two.told.at, "lock_waiting: the ledger cannot be read yet");
    cluster_wait_until(cluster, database, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'two')");
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    PQfinish(conn);
}

static void let_go_of_it(struct runner *runner)
{
    if (runner->asked != 3)
        return;
    session_free(runner->other->session);
    runner->other->session = NULL;
}

static void test_lock__a_waiter_gets_it_when_the_holder_is_gone(void **state)
{
    (void) state;
    lock_well(&one);
    two.on_asked = let_go_of_it;
    two.other = &one;
    lock_well(&two);
    assert_true(two.asked >= 3);
    assert_contains(two.told.at, "lock_waiting: another runner is at work (process ");
    const char *first = strstr(two.told.at, "lock_waiting");
    assert_null(strstr(first + 1, "lock_waiting")); /* once in ten seconds */
    assert_contains(two.told.at, "lock_acquired");
}

static void test_lock__one_that_is_needless_is_not_waited_for(void **state)
{
    (void) state;
    lock_well(&one);
    two.is_needless = true;
    begin(&two);
    loop_run(loop);
    assert_int_equal(two.end, LOCK_NOT_NEEDED);
    assert_int_equal(two.asked, 1);
    assert_contains(two.told.at, "lock_not_needed");
    assert_lacks(two.told.at, "lock_waiting");
}

static void end_the_waiter(struct runner *runner)
{
    if (runner->asked == 2)
        cluster_sql(cluster, NULL, must_format("SELECT pg_terminate_backend(%d)", session_backend_pid(runner->session)));
}

static void test_lock__a_waiter_that_loses_its_connection(void **state)
{
    (void) state;
    lock_well(&one);
    two.on_asked = end_the_waiter;
    begin(&two);
    loop_run(loop);
    assert_int_equal(two.overs, 1);
    assert_int_equal(two.end, LOCK_FAILED);
    assert_int_equal(two.fault.class, FAULT_LOST);
    assert_string_equal(two.fault.sqlstate, "57P01");
}

/* pg_locks of another database shows the same key. */
static void test_lock__each_database_has_its_own(void **state)
{
    (void) state;
    lock_well(&one);
    close_runner(&two);
    const char *before = database;
    database = cluster_create_database(cluster, "other");
    open_runner(&two);
    loop_run(loop);
    lock_well(&two);
    database = before;
}

static void look_between_polls(struct runner *runner)
{
    if (runner->asked == 1)
        return; /* the poll that asks is itself under way: what the one before it left behind is what counts */
    const char *count = cluster_sql(cluster, database,
                                    "SELECT count(*) FROM pg_stat_activity "
                                    "WHERE application_name = 'two' AND (backend_xmin IS NOT NULL OR state <> 'idle')");
    bytes_add_format(&runner->told, "snapshots: %s\n", count);
    runner->is_needless = true;
}

/* Or a CREATE INDEX CONCURRENTLY of the holder would wait for the waiter. */
static void test_lock__a_waiter_holds_no_snapshot(void **state)
{
    (void) state;
    lock_well(&one);
    two.on_asked = look_between_polls;
    begin(&two);
    loop_run(loop);
    assert_contains(two.told.at, "snapshots: 0\n");
}

static void test_lock__it_may_be_freed_while_it_waits(void **state)
{
    (void) state;
    struct fault fault;
    one.lock = lock_start(&one.run, one.session, &key, is_needless, on_over, &one, &fault);
    lock_free(one.lock);
    one.lock = NULL;
    lock_free(NULL);
    loop_run(loop);
    assert_int_equal(one.overs, 0);
}

static int64_t key_of(const char *identifier)
{
    const struct ledger ledger = { .identifier = identifier };
    struct fault fault;
    int64_t made = 0;
    assert_true(lock_key(&made, &ledger, &fault));
    return made;
}

static void test_lock__each_ledger_has_its_own_key(void **state)
{
    (void) state;
    int64_t first = key_of("\"public\".\"schema_migrations\"");
    assert_true(first == key_of("\"public\".\"schema_migrations\""));
    assert_true(first != key_of("\"public\".\"other\""));
    assert_true(first != key_of("\"tenant\".\"schema_migrations\""));
    assert_true(first != 0);
}

/* Any 64 bits are a key, those of a negative number too. */
static void test_lock__a_key_with_all_its_bits_is_found_in_pg_locks(void **state)
{
    (void) state;
    const int64_t keys[] = { -1, INT64_MIN, INT64_MAX, 1, (int64_t) 0x80000000, -4711 };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct fault fault;
        one.overs = 0;
        one.lock = lock_start(&one.run, one.session, &keys[i], is_needless, on_over, &one, &fault);
        loop_run(loop);
        assert_int_equal(one.end, LOCK_OURS);
    }
}

static bool lock_starved(long nth)
{
    struct fault fault;
    fault_clear(&fault);
    one.overs = 0;
    memory_fail_at(nth);
    one.lock = lock_start(&one.run, one.session, &key, is_needless, on_over, &one, &fault);
    bool began = one.lock != NULL;
    if (began) {
        loop_run(loop);
        assert_int_equal(one.overs, 1);
        fault = one.fault;
    }
    bool was_hit = memory_count() >= nth;
    memory_fail_at(0);
    assert_true(fault_is_set(&fault) == was_hit);
    if (was_hit) {
        assert_int_equal(fault.class, FAULT_INTERNAL);
        assert_string_equal(fault.what, "out of memory");
        close_runner(&one); /* its session may be beyond use */
        open_runner(&one);
        loop_run(loop);
    }
    return !was_hit;
}

static void test_lock__ends_cleanly_without_memory(void **state)
{
    (void) state;
    long nth = 1;
    while (!lock_starved(nth))
        nth++;
    assert_true(nth > 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lock__one_that_is_free_is_ours_at_once),
        TEST(test_lock__one_of_two_waits_and_says_for_whom),
        TEST(test_lock__without_a_key_the_ledger_is_only_read),
        TEST(test_lock__a_reading_that_is_blocked_is_told_of_and_bounded),
        TEST(test_lock__a_waiter_gets_it_when_the_holder_is_gone),
        TEST(test_lock__one_that_is_needless_is_not_waited_for),
        TEST(test_lock__a_waiter_that_loses_its_connection),
        TEST(test_lock__each_database_has_its_own),
        TEST(test_lock__a_waiter_holds_no_snapshot),
        TEST(test_lock__it_may_be_freed_while_it_waits),
        TEST(test_lock__each_ledger_has_its_own_key),
        TEST(test_lock__a_key_with_all_its_bits_is_found_in_pg_locks),
        TEST(test_lock__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
