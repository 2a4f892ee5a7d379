/*
 * Files with a BEGIN and COMMIT of their own, files that set their transaction, and what may not stand in a transaction.
 */
#include "up.h"

static void refused(const char *text, const char *said)
{
    const char *database = up_database("refused");
    const char *folder = FILES({ "1.sql", "CREATE TABLE good (a int);" }, { "2.sql", text });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 2), said);
    expect_sql(database, "SELECT to_regclass('good') IS NULL, to_regclass('schema_migrations') IS NULL", "t|t");
}

#define LEVEL_TABLE "CREATE TABLE level (one text, two text);"
#define NOTE_LEVEL                                                                                                          \
    "INSERT INTO level VALUES (current_setting('transaction_isolation'), current_setting('transaction_deferrable'));"

static void test_transaction__one_pair_around_all_is_absorbed(void **state)
{
    (void) state;
    const char *database = up_database("pair");
    const char *folder = FILES({ "1.sql", "-- by another tool\nBEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\n" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    const char *line = event_line(result.output, "transaction_absorbed");
    assert_contains(line, "\"line\":2");
    assert_contains(line, "line 4");
    assert_int_equal(event_count(result.output, "notice"), 0);
    expect_sql(database,
               "SELECT count(DISTINCT x) FROM (SELECT xmin::text AS x FROM schema_migrations UNION ALL "
               "SELECT xmin::text FROM pg_class WHERE relname = 't') AS both_rows",
               "1");
}

static void test_transaction__what_stands_before_begin_joins_it(void **state)
{
    (void) state;
    const char *database = up_database("before");
    cluster_sql(cluster, database, "CREATE TABLE old (a int)");
    const char *folder = FILES({ "1.sql", "DROP TABLE old;\nBEGIN WORK;\nSELECT 1 / 0;\nEND;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    expect_sql(database, "SELECT to_regclass('old')", "old");
}

static void test_transaction__the_options_of_an_absorbed_begin_are_in_force(void **state)
{
    (void) state;
    const char *database = up_database("options");
    const char *folder = FILES(
        { "1.sql", LEVEL_TABLE }, { "2.sql", "BEGIN ISOLATION LEVEL SERIALIZABLE, DEFERRABLE;" NOTE_LEVEL "COMMIT;" },
        { "3.sql", "START TRANSACTION ISOLATION LEVEL REPEATABLE READ;" NOTE_LEVEL "COMMIT;" }, { "4.sql", NOTE_LEVEL });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(one || ' ' || two, ',') FROM level",
               "serializable on,repeatable read off,read committed off");
}

static void test_transaction__a_leading_set_transaction_is_in_force(void **state)
{
    (void) state;
    const char *database = up_database("leading");
    const char *folder =
        FILES({ "1.sql", LEVEL_TABLE },
              { "2.sql", "-- why\nSET lock_timeout = '5s';\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n" NOTE_LEVEL },
              { "3.sql", "SET LOCAL transaction_isolation = 'repeatable read';\n" NOTE_LEVEL },
              { "4.sql", "BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n" NOTE_LEVEL "COMMIT;" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(one, ',') FROM level", "serializable,repeatable read,serializable");
}

static void test_transaction__a_wrong_leading_set_fails_like_any_statement(void **state)
{
    (void) state;
    const char *database = up_database("wrongset");
    const char *folder = FILES({ "1.sql", "SET nonsense = 1;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_contains(result.errors, "1.sql:1:1: ERROR 42704");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
}

static void test_transaction__savepoints_are_fine(void **state)
{
    (void) state;
    const char *database = up_database("savepoint");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE t (a int);\nSAVEPOINT s;\nINSERT INTO t VALUES (1);\nROLLBACK TO SAVEPOINT s;\n"
                         "INSERT INTO t VALUES (2);\nRELEASE s;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(a::text, ',') FROM t", "2");
}

static void test_transaction__what_would_end_it_halfway_is_refused(void **state)
{
    (void) state;
    refused("CREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();", "2.sql:2:1: ");
    refused("BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;", "2.sql:4:1: ");
    refused("BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;", "2.sql:4:1: ");
    refused("BEGIN;\nSELECT 1;", "2.sql:1:1: ");
    refused("SELECT 1;\nROLLBACK;", "2.sql:2:1: ");
    refused("SELECT 1;\nCOMMIT AND CHAIN;", "2.sql:2:1: ");
    refused("SELECT 1;\nPREPARE TRANSACTION 'x';", "2.sql:2:1: ");
    refused("SELECT 1;\nABORT;", "2.sql:2:1: ");
    refused("DISCARD ALL;", "2.sql:1:1: ");
    refused("BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;", "2.sql:");
    refused("-- pgusher: transaction=on\nVACUUM;", "2.sql:2:1: ");
}

static void test_transaction__the_words_in_strings_and_bodies_are_no_commits(void **state)
{
    (void) state;
    const char *database = up_database("words");
    const char *folder =
        FILES({ "1.sql",
                "CREATE TABLE \"commit\" (\"begin\" text DEFAULT 'COMMIT;');\n"
                "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\n"
                "CREATE FUNCTION f(x int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN x > 1 THEN 2 END; END;\n"
                "CREATE RULE r AS ON UPDATE TO \"commit\" DO INSTEAD (SELECT 1; SELECT 2);\n/* COMMIT; */ -- COMMIT;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT f(5)", "2");
}

static void test_transaction__a_pair_around_copy_is_absorbed(void **state)
{
    (void) state;
    const char *database = up_database("pairedcopy");
    const char *folder = FILES({ "1.sql", "BEGIN;\nCREATE TABLE t (a text);\nCOPY t FROM stdin;\nCOMMIT;\n\\.\nCOMMIT;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT a FROM t", "COMMIT;");
}

static void test_transaction__the_roles_default_isolation_does_no_harm(void **state)
{
    (void) state;
    const char *database = up_database("isolation");
    cluster_sql(cluster, NULL,
                must_format("ALTER DATABASE %s SET default_transaction_isolation = 'serializable'", database));
    const char *folder = FILES({ "1.sql", LEVEL_TABLE }, { "2.sql", NOTE_LEVEL }, { "3.sql", NOTE_LEVEL });
    const struct up up = { .migrations = folder, .database = database };
    up_run(&up, 0);
    assert_int_equal(event_count(up_run(&up, 0).output, "migration_applied"), 0);
    expect_sql(database, "SELECT string_agg(one, ',') FROM level", "serializable,serializable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_transaction__one_pair_around_all_is_absorbed),
        UP_TEST(test_transaction__what_stands_before_begin_joins_it),
        UP_TEST(test_transaction__the_options_of_an_absorbed_begin_are_in_force),
        UP_TEST(test_transaction__a_leading_set_transaction_is_in_force),
        UP_TEST(test_transaction__a_wrong_leading_set_fails_like_any_statement),
        UP_TEST(test_transaction__savepoints_are_fine),
        UP_TEST(test_transaction__what_would_end_it_halfway_is_refused),
        UP_TEST(test_transaction__the_words_in_strings_and_bodies_are_no_commits),
        UP_TEST(test_transaction__a_pair_around_copy_is_absorbed),
        UP_TEST(test_transaction__the_roles_default_isolation_does_no_harm),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
