/* The pages of --help: complete, within their width, and the same words as the tables. */
#include "support/testing.h"

#include "face/help.h"
#include "support/starve.h"

enum { PAGE_MAX = 100000, WIDTH = 100 };

static struct buf page;

static int open_page(void **state)
{
    (void) state;
    buf_init(&page, PAGE_MAX);
    return 0;
}

static int close_page(void **state)
{
    (void) state;
    buf_finish(&page);
    return 0;
}

static const char *show(enum command command)
{
    buf_clear(&page);
    help_add(&page, command);
    assert_true(buf_ok(&page));
    return buf_text(&page);
}

static void assert_laid_out_well(const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (size > WIDTH)
            fail_msg("too wide: %.*s", (int) size, text);
        if (size > 0 && text[size - 1] == ' ')
            fail_msg("ends in a space: %.*s", (int) size, text);
        assert_int_equal(text[size], '\n');
        text += size + 1;
    }
}

static void test_help__every_page_is_laid_out_well(void **state)
{
    (void) state;
    assert_laid_out_well(show(COMMAND_NONE));
    for (size_t i = 0; i < command_count; i++)
        assert_laid_out_well(show(command_table[i].command));
}

static void test_help__the_first_page_has_everything(void **state)
{
    const char *text = show(COMMAND_NONE);
    (void) state;
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].name != NULL)
            assert_contains(text, option_table[i].name);
        if (option_table[i].variable != NULL)
            assert_contains(text, option_table[i].variable);
        if (option_table[i].default_text != NULL)
            assert_contains(text, option_table[i].default_text);
    }
    for (size_t i = 0; i < command_count; i++)
        assert_contains(text, command_table[i].summary);
    for (enum option_group group = GROUP_CONNECTION; group < GROUP_COUNT; group++)
        assert_contains(text, option_group_title(group));
    assert_contains(text, "Examples:");
    assert_contains(text, "Exit codes:");
}

static void test_help__a_row_shows_flag_sentence_variable_and_default(void **state)
{
    (void) state;
    assert_contains(show(COMMAND_UP),
                    "  -m, --migrations DIR          Folder of the migrations: its *.sql files, in byte order of\n"
                    "                                their names. [PGUSHER_MIGRATIONS; default: sql/migrations]\n");
    assert_contains(show(COMMAND_UP), "      --interval DURATION       How long one attempt lasts;");
    assert_contains(show(COMMAND_UP), "  -V, --version                 Show the version and exit.\n");
    assert_contains(show(COMMAND_UP), "  POSTGRES_PASSWORD_FILE        File that holds the password");
}

static void test_help__a_command_shows_its_own_options_only(void **state)
{
    (void) state;
    const char *text = show(COMMAND_STATUS);
    assert_contains(text, "--check");
    assert_contains(text, "--json");
    assert_lacks(text, "--strict");
    assert_lacks(text, "--until");
    assert_lacks(text, "Only for");
    assert_contains(text, command_find(COMMAND_STATUS)->summary);
    text = show(COMMAND_UP);
    assert_contains(text, "--strict");
    assert_lacks(text, "--json");
    assert_contains(text, "    pgusher up --strict --timeout 90s\n        Refuse a history");
}

static void test_help__the_first_page_tells_whose_option_it_is(void **state)
{
    (void) state;
    const char *text = show(COMMAND_NONE);
    assert_contains(text, "Only for wait, status, plan and");
    assert_contains(text, "Only for wait.");
    assert_lacks(text, "Only for up, wait, status and plan."); /* what every command takes that asks a server */
}

static void test_help__a_command_that_asks_no_server_tells_nothing_of_connections(void **state)
{
    (void) state;
    const char *text = show(COMMAND_COMPOSE_CHECK);
    assert_contains(text, "Usage: pgusher compose check [OPTION]... FILE\n");
    assert_contains(text, "--fix");
    assert_lacks(text, "libpq");
    assert_lacks(text, "--output");
    assert_lacks(text, "DURATION");
}

static bool add_all_pages(void *argument, struct fault *fault)
{
    struct buf all;
    (void) argument;
    buf_init(&all, PAGE_MAX);
    help_add(&all, COMMAND_NONE);
    for (size_t i = 0; i < command_count; i++)
        help_add(&all, command_table[i].command);
    bool ok = buf_ok(&all) || fault_out_of_memory(fault);
    buf_finish(&all);
    return ok;
}

static void test_help__starves_cleanly(void **state)
{
    (void) state;
    starve(add_all_pages, NULL);
}

#define WITH_PAGE(test) cmocka_unit_test_setup_teardown(test, open_page, close_page)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAGE(test_help__every_page_is_laid_out_well),
        WITH_PAGE(test_help__the_first_page_has_everything),
        WITH_PAGE(test_help__a_row_shows_flag_sentence_variable_and_default),
        WITH_PAGE(test_help__a_command_shows_its_own_options_only),
        WITH_PAGE(test_help__the_first_page_tells_whose_option_it_is),
        WITH_PAGE(test_help__a_command_that_asks_no_server_tells_nothing_of_connections),
        cmocka_unit_test(test_help__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
