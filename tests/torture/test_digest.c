/*
 * The judge of all trials is judged: whatever a disturbed run might leave behind or leave out changes the digest.
 */
#include "stage.h"
#include "support/testing.h"

static struct stage *stage;

static int start(void **state)
{
    (void) state;
    stage = stage_new();
    return 0;
}

static int stop(void **state)
{
    (void) state;
    stage_free(stage);
    return 0;
}

/* The last story that was played undisturbed is not the chain: it is played once more. */
static void play_chain(const struct story *chain)
{
    stage_put_back(stage, chain);
    assert_int_equal(run_end(stage_run(stage, chain, chain->folder, false, NULL)).exit_code, 0);
    stage_wait_until_left(stage);
}

static void test_digest__is_the_same_after_another_undisturbed_run(void **state)
{
    (void) state;
    const char *text;
    const struct story *chain = stage_story(stage, STORY_CHAIN);
    play_chain(chain);
    assert_string_equal(stage_digest(stage, &text), chain->digest);
    assert_string_equal(stage_dump(stage), chain->dump);
}

static void test_digest__leaves_out_what_may_differ(void **state)
{
    (void) state;
    const struct story *chain = stage_story(stage, STORY_CHAIN);
    static const char *const sql[] = {
        "UPDATE schema_migrations SET applied_at = now() + interval '1 hour'",
        "UPDATE schema_migrations_log SET duration_us = 1, logged_at = now()",
        "INSERT INTO schema_migrations_log (migration_name, event) VALUES ('02_mended.sql', 'failed')",
    };
    play_chain(chain);
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        assert_string_equal(stage_digest_after(stage, sql[i]), chain->digest);
}

static void test_digest__sees_whatever_a_disturbed_run_might_leave(void **state)
{
    (void) state;
    const struct story *chain = stage_story(stage, STORY_CHAIN);
    static const char *const sql[] = {
        "INSERT INTO effect VALUES ('08')",
        "UPDATE t SET c = c + 1",
        "DELETE FROM t WHERE a = 20",
        "CREATE TABLE stray ()",
        "ALTER TABLE t ALTER COLUMN c SET NOT NULL",
        "ALTER TABLE t ADD CHECK (a > 0) NOT VALID",
        "DROP INDEX i",
        "CREATE INDEX old ON t (b)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM schema_migrations WHERE migration_name = '04_copy.sql'",
        "INSERT INTO schema_migrations VALUES ('10_stray.sql')",
        "DELETE FROM schema_migrations_log WHERE event = 'applied' AND migration_name = '04_copy.sql'",
        "INSERT INTO schema_migrations_log (migration_name, event) VALUES ('04_copy.sql', 'applied')",
        "UPDATE schema_migrations_log SET checksum = NULL",
        "INSERT INTO schema_migrations_log (migration_name, event, statement) VALUES ('05_index.sql', 'started', 1)",
    };
    play_chain(chain);
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        if (strcmp(stage_digest_after(stage, sql[i]), chain->digest) == 0)
            fail_msg("not seen: %s", sql[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__is_the_same_after_another_undisturbed_run),
        cmocka_unit_test(test_digest__leaves_out_what_may_differ),
        cmocka_unit_test(test_digest__sees_whatever_a_disturbed_run_might_leave),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
