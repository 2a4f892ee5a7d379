/* Edits of bytes, and files that change at once. */
#include "support/testing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compose/edit.h"
#include "compose/files.h"
#include "support/folder.h"
#include "support/must.h"

static struct arena arena;
static struct buf text;

static int open_both(void **state)
{
    (void) state;
    arena_init(&arena);
    buf_init(&text, 100000);
    return 0;
}

static int close_both(void **state)
{
    (void) state;
    buf_finish(&text);
    arena_finish(&arena);
    return 0;
}

static struct source source_of(const char *bytes)
{
    return (struct source){ .name = "x", .bytes = bytes, .size = strlen(bytes) };
}

static void test_edit__bytes_are_replaced_put_in_and_taken_out(void **state)
{
    (void) state;
    const struct source source = source_of("0123456789");
    struct edits edits;
    edits_init(&edits, &arena);
    edits_add(&edits, 8, 9, "");
    edits_add(&edits, 2, 4, "ABC");
    edits_add_format(&edits, 0, 0, "%d", 7);
    edits_add(&edits, 6, 6, "x");
    edits_add(&edits, 6, 6, "y");
    edits_add(&edits, 10, 10, "!");
    assert_true(edits_sort(&edits));
    edits_apply(&text, &source, &edits, 0, source.size);
    assert_string_equal(buf_text(&text), "701ABC45xy679!");
    buf_clear(&text);
    edits_apply(&text, &source, &edits, 5, 9);
    assert_string_equal(buf_text(&text), "5xy67");
}

static void test_edit__two_for_the_same_bytes_are_noticed(void **state)
{
    (void) state;
    struct edits edits;
    edits_init(&edits, &arena);
    edits_add(&edits, 2, 5, "a");
    edits_add(&edits, 4, 6, "b");
    assert_false(edits_sort(&edits));
}

static void test_edit__lines_are_found_whatever_ends_them(void **state)
{
    (void) state;
    const struct source source = source_of("ab\r\n  cd\nef");
    assert_int_equal(line_begin(&source, 1), 0);
    assert_int_equal(line_end(&source, 1), 2);
    assert_int_equal(line_begin(&source, 7), 4);
    assert_int_equal(line_end(&source, 4), 8);
    assert_int_equal(line_end(&source, 9), 11);
    assert_int_equal(line_indent(&source, 6), 2);
    assert_true(line_indent(&source, 7) == SIZE_MAX);
    assert_string_equal(line_feed(&source), "\r\n");
    const struct source other = source_of("a\nb\r\n");
    assert_string_equal(line_feed(&other), "\n");
}

static void add_to(const char *bytes)
{
    buf_clear(&text);
    buf_add_text(&text, bytes);
}

static void test_edit__a_file_is_replaced_and_keeps_its_mode(void **state)
{
    (void) state;
    struct fault fault;
    struct stat status;
    const char *folder = folder_new();
    const char *path = folder_add(folder, "a.yml", "old");
    folder_chmod(folder, "a.yml", 0640);
    add_to("new");
    assert_true(file_replace(path, &text, &fault));
    assert_string_equal(folder_read(folder, "a.yml"), "new");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

static void test_edit__a_link_stays_a_link(void **state)
{
    (void) state;
    struct fault fault;
    struct stat status;
    const char *folder = folder_new();
    folder_add(folder, "target.yml", "old");
    const char *link = folder_add_symlink(folder, "link.yml", "target.yml");
    add_to("new");
    assert_true(file_replace(link, &text, &fault));
    assert_string_equal(folder_read(folder, "target.yml"), "new");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void test_edit__a_file_that_cannot_be_written_says_so(void **state)
{
    (void) state;
    struct fault fault;
    add_to("new");
    assert_false(file_replace("/nonexistent/a.yml", &text, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "cannot write \"/nonexistent/a.yml\": No such file or directory");
}

static void test_edit__only_regular_files_of_a_sane_size_are_read(void **state)
{
    (void) state;
    struct fault fault;
    struct source source;
    const char *folder = folder_new();
    assert_true(file_read(&source, &arena, folder_add(folder, "a", "abc"), &fault));
    assert_int_equal(source.size, 3);
    assert_string_equal(source.bytes, "abc");
    assert_false(file_read(&source, &arena, folder, &fault));
    assert_contains(fault.what, "is not a regular file");
    const char *fifo = folder_path(folder, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(file_read(&source, &arena, fifo, &fault));
    const char *large = folder_add(folder, "large", "");
    assert_int_equal(truncate(large, 1024 * 1024 + 1), 0);
    assert_false(file_read(&source, &arena, large, &fault));
    assert_contains(fault.what, "larger than 1 MiB");
}

static void test_edit__a_name_is_beside_its_file(void **state)
{
    (void) state;
    assert_string_equal(file_beside(&arena, "a/b.yml", ".env"), "a/.env");
    assert_string_equal(file_beside(&arena, "b.yml", "x/.env"), "x/.env");
    assert_string_equal(file_beside(&arena, "/b.yml", ".env"), "/.env");
    assert_string_equal(file_beside(&arena, "a/b.yml", "/etc/env"), "/etc/env");
}

#define WITH_BOTH(test) cmocka_unit_test_setup_teardown(test, open_both, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(test_edit__bytes_are_replaced_put_in_and_taken_out),
        WITH_BOTH(test_edit__two_for_the_same_bytes_are_noticed),
        WITH_BOTH(test_edit__lines_are_found_whatever_ends_them),
        WITH_BOTH(test_edit__a_file_is_replaced_and_keeps_its_mode),
        WITH_BOTH(test_edit__a_link_stays_a_link),
        WITH_BOTH(test_edit__a_file_that_cannot_be_written_says_so),
        WITH_BOTH(test_edit__only_regular_files_of_a_sane_size_are_read),
        WITH_BOTH(test_edit__a_name_is_beside_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
