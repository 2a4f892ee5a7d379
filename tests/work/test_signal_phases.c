/*
 * A signal in the phases of a run that take some making: the commit, the back-off, a witness at work, a server that has stopped
 * reading, half a handshake, a process of number 1; and the signals that are not SIGTERM. After each the next run brings the database to
 * what an undisturbed one leaves.
 */
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fake_server.h"
#include "up.h"

#define SLEEPING "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')"

/* A statement that sleeps as long as this table says; for the next run it does not. */
static const char pause_sql[] = "CREATE TABLE pause AS SELECT 60 AS seconds; CREATE TABLE busy (a int); "
                                "CREATE FUNCTION rest() RETURNS int LANGUAGE plpgsql AS "
                                "$$ BEGIN PERFORM pg_sleep(seconds) FROM public.pause; RETURN 1; END $$; "
                                "CREATE FUNCTION rest_in_a_trigger() RETURNS trigger LANGUAGE plpgsql AS "
                                "$$ BEGIN PERFORM public.rest(); RETURN NEW; END $$";
static const char no_pause_sql[] = "UPDATE pause SET seconds = 0";

static const char *new_database(const char *hint)
{
    const char *database = up_database(hint);
    cluster_sql(cluster, database, pause_sql);
    return database;
}

static const char *digest(const char *database)
{
    return cluster_sql(cluster, database, folder_read(PGUSHER_DIGEST_FOLDER, "digest.sql"));
}

/* What is left is gone soon; the next run ends well, and leaves what an undisturbed one leaves. */
static void expect_converging(const struct up *up)
{
    struct up calm = *up;
    wait_until(up->database, NO_SESSION);
    expect_sql(up->database, "SELECT count(*) FROM pg_prepared_xacts", "0");
    expect_sql(up->database,
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE "
               "datname = current_database())",
               "0");
    cluster_sql(cluster, up->database, no_pause_sql);
    up_run(up, 0);
    calm.database = new_database("calm");
    cluster_sql(cluster, calm.database, no_pause_sql);
    up_run(&calm, 0);
    assert_string_equal(digest(up->database), digest(calm.database));
}

static struct up resting_up(const char *hint)
{
    return (struct up){ .database = new_database(hint),
                        .migrations =
                            FILES({ "1.sql", "CREATE TABLE t (a int); INSERT INTO t VALUES (1);" },
                                  { "2.sql", "INSERT INTO t VALUES (2); SELECT rest(); INSERT INTO t VALUES (3);" },
                                  { "3.sql", "INSERT INTO t VALUES (4);" }) };
}

/* --- the commit -------------------------------------------------------------------------------------------------------- */

static void test_signals__while_a_commit_runs_deferred_triggers(void **state)
{
    (void) state;
    struct up up = { .database = new_database("commit"),
                     .migrations = FILES({ "1.sql", "CREATE TABLE t (a int);\n"
                                                    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY "
                                                    "DEFERRED FOR EACH ROW EXECUTE FUNCTION rest_in_a_trigger();\n"
                                                    "INSERT INTO t VALUES (1);" },
                                         { "2.sql", "CREATE TABLE after (a int);" }) };
    struct run *run = up_begin(&up);
    wait_until(up.database, "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' "
                            "AND wait_event = 'PgSleep')");
    up_stop_confirmed(run, SIGTERM);
    wait_until(up.database, NO_SESSION);
    expect_sql(up.database, "SELECT to_regclass('t') IS NULL, count(*) FROM schema_migrations", "t|0");
    expect_converging(&up);
}

static void want_standby(const char *name)
{
    cluster_sql(cluster, NULL, must_format("ALTER SYSTEM SET synchronous_standby_names = '%s'", name));
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
}

/* The server says that it has committed here, and waits for a standby that there is not. */
static void test_signals__while_a_commit_waits_for_a_standby(void **state)
{
    (void) state;
    struct up up = resting_up("standby");
    up.environment = WORDS("PGOPTIONS=-c synchronous_commit=on"); /* which the cluster leaves out */
    cluster_sql(cluster, up.database, no_pause_sql);
    want_standby("nobody");
    struct run *run = up_begin(&up);
    wait_until(up.database, "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')");
    up_stop_confirmed(run, SIGTERM);
    want_standby("");
    expect_converging(&up);
}

/* --- in the way -------------------------------------------------------------------------------------------------------- */

static PGconn *hold_table(const char *database)
{
    PGconn *conn = PQconnectdb(cluster_conninfo(cluster, database));
    PGresult *result = PQexec(conn, "BEGIN; LOCK TABLE busy");
    must(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(conn));
    PQclear(result);
    return conn;
}

static void stop_blocked(const char *hint, const char *const *arguments, const char *event)
{
    struct up up = { .database = new_database(hint),
                     .migrations = FILES({ "1.sql", "CREATE TABLE t (a int); ALTER TABLE busy ADD COLUMN b int;" }),
                     .arguments = arguments };
    PGconn *holder = hold_table(up.database);
    struct run *run = up_begin(&up);
    run_wait_for(run, event);
    up_stop_run(run, SIGINT);
    PQfinish(holder);
    expect_converging(&up);
}

static void test_signals__between_two_tries_of_a_blocked_migration(void **state)
{
    (void) state;
    stop_blocked("backoff", WORDS("--lock-timeout", "20ms", "--lock-retries", "1000"), "\"event\":\"migration_retried\"");
}

static void test_signals__while_a_witness_tells_who_is_in_the_way(void **state)
{
    (void) state;
    stop_blocked("witness", WORDS("--lock-timeout", "0"), "\"event\":\"blocked\"");
}

/* --- servers that do not answer ------------------------------------------------------------------------------------------ */

static void test_signals__in_a_copy_that_the_server_has_stopped_reading(void **state)
{
    (void) state;
    struct bytes text = { 0 };
    bytes_add_format(&text, "CREATE TABLE t (a text);\nCREATE TRIGGER pause BEFORE INSERT ON t FOR EACH STATEMENT "
                            "EXECUTE FUNCTION rest_in_a_trigger();\nCOPY t FROM stdin;\n");
    for (int i = 0; i < 200000; i++)
        bytes_add_format(&text, "a row of some length, which is number %d\n", i);
    bytes_add_format(&text, "\\.\n");
    struct up up = { .database = new_database("deaf"), .migrations = FILES({ "1.sql", text.at }) };
    bytes_finish(&text);
    struct run *run = up_begin(&up);
    wait_until(up.database, SLEEPING);
    pid_t backend = (pid_t) sql_number(up.database, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    kill(backend, SIGSTOP);
    up_stop_run(run, SIGTERM);
    kill(backend, SIGCONT);
    expect_converging(&up);
}

static void test_signals__in_half_a_tls_handshake(void **state)
{
    (void) state;
    static const struct fake_visit half = { .manner = FAKE_HALF_TLS };
    struct fake_server *server = fake_server_new(NULL);
    fake_server_script(server, &half, 1);
    fake_server_listen(server);
    struct run *run = up_begin(
        &(struct up){ .migrations = FILES({ "1.sql", "SELECT 1;" }),
                      .arguments = WORDS("--database", must_format("%s sslmode=require", fake_server_conninfo(server))) });
    fake_server_wait_heard(server, "1 ssl");
    up_stop_run(run, SIGTERM);
    fake_server_free(server);
}

/* --- other signals ------------------------------------------------------------------------------------------------------- */

static struct run *begin_resting(const struct up *up)
{
    struct run *run = up_begin(up);
    wait_until(up->database, SLEEPING);
    return run;
}

static void test_signals__sighup_stops_like_sigterm(void **state)
{
    (void) state;
    struct up up = resting_up("hup");
    up_stop_run(begin_resting(&up), SIGHUP);
    expect_converging(&up);
}

static void test_signals__sigpipe_is_nothing(void **state)
{
    (void) state;
    struct up up = resting_up("pipe");
    struct run *run = begin_resting(&up);
    run_signal(run, SIGPIPE);
    struct run_result result = up_stop_run(run, SIGTERM);
    assert_int_equal(event_count(result.output, "stopping"), 1);
    expect_converging(&up);
}

/* It is the way out that asks nobody; what runs on the server is then the server's to notice. */
static void test_signals__sigquit_ends_at_once_and_the_next_run_converges(void **state)
{
    (void) state;
    struct up up = resting_up("quit");
    struct run *run = begin_resting(&up);
    run_signal(run, SIGQUIT);
    struct run_result result = run_end(run);
    assert_int_equal(result.signal, SIGQUIT);
    cluster_sql(cluster, up.database, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    expect_converging(&up);
}

/* --- another way of starting ------------------------------------------------------------------------------------------- */

static struct run *begin_under(const struct up *up, const char *const *wrapper)
{
    enum { MOST = 16 };
    const char *arguments[MOST] = { NULL };
    size_t count = 0;
    for (size_t i = 1; wrapper[i] != NULL; i++)
        arguments[count++] = wrapper[i];
    const char *const own[] = { run_pgusher(),  "up",         "--migrations",
                                up->migrations, "--database", cluster_url(cluster, up->database),
                                "--log-format", "json" };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        arguments[count++] = own[i];
    return run_begin(&(struct run_spec){ .program = wrapper[0], .arguments = arguments });
}

static void test_signals__under_nohup_a_sighup_is_nothing(void **state)
{
    (void) state;
    struct up up = resting_up("nohup");
    struct run *run = begin_under(&up, WORDS("/usr/bin/nohup"));
    wait_until(up.database, SLEEPING);
    run_signal(run, SIGHUP);
    struct run_result result = up_stop_run(run, SIGTERM);
    assert_int_equal(event_count(result.output, "stopping"), 1);
    expect_converging(&up);
}

static pid_t only_child_of(pid_t pid)
{
    char line[64] = "";
    FILE *file = fopen(must_format("/proc/%d/task/%d/children", (int) pid, (int) pid), "r");
    must(file != NULL && fgets(line, sizeof line, file) != NULL, "process %d has no child", (int) pid);
    fclose(file);
    return (pid_t) atoi(line);
}

static bool may_unshare(const char *const *wrapper)
{
    struct run_spec spec = { .program = wrapper[0], .arguments = wrapper + 1 };
    return run_program(&spec).exit_code == 0;
}

/* As the first process of a container: without handlers of its own a signal would be ignored. */
static void test_signals__as_process_number_one(void **state)
{
    (void) state;
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    const char *const *wrapper = WORDS("/usr/bin/unshare", "--pid", "--fork");
    if (!may_unshare(WORDS("/usr/bin/unshare", "--pid", "--fork", "/bin/true"))) {
        wrapper = WORDS("/usr/bin/unshare", "--user", "--map-current-user", "--pid", "--fork");
        if (!may_unshare(WORDS("/usr/bin/unshare", "--user", "--map-current-user", "--pid", "--fork", "/bin/true"))) {
            print_message("this user may make no namespace of processes\n");
            skip();
        }
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct up up = resting_up("first");
        struct run *run = begin_under(&up, wrapper);
        wait_until(up.database, SLEEPING);
        kill(only_child_of(run_pid(run)), signals[i]);
        struct run_result result = up_end(run, 128 + signals[i]);
        assert_contains(event_line(result.output, "started"), "\"pid\":1,");
        assert_int_equal(event_count(result.output, "stopping"), 1);
        expect_converging(&up);
    }
}

/* A pipe without a reader at work holds the run up, but no signal. */
static void test_signals__while_nobody_reads_the_log(void **state)
{
    (void) state;
    const char *pipe = folder_path(folder_new(), "log");
    must(mkfifo(pipe, 0666) == 0, "cannot make a pipe");
    int reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct up up = { .database = new_database("unread"),
                     .migrations = FILES({ "1.sql", "DO $$ BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE 'for nobody'; END LOOP; "
                                                    "END $$; SELECT rest();" }) };
    struct run *run = begin_under(&up, WORDS("/bin/sh", "-c", must_format("exec \"$0\" \"$@\" > %s", pipe)));
    wait_until(up.database, SLEEPING);
    run_signal(run, SIGTERM);
    up_end(run, 128 + SIGTERM);
    close(reader);
    wait_until(up.database, NO_SESSION);
    expect_sql(up.database, "SELECT count(*) FROM schema_migrations", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_signals__while_a_commit_runs_deferred_triggers),
        UP_TEST(test_signals__while_a_commit_waits_for_a_standby),
        UP_TEST(test_signals__between_two_tries_of_a_blocked_migration),
        UP_TEST(test_signals__while_a_witness_tells_who_is_in_the_way),
        UP_TEST(test_signals__in_a_copy_that_the_server_has_stopped_reading),
        UP_TEST(test_signals__in_half_a_tls_handshake),
        UP_TEST(test_signals__sighup_stops_like_sigterm),
        UP_TEST(test_signals__sigpipe_is_nothing),
        UP_TEST(test_signals__sigquit_ends_at_once_and_the_next_run_converges),
        UP_TEST(test_signals__under_nohup_a_sighup_is_nothing),
        UP_TEST(test_signals__as_process_number_one),
        UP_TEST(test_signals__while_nobody_reads_the_log),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
