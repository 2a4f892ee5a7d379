/* The command line: its grammar, and what is said of each way to get it wrong. */
#include "plan/arguments.h"
#include "support/fixture.h"
#include "support/starve.h"

#define ARGV(...) ((const char *const[]){ "pgusher", __VA_ARGS__, NULL })

static struct arguments arguments;
static struct fault fault;

static int count(const char *const *argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    return argc;
}

static void assert_reads(const char *const *argv)
{
    if (!arguments_read(&arguments, &arena, count(argv), argv, &fault))
        fail_msg("%s", fault.what);
}

static void assert_given(enum option_id id, const char *origin, const char *value)
{
    assert_non_null(arguments.given[id].value);
    assert_string_equal(arguments.given[id].value, value);
    assert_string_equal(arguments.given[id].origin, origin);
}

static void assert_refuses(const char *const *argv, const char *what, const char *hint)
{
    if (arguments_read(&arguments, &arena, count(argv), argv, &fault))
        fail_msg("accepted, but expected: %s", what);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_string_equal(fault.what, what);
    assert_contains(fault.hint, hint);
}

static void test_arguments__four_ways_to_write_a_value(void **state)
{
    (void) state;
    assert_reads(ARGV("up", "--host=a=b", "--port", "1", "-Ualice", "-d", "app"));
    assert_int_equal(arguments.command, COMMAND_UP);
    assert_given(OPTION_HOST, "--host", "a=b");
    assert_given(OPTION_PORT, "--port", "1");
    assert_given(OPTION_USERNAME, "-U", "alice");
    assert_given(OPTION_DBNAME, "-d", "app");
    assert_null(arguments.given[OPTION_MIGRATIONS].value);
}

static void test_arguments__options_stand_before_and_after_the_command(void **state)
{
    (void) state;
    assert_reads(ARGV("-h", "db", "status", "--json", "--check"));
    assert_int_equal(arguments.command, COMMAND_STATUS);
    assert_given(OPTION_HOST, "-h", "db");
    assert_given(OPTION_JSON, "--json", "on");
    assert_given(OPTION_CHECK, "--check", "on");
}

static void test_arguments__of_two_the_last_counts(void **state)
{
    (void) state;
    assert_reads(ARGV("up", "-hone", "--host", "two"));
    assert_given(OPTION_HOST, "--host", "two");
}

static void test_arguments__a_value_may_look_like_an_option(void **state)
{
    (void) state;
    assert_reads(ARGV("up", "-m", "--help", "--ledger", "-x"));
    assert_false(arguments.help);
    assert_given(OPTION_MIGRATIONS, "-m", "--help");
    assert_given(OPTION_LEDGER, "--ledger", "-x");
}

static void test_arguments__a_switch_can_be_switched_off(void **state)
{
    (void) state;
    assert_reads(ARGV("up", "--strict=off"));
    assert_given(OPTION_STRICT, "--strict", "off");
}

static void test_arguments__two_dashes_end_the_options(void **state)
{
    (void) state;
    assert_reads(ARGV("--", "up"));
    assert_int_equal(arguments.command, COMMAND_UP);
    assert_refuses(ARGV("up", "--", "--json"), "unexpected argument \"--json\": up takes options only", "pgusher up --help");
    assert_refuses(ARGV("--", "--help"), "unknown command \"--help\"", "");
}

static void test_arguments__help_is_given_whatever_else_is_wrong(void **state)
{
    (void) state;
    assert_reads(ARGV("--help"));
    assert_true(arguments.help);
    assert_int_equal(arguments.command, COMMAND_NONE);
    assert_reads(ARGV("plan", "--nonsense", "-?"));
    assert_true(arguments.help);
    assert_int_equal(arguments.command, COMMAND_PLAN);
    assert_reads(ARGV("--help", "up", "left", "over"));
    assert_true(arguments.help);
    assert_int_equal(arguments.command, COMMAND_UP);
    assert_reads(ARGV("-V"));
    assert_true(arguments.version);
    assert_false(arguments.help);
    assert_refuses(ARGV("pln", "--help"), "unknown command \"pln\"", "Did you mean plan?");
}

static void test_arguments__a_command_may_have_two_words(void **state)
{
    (void) state;
    assert_reads(ARGV("compose", "check", "--fix", "compose.yml"));
    assert_int_equal(arguments.command, COMMAND_COMPOSE_CHECK);
    assert_string_equal(arguments.operand, "compose.yml");
    assert_reads(ARGV("compose", "generate"));
    assert_int_equal(arguments.command, COMMAND_COMPOSE_GENERATE);
    assert_null(arguments.operand);
    assert_reads(ARGV("compose", "check", "check"));
    assert_string_equal(arguments.operand, "check");
    assert_reads(ARGV("compose", "check", "--help"));
    assert_int_equal(arguments.command, COMMAND_COMPOSE_CHECK);
    assert_reads(ARGV("compose", "--help"));
    assert_int_equal(arguments.command, COMMAND_COMPOSE);
    assert_refuses(ARGV("compose"), "compose is half a command", "See pgusher compose --help.");
    assert_refuses(ARGV("compose", "chek"), "unknown command \"compose chek\"", "Did you mean check?");
    assert_refuses(ARGV("compose", "up"), "unknown command \"compose up\"", "See pgusher compose --help.");
    assert_refuses(ARGV("check"), "unknown command \"check\"", "pgusher --help");
}

static void test_arguments__an_operand_is_taken_where_the_command_has_one(void **state)
{
    (void) state;
    assert_refuses(ARGV("compose", "check"), "compose check needs a FILE", "pgusher compose check --help");
    assert_refuses(ARGV("compose", "check", ""), "compose check needs a FILE", "pgusher compose check --help");
    assert_refuses(ARGV("compose", "check", "a", "b"), "unexpected argument \"b\": compose check takes one FILE only",
                   "pgusher compose check --help");
    assert_refuses(ARGV("compose", "generate", "a"), "unexpected argument \"a\": compose generate takes options only",
                   "pgusher compose generate --help");
    assert_reads(ARGV("compose", "check", "--", "--fix"));
    assert_string_equal(arguments.operand, "--fix");
}

static void test_arguments__a_command_is_needed(void **state)
{
    (void) state;
    assert_refuses((const char *const[]){ "pgusher", NULL }, "no command was given", "pgusher --help");
    assert_refuses(ARGV("-h", "db"), "no command was given", "pgusher --help");
    assert_refuses((const char *const[]){ NULL }, "no command was given", "pgusher --help");
}

static void test_arguments__the_nearest_known_name_is_offered(void **state)
{
    (void) state;
    assert_refuses(ARGV("stats"), "unknown command \"stats\"", "Did you mean status? See pgusher --help.");
    assert_refuses(ARGV("frobnicate"), "unknown command \"frobnicate\"", "See pgusher --help.");
    assert_refuses(ARGV("up", "--migration=x"), "unknown option \"--migration\"",
                   "Did you mean --migrations? See pgusher up --help.");
    assert_refuses(ARGV("up", "--timeuot", "1s"), "unknown option \"--timeuot\"", "Did you mean --timeout?");
    assert_refuses(ARGV("--timeuot", "1s"), "unknown option \"--timeuot\"", "Did you mean --timeout?");
    assert_refuses(ARGV("up", "-x"), "unknown option \"-x\"", "pgusher up --help");
    assert_refuses(ARGV("up", "---"), "unknown option \"---\"", "pgusher up --help");
}

static void test_arguments__an_option_of_another_command_is_refused(void **state)
{
    (void) state;
    assert_refuses(ARGV("status", "--strict"), "status does not take --strict", "up.");
    assert_refuses(ARGV("--json", "up"), "up does not take --json", "status, plan, compose check.");
}

static void test_arguments__a_missing_value_is_asked_for(void **state)
{
    (void) state;
    assert_refuses(ARGV("up", "--port"), "--port needs a value", "--port PORT:");
    assert_refuses(ARGV("up", "--ledger="), "--ledger needs a value", "--ledger NAME:");
    assert_refuses(ARGV("up", "-m", ""), "-m needs a value", "-m DIR:");
    assert_refuses(ARGV("up", "-h"), "-h needs a value", "-h is the host");
    assert_refuses(ARGV("up", "--version=1"), "--version takes no value", "");
    assert_refuses(ARGV("up", "-Vx"), "-V takes no value", "");
}

static void test_arguments__passwords_are_not_prompted_for(void **state)
{
    (void) state;
    assert_refuses(ARGV("up", "-W"), "unknown option \"-W\"", "never asks for a password");
    assert_refuses(ARGV("up", "-w"), "unknown option \"-w\"", "never asks for a password");
    assert_refuses(ARGV("up", "--password=s3cret"), "unknown option \"--password\"", "POSTGRES_PASSWORD");
}

static void test_arguments__a_stray_connection_string_is_not_shown(void **state)
{
    (void) state;
    assert_refuses(ARGV("postgres://a:s3cret@db"), "a connection string stands where the command should", "pgusher --help");
    assert_refuses(ARGV("up", "host=db password=s3cret"), "a connection string stands after \"up\" without an option",
                   "--database");
    assert_refuses(ARGV("up", "mysql://a:s3cret@db"), "a connection string stands after \"up\" without an option",
                   "--database");
    assert_refuses(ARGV("up", "--databse=postgres://a:s3cret@db"), "unknown option \"--databse\"", "--database?");
}

static void test_arguments__an_option_and_its_value_in_one_word(void **state)
{
    (void) state;
    static const char together[] = "--database and its value stand in one argument";
    assert_refuses(ARGV("up", "--database postgresql://app:s3cret@db/app"), together, "two arguments");
    assert_refuses(ARGV("up", "--database host=db password=s3cret"), together, "two arguments");
    assert_refuses(ARGV("up", "--databse postgresql://app:s3cret@db/app"), "unknown option \"--databse\"", "--database?");
    assert_refuses(ARGV("up", "--databse:postgresql://app:s3cret@db/app"), "unknown option \"--databse\"", "--database?");
    assert_refuses(ARGV("up", "--password s3cret"), "unknown option \"--password\"", "POSTGRES_PASSWORD");
    assert_refuses(ARGV("up", "-- s3cret"), "unknown option \"--\"", "pgusher up --help");
    assert_refuses(ARGV("up", "-: s3cret"), "unknown option \"-\"", "pgusher up --help");
}

static bool read_many(void *argument, struct fault *out)
{
    static const char *const argv[] = { "pgusher", "up", "--host", "db", "-p", "5432", NULL };
    struct arguments read;
    struct arena scratch;
    (void) argument;
    arena_init(&scratch);
    bool ok = arguments_read(&read, &scratch, count(argv), argv, out);
    arena_finish(&scratch);
    return ok;
}

static void test_arguments__starve_cleanly(void **state)
{
    (void) state;
    starve(read_many, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_arguments__four_ways_to_write_a_value),
        IN_ARENA(test_arguments__options_stand_before_and_after_the_command),
        IN_ARENA(test_arguments__of_two_the_last_counts),
        IN_ARENA(test_arguments__a_value_may_look_like_an_option),
        IN_ARENA(test_arguments__a_switch_can_be_switched_off),
        IN_ARENA(test_arguments__two_dashes_end_the_options),
        IN_ARENA(test_arguments__help_is_given_whatever_else_is_wrong),
        IN_ARENA(test_arguments__a_command_may_have_two_words),
        IN_ARENA(test_arguments__an_operand_is_taken_where_the_command_has_one),
        IN_ARENA(test_arguments__a_command_is_needed),
        IN_ARENA(test_arguments__the_nearest_known_name_is_offered),
        IN_ARENA(test_arguments__an_option_of_another_command_is_refused),
        IN_ARENA(test_arguments__a_missing_value_is_asked_for),
        IN_ARENA(test_arguments__passwords_are_not_prompted_for),
        IN_ARENA(test_arguments__a_stray_connection_string_is_not_shown),
        IN_ARENA(test_arguments__an_option_and_its_value_in_one_word),
        cmocka_unit_test(test_arguments__starve_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
