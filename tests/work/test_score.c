/*
 * The order of what is said for one migration, as a line of words. The scripts come from real texts, because it is their marks that
 * the order follows from.
 */
#include <stdlib.h>

#include "support/must.h"
#include "support/starve.h"
#include "support/testing.h"
#include "work/score.h"

#define CHECKSUM "0123456789abcdef"

static struct arena arena;
static struct score score;

static int make(void **state)
{
    (void) state;
    arena_init(&arena);
    score_init(&score);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    score_finish(&score);
    arena_finish(&arena);
    return 0;
}

static struct step read_step(const char *text)
{
    static struct source source;
    static struct migration migration = { .name = "001 bot's.sql", .checksum = CHECKSUM };
    struct step step = { .state = STEP_PENDING, .name = "001 bot's.sql", .migration = &migration };
    struct fault fault;
    source = (struct source){ .name = "001 bot's.sql", .bytes = text, .size = strlen(text) };
    if (!script_read(&step.script, &arena, &source, &fault))
        fail_msg("%s", fault.what);
    return step;
}

static const char *word(const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return "reset";
    case NOTE_BEGIN:
        return "BEGIN";
    case NOTE_BEGIN_UNIT:
        return "begin";
    case NOTE_ROW:
        return "row";
    case NOTE_STATEMENT:
        return must_format("s%u", note->index + 1);
    case NOTE_COPY:
        return must_format("copy%u", note->index + 1);
    case NOTE_LOG:
        return "log";
    case NOTE_STARTED:
        return must_format("started%u", note->index + 1);
    case NOTE_DONE:
        return must_format("done%u", note->index + 1);
    case NOTE_SKIPPED:
        return must_format("skip%u", note->index + 1);
    case NOTE_PIN_STRINGS:
        return "pin";
    case NOTE_UNLOCK:
        return "unlock";
    case NOTE_ROLLBACK:
        return "ROLLBACK";
    case NOTE_ROLLBACK_AND_CHAIN:
        return "ROLLBACK-AND-CHAIN";
    case NOTE_RESTORE_CLIENT:
        return "restore";
    case NOTE_CHECK_CLIENT:
        return "check";
    case NOTE_ROW_TIMEOUT:
        return "row-timeout";
    case NOTE_ROW_UNBOUND:
        return "row-unbound";
    case NOTE_OWN_STATEMENT_TIMEOUT:
        return "own-statement-timeout";
    case NOTE_LOCK_TIMEOUT:
        return "lock-timeout";
    case NOTE_STATEMENT_TIMEOUT:
        return "statement-timeout";
    case NOTE_LOCK_TIMEOUT_ALONE:
        return "lock-timeout-alone";
    case NOTE_STATEMENT_TIMEOUT_ALONE:
        return "statement-timeout-alone";
    case NOTE_ASK:
        return must_format("ask%u", note->index + 1);
    case NOTE_DROP:
        return must_format("drop%u", note->index + 1);
    case NOTE_AGAIN:
        return must_format("again%u", note->index + 1);
    case NOTE_GUARD:
        return "guard";
    case NOTE_COMMIT:
        return "COMMIT";
    case NOTE_COMMIT_UNIT:
        return "commit";
    case NOTE_BARRIER:
        return "|";
    default:
        return "?";
    }
}

static bool is_shown(const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return note->index == 0; /* all its statements are one word */
    case NOTE_ROLE:
    case NOTE_ROLE_LOCAL:
        return false;
    default:
        return true;
    }
}

/* Without the changes of role, which have a test of their own. */
static const char *render(void)
{
    struct bytes line = { 0 };
    assert_in_range(score.count, 1, score.room);
    for (size_t i = 0; i < score.count; i++)
        if (is_shown(&score.notes[i]))
            bytes_add_format(&line, "%s%s", i > 0 ? " " : "", word(&score.notes[i]));
    const char *kept = must_keep(line.at, line.size);
    bytes_finish(&line);
    return kept;
}

static const char *write_score(const char *text, const struct score_wishes *wishes)
{
    struct step step = read_step(text);
    struct fault fault;
    if (!score_write(&score, &step, wishes, &fault))
        fail_msg("%s", fault.what);
    return render();
}

#define NO_TIMEOUTS .lock_timeout_ms = -1, .statement_timeout_ms = -1

static const struct score_wishes plain = { .log_identifier = "public.schema_migrations_log", NO_TIMEOUTS };
static const struct score_wishes logged = { .log_identifier = "public.schema_migrations_log",
                                            .with_log = true,
                                            NO_TIMEOUTS };

/* --- one transaction --------------------------------------------------------------------------------------------------- */

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
    assert_string_equal(write_score("SELECT 1;", &wishes), "BEGIN row s1 restore unlock guard COMMIT");
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

/* --- statement by statement -------------------------------------------------------------------------------------------- */

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
    assert_string_equal(write_score("SET search_path = s;" VACUUMS, &wishes),
                        "| begin s1 done1 commit | skip2 begin row log guard COMMIT |");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_score__a_transaction_has_its_row_first_and_its_guard_last),
        TEST(test_score__without_a_log_there_is_no_row_for_it),
        TEST(test_score__a_file_that_changes_the_session_gives_the_role_back_for_our_own_rows),
        TEST(test_score__a_changed_session_is_reset_before_the_transaction),
        TEST(test_score__behind_a_pooler_each_reset_gives_the_client_back_what_is_its_own),
        TEST(test_score__the_reset_is_a_transaction_and_keeps_advisory_locks),
        TEST(test_score__what_a_rollback_leaves_is_put_back_before_anybody_has_the_session),
        TEST(test_score__a_copy_waits_for_what_is_before_and_holds_back_what_is_after),
        TEST(test_score__is_written_anew_each_time),
        TEST(test_score__what_cannot_run_in_a_transaction_has_its_started_row_committed_first),
        TEST(test_score__what_can_run_in_a_transaction_does_so_with_its_progress),
        TEST(test_score__the_row_waits_for_a_runner_and_the_statements_for_a_lock),
        TEST(test_score__what_the_role_has_of_timeouts_is_for_the_statements_and_not_for_the_row),
        TEST(test_score__a_timeout_that_a_file_sets_before_its_transactions_mode_is_set_again),
        TEST(test_score__a_timeout_that_a_file_sets_is_in_force_in_its_units_that_follow),
        TEST(test_score__an_explicit_block_is_one_unit),
        TEST(test_score__a_rerun_skips_what_was_done),
        TEST(test_score__a_rerun_repeats_what_is_harmless),
        TEST(test_score__a_rerun_over_another_text_is_refused),
        TEST(test_score__what_was_done_does_not_become_a_part_of_a_larger_unit),
        TEST(test_score__a_transaction_does_not_repeat_what_was_done_outside_one),
        TEST(test_score__what_comes_after_the_interruption_may_be_mended),
        TEST(test_score__a_rerun_sets_again_what_went_with_the_session),
        TEST(test_score__a_rerun_keeps_the_timeouts_that_the_file_asks_for),
        TEST(test_score__a_statement_that_failed_is_tried_again_after_what_it_left),
        TEST(test_score__where_the_catalogue_can_tell_it_is_asked),
        TEST(test_score__only_what_is_sure_is_repeated),
        TEST(test_score__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
