/*
 * The order of what is said for a migration outside a transaction, also where an earlier run has left off; and the timeouts of both
 * kinds.
 */
#include "scores.h"
#include "support/must.h"
#include "support/testing.h"

#define CONCURRENTLY "CREATE INDEX CONCURRENTLY i ON a (b);"
#define VACUUMS      "VACUUM a;"

static void test_score__what_cannot_run_in_a_transaction_has_its_started_row_committed_first(void **state)
{
    (void) state;
    assert_string_equal(write_score(CONCURRENTLY, &logged),
                        "| begin started1 commit | s1 | begin done1 commit | begin row log guard COMMIT |");
}

static void test_score__what_can_run_in_a_transaction_does_so_with_its_progress(void **state)
{
    (void) state;
    assert_string_equal(
        write_score("CREATE TABLE a (b int);" CONCURRENTLY "INSERT INTO a VALUES (1);", &logged),
        "| begin s1 done1 commit | begin started2 commit | s2 | begin done2 commit | begin s3 done3 commit | "
        "begin row log guard COMMIT |");
}

static void test_score__the_row_waits_for_a_runner_and_the_statements_for_a_lock(void **state)
{
    (void) state;
    const struct score_wishes wishes = { .bounds_row = true, .lock_timeout_ms = 5000, .statement_timeout_ms = 0 };
    assert_string_equal(write_score("SET TRANSACTION READ WRITE; SELECT 1;", &wishes),
                        "BEGIN s1 row-timeout row lock-timeout statement-timeout s2 guard COMMIT");
    assert_string_equal(write_score(CONCURRENTLY, &wishes),
                        "| begin started1 commit | s1 | begin done1 commit | begin row-timeout row guard COMMIT |");
    assert_string_equal(write_score("-- pgusher: lock_timeout=1s\n" CONCURRENTLY, &plain),
                        "| begin started1 commit | lock-timeout-alone | s1 | begin done1 commit | begin row guard COMMIT |");
    assert_string_equal(write_score("-- pgusher: lock_timeout=1s statement_timeout=0\n" CONCURRENTLY, &plain),
                        "| begin started1 commit | lock-timeout-alone statement-timeout-alone | s1 | begin done1 commit | "
                        "begin row guard COMMIT |");
}

static void test_score__what_the_role_has_of_timeouts_is_for_the_statements_and_not_for_the_row(void **state)
{
    (void) state;
    struct score_wishes wishes = { .has_timeouts = true, .lock_timeout_ms = 5000, .statement_timeout_ms = -1 };
    assert_string_equal(write_score("SELECT 1;", &wishes),
                        "BEGIN row-timeout row-unbound row own-statement-timeout lock-timeout s1 guard COMMIT");
    wishes.statement_timeout_ms = 1000;
    assert_string_equal(write_score("SELECT 1;", &wishes),
                        "BEGIN row-timeout row-unbound row lock-timeout statement-timeout s1 guard COMMIT");
    assert_string_equal(
        write_score(CONCURRENTLY, &wishes),
        "| begin started1 commit | s1 | begin done1 commit | begin row-timeout row-unbound row guard COMMIT |");
}

static void test_score__a_timeout_that_a_file_sets_before_its_transactions_mode_is_set_again(void **state)
{
    (void) state;
    const struct score_wishes wishes = { .lock_timeout_ms = 5000, .statement_timeout_ms = -1 };
    assert_string_equal(write_score("SET LOCAL lock_timeout = 1; SET statement_timeout = 2; SET search_path = s;"
                                    "SET TRANSACTION READ WRITE; SELECT 1;",
                                    &wishes),
                        "BEGIN s1 s2 s3 s4 row lock-timeout s1 s2 s5 guard COMMIT");
}

static void test_score__a_timeout_that_a_file_sets_is_in_force_in_its_units_that_follow(void **state)
{
    (void) state;
    const struct score_wishes wishes = { .lock_timeout_ms = 5000, .statement_timeout_ms = 60000 };
    assert_string_equal(
        write_score("-- pgusher: transaction=off\nSET LOCAL lock_timeout = 1; SET lock_timeout = 2; SELECT 3;"
                    "SET SESSION statement_timeout = 4; SELECT 5;",
                    &wishes),
        "| begin lock-timeout statement-timeout s1 done1 commit | begin lock-timeout statement-timeout s2 done2 commit "
        "| begin statement-timeout s3 done3 commit | begin statement-timeout s4 done4 commit | begin s5 done5 commit "
        "| begin row guard COMMIT |");
}

static void test_score__an_explicit_block_is_one_unit(void **state)
{
    (void) state;
    assert_string_equal(
        write_score(
            "-- pgusher: transaction=off\nBEGIN; CREATE TABLE a (b int); CREATE TABLE c (d int); COMMIT; DROP TABLE a;",
            &logged),
        "| begin s1 s2 done2 commit | begin s3 done3 commit | begin row log guard COMMIT |");
}

static struct progress_row progress(int64_t statement, enum progress_state state)
{
    return (struct progress_row){ .migration_name = "001 bot's.sql", .statement = statement, .state = state };
}

static void test_score__a_rerun_skips_what_was_done(void **state)
{
    (void) state;
    const struct progress_row rows[] = { progress(1, PROGRESS_DONE), progress(2, PROGRESS_DONE) };
    struct score_wishes wishes = logged;
    wishes.progress = rows;
    wishes.progress_count = 2;
    assert_string_equal(write_score("CREATE TABLE a (b int);" CONCURRENTLY "DROP TABLE c;", &wishes),
                        "| skip1 skip2 begin s3 done3 commit | begin row log guard COMMIT |");
}

static void test_score__a_rerun_repeats_what_is_harmless(void **state)
{
    (void) state;
    const struct progress_row row = progress(1, PROGRESS_STARTED);
    struct score_wishes wishes = logged;
    wishes.progress = &row;
    wishes.progress_count = 1;
    assert_string_equal(write_score(VACUUMS, &wishes),
                        "| begin started1 commit | s1 | begin done1 commit | begin row log guard COMMIT |");
}

static bool try_score(const char *text, const struct progress_row *row, struct fault *fault)
{
    struct step step = read_step(text);
    struct score_wishes wishes = logged;
    wishes.progress = row;
    wishes.progress_count = 1;
    fault_clear(fault);
    return score_write(&score, &step, &wishes, fault);
}

static void test_score__a_rerun_over_another_text_is_refused(void **state)
{
    (void) state;
    struct progress_row row = progress(1, PROGRESS_DONE);
    struct fault fault;
    row.checksum = "of another text";
    assert_false(try_score(VACUUMS, &row, &fault));
    assert_int_equal(fault.class, FAULT_MIGRATION);
    assert_contains(fault.what, "001 bot's.sql was changed");
    row.checksum = NULL; /* not known */
    assert_true(try_score(VACUUMS, &row, &fault));
    row = progress(2, PROGRESS_DONE);
    row.checksum = "of a statement that is not there any more";
    assert_false(try_score(VACUUMS, &row, &fault));
}

/* Its text is the same, but it would be done again together with what comes after it. */
static void test_score__what_was_done_does_not_become_a_part_of_a_larger_unit(void **state)
{
    (void) state;
    const struct step before = read_step("INSERT INTO a VALUES (1);" VACUUMS);
    char checksum[CHECKSUM_BYTES];
    struct progress_row row = progress(1, PROGRESS_DONE);
    struct fault fault;
    assert_true(score_unit_checksum(checksum, &before, 0, &fault));
    row.checksum = checksum;
    const char *block = "-- pgusher: transaction=off\nBEGIN; INSERT INTO a VALUES (1); SELECT 2; COMMIT;";
    assert_false(try_score(block, &row, &fault));
    assert_contains(fault.what, "001 bot's.sql was changed");
    row.state = PROGRESS_FAILED;
    assert_true(try_score(block, &row, &fault));
}

static void test_score__a_transaction_does_not_repeat_what_was_done_outside_one(void **state)
{
    (void) state;
    struct progress_row row = progress(1, PROGRESS_DONE);
    struct fault fault;
    assert_false(try_score("INSERT INTO a VALUES (1);", &row, &fault));
    assert_int_equal(fault.class, FAULT_MIGRATION);
    assert_contains(fault.what, "has done its statement 1");
    assert_contains(fault.hint, "-- pgusher: transaction=off");
    row.state = PROGRESS_STARTED;
    row.statement = 2; /* which is not in the file any more */
    assert_false(try_score("INSERT INTO a VALUES (1);", &row, &fault));
    assert_contains(fault.what, "has begun its statement 2");
    row.state = PROGRESS_FAILED;
    assert_true(try_score("INSERT INTO a VALUES (1);", &row, &fault));
}

static void test_score__what_comes_after_the_interruption_may_be_mended(void **state)
{
    (void) state;
    const struct step before = read_step(VACUUMS "SELECT wrong;");
    char checksum[CHECKSUM_BYTES];
    struct fault fault;
    assert_true(score_unit_checksum(checksum, &before, 0, &fault));
    struct progress_row row = progress(1, PROGRESS_DONE);
    row.checksum = checksum;
    struct score_wishes wishes = logged;
    wishes.progress = &row;
    wishes.progress_count = 1;
    assert_string_equal(write_score(VACUUMS "SELECT 1;", &wishes),
                        "| skip1 begin s2 done2 commit | begin row log guard COMMIT |");
}

static void test_score__a_rerun_sets_again_what_went_with_the_session(void **state)
{
    (void) state;
    const struct progress_row rows[] = { progress(1, PROGRESS_DONE), progress(2, PROGRESS_DONE) };
    struct score_wishes wishes = logged;
    wishes.progress = rows;
    wishes.progress_count = 2;
    static const char *const settings[] = { "SET search_path = s;", "RESET search_path;",
                                            "SELECT pg_catalog.set_config('search_path', '', false);",
                                            "select set_config ( 'search_path', 's', false ) ;" };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_string_equal(write_score(must_format("%s" VACUUMS, settings[i]), &wishes),
                            "| begin s1 done1 commit | skip2 begin row log guard COMMIT |");
    assert_string_equal(write_score("SELECT set_config('a', 'b', false), next();" VACUUMS, &wishes),
                        "| skip1 skip2 begin row log guard COMMIT |");
}

static void test_score__where_the_catalogue_can_tell_it_is_asked(void **state)
{
    (void) state;
    const struct progress_row row = progress(1, PROGRESS_STARTED);
    struct score_wishes wishes = logged;
    wishes.progress = &row;
    wishes.progress_count = 1;
    assert_string_equal(write_score(CONCURRENTLY, &wishes),
                        "| ask1 | drop1 | again1 | begin done1 commit | begin row log guard COMMIT |");
}

static void test_score__a_rerun_keeps_the_timeouts_that_the_file_asks_for(void **state)
{
    (void) state;
    struct progress_row row = progress(1, PROGRESS_STARTED);
    struct score_wishes wishes = logged;
    wishes.progress = &row;
    wishes.progress_count = 1;
    assert_string_equal(write_score("-- pgusher: statement_timeout=1h\n" CONCURRENTLY, &wishes),
                        "| statement-timeout-alone | ask1 | drop1 | again1 | begin done1 commit | begin row log guard "
                        "COMMIT |");
    row.state = PROGRESS_FAILED;
    assert_string_equal(write_score("-- pgusher: statement_timeout=1h\n" CONCURRENTLY, &wishes),
                        "| statement-timeout-alone | ask1 | drop1 | begin started1 commit | statement-timeout-alone "
                        "| s1 | begin done1 commit | begin row log guard COMMIT |");
}

static void test_score__a_statement_that_failed_is_tried_again_after_what_it_left(void **state)
{
    (void) state;
    const struct progress_row row = progress(1, PROGRESS_FAILED);
    struct score_wishes wishes = logged;
    wishes.progress = &row;
    wishes.progress_count = 1;
    assert_string_equal(write_score(CONCURRENTLY, &wishes),
                        "| ask1 | drop1 | begin started1 commit | s1 | begin done1 commit | begin row log guard COMMIT |");
}

static void test_score__only_what_is_sure_is_repeated(void **state)
{
    (void) state;
    static const char *const doubtful[] = { "ALTER DATABASE d SET TABLESPACE t;", "COMMIT PREPARED 'p';",
                                            "CREATE INDEX CONCURRENTLY ON a (b);" };
    for (size_t i = 0; i < sizeof doubtful / sizeof doubtful[0]; i++) {
        const struct progress_row row = progress(1, PROGRESS_STARTED);
        struct fault fault;
        assert_false(try_score(doubtful[i], &row, &fault));
        assert_int_equal(fault.class, FAULT_MIGRATION);
        assert_true(fault.has_offset);
        assert_contains(fault.hint, "VALUES ('001 bot''s.sql', 'done', 1, ");
        assert_contains(fault.hint, "public.schema_migrations_log");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCORE_TEST(test_score__what_cannot_run_in_a_transaction_has_its_started_row_committed_first),
        SCORE_TEST(test_score__what_can_run_in_a_transaction_does_so_with_its_progress),
        SCORE_TEST(test_score__the_row_waits_for_a_runner_and_the_statements_for_a_lock),
        SCORE_TEST(test_score__what_the_role_has_of_timeouts_is_for_the_statements_and_not_for_the_row),
        SCORE_TEST(test_score__a_timeout_that_a_file_sets_before_its_transactions_mode_is_set_again),
        SCORE_TEST(test_score__a_timeout_that_a_file_sets_is_in_force_in_its_units_that_follow),
        SCORE_TEST(test_score__an_explicit_block_is_one_unit),
        SCORE_TEST(test_score__a_rerun_skips_what_was_done),
        SCORE_TEST(test_score__a_rerun_repeats_what_is_harmless),
        SCORE_TEST(test_score__a_rerun_over_another_text_is_refused),
        SCORE_TEST(test_score__what_was_done_does_not_become_a_part_of_a_larger_unit),
        SCORE_TEST(test_score__a_transaction_does_not_repeat_what_was_done_outside_one),
        SCORE_TEST(test_score__what_comes_after_the_interruption_may_be_mended),
        SCORE_TEST(test_score__a_rerun_sets_again_what_went_with_the_session),
        SCORE_TEST(test_score__a_rerun_keeps_the_timeouts_that_the_file_asks_for),
        SCORE_TEST(test_score__a_statement_that_failed_is_tried_again_after_what_it_left),
        SCORE_TEST(test_score__where_the_catalogue_can_tell_it_is_asked),
        SCORE_TEST(test_score__only_what_is_sure_is_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
