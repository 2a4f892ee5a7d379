/*
 * Whole runs of pgusher against a real server: one cluster for a test executable, a fresh database for each test, and the log in
 * JSON, so that a test can ask for events. Every log is kept, and the last test of each executable holds all of them against
 * the schema.
 *
 *     static void test_up__a_second_run_applies_nothing(void **state)
 *     {
 *         struct up up = { .migrations = folder_with(files), .database = up_database("second") };
 *         up_run(&up, 0);
 *         assert_int_equal(event_count(up_run(&up, 0), "migration_applied"), 0);
 *     }
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = { UP_TEST(test_up__a_second_run_applies_nothing), UP_LOG_TEST };
 *         return cmocka_run_group_tests(tests, up_start, up_stop);
 *     }
 */
#ifndef PGUSHER_TESTS_WORK_UP_H
#define PGUSHER_TESTS_WORK_UP_H

#include "support/folder.h"
#include "support/must.h"
#include "support/one_cluster.h"
#include "support/run_program.h"
#include "support/testing.h"

/* One run. What is zero is as usual. */
struct up {
    const char *command;            /* "up" */
    const char *migrations;         /* --migrations; NULL: not said */
    const char *database;           /* by PGHOST, PGPORT, PGUSER and PGDATABASE, over TCP; NULL: not said */
    const char *role;               /* postgres */
    int port;                       /* the cluster's, or that of a proxy before it */
    const char *const *arguments;   /* further ones, NULL-terminated */
    const char *const *environment; /* further variables, NULL-terminated; they may change the log's format */
    const char *folder;             /* to work in; a fresh one */
    const char *hosts;              /* see run_spec */
    bool unprivileged;
    bool terminal;
    bool output_closed;
};

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A folder out of names and texts: FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 2;" }). */
#define FILES(...) folder_with((const struct folder_file[]){ __VA_ARGS__, { 0 } })

/* For the group: a running cluster. */
int up_start(void **state);
int up_stop(void **state);

/* For each test: ends what it left running. */
int up_clean(void **state);
#define UP_TEST(test) cmocka_unit_test_teardown(test, up_clean)

/* The last test of an executable: every JSON log of its runs is as its schema says. */
void test_logs__every_line_is_as_the_schema_says(void **state);
#define UP_LOG_TEST cmocka_unit_test(test_logs__every_line_is_as_the_schema_says)

const char *up_database(const char *hint);

struct run *up_begin(const struct up *up);

/* Waits for its end, which must be with that exit code. */
struct run_result up_end(struct run *run, int exit_code);
struct run_result up_run(const struct up *up, int exit_code);

/*
 * Sends the signal: it must end soon, say that it stops, and end with 128 and the signal's number. Soon is generous for a busy machine,
 * and far from what a run that hangs would take.
 */
struct run_result up_stop_run(struct run *run, int signal_number);

/* The same of a server that can confirm that it stopped: it does. */
struct run_result up_stop_confirmed(struct run *run, int signal_number);

/* Nothing of a run is left in the database. */
#define NO_SESSION                                                                                                          \
    "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgusher')"

/* Runs it, and does the same with the events and the error text of a migration that fails. */
const char *up_failure(const struct up *up, int exit_code);

/* cluster_sql() that gives a number, or that must give this text. */
long sql_number(const char *database, const char *sql);
void expect_sql(const char *database, const char *sql, const char *answer);

/* What the ledger holds: names in byte order, with a comma between. */
const char *ledger_names(const char *database);

/* As the log has it: SHA-256 in hexadecimal. */
const char *up_checksum(const char *text);

/* The log as a run leaves it that was killed in the first statement of a file outside a transaction. */
void up_leave_started(const char *database, const char *migration, const char *statement);

/* What a run may take: sanitizers need several times as much. */
long up_memory_limit_kb(long limit_kb);

/* In a JSON log: how many events of that name, the first one's line, and the first one's line that holds text. */
int event_count(const char *log, const char *event);
const char *event_line(const char *log, const char *event);
const char *event_line_with(const char *log, const char *event, const char *text);

/* Returns when a query over the database's sessions gives true; fails the test when it never does. */
void wait_until(const char *database, const char *condition);

#endif
