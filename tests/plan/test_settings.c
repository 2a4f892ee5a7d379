/* Settings: defaults, which source wins, what is refused and how. */
#include "support/testing.h"

#include "settings_reader.h"
#include "support/must.h"
#include "support/starve.h"

static void test_settings__defaults_are_those_of_the_contract(void **state)
{
    const struct settings *settings = read_settings(ARGV("up"), EMPTY);
    (void) state;
    assert_int_equal(settings->command, COMMAND_UP);
    assert_string_equal(settings->migrations_folder, "sql/migrations");
    assert_null(settings->ledger_schema);
    assert_string_equal(settings->ledger_table, "schema_migrations");
    assert_int_equal(settings->attempts, 60);
    assert_int_equal(settings->interval_ms, 2000);
    assert_int_equal(settings->timeout_ms, -1);
    assert_int_equal(settings->grace_ms, 10000);
    assert_int_equal(settings->lock_wait_ms, -1);
    assert_int_equal(settings->lock_timeout_ms, 5000);
    assert_int_equal(settings->lock_retries, 10);
    assert_int_equal(settings->pooler, POOLER_AUTO);
    assert_int_equal(settings->statement_timeout_ms, -1);
    assert_int_equal(settings->concurrency, 256);
    assert_int_equal(settings->host_concurrency, 16);
    assert_int_equal(settings->need.kind, NEED_ALL);
    assert_int_equal(settings->stable, 1);
    assert_false(settings_want_crowd(settings));
    assert_int_equal(settings->until, RUNG_LOGIN);
    assert_int_equal(settings->log_format, LOG_FORMAT_AUTO);
    assert_int_equal(settings->log_level, LEVEL_INFO);
    assert_false(settings->strict || settings->check || settings->json || settings->help || settings->version);
    assert_int_equal(settings->word_count, 0);
    assert_int_equal(settings->note_count, 0);
}

static void test_settings__compose_has_options_of_its_own(void **state)
{
    (void) state;
    const struct settings *settings = read_settings(
        ARGV("compose", "check", "--fix", "--json", "--migrate-service", "m", "--database-service", "d", "f.yml"), EMPTY);
    assert_int_equal(settings->command, COMMAND_COMPOSE_CHECK);
    assert_true(settings->fix && settings->json);
    assert_string_equal(settings->migrate_service, "m");
    assert_string_equal(settings->database_service, "d");
    assert_string_equal(settings->operand, "f.yml");
    settings = read_settings(ARGV("compose", "generate"), EMPTY);
    assert_string_equal(settings->template_file, "compose.template.yml");
    assert_null(settings->output_file);
    settings = read_settings(ARGV("compose", "generate", "--template", "t.yml", "-o", "o.yml"), EMPTY);
    assert_string_equal(settings->template_file, "t.yml");
    assert_string_equal(settings->output_file, "o.yml");
}

/* It asks no server: what would be refused there is none of its business. */
static void test_settings__compose_does_not_look_at_the_connection(void **state)
{
    (void) state;
    const struct settings *settings =
        read_settings(ARGV("compose", "check", "f.yml"), ENVIRONMENT("POSTGRES_PORT=nonsense", "DATABASE_URL=nonsense"));
    assert_int_equal(settings->word_count, 0);
}

static void test_settings__every_flag_arrives(void **state)
{
    (void) state;
    const struct settings *settings = read_settings(
        ARGV("up", "-m", "dir", "--ledger", "Ops.\"History\"", "--attempts", "3", "--interval", "500ms", "--timeout", "90",
             "--grace", "0", "--lock-wait", "0", "--lock-timeout", "none", "--lock-retries", "0", "--pooler", "session",
             "--statement-timeout", "1h", "--concurrency", "2", "--log-format", "json", "--log-level", "debug", "--strict"),
        EMPTY);
    assert_string_equal(settings->migrations_folder, "dir");
    assert_string_equal(settings->ledger_schema, "ops");
    assert_string_equal(settings->ledger_table, "History");
    assert_int_equal(settings->attempts, 3);
    assert_int_equal(settings->interval_ms, 500);
    assert_int_equal(settings->timeout_ms, 90000);
    assert_int_equal(settings->grace_ms, 0);
    assert_int_equal(settings->lock_wait_ms, 0);
    assert_int_equal(settings->lock_timeout_ms, 0);
    assert_int_equal(settings->lock_retries, 0);
    assert_int_equal(settings->pooler, POOLER_SESSION);
    assert_int_equal(settings->statement_timeout_ms, 3600000);
    assert_int_equal(settings->concurrency, 2);
    assert_int_equal(settings->log_format, LOG_FORMAT_JSON);
    assert_int_equal(settings->log_level, LEVEL_DEBUG);
    assert_true(settings->strict);
    settings = read_settings(ARGV("status", "--check", "--json"), EMPTY);
    assert_true(settings->check && settings->json);
}

static void test_settings__every_variable_arrives(void **state)
{
    (void) state;
    const struct settings *settings =
        read_settings(ARGV("up"), ENVIRONMENT("PGUSHER_MIGRATIONS=dir", "PGUSHER_LEDGER=history", "PGUSHER_ATTEMPTS=3",
                                              "PGUSHER_INTERVAL=1.5s", "PGUSHER_TIMEOUT=1m", "PGUSHER_GRACE=1s",
                                              "PGUSHER_LOCK_WAIT=1h", "PGUSHER_CONCURRENCY=2", "PGUSHER_LOG_FORMAT=text",
                                              "PGUSHER_LOG_LEVEL=warn", "PGUSHER_STRICT=yes"));
    assert_string_equal(settings->migrations_folder, "dir");
    assert_string_equal(settings->ledger_table, "history");
    assert_int_equal(settings->attempts, 3);
    assert_int_equal(settings->interval_ms, 1500);
    assert_int_equal(settings->timeout_ms, 60000);
    assert_int_equal(settings->grace_ms, 1000);
    assert_int_equal(settings->lock_wait_ms, 3600000);
    assert_int_equal(settings->concurrency, 2);
    assert_int_equal(settings->log_format, LOG_FORMAT_TEXT);
    assert_int_equal(settings->log_level, LEVEL_WARN);
    assert_true(settings->strict);
    assert_string_equal(notes_text(settings), "");
}

static void test_settings__every_rung_by_its_name(void **state)
{
    (void) state;
    for (enum rung rung = RUNG_LISTENING; rung <= RUNG_MIGRATED; rung++)
        assert_int_equal(read_settings(ARGV("wait", "--until", rung_name(rung)), EMPTY)->until, rung);
    assert_string_equal(rung_name(RUNG_STANDBY), "standby");
}

static void test_settings__every_log_level_by_its_name(void **state)
{
    (void) state;
    for (enum level level = LEVEL_DEBUG; level <= LEVEL_ERROR; level++)
        assert_int_equal(read_settings(ARGV("up", "--log-level", level_name(level)), EMPTY)->log_level, level);
}

static void test_settings__a_flag_beats_its_variable_and_says_so(void **state)
{
    const struct settings *settings =
        read_settings(ARGV("up", "-m", "a", "--attempts", "9"), ENVIRONMENT("PGUSHER_MIGRATIONS=b", "PGUSHER_ATTEMPTS=9"));
    (void) state;
    assert_string_equal(settings->migrations_folder, "a");
    assert_string_equal(notes_text(settings), "overridden migrations: -m over PGUSHER_MIGRATIONS\n");
}

static void test_settings__a_variable_that_loses_is_not_judged(void **state)
{
    (void) state;
    assert_int_equal(read_settings(ARGV("up", "--interval", "1s"), ENVIRONMENT("PGUSHER_INTERVAL=rubbish"))->interval_ms,
                     1000);
}

static void test_settings__none_takes_a_limit_away_again(void **state)
{
    const struct settings *settings = read_settings(ARGV("up", "--timeout=none", "--lock-wait", "none"),
                                                    ENVIRONMENT("PGUSHER_TIMEOUT=1s", "PGUSHER_LOCK_WAIT=1s"));
    (void) state;
    assert_int_equal(settings->timeout_ms, -1);
    assert_int_equal(settings->lock_wait_ms, -1);
}

static void test_settings__a_flag_switches_off_what_a_variable_switched_on(void **state)
{
    (void) state;
    assert_false(read_settings(ARGV("up", "--strict=off"), ENVIRONMENT("PGUSHER_STRICT=1"))->strict);
}

static void test_settings__an_empty_variable_is_unset(void **state)
{
    const struct settings *settings =
        read_settings(ARGV("up"), ENVIRONMENT("PGUSHER_MIGRATIONS=", "PGUSHER_ATTEMPTS=", "POSTGRES_HOST=", "DATABASE_URL=",
                                              "POSTGRES_PASSWORD=", "POSTGRES_PASSWORD_FILE=/run/secret"));
    (void) state;
    assert_string_equal(settings->migrations_folder, "sql/migrations");
    assert_string_equal(words_text(settings), "3 file password=/run/secret (POSTGRES_PASSWORD_FILE)\n");
}

static void test_settings__variables_of_other_commands_do_not_matter(void **state)
{
    const struct settings *settings = read_settings(
        ARGV("wait"), ENVIRONMENT("PGUSHER_STRICT=rubbish", "PGUSHER_CHECK=rubbish", "PGUSHER_LOCK_WAIT=rubbish"));
    (void) state;
    assert_string_equal(notes_text(settings), "");
}

static void test_settings__an_unknown_variable_is_noted(void **state)
{
    const struct settings *settings = read_settings(ARGV("up"), ENVIRONMENT("PGUSHER_MIGRATION=x"));
    (void) state;
    assert_string_equal(notes_text(settings), "ignored PGUSHER_MIGRATION: it is not a variable of pgusher; did you mean "
                                              "PGUSHER_MIGRATIONS?\n");
}

static void test_settings__help_asks_for_nothing_else(void **state)
{
    const struct settings *settings =
        read_settings(ARGV("up", "--interval", "rubbish", "--help"), ENVIRONMENT("POSTGRES_PORT=rubbish"));
    (void) state;
    assert_true(settings->help);
    assert_int_equal(settings->command, COMMAND_UP);
    assert_true(read_settings(ARGV("--version"), ENVIRONMENT("PGUSHER_ATTEMPTS=rubbish"))->version);
}

static void test_settings__a_bad_value_names_where_it_came_from(void **state)
{
    static const struct {
        const char *variable;
        const char *what;
    } rows[] = {
        { "PGUSHER_ATTEMPTS=0", "PGUSHER_ATTEMPTS: \"0\" is not a number from 1 to 1000000000" },
        { "PGUSHER_CONCURRENCY=many", "PGUSHER_CONCURRENCY: \"many\" is not a number from 1 to 10000" },
        { "PGUSHER_INTERVAL=0", "PGUSHER_INTERVAL: it must be longer than 0" },
        { "PGUSHER_INTERVAL=soon", "PGUSHER_INTERVAL: \"soon\" is not a duration" },
        { "PGUSHER_TIMEOUT=0s", "PGUSHER_TIMEOUT: it must be longer than 0" },
        { "PGUSHER_GRACE=none", "PGUSHER_GRACE: \"none\" is not a duration" },
        { "PGUSHER_LOCK_WAIT=-1", "PGUSHER_LOCK_WAIT: \"-1\" is not a duration" },
        { "PGUSHER_LEDGER=a.b.c", "PGUSHER_LEDGER: \"a.b.c\" is not a table's name: it has more than two parts" },
        { "PGUSHER_LOG_FORMAT=xml", "PGUSHER_LOG_FORMAT: \"xml\" is not a choice" },
        { "PGUSHER_LOG_LEVEL=loud", "PGUSHER_LOG_LEVEL: \"loud\" is not a choice" },
        { "PGUSHER_STRICT=maybe", "PGUSHER_STRICT: \"maybe\" is neither on nor off" },
    };
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(read_refusal(ARGV("up"), ENVIRONMENT(rows[i].variable))->what, rows[i].what);
    const struct fault *fault = read_refusal(ARGV("wait", "--until", "ready"), EMPTY);
    assert_string_equal(fault->what, "--until: \"ready\" is not a choice");
    assert_string_equal(fault->hint, "Accepted are listening, accepting, login, writable, standby and migrated.");
}

static void test_settings__up_goes_until_migrated_or_replicated(void **state)
{
    (void) state;
    assert_int_equal(read_settings(ARGV("up", "--until", "replicated"), EMPTY)->until, RUNG_REPLICATED);
    assert_int_equal(read_settings(ARGV("up"), ENVIRONMENT("PGUSHER_UNTIL=replicated"))->until, RUNG_REPLICATED);
    assert_int_equal(read_settings(ARGV("up", "--until", "migrated"), EMPTY)->until, RUNG_MIGRATED);
    assert_int_equal(read_settings(ARGV("up"), ENVIRONMENT("PGUSHER_UNTIL=accepting"))->until, RUNG_MIGRATED); /* a wait's */
    const struct fault *fault = read_refusal(ARGV("up", "--until", "login"), EMPTY);
    assert_string_equal(fault->hint, "Accepted are migrated and replicated.");
    read_refusal(ARGV("up"), ENVIRONMENT("PGUSHER_UNTIL=ready"));
    read_refusal(ARGV("wait", "--until", "replicated"), EMPTY);
}

static void test_settings__max_lag_is_for_standbys(void **state)
{
    (void) state;
    assert_int_equal(read_settings(ARGV("wait"), EMPTY)->max_lag.measure, LAG_ANY);
    assert_int_equal(read_settings(ARGV("wait", "--max-lag", "16MB"), EMPTY)->max_lag.most, 16 << 20);
    assert_int_equal(read_settings(ARGV("wait"), ENVIRONMENT("PGUSHER_MAX_LAG=2s"))->max_lag.most, 2000);
    const struct fault *fault = read_refusal(ARGV("wait", "--max-lag", "2s", "--until", "writable"), EMPTY);
    assert_string_equal(fault->what, "--max-lag does not go with --until writable");
    read_refusal(ARGV("wait", "--max-lag", "2s", "--until", "accepting"), EMPTY);
}

static void test_settings__a_crowd_is_asked_for_by_any_of_its_options(void **state)
{
    (void) state;
    assert_false(settings_want_crowd(read_settings(ARGV("wait"), EMPTY)));
    assert_true(settings_want_crowd(read_settings(ARGV("wait", "--need", "all"), EMPTY)));
    assert_true(settings_want_crowd(read_settings(ARGV("wait", "--each-address"), EMPTY)));
    assert_true(settings_want_crowd(read_settings(ARGV("wait", "--stable", "2"), EMPTY)));
    assert_true(settings_want_crowd(read_settings(ARGV("wait", "--json"), EMPTY)));
    assert_true(settings_want_crowd(read_settings(ARGV("wait"), ENVIRONMENT("PGUSHER_TARGETS=-"))));
    const struct settings *settings =
        read_settings(ARGV("wait", "--target", "host=a", "--host-concurrency", "3", "--target=postgresql://b/x"), EMPTY);
    assert_true(settings_want_crowd(settings));
    assert_int_equal(settings->target_count, 2);
    assert_string_equal(settings->targets[0].text, "host=a");
    assert_string_equal(settings->targets[1].text, "postgresql://b/x");
    assert_string_equal(settings->targets[1].origin, "--target");
    assert_int_equal(settings->host_concurrency, 3);
    assert_false(settings_want_crowd(read_settings(ARGV("status", "--json"), EMPTY)));
}

static void test_settings__roles_are_counted_where_roles_are_known(void **state)
{
    (void) state;
    read_settings(ARGV("wait", "--need", "primary=1,standby>=2"), EMPTY);
    read_settings(ARGV("wait", "--need", "primary=1", "--until", "migrated"), EMPTY);
    read_settings(ARGV("wait", "--need", "any=2", "--until", "writable"), EMPTY);
    const struct fault *fault = read_refusal(ARGV("wait", "--need", "primary=1", "--until", "writable"), EMPTY);
    assert_int_equal(fault->class, FAULT_CONFIG);
    assert_contains(fault->what, "--until writable");
    read_refusal(ARGV("wait", "--need", "primary=1", "--until", "accepting"), EMPTY);
    read_refusal(ARGV("wait", "--need", "standby>=1", "--until", "standby"), EMPTY);
}

static void test_settings__a_target_that_is_none_is_not_shown(void **state)
{
    (void) state;
    const struct fault *fault = read_refusal(ARGV("wait", "--target", "secretword"), EMPTY);
    assert_contains(fault->what, "--target");
    assert_lacks(fault->what, "secretword");
}

#define SECRET_URL "postgresql://app:secretword@db/app"

static void expect_not_shown(const struct fault *fault, const char *place, const char *hint)
{
    assert_contains(fault->what, place);
    assert_contains(fault->what, "a connection string stands where a");
    assert_contains(fault->hint, hint);
    assert_lacks(fault->what, "secretword");
}

static void test_settings__a_connection_string_in_a_wrong_place_is_not_shown(void **state)
{
    (void) state;
    static const char *const flags[] = { "--migrations", "--ledger", "--until",    "--interval", "--attempts",
                                         "--strict",     "--host",   "--username", "--port",     "--log-level" };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const char *text = must_format("%s=" SECRET_URL, flags[i]);
        expect_not_shown(read_refusal(ARGV("up", text), EMPTY), flags[i], "DATABASE_URL");
    }
    static const char *const variables[] = { "PGUSHER_MIGRATIONS", "PGUSHER_TIMEOUT",        "POSTGRES_HOST",
                                             "POSTGRES_DB",        "POSTGRES_PASSWORD_FILE", "POSTGRES_USER_FILE",
                                             "DATABASE_URL_FILE",  "POSTGRES_DB_FILE",       "PGUSHER_TERMINATION_LOG" };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *text = must_format("%s=host=db password = secretword", variables[i]);
        expect_not_shown(read_refusal(ARGV("up"), ENVIRONMENT(text)), variables[i], "DATABASE_URL");
    }
    expect_not_shown(read_refusal(ARGV("wait", "--targets", SECRET_URL), EMPTY), "--targets", "--target;");
    expect_not_shown(read_refusal(ARGV("wait"), ENVIRONMENT("PGUSHER_TARGETS=" SECRET_URL)), "PGUSHER_TARGETS", "--target;");
}

static void test_settings__a_password_may_look_like_a_connection_string(void **state)
{
    (void) state;
    const struct settings *settings = read_settings(ARGV("up"), ENVIRONMENT("POSTGRES_PASSWORD=password=a://b"));
    assert_string_equal(words_text(settings), "3 value password=password=a://b (POSTGRES_PASSWORD)\n");
}

static bool read_much(void *argument, struct fault *fault)
{
    /* Strangers of names so long that the arena needs more than one block. */
    static const char *const argv[] = { "pgusher", "up", "-h", "a", "--ledger", "ops.history", NULL };
    enum { STRANGERS = 10, NAME_BYTES = 5000 };
    static const char *environment[STRANGERS + 6] = { "POSTGRES_HOST=b", "POSTGRES_PORT=tcp://x", "DATABASE_URL=host=c",
                                                      "PGHOST=d", "PGUSHER_MIGRATION=x" };
    static char stranger[NAME_BYTES + sizeof "=x"] = "PGUSHER_";
    struct settings settings;
    struct arena arena;
    (void) argument;
    memset(stranger + strlen("PGUSHER_"), 'X', NAME_BYTES - strlen("PGUSHER_"));
    memcpy(stranger + NAME_BYTES, "=x", sizeof "=x");
    for (size_t i = 5; i < STRANGERS + 5; i++)
        environment[i] = stranger;
    arena_init(&arena);
    bool ok = settings_read(&settings, &arena, 6, argv, environment, fault);
    arena_finish(&arena);
    return ok;
}

static void test_settings__starve_cleanly(void **state)
{
    (void) state;
    assert_true(starve(read_much, NULL) > 2 * 10);
}

#define WITH_READER(test) cmocka_unit_test_setup_teardown(test, reader_open, reader_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READER(test_settings__defaults_are_those_of_the_contract),
        WITH_READER(test_settings__compose_has_options_of_its_own),
        WITH_READER(test_settings__compose_does_not_look_at_the_connection),
        WITH_READER(test_settings__every_flag_arrives),
        WITH_READER(test_settings__every_variable_arrives),
        WITH_READER(test_settings__every_rung_by_its_name),
        WITH_READER(test_settings__every_log_level_by_its_name),
        WITH_READER(test_settings__a_flag_beats_its_variable_and_says_so),
        WITH_READER(test_settings__a_variable_that_loses_is_not_judged),
        WITH_READER(test_settings__none_takes_a_limit_away_again),
        WITH_READER(test_settings__a_flag_switches_off_what_a_variable_switched_on),
        WITH_READER(test_settings__an_empty_variable_is_unset),
        WITH_READER(test_settings__variables_of_other_commands_do_not_matter),
        WITH_READER(test_settings__an_unknown_variable_is_noted),
        WITH_READER(test_settings__help_asks_for_nothing_else),
        WITH_READER(test_settings__a_bad_value_names_where_it_came_from),
        WITH_READER(test_settings__up_goes_until_migrated_or_replicated),
        WITH_READER(test_settings__max_lag_is_for_standbys),
        WITH_READER(test_settings__a_crowd_is_asked_for_by_any_of_its_options),
        WITH_READER(test_settings__roles_are_counted_where_roles_are_known),
        WITH_READER(test_settings__a_target_that_is_none_is_not_shown),
        WITH_READER(test_settings__a_connection_string_in_a_wrong_place_is_not_shown),
        WITH_READER(test_settings__a_password_may_look_like_a_connection_string),
        cmocka_unit_test(test_settings__starve_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
