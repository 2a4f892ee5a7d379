/*
 * How the program is told where the server is and what the password is, against a server that asks for one; and that the password
 * is never told to anybody else.
 */
#include <stdio.h>

#include "up.h"

#define PASSWORD "p%40 @:/\\'\"#?&=+é s"

static int start(void **state)
{
    up_start(state);
    cluster_sql(cluster, NULL,
                "SET password_encryption = 'scram-sha-256'; "
                "CREATE ROLE keeper SUPERUSER LOGIN PASSWORD $$" PASSWORD "$$");
    cluster_write_hba(cluster, "host all all 127.0.0.1/32 scram-sha-256");
    return 0;
}

static const char *folder(void)
{
    return FILES({ "1.sql", "CREATE TABLE one (a int);" });
}

static const char *variable(const char *name, const char *value)
{
    return must_format("%s=%s", name, value);
}

#define POSTGRES_VARIABLES(database)                                                                                        \
    "POSTGRES_HOST=127.0.0.1", variable("POSTGRES_PORT", must_format("%d", cluster_port(cluster))), "POSTGRES_USER=keeper", \
        variable("POSTGRES_DB", database)

static void expect_silence(const struct run_result *result, const char *secret)
{
    assert_lacks(result->output, secret);
    assert_lacks(result->errors, secret);
}

static void test_secrets__any_password_works_as_it_is(void **state)
{
    (void) state;
    const char *database = up_database("plain");
    size_t mark = cluster_log_mark(cluster);
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(),
                             .environment = WORDS(POSTGRES_VARIABLES(database), "POSTGRES_PASSWORD=" PASSWORD,
                                                  "PGUSHER_LOG_LEVEL=debug") },
               0);
    expect_silence(&result, "p%40");
    assert_lacks(cluster_log(cluster, mark), "p%40");
    assert_string_equal(ledger_names(database), "1.sql");
    expect_sql(database, "SELECT l::text || m::text NOT LIKE '%p\\%40%' FROM schema_migrations m, schema_migrations_log l",
               "t");
}

static void test_secrets__from_a_file_with_a_newline_at_its_end(void **state)
{
    (void) state;
    const char *database = up_database("file");
    const char *path = folder_add(folder_new(), "password", PASSWORD "\n");
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(),
                             .environment = WORDS(POSTGRES_VARIABLES(database), variable("POSTGRES_PASSWORD_FILE", path)) },
               0);
    expect_silence(&result, "p%40");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_secrets__a_rotated_file_is_read_again_while_waiting(void **state)
{
    (void) state;
    const char *database = up_database("rotated");
    const char *secrets = folder_new();
    const char *path = folder_add(secrets, "password", "yesterday's\n");
    struct run *run = up_begin(
        &(struct up){ .migrations = folder(),
                      .arguments = WORDS("--interval", "100ms", "--grace", "60s"),
                      .environment = WORDS(POSTGRES_VARIABLES(database), variable("POSTGRES_PASSWORD_FILE", path)) });
    run_wait_for(run, "28P01");
    folder_add(secrets, "new", PASSWORD);
    must(rename(folder_path(secrets, "new"), path) == 0, "cannot rename");
    struct run_result result = up_end(run, 0);
    expect_silence(&result, "yesterday");
    expect_silence(&result, "p%40");
}

static void test_secrets__all_four_variables_may_be_files(void **state)
{
    (void) state;
    const char *database = up_database("files");
    const char *secrets = folder_new();
    up_run(&(struct up){ .migrations = folder(),
                         .environment = WORDS(
                             "POSTGRES_HOST=127.0.0.1", variable("POSTGRES_PORT", must_format("%d", cluster_port(cluster))),
                             variable("POSTGRES_USER_FILE", folder_add(secrets, "user", "keeper\n")),
                             variable("POSTGRES_DB_FILE", folder_add(secrets, "db", must_format("%s\n", database))),
                             variable("POSTGRES_PASSWORD_FILE", folder_add(secrets, "password", PASSWORD))) },
           0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static const char *url(const char *database)
{
    return must_format(
        "postgresql://keeper:p%%2540%%20%%40%%3A%%2F%%5C%%27%%22%%23%%3F%%26%%3D%%2B%%C3%%A9%%20s@127.0.0.1:%d/%s",
        cluster_port(cluster), database);
}

static void test_secrets__a_url_with_an_encoded_password(void **state)
{
    (void) state;
    const char *database = up_database("url");
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(), .environment = WORDS(variable("DATABASE_URL", url(database))) }, 0);
    expect_silence(&result, "p%");
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_secrets__a_url_in_a_file(void **state)
{
    (void) state;
    const char *database = up_database("urlfile");
    const char *path = folder_add(folder_new(), "url", must_format("%s\n", url(database)));
    up_run(&(struct up){ .migrations = folder(), .environment = WORDS(variable("DATABASE_URL_FILE", path)) }, 0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_secrets__a_conninfo_string_as_a_flag(void **state)
{
    (void) state;
    const char *database = up_database("conninfo");
    const char *conninfo = must_format("host=127.0.0.1 port=%d user=keeper dbname=%s", cluster_port(cluster), database);
    up_run(&(struct up){ .migrations = folder(),
                         .arguments = WORDS("--database", conninfo),
                         .environment = WORDS("PGPASSWORD=" PASSWORD) },
           0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_secrets__a_password_file_of_libpq_is_found(void **state)
{
    (void) state;
    const char *database = up_database("pgpass");
    const char *secrets = folder_new();
    const char *path = folder_add(secrets, "pgpass", "*:*:*:keeper:p%40 @\\:/\\\\'\"#?&=+é s\n");
    folder_chmod(secrets, "pgpass", 0600);
    up_run(&(struct up){ .migrations = folder(),
                         .database = database,
                         .role = "keeper",
                         .environment = WORDS(variable("PGPASSFILE", path)) },
           0);
    assert_string_equal(ledger_names(database), "1.sql");
}

static void test_secrets__a_wrong_password_ends_after_the_grace_with_4(void **state)
{
    (void) state;
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(),
                             .arguments = WORDS("--grace", "100ms", "--interval", "50ms"),
                             .environment = WORDS(POSTGRES_VARIABLES("postgres"), "POSTGRES_PASSWORD=wrong-and-secret") },
               4);
    assert_contains(result.errors, "28P01");
    expect_silence(&result, "wrong-and-secret");
}

static void test_secrets__a_database_that_is_not_there_ends_after_the_grace_with_4(void **state)
{
    (void) state;
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(),
                             .arguments = WORDS("--grace", "0", "--interval", "50ms"),
                             .environment = WORDS(POSTGRES_VARIABLES("nowhere"), "POSTGRES_PASSWORD=" PASSWORD) },
               4);
    assert_contains(result.errors, "3D000");
    expect_silence(&result, "p%40");
}

static void test_secrets__the_environment_beats_in_its_order_and_says_so(void **state)
{
    (void) state;
    const char *database = up_database("rank");
    struct run_result result =
        up_run(&(struct up){ .migrations = folder(),
                             .arguments = WORDS("-d", database),
                             .environment = WORDS(variable("DATABASE_URL", url("of_url")), "POSTGRES_DB=of_postgres",
                                                  "PGDATABASE=of_libpq", "POSTGRES_PASSWORD=loses-in-silence") },
               0);
    assert_string_equal(ledger_names(database), "1.sql");
    event_line_with(result.output, "config_overridden", "\"loser\":\"POSTGRES_DB\"");
    event_line_with(result.output, "config_overridden", "\"loser\":\"PGDATABASE\"");
    const char *password = event_line_with(result.output, "config_overridden", "\"keyword\":\"password\"");
    assert_contains(password, "\"winner\":\"DATABASE_URL\",\"loser\":\"POSTGRES_PASSWORD\"");
    expect_silence(&result, "loses-in-silence");
    expect_silence(&result, "of_postgres");
    expect_silence(&result, "of_libpq");
    expect_silence(&result, "p%");
}

#define SLIP "postgresql://app:Xq7zSecretW@db/app"

static void expect_refused_in_silence(const char *const *arguments, const char *slip)
{
    const char *places = folder_with((const struct folder_file[]){ { "termination", "" }, { 0 } });
    const char *path = folder_path(places, "termination");
    struct run_result result = run_program(
        &(struct run_spec){ .arguments = arguments, .environment = WORDS(slip, variable("PGUSHER_TERMINATION_LOG", path)) });
    assert_int_equal(result.exit_code, 2);
    expect_silence(&result, "Xq7z");
    assert_lacks(folder_read(places, "termination"), "Xq7z");
    assert_string_not_equal(folder_read(places, "termination"), "");
}

static void test_secrets__in_a_wrong_place_are_told_nowhere(void **state)
{
    (void) state;
    static const char *const words[] = { "--database " SLIP,   "--databse=" SLIP, "--targets=" SLIP,    "--host=" SLIP, SLIP,
                                         "--migrations=" SLIP, "--timeout=" SLIP, "--target=" SLIP "@y" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        expect_refused_in_silence(WORDS("wait", words[i]), "A=b");
    static const char *const variables[] = {
        "DATABASE_URL_FILE=" SLIP, "POSTGRES_PASSWORD_FILE=" SLIP, "POSTGRES_PASSWORD_FILE=Xq7z/w", "POSTGRES_HOST=" SLIP,
        "POSTGRES_DB=" SLIP,       "PGUSHER_TARGETS=" SLIP
    };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        expect_refused_in_silence(WORDS("wait"), variables[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_secrets__any_password_works_as_it_is),
        UP_TEST(test_secrets__from_a_file_with_a_newline_at_its_end),
        UP_TEST(test_secrets__a_rotated_file_is_read_again_while_waiting),
        UP_TEST(test_secrets__all_four_variables_may_be_files),
        UP_TEST(test_secrets__a_url_with_an_encoded_password),
        UP_TEST(test_secrets__a_url_in_a_file),
        UP_TEST(test_secrets__a_conninfo_string_as_a_flag),
        UP_TEST(test_secrets__a_password_file_of_libpq_is_found),
        UP_TEST(test_secrets__a_wrong_password_ends_after_the_grace_with_4),
        UP_TEST(test_secrets__a_database_that_is_not_there_ends_after_the_grace_with_4),
        UP_TEST(test_secrets__the_environment_beats_in_its_order_and_says_so),
        UP_TEST(test_secrets__in_a_wrong_place_are_told_nowhere),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start, up_stop);
}
