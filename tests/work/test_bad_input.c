/*
 * What people get wrong, and what the program says: each has its exit code, names what is wrong, and never shows a secret.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "up.h"

/* Runs with these words and variables and nothing else; the answer is all that was said. */
static const char *refused(const char *const *words, const char *const *environment)
{
    struct run_result result = run_program(&(struct run_spec){ .arguments = words, .environment = environment });
    if (result.exit_code != 2)
        fail_msg("exit code %d\n%s\n%s", result.exit_code, result.errors, result.output);
    assert_contains(result.errors, "pgusher: ");
    return must_format("%s%s", result.output, result.errors);
}

/* --- words --- */

static void test_bad_input__the_nearest_known_word_is_named(void **state)
{
    (void) state;
    assert_contains(refused(WORDS("upp"), NULL), "Did you mean up?");
    assert_contains(refused(WORDS("stat"), NULL), "Did you mean status?");
    assert_contains(refused(WORDS("up", "--migration", "x"), NULL), "--migrations");
    assert_contains(refused(WORDS("up", "--lockwait=1s"), NULL), "--lock-wait");
    assert_contains(refused(WORDS("up", "-x"), NULL), "-x");
    assert_contains(refused(WORDS("status", "--strict"), NULL), "status does not take --strict");
    assert_contains(refused(WORDS("up", "extra"), NULL), "extra");
    assert_contains(refused(WORDS("up", "--attempts"), NULL), "--attempts");
    assert_contains(refused(WORDS("up", "--attempts", "many"), NULL), "many");
    assert_contains(refused(NULL, NULL), "no command");
}

static void test_bad_input__values_that_are_none_name_their_variable(void **state)
{
    (void) state;
    assert_contains(refused(WORDS("up"), WORDS("PGUSHER_ATTEMPTS=0")), "PGUSHER_ATTEMPTS");
    assert_contains(refused(WORDS("up"), WORDS("PGUSHER_INTERVAL=2 fortnights")), "PGUSHER_INTERVAL");
    assert_contains(refused(WORDS("up"), WORDS("PGUSHER_LOG_FORMAT=xml")), "logfmt");
    assert_contains(refused(WORDS("up"), WORDS("POSTGRES_PORT=http")), "POSTGRES_PORT");
    assert_contains(refused(WORDS("up"), WORDS("PGPORT=70000")), "PGPORT");
    assert_contains(refused(WORDS("wait", "--until", "ready"), NULL), "accepting");
}

static void test_bad_input__an_unknown_variable_of_ours_is_a_note(void **state)
{
    (void) state;
    struct run_result result = up_run(&(struct up){ .migrations = folder_new(),
                                                    .database = up_database("note"),
                                                    .environment = WORDS("PGUSHER_MIGRATION=x") },
                                      0);
    const char *line = event_line(result.output, "config_ignored");
    assert_contains(line, "\"variable\":\"PGUSHER_MIGRATION\"");
    assert_contains(line, "PGUSHER_MIGRATIONS");
    assert_contains(line, "\"level\":\"warn\"");
}

/* --- where the server is --- */

static void test_bad_input__two_sources_that_disagree_are_named_and_not_their_values(void **state)
{
    (void) state;
    const char *database = up_database("sources");
    struct run_result result =
        up_run(&(struct up){ .migrations = folder_new(),
                             .database = database,
                             .arguments = WORDS("-h", "127.0.0.1"),
                             .environment = WORDS("POSTGRES_HOST=elsewhere.example", "POSTGRES_PASSWORD=hush-one",
                                                  "PGPASSWORD=hush-two") },
               0);
    const char *host = event_line_with(result.output, "config_overridden", "\"keyword\":\"host\"");
    assert_contains(host, "\"winner\":\"-h\",\"loser\":\"POSTGRES_HOST\"");
    const char *password = event_line_with(result.output, "config_overridden", "\"keyword\":\"password\"");
    assert_contains(password, "\"winner\":\"POSTGRES_PASSWORD\",\"loser\":\"PGPASSWORD\"");
    assert_lacks(result.output, "elsewhere");
    assert_lacks(result.output, "hush");
}

static void test_bad_input__a_password_and_its_file_together(void **state)
{
    (void) state;
    const char *said = refused(WORDS("up"), WORDS("POSTGRES_PASSWORD=hush", "POSTGRES_PASSWORD_FILE=/nowhere"));
    assert_contains(said, "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set");
    assert_lacks(said, "hush");
    said = refused(WORDS("up"), WORDS("DATABASE_URL=postgresql://a:hush@b/c", "DATABASE_URL_FILE=/nowhere"));
    assert_contains(said, "DATABASE_URL_FILE");
    assert_lacks(said, "hush");
}

static void test_bad_input__a_secret_that_cannot_be_read_says_why(void **state)
{
    (void) state;
    const char *secrets = folder_new();
    const char *path = folder_add(secrets, "secret", "hush");
    folder_chmod(secrets, "secret", 0);
    const struct up up = { .migrations = folder_new(),
                           .environment = WORDS(must_format("POSTGRES_PASSWORD_FILE=%s", path)),
                           .unprivileged = true };
    const char *said = up_failure(&up, 2);
    assert_contains(said, "POSTGRES_PASSWORD_FILE");
    assert_contains(said, "Permission denied");
    assert_contains(said, "pgusher runs as user ");
    said = refused(WORDS("up"), WORDS("POSTGRES_PASSWORD_FILE=/nowhere/secret"));
    assert_contains(said, "No such file or directory");
    said = refused(WORDS("up"), WORDS(must_format("POSTGRES_PASSWORD_FILE=%s", secrets)));
    assert_contains(said, "Is a directory");
}

/* libpq would say so at each knock, and nothing gets better by knocking again. */
static void test_bad_input__a_value_that_libpq_does_not_know_is_not_waited_with(void **state)
{
    (void) state;
    const char *said = refused(WORDS("up"), WORDS("PGSSLMODE=on", "PGHOST=127.0.0.1"));
    assert_contains(said, "sslmode in PGSSLMODE: \"on\"");
    assert_contains(said, "verify-ca");
    said = refused(WORDS("wait", "--target", "host=127.0.0.1 sslmode=requir"), NULL);
    assert_contains(said, "sslmode");
    assert_contains(said, "--target");
    assert_contains(refused(WORDS("wait", "--targets", "-"), NULL), "there is no target in stdin");
}

static void test_bad_input__a_host_is_a_name_and_nothing_else(void **state)
{
    (void) state;
    const char *said = refused(WORDS("wait"), WORDS("POSTGRES_HOST=localhost:5433"));
    assert_contains(said, "host in POSTGRES_HOST: \"localhost:5433\" is not a host name");
    assert_contains(said, "POSTGRES_PORT");
    said = refused(WORDS("wait"), WORDS("POSTGRES_HOST=postgresql://app:hush@db/app"));
    assert_contains(said, "POSTGRES_HOST");
    assert_contains(said, "DATABASE_URL");
    assert_lacks(said, "hush");
    assert_lacks(refused(WORDS("wait"), WORDS("PGHOST=app:hush@db")), "hush");
    assert_lacks(refused(WORDS("wait"), WORDS("PGHOST=app:hush,more@db")), "hush");
    assert_lacks(refused(WORDS("wait", "--database", "host=db:hush"), NULL), "hush");
    said = refused(WORDS("wait"), WORDS("PGHOST=a,\"b\""));
    assert_contains(said, "host in PGHOST: \"\"b\"\" is not a host name");
    assert_contains(said, "leave them out");
}

static void test_bad_input__a_directory_without_a_socket_is_named(void **state)
{
    (void) state;
    struct up up = { .migrations = folder_new(),
                     .arguments = WORDS("--attempts", "1", "--interval", "50ms"),
                     .environment = WORDS("PGPORT=1", "PGHOST=/nowhere") };
    const char *said = up_failure(&up, 3);
    assert_contains(said, "/nowhere/.s.PGSQL.1\": No such file or directory");
    assert_contains(said, "unix_socket_directories");
    assert_lacks(said, "Without a host");
    up.environment = WORDS("PGPORT=1");
    assert_contains(up_failure(&up, 3), "Without a host");
}

/* Whatever libpq would make of such a text, no piece of the password may come out. */
static void test_bad_input__no_piece_of_a_password_in_a_broken_url_is_shown(void **state)
{
    (void) state;
    static const char *const urls[] = {
        "postgresql://app:hu%zzsh@127.0.0.1/db",
        "postgresql://app:hush/hush@127.0.0.1/db",
        "postgresql://app:1/hush@127.0.0.1/db",
        "postgresql://app:hush@hush@127.0.0.1/db",
        "postgresql://app:x@127.0.0.1:hush/db",
        "postgresql://app:hush@[::1/db",
        "postgresql://app:hush@127.0.0.1/db?nonsense=1",
        "mysql://app:hush@127.0.0.1/db",
        "host=127.0.0.1 password=one hush",
        "host=127.0.0.1 password='hush",
        "host=127.0.0.1 port=hush",
        "hush",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const char *said = refused(WORDS("up", "--log-level", "debug"), WORDS(must_format("DATABASE_URL=%s", urls[i])));
        assert_contains(said, "DATABASE_URL");
        assert_lacks(said, "hush");
        assert_lacks(refused(WORDS("up", "--database", urls[i]), NULL), "hush");
    }
}

static void test_bad_input__the_service_links_of_kubernetes_are_passed_over(void **state)
{
    (void) state;
    struct run_result result = up_run(&(struct up){ .migrations = folder_new(),
                                                    .database = up_database("links"),
                                                    .environment = WORDS("POSTGRES_PORT=tcp://10.0.0.7:5432") },
                                      0);
    assert_contains(event_line(result.output, "config_ignored"), "\"variable\":\"POSTGRES_PORT\"");
    assert_contains(event_line(result.output, "config_ignored"), "\"level\":\"info\"");
}

/* --- the folder --- */

static void test_bad_input__no_folder(void **state)
{
    (void) state;
    const char *said = up_failure(&(struct up){ .migrations = "/nowhere/at/all", .database = "postgres" }, 2);
    assert_contains(said, "/nowhere/at/all");
    assert_contains(said, "No such file or directory");
    assert_contains(refused(WORDS("up"), NULL), "sql/migrations");
    const char *folder = FILES({ "file", "" });
    assert_contains(up_failure(&(struct up){ .migrations = folder_path(folder, "file"), .database = "postgres" }, 2),
                    "Not a directory");
}

static void test_bad_input__a_folder_that_may_not_be_read(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    folder_chmod(folder, NULL, 0);
    const struct up up = { .migrations = folder, .database = "postgres", .unprivileged = true };
    assert_contains(up_failure(&up, 2), "Permission denied");
    folder_chmod(folder, NULL, 0755);
    folder_chmod(folder, "1.sql", 0);
    assert_contains(up_failure(&up, 2), "Permission denied");
}

static void refused_folder(const char *folder, const char *said)
{
    const char *database = up_database("folder");
    folder_add(folder, "0_good.sql", "CREATE TABLE good (a int);");
    assert_contains(up_failure(&(struct up){ .migrations = folder, .database = database }, 2), said);
    expect_sql(database, "SELECT to_regclass('good') IS NULL", "t");
}

static void test_bad_input__what_is_no_file_is_refused_before_anything_runs(void **state)
{
    (void) state;
    const char *folder = folder_new();
    folder_add_folder(folder, "x.sql");
    refused_folder(folder, "x.sql\\\" is a directory");
    folder = folder_new();
    folder_add_symlink(folder, "x.sql", "nowhere");
    refused_folder(folder, "x.sql");
    folder = folder_new();
    must(mkfifo(folder_path(folder, "x.sql"), 0644) == 0, "cannot make a pipe");
    refused_folder(folder, "not a regular file");
    folder = folder_new();
    folder_add_symlink(folder, "x.sql", "/dev/zero");
    refused_folder(folder, "not a regular file");
}

static void test_bad_input__names_that_a_ledger_cannot_hold(void **state)
{
    (void) state;
    refused_folder(FILES({ "1_M\xFCller.sql", "SELECT 1;" }), "1_M\\\\xFCller.sql");
    refused_folder(FILES({ "1_line\nbreak.sql", "SELECT 1;" }), "control character");
    refused_folder(FILES({ "1.down.sql", "SELECT 1;" }), "1.down.sql");
}

static void test_bad_input__symbolic_links_to_files_are_followed(void **state)
{
    (void) state;
    const char *database = up_database("configmap");
    const char *data = FILES({ "1.sql", "CREATE TABLE one (a int);" });
    const char *folder = folder_new();
    folder_add_symlink(folder, "..data", data);
    folder_add_symlink(folder, "1.sql", "..data/1.sql");
    up_run(&(struct up){ .migrations = folder, .database = database }, 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

/* The server lets nobody in until the file that was discovered is gone. */
static void test_bad_input__a_file_that_disappears_between_discovery_and_reading(void **state)
{
    (void) state;
    const char *database = up_database("vanishes");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "SELECT 2;" });
    cluster_write_hba(cluster, "host all all 127.0.0.1/32 reject");
    struct run *run = up_begin(&(struct up){
        .migrations = folder, .database = database, .arguments = WORDS("--interval", "50ms", "--grace", "60s") });
    run_wait_for(run, "\"event\":\"attempt_failed\"");
    folder_remove(folder, "2.sql");
    cluster_write_hba(cluster, NULL);
    struct run_result result = up_end(run, 2);
    assert_contains(result.errors, "2.sql\" disappeared");
    expect_sql(database, "SELECT to_regclass('one') IS NULL", "t");
}

/* --- stdout --- */

static void test_bad_input__a_closed_stdout_stops_no_migration(void **state)
{
    (void) state;
    const char *database = up_database("closed");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "SELECT 2;" });
    up_run(&(struct up){ .migrations = folder, .database = database, .output_closed = true }, 0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

static void test_bad_input__a_stdout_that_nobody_reads_any_more_stops_no_migration(void **state)
{
    (void) state;
    const char *database = up_database("epipe");
    const char *folder = FILES({ "1.sql", "CREATE TABLE one (a int);" }, { "2.sql", "SELECT 2;" });
    static const char script[] = "import os, signal, sys\n"
                                 "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
                                 "r, w = os.pipe()\nos.close(r)\nos.dup2(w, 1)\n"
                                 "os.execv(sys.argv[1], sys.argv[1:])\n";
    struct run_result result = run_program(&(struct run_spec){
        .program = "/usr/bin/python3",
        .arguments = WORDS("-c", script, run_pgusher(), "up", "-m", folder, "--database", cluster_url(cluster, database)) });
    assert_int_equal(result.exit_code, 0);
    assert_string_equal(ledger_names(database), "1.sql,2.sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_bad_input__the_nearest_known_word_is_named),
        UP_TEST(test_bad_input__values_that_are_none_name_their_variable),
        UP_TEST(test_bad_input__an_unknown_variable_of_ours_is_a_note),
        UP_TEST(test_bad_input__two_sources_that_disagree_are_named_and_not_their_values),
        UP_TEST(test_bad_input__a_password_and_its_file_together),
        UP_TEST(test_bad_input__a_secret_that_cannot_be_read_says_why),
        UP_TEST(test_bad_input__a_value_that_libpq_does_not_know_is_not_waited_with),
        UP_TEST(test_bad_input__a_host_is_a_name_and_nothing_else),
        UP_TEST(test_bad_input__a_directory_without_a_socket_is_named),
        UP_TEST(test_bad_input__no_piece_of_a_password_in_a_broken_url_is_shown),
        UP_TEST(test_bad_input__the_service_links_of_kubernetes_are_passed_over),
        UP_TEST(test_bad_input__no_folder),
        UP_TEST(test_bad_input__a_folder_that_may_not_be_read),
        UP_TEST(test_bad_input__what_is_no_file_is_refused_before_anything_runs),
        UP_TEST(test_bad_input__names_that_a_ledger_cannot_hold),
        UP_TEST(test_bad_input__symbolic_links_to_files_are_followed),
        UP_TEST(test_bad_input__a_file_that_disappears_between_discovery_and_reading),
        UP_TEST(test_bad_input__a_closed_stdout_stops_no_migration),
        UP_TEST(test_bad_input__a_stdout_that_nobody_reads_any_more_stops_no_migration),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
