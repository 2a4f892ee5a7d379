/* What flags and variables say about the connection: order of rank, conflicts, notes, and no secrets. */
#include "support/testing.h"

#include "settings_reader.h"

static void test_settings_words__stand_in_order_of_rank(void **state)
{
    const struct settings *settings = read_settings(
        ARGV("up", "-h", "one", "--database", "host=two"),
        ENVIRONMENT("POSTGRES_HOST=four", "POSTGRES_USER=app", "DATABASE_URL=postgresql://three/app", "POSTGRES_DB=shop"));
    (void) state;
    assert_string_equal(words_text(settings), "0 conninfo =host=two (--database)\n"
                                              "0 value host=one (-h)\n"
                                              "2 conninfo =postgresql://three/app (DATABASE_URL)\n"
                                              "3 value host=four (POSTGRES_HOST)\n"
                                              "3 value user=app (POSTGRES_USER)\n"
                                              "3 value dbname=shop (POSTGRES_DB)\n");
    assert_string_equal(notes_text(settings), "overridden host: -h over POSTGRES_HOST\n");
}

static void test_settings_words__every_source_at_once(void **state)
{
    const struct settings *settings =
        read_settings(ARGV("up", "--database=host=a", "-dhost=b", "-hc", "-p1", "-Ud"),
                      ENVIRONMENT("DATABASE_URL_FILE=/e", "POSTGRES_HOST=f", "POSTGRES_PORT=2", "POSTGRES_USER_FILE=/g",
                                  "POSTGRES_PASSWORD_FILE=/h", "POSTGRES_DB_FILE=/i"));
    (void) state;
    assert_string_equal(words_text(settings), "0 conninfo =host=a (--database)\n"
                                              "0 conninfo =host=b (-d)\n"
                                              "0 value host=c (-h)\n"
                                              "0 value port=1 (-p)\n"
                                              "0 value user=d (-U)\n"
                                              "2 conninfo-file =/e (DATABASE_URL_FILE)\n"
                                              "3 value host=f (POSTGRES_HOST)\n"
                                              "3 value port=2 (POSTGRES_PORT)\n"
                                              "3 file user=/g (POSTGRES_USER_FILE)\n"
                                              "3 file password=/h (POSTGRES_PASSWORD_FILE)\n"
                                              "3 file dbname=/i (POSTGRES_DB_FILE)\n");
}

static void test_settings_words__dbname_may_be_a_connection_string(void **state)
{
    (void) state;
    assert_string_equal(words_text(read_settings(ARGV("up", "-d", "postgres://db/app"), EMPTY)),
                        "0 conninfo =postgres://db/app (-d)\n");
    assert_string_equal(words_text(read_settings(ARGV("up", "-d", "app"), EMPTY)), "0 value dbname=app (-d)\n");
    assert_string_equal(words_text(read_settings(ARGV("up"), ENVIRONMENT("POSTGRES_DB=a=b"))),
                        "3 value dbname=a=b (POSTGRES_DB)\n");
}

static void test_settings_words__a_value_arrives_byte_for_byte(void **state)
{
    (void) state;
    assert_string_equal(words_text(read_settings(ARGV("up"), ENVIRONMENT("POSTGRES_PASSWORD= p%40@'\" \\ "))),
                        "3 value password= p%40@'\" \\  (POSTGRES_PASSWORD)\n");
}

static void test_settings_words__a_variable_and_its_file_cannot_both_be_meant(void **state)
{
    static const char *const pairs[][2] = {
        { "POSTGRES_PASSWORD=s3cret", "POSTGRES_PASSWORD_FILE=/run/s3cret" },
        { "DATABASE_URL=host=s3cret", "DATABASE_URL_FILE=/run/s3cret" },
        { "POSTGRES_USER=s3cret", "POSTGRES_USER_FILE=/run/s3cret" },
        { "POSTGRES_DB=s3cret", "POSTGRES_DB_FILE=/run/s3cret" },
    };
    (void) state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct fault *fault = read_refusal(ARGV("up"), ENVIRONMENT(pairs[i][0], pairs[i][1]));
        assert_contains(fault->what, "both ");
        assert_contains(fault->what, "_FILE are set");
        assert_lacks(fault->what, "s3cret");
    }
}

static void test_settings_words__a_kubernetes_port_is_passed_over(void **state)
{
    const struct settings *settings = read_settings(ARGV("up"), ENVIRONMENT("POSTGRES_PORT=tcp://10.0.0.1:5432"));
    (void) state;
    assert_int_equal(settings->word_count, 0);
    assert_string_equal(notes_text(settings),
                        "ignored POSTGRES_PORT: it is a Kubernetes service link (tcp://...), not a port\n");
}

static void test_settings_words__a_port_that_is_none_names_its_source(void **state)
{
    (void) state;
    assert_string_equal(read_refusal(ARGV("up"), ENVIRONMENT("POSTGRES_PORT=65536"))->what,
                        "POSTGRES_PORT: \"65536\" is not a port");
    assert_string_equal(read_refusal(ARGV("up", "-p", "tcp://x"), EMPTY)->what,
                        "-p: a connection string stands where a PORT is wanted");
    assert_int_equal(read_settings(ARGV("up", "-p", "5432,5433"), EMPTY)->word_count, 1);
}

static void test_settings_words__a_foreign_url_is_refused_without_being_shown(void **state)
{
    const struct fault *fault = read_refusal(ARGV("up"), ENVIRONMENT("DATABASE_URL=mysql://app:s3cret@db/app"));
    (void) state;
    assert_contains(fault->what, "DATABASE_URL");
    assert_lacks(fault->what, "s3cret");
    fault = read_refusal(ARGV("up", "--database", "s3cret"), EMPTY);
    assert_string_equal(fault->what, "--database is not a connection string");
    fault = read_refusal(ARGV("up", "-d", "mysql://app:s3cret@db"), EMPTY);
    assert_lacks(fault->what, "s3cret");
}

static void test_settings_words__each_loser_is_noted_by_name_only(void **state)
{
    const struct settings *settings = read_settings(
        ARGV("up", "-h", "s1", "-U", "same"),
        ENVIRONMENT("POSTGRES_HOST=s2", "PGHOST=s3", "POSTGRES_USER=same", "PGUSER=same", "POSTGRES_PASSWORD=s4",
                    "PGPASSWORD=s5", "POSTGRES_PORT=1", "PGPORT=2", "POSTGRES_DB=s6", "PGDATABASE=s7"));
    (void) state;
    assert_string_equal(notes_text(settings), "overridden host: -h over POSTGRES_HOST\n"
                                              "overridden host: -h over PGHOST\n"
                                              "overridden port: POSTGRES_PORT over PGPORT\n"
                                              "overridden password: POSTGRES_PASSWORD over PGPASSWORD\n"
                                              "overridden dbname: POSTGRES_DB over PGDATABASE\n");
}

static void test_settings_words__what_libpq_alone_knows_is_left_to_it(void **state)
{
    const struct settings *settings = read_settings(ARGV("up"), ENVIRONMENT("PGHOST=a", "PGPASSWORD=b", "PGPORT=rubbish"));
    (void) state;
    assert_int_equal(settings->word_count, 0);
    assert_int_equal(settings->note_count, 0);
}

static void test_settings_words__a_file_counts_as_different(void **state)
{
    const struct settings *settings =
        read_settings(ARGV("up"), ENVIRONMENT("POSTGRES_PASSWORD_FILE=/run/secret", "PGPASSWORD=x"));
    (void) state;
    assert_string_equal(notes_text(settings), "overridden password: POSTGRES_PASSWORD_FILE over PGPASSWORD\n");
}

#define WITH_READER(test) cmocka_unit_test_setup_teardown(test, reader_open, reader_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READER(test_settings_words__stand_in_order_of_rank),
        WITH_READER(test_settings_words__every_source_at_once),
        WITH_READER(test_settings_words__dbname_may_be_a_connection_string),
        WITH_READER(test_settings_words__a_value_arrives_byte_for_byte),
        WITH_READER(test_settings_words__a_variable_and_its_file_cannot_both_be_meant),
        WITH_READER(test_settings_words__a_kubernetes_port_is_passed_over),
        WITH_READER(test_settings_words__a_port_that_is_none_names_its_source),
        WITH_READER(test_settings_words__a_foreign_url_is_refused_without_being_shown),
        WITH_READER(test_settings_words__each_loser_is_noted_by_name_only),
        WITH_READER(test_settings_words__what_libpq_alone_knows_is_left_to_it),
        WITH_READER(test_settings_words__a_file_counts_as_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
