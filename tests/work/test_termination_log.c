/*
 * What Kubernetes is told of a failure: one line in a file that is there already.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "up.h"

#define OLD "what an earlier container has left here, and it was longer than what is to come, by far and by any measure\n"

static const char *log_folder;

static const char *log_variable(const char *name)
{
    return must_format("PGUSHER_TERMINATION_LOG=%s", folder_path(log_folder, name));
}

static const char *log_after(const struct up *up, int exit_code)
{
    struct up told = *up;
    log_folder = folder_with((const struct folder_file[]){ { "log", OLD }, { 0 } });
    told.environment = WORDS(log_variable("log"));
    up_run(&told, exit_code);
    return folder_read(log_folder, "log");
}

static void test_termination_log__has_the_place_and_the_reason_in_one_line(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "SELECT 1;\nSELECT nothing;\n" });
    assert_string_equal(log_after(&(struct up){ .migrations = folder, .database = up_database("failed") }, 5),
                        "1.sql:2:8: ERROR 42703: column \"nothing\" does not exist\n");
}

static void test_termination_log__has_what_is_wrong_with_the_settings(void **state)
{
    (void) state;
    assert_string_equal(log_after(&(struct up){ .command = "upp" }, 2), "unknown command \"upp\"\n");
    assert_contains(log_after(&(struct up){ .arguments = WORDS("--attempts=many") }, 2), "--attempts");
    assert_contains(log_after(&(struct up){ .migrations = "nowhere", .database = up_database("folder") }, 2), "nowhere");
}

static void test_termination_log__stays_as_it_was_after_a_success(void **state)
{
    (void) state;
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    assert_string_equal(log_after(&(struct up){ .migrations = folder, .database = up_database("done") }, 0), OLD);
}

static void test_termination_log__is_filled_and_never_made(void **state)
{
    (void) state;
    log_folder = folder_new();
    up_run(&(struct up){ .command = "upp", .environment = WORDS(log_variable("none")) }, 2);
    assert_int_equal(access(folder_path(log_folder, "none"), F_OK), -1);
}

/* Opening one for writing would wait for a reader. */
static void test_termination_log__is_no_fifo(void **state)
{
    (void) state;
    log_folder = folder_new();
    must(mkfifo(folder_path(log_folder, "fifo"), 0666) == 0, "mkfifo");
    up_run(&(struct up){ .command = "upp", .environment = WORDS(log_variable("fifo")) }, 2);
}

static void test_termination_log__is_named_by_a_flag_too(void **state)
{
    (void) state;
    log_folder = folder_with((const struct folder_file[]){ { "log", "" }, { 0 } });
    up_run(&(struct up){ .migrations = "nowhere",
                         .database = up_database("flag"),
                         .arguments = WORDS("--termination-log", folder_path(log_folder, "log")) },
           2);
    assert_contains(folder_read(log_folder, "log"), "nowhere");
}

/* Whatever is wrong, and wherever the option stands in the table or on the command line before it. */
static void test_termination_log__that_a_flag_names_has_what_is_wrong_with_the_others(void **state)
{
    (void) state;
    static const char *const wrong[] = { "--attempts=many", "--interval=0", "--port=x", "--nonsense" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        log_folder = folder_with((const struct folder_file[]){ { "log", "" }, { "other", OLD }, { 0 } });
        up_run(&(struct up){ .arguments = WORDS("--termination-log", folder_path(log_folder, "log"), wrong[i]),
                             .environment = WORDS(log_variable("other")) },
               2);
        assert_contains(folder_read(log_folder, "log"), must_format("%.*s", (int) strcspn(wrong[i], "="), wrong[i]));
        assert_string_equal(folder_read(log_folder, "other"), OLD);
    }
}

static void test_termination_log__none_is_no_file(void **state)
{
    (void) state;
    log_folder = folder_with((const struct folder_file[]){ { "log", OLD }, { "none", OLD }, { 0 } });
    up_run(&(struct up){ .migrations = "nowhere",
                         .folder = log_folder,
                         .database = up_database("none"),
                         .arguments = WORDS("--termination-log", "none"),
                         .environment = WORDS(log_variable("log")) },
           2);
    assert_string_equal(folder_read(log_folder, "log"), OLD);
    up_run(&(struct up){ .command = "upp", .folder = log_folder, .environment = WORDS("PGUSHER_TERMINATION_LOG=none") }, 2);
    assert_string_equal(folder_read(log_folder, "none"), OLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_termination_log__has_the_place_and_the_reason_in_one_line),
        UP_TEST(test_termination_log__has_what_is_wrong_with_the_settings),
        UP_TEST(test_termination_log__stays_as_it_was_after_a_success),
        UP_TEST(test_termination_log__is_filled_and_never_made),
        UP_TEST(test_termination_log__is_no_fifo),
        UP_TEST(test_termination_log__is_named_by_a_flag_too),
        UP_TEST(test_termination_log__that_a_flag_names_has_what_is_wrong_with_the_others),
        UP_TEST(test_termination_log__none_is_no_file),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
