/*
 * COPY in files: data from the file into the server, and data from the server to nobody.
 */
#include "up.h"

static void test_copy__data_in_a_file_is_loaded(void **state)
{
    (void) state;
    const char *database = up_database("load");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int, b text);\n"
                                          "COPY t (a, b) FROM stdin;\n"
                                          "1\tone; two\n"
                                          "2\t\\N\n"
                                          "3\tä\\t€ '$$\n"
                                          "\\.\n"
                                          "CREATE INDEX ON t (a);\n"
                                          "COPY t FROM STDIN WITH (FORMAT csv);\n"
                                          "4,\"four, \"\"4\"\"\"\n"
                                          "\\.\n"
                                          "COPY t FROM stdin;\n"
                                          "\\.\n"
                                          "UPDATE t SET a = a * 10;\n" },
                               { "2.sql", "INSERT INTO t VALUES (5, 'after');" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT a, b FROM t ORDER BY a", "5|after\n10|one; two\n20|\n30|ä\t€ '$$\n40|four, \"4\"");
    assert_contains(event_line_with(result.output, "migration_applied", "1.sql"), "\"statements\":6");
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

static void test_copy__data_with_crlf_is_loaded(void **state)
{
    (void) state;
    const char *database = up_database("crlf");
    const char *folder =
        FILES({ "1.sql", "CREATE TABLE t (a int, b text);\r\nCOPY t FROM stdin;\r\n1\tone\r\n2\ttwo\r\n\\.\r\n" },
              { "2.sql", "COPY t FROM stdin;\n3\tthree\n4\tfour\n\\." });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(a || b, ',' ORDER BY a) FROM t", "1one,2two,3three,4four");
}

/* psql would take the end of the file for it; a dump that was cut short would then be a migration that went well. */
static void test_copy__data_without_an_end_is_refused_before_anything_runs(void **state)
{
    (void) state;
    const char *database = up_database("cut");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);" }, { "2.sql", "COPY t FROM stdin;\n1\n2\n" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 2), "2.sql:1:1: ");
    expect_sql(database, "SELECT to_regclass('t') IS NULL", "t");
}

static void test_copy__is_part_of_its_migrations_transaction(void **state)
{
    (void) state;
    const char *database = up_database("atomic");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);\nCREATE TABLE keeps (a int);" },
                               { "2.sql", "CREATE TABLE gone (a int);\nCOPY t FROM stdin;\n1\n2\n\\.\nSELECT 1 / 0;" },
                               { "3.sql", "CREATE TABLE never (a int);" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    expect_sql(database, "SELECT count(*), to_regclass('gone') IS NULL, to_regclass('never') IS NULL FROM t", "0|t|t");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_copy__bad_data_fails_the_migration(void **state)
{
    (void) state;
    const char *database = up_database("bad");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);\n" },
                               { "2.sql", "CREATE TABLE gone (a int);\n\nCOPY t FROM stdin;\n1\ntwo\n\\.\nSELECT 1;" },
                               { "3.sql", "CREATE TABLE never (a int);" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_contains(result.errors, "2.sql:5:1: ERROR 22P02");
    assert_contains(result.errors, "COPY t, line 2, column a: \"two\"");
    expect_sql(database, "SELECT count(*), to_regclass('gone') IS NULL, to_regclass('never') IS NULL FROM t", "0|t|t");
    expect_sql(database, "SELECT statement, sqlstate FROM schema_migrations_log WHERE event = 'failed'", "2|22P02");
}

static void test_copy__into_a_table_that_is_not_there_fails_the_migration(void **state)
{
    (void) state;
    const char *database = up_database("nowhere");
    const char *folder = FILES({ "1.sql", "SELECT 1;\nCOPY nowhere FROM stdin;\n1\n\\.\nCREATE TABLE never (a int);\n" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_contains(result.errors, "42P01");
    expect_sql(database, "SELECT to_regclass('never') IS NULL, count(*) FROM schema_migrations", "t|0");
}

static void test_copy__fails_at_commit_like_anything_else(void **state)
{
    (void) state;
    const char *database = up_database("late");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);" },
                               { "2.sql", "COPY t FROM stdin;\n1\n1\n\\.\n" }, { "3.sql", "CREATE TABLE never (a int);" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 5), "23505");
    expect_sql(database, "SELECT count(*), to_regclass('never') IS NULL FROM t", "0|t");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_copy__to_stdout_is_dropped_with_a_note(void **state)
{
    (void) state;
    const char *database = up_database("out");
    const char *folder =
        FILES({ "1.sql", "SELECT 1;\nCOPY (SELECT generate_series(1, 100000)) TO stdout;\nCREATE TABLE t (a int);" },
              { "2.sql", "SELECT 2;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_contains(event_line(result.output, "copy_dropped"), "\"migration\":\"1.sql\",\"line\":2");
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
    expect_sql(database, "SELECT to_regclass('t')", "t");
}

static void test_copy__to_stdout_that_fails_halfway_fails_the_migration(void **state)
{
    (void) state;
    const char *database = up_database("outfail");
    const char *folder = FILES({ "1.sql", "COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 100000) AS i) TO stdout;" });
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 5), "22012");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
}

static void test_copy__with_many_rows_among_other_migrations(void **state)
{
    (void) state;
    struct bytes text = { 0 };
    bytes_add_format(&text, "CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n");
    for (int i = 0; i < 200000; i++)
        bytes_add_format(&text, "%d\tthis is row number %d of many\n", i, i);
    bytes_add_format(&text, "\\.\n");
    const char *folder = FILES({ "1.sql", "SELECT 1;" }, { "2.sql", text.at }, { "3.sql", "SELECT 3;" });
    long file_kb = (long) text.size / 1024;
    bytes_finish(&text);
    const char *database = up_database("big");
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT count(*), sum(a) FROM t", "200000|19999900000");
    assert_in_range(result.most_memory_kb, 1, up_memory_limit_kb(20 * 1024 + 2 * file_kb));
}

static void test_copy__in_a_file_that_runs_statement_by_statement(void **state)
{
    (void) state;
    const char *database = up_database("units");
    const char *folder = FILES({ "1.sql", "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n2\n\\.\n"
                                          "CREATE INDEX CONCURRENTLY i ON t (a);\nCOPY t TO stdout;\n" });
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT count(*), to_regclass('i') FROM t", "2|i");
    assert_string_equal(ledger_names(database), "1.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_copy__data_in_a_file_is_loaded),
        UP_TEST(test_copy__data_with_crlf_is_loaded),
        UP_TEST(test_copy__data_without_an_end_is_refused_before_anything_runs),
        UP_TEST(test_copy__is_part_of_its_migrations_transaction),
        UP_TEST(test_copy__bad_data_fails_the_migration),
        UP_TEST(test_copy__into_a_table_that_is_not_there_fails_the_migration),
        UP_TEST(test_copy__fails_at_commit_like_anything_else),
        UP_TEST(test_copy__to_stdout_is_dropped_with_a_note),
        UP_TEST(test_copy__to_stdout_that_fails_halfway_fails_the_migration),
        UP_TEST(test_copy__with_many_rows_among_other_migrations),
        UP_TEST(test_copy__in_a_file_that_runs_statement_by_statement),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
