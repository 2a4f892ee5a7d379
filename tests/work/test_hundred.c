/*
 * A hundred runners at once on fifty migrations, one of which runs outside a transaction.
 */
#include "up.h"

enum { RUNNERS = 100, MIGRATIONS = 50, OUTSIDE = 25 };

static int start(void **state)
{
    (void) state;
    cluster = cluster_new();
    cluster_configure(cluster, "max_connections = 250");
    cluster_start(cluster);
    return 0;
}

static const char *fifty(void)
{
    const char *folder = FILES({ "00.sql", "CREATE TABLE effect (of integer);" },
                               { "25.sql", "CREATE INDEX CONCURRENTLY effect_of ON effect (of);" });
    for (int i = 1; i < MIGRATIONS; i++)
        if (i != OUTSIDE)
            folder_add(folder, must_format("%02d.sql", i), must_format("INSERT INTO effect VALUES (%d);", i));
    return folder;
}

static void test_hundred__all_exit_0_and_each_migration_is_applied_once(void **state)
{
    (void) state;
    const struct up up = { .migrations = fifty(), .database = up_database("hundred") };
    struct run *runs[RUNNERS];
    int applied = 0;
    for (int i = 0; i < RUNNERS; i++)
        runs[i] = up_begin(&up);
    for (int i = 0; i < RUNNERS; i++)
        applied += event_count(up_end(runs[i], 0).output, "migration_applied");
    assert_int_equal(applied, MIGRATIONS);
    expect_sql(up.database, "SELECT count(*), count(DISTINCT of), sum(of) FROM effect", "48|48|1200");
    expect_sql(up.database, "SELECT count(*) FROM pg_index WHERE indexrelid = 'effect_of'::regclass AND indisvalid", "1");
    expect_sql(up.database, "SELECT count(*) FROM schema_migrations", "50");
    expect_sql(up.database,
               "SELECT event, count(*), count(DISTINCT migration_name) FROM schema_migrations_log "
               "GROUP BY event ORDER BY event",
               "applied|50|50\ndone|1|1\nstarted|1|1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_hundred__all_exit_0_and_each_migration_is_applied_once),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start, up_stop);
}
