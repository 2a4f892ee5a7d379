/*
 * What `pgusher up` promises of a folder and a ledger: what is applied, in which order, once, and what is left after a failure.
 */
#include "up.h"

#define SEEN(name) "INSERT INTO seen (name) VALUES ('" name "');"

static const char *one_table_folder(void)
{
    return FILES({ "001_one.sql", "CREATE TABLE one (a int);" });
}

/* --- a first run --- */

static void test_up__applies_a_fresh_folder_in_byte_order(void **state)
{
    (void) state;
    const char *database = up_database("order");
    const char *folder =
        FILES({ "000.sql", "CREATE TABLE seen (id serial, name text);" }, { "2.sql", SEEN("2") }, { "10.sql", SEEN("10") },
              { "a_b.sql", SEEN("a_b") }, { "a-b.sql", SEEN("a-b") }, { "B.sql", SEEN("B") }, { "é.sql", SEEN("é") },
              { ".hidden.sql", "SELECT 1/0;" }, { "note.sql.txt", "SELECT 1/0;" }, { "UPPER.SQL", "SELECT 1/0;" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT string_agg(name, ' ' ORDER BY id) FROM seen", "10 2 B a-b a_b é");
    assert_string_equal(ledger_names(database), "000.sql,10.sql,2.sql,B.sql,a-b.sql,a_b.sql,é.sql");
    assert_int_equal(event_count(result.output, "migration_applied"), 7);
    assert_string_equal(result.errors, "");
}

static void test_up__the_ledger_is_exactly_the_table_of_the_contract(void **state)
{
    (void) state;
    const char *database = up_database("exact");
    up_run(&(struct up){ .migrations = one_table_folder(), .database = database }, 0);
    expect_sql(database,
               "SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, "
               "pg_get_expr(adbin, adrelid)), ', ' ORDER BY a.attnum) FROM pg_attribute a LEFT JOIN pg_attrdef d "
               "ON adrelid = attrelid AND adnum = a.attnum WHERE attrelid = 'public.schema_migrations'::regclass "
               "AND a.attnum > 0 AND NOT attisdropped",
               "migration_name character varying(255) t, applied_at timestamp without time zone t CURRENT_TIMESTAMP");
    expect_sql(database,
               "SELECT string_agg(pg_get_constraintdef(oid), ',') FROM pg_constraint WHERE contype <> 'n' "
               "AND conrelid = 'public.schema_migrations'::regclass",
               "PRIMARY KEY (migration_name)");
    expect_sql(database,
               "SELECT migration_name, event, length(checksum), duration_us > 0, logged_by FROM schema_migrations_log",
               "001_one.sql|applied|64|t|postgres");
}

static void test_up__applied_at_is_utc_whatever_the_sessions_zone(void **state)
{
    (void) state;
    const char *database = up_database("zone");
    cluster_sql(cluster, database, "CREATE ROLE tokyo SUPERUSER LOGIN; ALTER ROLE tokyo SET TimeZone = 'Asia/Tokyo'");
    const char *folder = FILES({ "1.sql", "CREATE TABLE zone AS SELECT current_setting('TimeZone') AS name, "
                                          "'2024-07-01 12:00'::timestamptz AS noon;" });
    up_run(&(struct up){ .migrations = folder, .database = database, .role = "tokyo" }, 0);
    expect_sql(database,
               "SELECT abs(extract(epoch FROM applied_at - now() AT TIME ZONE 'UTC')) < 600 FROM schema_migrations", "t");
    expect_sql(database, "SELECT name, noon AT TIME ZONE 'UTC' FROM zone", "Asia/Tokyo|2024-07-01 03:00:00");
}

static void test_up__an_empty_folder_is_a_warning_and_no_error(void **state)
{
    (void) state;
    const char *database = up_database("empty");
    struct run_result result = up_run(&(struct up){ .migrations = folder_new(), .database = database }, 0);
    assert_int_equal(event_count(result.output, "folder_empty"), 1);
    expect_sql(database, "SELECT to_regclass('schema_migrations') IS NULL", "t");
}

static void test_up__an_empty_file_is_recorded_with_a_warning(void **state)
{
    (void) state;
    const char *database = up_database("nothing");
    const char *folder = FILES({ "1.sql", "" }, { "2.sql", "-- only a comment\n" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_int_equal(event_count(result.output, "migration_empty"), 2);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

static void test_up__the_demo_migrations_work_twice(void **state)
{
    (void) state;
    const char *database = up_database("demo");
    const struct up up = { .migrations = PGUSHER_DEMO_MIGRATIONS, .database = database };
    struct run_result first = up_run(&up, 0);
    struct run_result second = up_run(&up, 0);
    assert_true(event_count(first.output, "migration_applied") >= 12);
    assert_int_equal(event_count(second.output, "migration_applied"), 0);
}

/* --- a run with nothing to do --- */

static const char *log_of_second_run(const char *database, const char *role, const char *folder)
{
    size_t mark = cluster_log_mark(cluster);
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database, .role = role }, 0);
    assert_int_equal(event_count(result.output, "migration_applied"), 0);
    assert_int_equal(event_count(result.output, "lock_acquired"), 0);
    cluster_wait_log(cluster, mark, "disconnection:");
    return cluster_log(cluster, mark);
}

static void test_up__a_second_run_takes_no_lock_and_writes_nothing(void **state)
{
    (void) state;
    const char *database = up_database("second");
    const char *folder = one_table_folder();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    const char *before = cluster_sql(cluster, database, "SELECT pg_current_wal_insert_lsn()");
    const char *log = log_of_second_run(database, NULL, folder);
    assert_lacks(log, "advisory");
    assert_lacks(log, "INSERT INTO");
    assert_lacks(log, "CREATE TABLE");
    assert_lacks(log, ": BEGIN");
    expect_sql(database, "SELECT count(*) FROM schema_migrations_log", "1");
    expect_sql(database, must_format("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '%s') < 8000", before), "t");
}

static void test_up__a_role_that_may_only_read_the_ledger_finds_nothing_to_do(void **state)
{
    (void) state;
    const char *database = up_database("reader");
    const char *folder = one_table_folder();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    cluster_sql(cluster, database, "CREATE ROLE reader LOGIN; GRANT SELECT ON schema_migrations TO reader");
    const char *log = log_of_second_run(database, "reader", folder);
    assert_lacks(log, "ERROR:");
}

static void test_up__a_read_only_default_is_enough_with_nothing_to_do(void **state)
{
    (void) state;
    const char *database = up_database("readonly");
    const char *folder = one_table_folder();
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    cluster_sql(cluster, NULL, must_format("ALTER DATABASE %s SET default_transaction_read_only = on", database));
    log_of_second_run(database, NULL, folder);
}

static void test_up__a_read_only_server_with_work_to_do_is_waited_for(void **state)
{
    (void) state;
    const char *database = up_database("thaw");
    size_t mark = cluster_log_mark(cluster);
    cluster_sql(cluster, NULL, "ALTER SYSTEM SET default_transaction_read_only = on");
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
    cluster_wait_log(cluster, mark, "received SIGHUP");
    struct run *run = up_begin(&(struct up){ .migrations = one_table_folder(),
                                             .database = database,
                                             .arguments = WORDS("--interval", "50ms", "--attempts", "10000") });
    run_wait_for(run, "\"seen\":\"read-only\"");
    cluster_sql(cluster, NULL, "ALTER SYSTEM RESET default_transaction_read_only");
    mark = cluster_log_mark(cluster);
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
    cluster_wait_log(cluster, mark, "received SIGHUP");
    up_end(run, 0);
    assert_string_equal(ledger_names(database), "001_one.sql");
}

static void test_up__the_rows_of_another_runner_count(void **state)
{
    (void) state;
    const char *database = up_database("other");
    cluster_sql(cluster, database,
                "CREATE TABLE schema_migrations (migration_name VARCHAR(255) PRIMARY KEY, "
                "applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);"
                "INSERT INTO schema_migrations (migration_name) VALUES ('001_one.sql')");
    const char *folder = one_table_folder();
    const char *log = log_of_second_run(database, NULL, folder);
    assert_lacks(log, "ERROR:");
    expect_sql(database, "SELECT to_regclass('one') IS NULL, to_regclass('schema_migrations_log') IS NULL", "t|t");
    folder_add(folder, "002_two.sql", "CREATE TABLE two (a int);");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    expect_sql(database, "SELECT to_regclass('one') IS NULL, to_regclass('two') IS NULL", "t|f");
    assert_string_equal(ledger_names(database), "001_one.sql,002_two.sql");
}

static void test_up__no_start_leaves_an_error_in_the_servers_log(void **state)
{
    (void) state;
    const char *database = up_database("quiet");
    const struct up up = { .migrations = one_table_folder(), .database = database };
    const struct up idle = { .migrations = folder_new(), .database = database };
    size_t mark = cluster_log_mark(cluster);
    up_run(&idle, 0);
    up_run(&idle, 0);
    up_run(&up, 0);
    up_run(&up, 0);
    cluster_sql(cluster, database, "DROP TABLE schema_migrations_log");
    up_run(&up, 0);
    cluster_sql(cluster, NULL, "SELECT 'flushed'");
    const char *log = cluster_log(cluster, mark);
    assert_lacks(log, "ERROR:");
    assert_lacks(log, "FATAL:");
    assert_lacks(log, "WARNING:");
    assert_lacks(log, "unexpected EOF");
}

/* --- failures --- */

static const char *failing_folder(void)
{
    return FILES({ "1.sql", "CREATE TABLE kept (a int);" },
                 { "2.sql", "CREATE TABLE gone (a int);\nSELECT 1 / 0;\nCREATE TABLE never (a int);" },
                 { "3.sql", "CREATE TABLE after (a int);" });
}

static void test_up__a_failure_keeps_what_was_before_and_nothing_else(void **state)
{
    (void) state;
    const char *database = up_database("fails");
    struct run_result result = up_run(&(struct up){ .migrations = failing_folder(), .database = database }, 5);
    expect_sql(database, "SELECT to_regclass('kept'), to_regclass('gone'), to_regclass('never'), to_regclass('after')",
               "kept|||");
    assert_string_equal(ledger_names(database), "1.sql");
    assert_contains(result.errors, "2.sql:2:");
    assert_contains(result.errors, "22012");
    expect_sql(database,
               "SELECT migration_name, statement, sqlstate, message FROM schema_migrations_log WHERE event = 'failed'",
               "2.sql|2|22012|division by zero");
    assert_contains(event_line(result.output, "finished"), "\"exit_code\":5,\"applied\":1");
}

static void test_up__a_failure_of_the_very_first_migration_is_logged_too(void **state)
{
    (void) state;
    const char *database = up_database("firstfails");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", "SELECT 1 / 0;" }), .database = database }, 5);
    expect_sql(database, "SELECT migration_name, event, sqlstate FROM schema_migrations_log", "1.sql|failed|22012");
    expect_sql(database, "SELECT count(*) FROM schema_migrations", "0");
}

static void test_up__a_rerun_after_the_repair_goes_on(void **state)
{
    (void) state;
    const char *database = up_database("repair");
    const char *folder = failing_folder();
    const struct up up = { .migrations = folder, .database = database };
    up_run(&up, 5);
    folder_add(folder, "2.sql", "CREATE TABLE gone (a int);");
    struct run_result result = up_run(&up, 0);
    assert_int_equal(event_count(result.output, "migration_applied"), 2);
    assert_int_equal(event_count(result.output, "history_changed"), 0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql,3.sql");
}

static void test_up__a_failure_at_commit_stops_everything_after(void **state)
{
    (void) state;
    const char *database = up_database("deferred");
    const char *folder = FILES({ "1.sql", "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (id int REFERENCES "
                                          "parent DEFERRABLE INITIALLY DEFERRED);" },
                               { "2.sql", "INSERT INTO child VALUES (7);" }, { "3.sql", "CREATE TABLE after (a int);" },
                               { "4.sql", "CREATE TABLE later (a int);" });
    struct run_result result = up_run(&(struct up){ .migrations = folder, .database = database }, 5);
    assert_string_equal(ledger_names(database), "1.sql");
    expect_sql(database, "SELECT count(*), to_regclass('after') IS NULL, to_regclass('later') IS NULL FROM child", "0|t|t");
    assert_contains(event_line(result.output, "migration_failed"), "\"migration\":\"2.sql\"");
    assert_contains(result.errors, "23503");
    expect_sql(database, "SELECT migration_name, sqlstate FROM schema_migrations_log WHERE event = 'failed'", "2.sql|23503");
}

static void test_up__a_transient_failure_of_the_body_is_no_lasting_one(void **state)
{
    (void) state;
    const char *database = up_database("notable");
    const char *folder = FILES({ "1.sql", "SELECT * FROM not_yet;" });
    const struct up up = { .migrations = folder, .database = database };
    up_run(&up, 5);
    cluster_sql(cluster, database, "CREATE TABLE not_yet (a int)");
    up_run(&up, 0);
    expect_sql(database, "SELECT string_agg(event, ',' ORDER BY id) FROM schema_migrations_log", "failed,applied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_up__applies_a_fresh_folder_in_byte_order),
        UP_TEST(test_up__the_ledger_is_exactly_the_table_of_the_contract),
        UP_TEST(test_up__applied_at_is_utc_whatever_the_sessions_zone),
        UP_TEST(test_up__an_empty_folder_is_a_warning_and_no_error),
        UP_TEST(test_up__an_empty_file_is_recorded_with_a_warning),
        UP_TEST(test_up__the_demo_migrations_work_twice),
        UP_TEST(test_up__a_second_run_takes_no_lock_and_writes_nothing),
        UP_TEST(test_up__a_role_that_may_only_read_the_ledger_finds_nothing_to_do),
        UP_TEST(test_up__a_read_only_default_is_enough_with_nothing_to_do),
        UP_TEST(test_up__a_read_only_server_with_work_to_do_is_waited_for),
        UP_TEST(test_up__the_rows_of_another_runner_count),
        UP_TEST(test_up__no_start_leaves_an_error_in_the_servers_log),
        UP_TEST(test_up__a_failure_keeps_what_was_before_and_nothing_else),
        UP_TEST(test_up__a_failure_of_the_very_first_migration_is_logged_too),
        UP_TEST(test_up__a_rerun_after_the_repair_goes_on),
        UP_TEST(test_up__a_failure_at_commit_stops_everything_after),
        UP_TEST(test_up__a_transient_failure_of_the_body_is_no_lasting_one),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
