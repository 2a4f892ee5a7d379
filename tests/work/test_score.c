/*
 * The order of what is said for a migration in one transaction, for the resets around it, and after a failure.
 */
#include "scores.h"
#include "support/starve.h"
#include "support/testing.h"

static void test_score__a_transaction_has_its_row_first_and_its_guard_last(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *notes;
    } cases[] = {
        { "", "BEGIN row log guard COMMIT" },
        { "CREATE TABLE a (b int);", "BEGIN row s1 log guard COMMIT" },
        { "CREATE TABLE a (b int); INSERT INTO a VALUES (1); DROP TABLE a", "BEGIN row s1 s2 s3 log guard COMMIT" },
        { "BEGIN; CREATE TABLE a (b int); COMMIT;", "BEGIN row s1 log guard COMMIT" },
        { "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE a (b int);", "BEGIN s1 row s2 log guard COMMIT" },
        { "SET LOCAL lock_timeout = 1; SET TRANSACTION READ WRITE; DROP TABLE a;",
          "BEGIN s1 s2 row s1 s3 log guard COMMIT" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(write_score(cases[i].text, &logged), cases[i].notes);
}

static void test_score__without_a_log_there_is_no_row_for_it(void **state)
{
    (void) state;
    assert_string_equal(write_score("DROP TABLE a;", &plain), "BEGIN row s1 guard COMMIT");
}

/* What stands before the first note of a kind; index counts back from it. */
static enum note_kind before(enum note_kind kind, size_t back)
{
    for (size_t i = 0; i < score.count; i++)
        if (score.notes[i].kind == kind && i >= back)
            return score.notes[i - back].kind;
    fail_msg("there is no such note");
    return kind;
}

static size_t count_notes(enum note_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < score.count; i++)
        count += score.notes[i].kind == kind;
    return count;
}

static void test_score__a_file_that_changes_the_session_gives_the_role_back_for_our_own_rows(void **state)
{
    (void) state;
    write_score("SET ROLE x; DROP TABLE a;", &logged);
    assert_int_equal(before(NOTE_LOG, 1), NOTE_ROLE);
    assert_int_equal(before(NOTE_LOG, 2), NOTE_ROLE);
    assert_int_equal(count_notes(NOTE_ROLE), 2);
    write_score("DROP TABLE a;", &logged);
    assert_int_equal(count_notes(NOTE_ROLE), 0);
    write_score("SET ROLE x; CREATE INDEX CONCURRENTLY i ON a (b);", &logged);
    assert_int_equal(before(NOTE_STARTED, 1), NOTE_ROLE_LOCAL);
    assert_int_equal(before(NOTE_DONE, 1), NOTE_ROLE_LOCAL);
    assert_int_equal(before(NOTE_ROW, 1), NOTE_ROLE_LOCAL);
}

static void test_score__a_changed_session_is_reset_before_the_transaction(void **state)
{
    (void) state;
    const struct score_wishes wishes = { .session_is_changed = true, NO_TIMEOUTS };
    assert_string_equal(write_score("DROP TABLE a;", &wishes), "reset BEGIN row s1 guard COMMIT");
    size_t count = 0;
    while (score_reset_statement(count) != NULL)
        count++;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(score.notes[i].kind, NOTE_RESET);
        assert_int_equal(score.notes[i].index, i);
    }
    assert_int_not_equal(score.notes[count].kind, NOTE_RESET);
}

static size_t place_of(enum note_kind kind, uint32_t index)
{
    for (size_t i = 0; i < score.count; i++)
        if (score.notes[i].kind == kind && score.notes[i].index == index)
            return i;
    fail_msg("there is no such note");
    return 0;
}

/* What a pooler has set for its client is no default on the server. */
static void test_score__behind_a_pooler_each_reset_gives_the_client_back_what_is_its_own(void **state)
{
    (void) state;
    uint32_t reset_all = 0;
    while (strcmp(score_reset_statement(reset_all), "RESET ALL") != 0)
        reset_all++;
    struct score_wishes wishes = { .session_is_changed = true, .restores_client = true, NO_TIMEOUTS };
    assert_string_equal(write_score("DROP TABLE a;", &wishes), "reset restore BEGIN row s1 guard COMMIT");
    assert_int_equal(place_of(NOTE_RESTORE_CLIENT, 0), place_of(NOTE_RESET, reset_all) + 1);
    wishes = (struct score_wishes){ .is_pooled = true, .restores_client = true, NO_TIMEOUTS };
    assert_string_equal(write_score("SELECT 1;", &wishes), "BEGIN row s1 settle restore unlock guard COMMIT");
    assert_int_equal(place_of(NOTE_RESTORE_CLIENT, 0), place_of(NOTE_RESET, reset_all) + 1);
    assert_string_equal(write_score("DROP TABLE a;", &wishes), "BEGIN row s1 guard COMMIT");
}

static void test_score__the_reset_is_a_transaction_and_keeps_advisory_locks(void **state)
{
    (void) state;
    size_t last = 0;
    for (size_t i = 0; score_reset_statement(i) != NULL; i++) {
        last = i;
        assert_string_not_equal(score_reset_statement(i), "DISCARD ALL");
        assert_null(strstr(score_reset_statement(i), "pg_advisory"));
    }
    assert_string_equal(score_reset_statement(0), "BEGIN");
    assert_string_equal(score_reset_statement(last), "COMMIT");
    assert_null(score_reset_statement((size_t) -1));
}

static const char *write_cleaning(const struct score_wishes *wishes, bool in_transaction, bool leaves_traces)
{
    score_write_cleaning(&score, wishes, in_transaction, leaves_traces);
    return score.count > 0 ? render() : "";
}

static void test_score__what_a_rollback_leaves_is_put_back_before_anybody_has_the_session(void **state)
{
    (void) state;
    const struct score_wishes pooled = { .is_pooled = true, .restores_client = true };
    struct fault fault;
    assert_true(score_prepare(&score, &fault));
    assert_string_equal(write_cleaning(&plain, false, false), "");
    assert_string_equal(write_cleaning(&plain, true, false), "ROLLBACK");
    assert_string_equal(write_cleaning(&plain, false, true), "reset");
    assert_string_equal(write_cleaning(&plain, true, true), "ROLLBACK reset");
    assert_string_equal(write_cleaning(&pooled, true, false), "ROLLBACK");
    assert_string_equal(write_cleaning(&pooled, true, true), "ROLLBACK-AND-CHAIN unlock ROLLBACK");
    assert_string_equal(score_reset_statement(score.notes[2].index), "DISCARD SEQUENCES");
    assert_string_equal(score_reset_statement(score.notes[3].index), "DEALLOCATE ALL");
    assert_string_equal(write_cleaning(&pooled, false, true), ""); /* the connection is somebody else's by now */
}

static void test_score__a_copy_waits_for_what_is_before_and_holds_back_what_is_after(void **state)
{
    (void) state;
    assert_string_equal(write_score("CREATE TABLE a (b int);\nCOPY a FROM stdin;\n1\n\\.\nDROP TABLE a;\n", &plain),
                        "BEGIN row s1 | copy2 s3 guard COMMIT |");
    assert_string_equal(write_score("COPY a FROM stdin;\n\\.\nCOPY a TO stdout;\n", &plain),
                        "BEGIN row | copy1 | copy2 guard COMMIT |");
}

static void test_score__is_written_anew_each_time(void **state)
{
    (void) state;
    write_score("SELECT 1; SELECT 2; SELECT 3; SELECT 4; SELECT 5;", &logged);
    assert_string_equal(write_score("SELECT 1;", &plain), "BEGIN row s1 guard COMMIT");
}

static bool write_all(void *argument, struct fault *fault)
{
    struct score own;
    score_init(&own);
    bool ok = score_write(&own, argument, &logged, fault);
    score_finish(&own);
    return ok;
}

static void test_score__ends_cleanly_without_memory(void **state)
{
    (void) state;
    struct step step = read_step("SELECT 1; SELECT 2;");
    assert_int_equal(starve(write_all, &step), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCORE_TEST(test_score__a_transaction_has_its_row_first_and_its_guard_last),
        SCORE_TEST(test_score__without_a_log_there_is_no_row_for_it),
        SCORE_TEST(test_score__a_file_that_changes_the_session_gives_the_role_back_for_our_own_rows),
        SCORE_TEST(test_score__a_changed_session_is_reset_before_the_transaction),
        SCORE_TEST(test_score__behind_a_pooler_each_reset_gives_the_client_back_what_is_its_own),
        SCORE_TEST(test_score__the_reset_is_a_transaction_and_keeps_advisory_locks),
        SCORE_TEST(test_score__what_a_rollback_leaves_is_put_back_before_anybody_has_the_session),
        SCORE_TEST(test_score__a_copy_waits_for_what_is_before_and_holds_back_what_is_after),
        SCORE_TEST(test_score__is_written_anew_each_time),
        SCORE_TEST(test_score__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
