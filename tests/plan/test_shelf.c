/* The folder: what is found, in which order, what is refused; and the reading of its files. */
#include "support/testing.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/shelf.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"
#include "support/workspace.h"

static const char abc_checksum[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static struct arena arena;
static struct shelf shelf;
static struct fault fault;

static int open_arena(void **state)
{
    (void) state;
    arena_init(&arena);
    return 0;
}

static int close_arena(void **state)
{
    (void) state;
    shelf_finish(&shelf);
    shelf = (struct shelf){ .count = 0 };
    arena_finish(&arena);
    return 0;
}

static void discover(const char *folder)
{
    if (!shelf_discover(&shelf, &arena, folder, &fault))
        fail_msg("%s", fault.what);
}

static void assert_refuses(const char *folder, const char *what, const char *hint)
{
    if (shelf_discover(&shelf, &arena, folder, &fault))
        fail_msg("accepted, but expected: %s", what);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, what);
    assert_contains(fault.hint, hint);
    assert_int_equal(shelf.count, 0);
}

static void test_shelf__stands_in_byte_order(void **state)
{
    static const char *const names[] = { "a.sql", "B.sql",        "_.sql", "10.sql",           "9.sql",   "1_.sql",
                                         "1.sql", "\xC3\xA4.sql", "z.sql", "001_remove_x.sql", "a b.sql", "001_add_x.sql" };
    static const char *const sorted[] = {
        "001_add_x.sql", "001_remove_x.sql", "1.sql", "10.sql", "1_.sql",      "9.sql", "B.sql",
        "_.sql",         "a b.sql",          "a.sql", "z.sql",  "\xC3\xA4.sql"
    };
    const char *folder = folder_new();
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        folder_add(folder, names[i], "SELECT 1;");
    discover(folder);
    assert_int_equal(shelf.count, sizeof sorted / sizeof sorted[0]);
    for (size_t i = 0; i < shelf.count; i++) {
        assert_string_equal(shelf.migrations[i].name, sorted[i]);
        assert_string_equal(shelf.migrations[i].path, folder_path(folder, sorted[i]));
        assert_null(shelf.migrations[i].source.bytes);
        assert_string_equal(shelf.migrations[i].checksum, "");
    }
}

static void test_shelf__passes_over_what_is_no_migration(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "README.md", "x");
    folder_add(folder, ".hidden.sql", "x");
    folder_add(folder, "1.SQL", "x");
    folder_add_folder(folder, "archive");
    folder_add_folder(folder, ".git.sql");
    discover(folder);
    assert_int_equal(shelf.count, 0);
    assert_string_equal(shelf.folder, folder);
}

/* A ConfigMap: each file a link to ..data/file, and ..data a link to a hidden folder. */
static void test_shelf__follows_links(void **state)
{
    const char *folder = folder_new();
    (void) state;
    const char *data = folder_add_folder(folder, "..2024_01_31");
    folder_add(data, "1.sql", "SELECT 1;");
    folder_add_symlink(folder, "..data", "..2024_01_31");
    folder_add_symlink(folder, "1.sql", "..data/1.sql");
    discover(folder);
    assert_int_equal(shelf.count, 1);
    assert_true(migration_read(&shelf.migrations[0], &fault));
    assert_string_equal(shelf.migrations[0].source.bytes, "SELECT 1;");
}

static void test_shelf__a_folder_may_end_in_a_slash(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "SELECT 1;");
    discover(must_format("%s/", folder));
    assert_string_equal(shelf.migrations[0].path, folder_path(folder, "1.sql"));
}

static void test_shelf__a_folder_that_is_none(void **state)
{
    const char *folder = folder_new();
    (void) state;
    assert_refuses(folder_path(folder, "nowhere"), "nowhere\": No such file or directory", "--migrations");
    assert_refuses(folder_add(folder, "file", "x"), "Not a directory", "PGUSHER_MIGRATIONS");
}

/* Root may read everything, so these two are somebody else while they look. */
static void become_ordinary(void)
{
    if (workspace_user()->other)
        must(seteuid(workspace_user()->uid) == 0, "cannot become an ordinary user");
}

static void become_oneself(void)
{
    if (workspace_user()->other)
        must(seteuid(0) == 0, "cannot become root again");
}

static void test_shelf__an_unreadable_folder(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_chmod(folder, NULL, 0);
    become_ordinary();
    bool found = shelf_discover(&shelf, &arena, folder, &fault);
    become_oneself();
    folder_chmod(folder, NULL, 0755);
    assert_false(found);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "Permission denied");
    assert_contains(fault.hint, "pgusher runs as user ");
}

static void test_migration__that_may_not_be_read(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "SELECT 1;");
    folder_chmod(folder, "1.sql", 0);
    discover(folder);
    become_ordinary();
    bool was_read = migration_read(&shelf.migrations[0], &fault);
    become_oneself();
    assert_false(was_read);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "/1.sql\": Permission denied");
}

static void test_shelf__a_folder_that_is_named_like_a_migration(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add_folder(folder, "x.sql");
    assert_refuses(folder, "/x.sql\" is a directory", "bind mount");
}

static void test_shelf__neither_a_pipe_nor_a_dangling_link_is_a_migration(void **state)
{
    const char *folder = folder_new();
    (void) state;
    assert_int_equal(mkfifo(folder_path(folder, "x.sql"), 0600), 0);
    assert_refuses(folder, "not a regular file", "*.sql");
    folder_remove(folder, "x.sql");
    folder_add_symlink(folder, "y.sql", "nowhere");
    assert_refuses(folder, "/y.sql\": No such file or directory", "leads nowhere");
}

static void test_shelf__an_unfit_name_is_refused(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.down.sql", "DROP TABLE x;");
    assert_refuses(folder, "\"1.down.sql\" is the way back", "another folder");
    folder_remove(folder, "1.down.sql");
    folder_add(folder, "caf\xE9.sql", "SELECT 1;");
    assert_refuses(folder, "caf\\xE9.sql", "UTF-8");
}

static void test_migration__is_read_with_its_checksum_and_given_back(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add_bytes(folder, "1.sql", "a\0b", 3);
    folder_add(folder, "2.sql", "");
    folder_add(folder, "3.sql", "abc");
    discover(folder);
    for (size_t i = 0; i < 3; i++)
        assert_true(migration_read(&shelf.migrations[i], &fault));
    const struct source *source = &shelf.migrations[0].source;
    assert_string_equal(source->name, "1.sql");
    assert_int_equal(source->size, 3);
    assert_memory_equal(source->bytes, "a\0b", 4);
    assert_int_equal(shelf.migrations[1].source.size, 0);
    assert_string_equal(shelf.migrations[1].source.bytes, "");
    assert_true(migration_read(&shelf.migrations[2], &fault));
    migration_release(&shelf.migrations[2]);
    assert_null(shelf.migrations[2].source.bytes);
    assert_string_equal(shelf.migrations[2].checksum, abc_checksum);
    migration_release(&shelf.migrations[2]);
}

static void test_migration__that_is_summed_up_is_not_kept(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "abc");
    discover(folder);
    migration_sum(&shelf.migrations[0]);
    assert_null(shelf.migrations[0].source.bytes);
    assert_string_equal(shelf.migrations[0].checksum, abc_checksum);
}

/* What was summed up long ago may have changed: what is read is what is recorded. */
static void test_migration__that_is_read_is_summed_up_anew(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "ab");
    discover(folder);
    migration_sum(&shelf.migrations[0]);
    folder_add(folder, "1.sql", "abc");
    assert_true(migration_read(&shelf.migrations[0], &fault));
    assert_string_equal(shelf.migrations[0].checksum, abc_checksum);
}

static void test_migration__that_is_large_or_gone_is_not_summed_up(void **state)
{
    const char *folder = folder_new();
    static char large[MIGRATION_SUM_MOST_BYTES + 1];
    (void) state;
    memset(large, ' ', sizeof large);
    folder_add_bytes(folder, "1.sql", large, sizeof large - 1);
    folder_add_bytes(folder, "2.sql", large, sizeof large);
    folder_add(folder, "3.sql", "abc");
    discover(folder);
    folder_remove(folder, "3.sql");
    for (size_t i = 0; i < 3; i++)
        migration_sum(&shelf.migrations[i]);
    assert_string_not_equal(shelf.migrations[0].checksum, "");
    assert_string_equal(shelf.migrations[1].checksum, "");
    assert_string_equal(shelf.migrations[2].checksum, "");
}

static void assert_read_refuses(struct migration *migration, const char *what)
{
    assert_false(migration_read(migration, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, what);
    assert_null(migration->source.bytes);
}

static void test_migration__that_disappears(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "SELECT 1;");
    discover(folder);
    folder_remove(folder, "1.sql");
    assert_read_refuses(&shelf.migrations[0], "/1.sql\" disappeared between discovery and reading");
}

static void test_migration__that_becomes_something_else(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add(folder, "1.sql", "SELECT 1;");
    discover(folder);
    folder_remove(folder, "1.sql");
    assert_int_equal(mkfifo(folder_path(folder, "1.sql"), 0600), 0);
    assert_read_refuses(&shelf.migrations[0], "changed while it was read");
}

static void test_migration__that_is_too_large(void **state)
{
    const char *folder = folder_new();
    (void) state;
    const char *path = folder_add(folder, "1.sql", "SELECT 1;");
    discover(folder);
    assert_int_equal(truncate(path, (off_t) MIGRATION_MAX_BYTES + 1), 0);
    assert_read_refuses(&shelf.migrations[0], "larger than 1023 MB");
}

/* The kernel says of its own files that they are empty, and then they are not. */
static void test_migration__that_holds_more_than_its_size(void **state)
{
    const char *folder = folder_new();
    (void) state;
    folder_add_symlink(folder, "1.sql", "/proc/self/status");
    discover(folder);
    assert_read_refuses(&shelf.migrations[0], "changed while it was read");
}

static void test_shelf__finish_takes_anything(void **state)
{
    struct shelf empty = { .count = 0 };
    (void) state;
    shelf_finish(NULL);
    shelf_finish(&empty);
}

static bool discover_and_read(void *argument, struct fault *out)
{
    struct arena scratch;
    struct shelf found;
    arena_init(&scratch);
    bool ok = shelf_discover(&found, &scratch, argument, out);
    for (size_t i = 0; ok && i < found.count; i += found.count / 2)
        ok = migration_read(&found.migrations[i], out);
    shelf_finish(&found);
    arena_finish(&scratch);
    return ok;
}

static void test_shelf__starves_cleanly(void **state)
{
    const char *folder = folder_new();
    char path[512];
    (void) state;
    for (size_t i = 0; i < 300; i++)
        folder_add(folder, must_format("%03zu.sql", i), "SELECT 1;");
    snprintf(path, sizeof path, "%s", folder);
    assert_true(starve(discover_and_read, path) > 6);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_shelf__stands_in_byte_order),
        IN_ARENA(test_shelf__passes_over_what_is_no_migration),
        IN_ARENA(test_shelf__follows_links),
        IN_ARENA(test_shelf__a_folder_may_end_in_a_slash),
        IN_ARENA(test_shelf__a_folder_that_is_none),
        IN_ARENA(test_shelf__an_unreadable_folder),
        IN_ARENA(test_shelf__a_folder_that_is_named_like_a_migration),
        IN_ARENA(test_shelf__neither_a_pipe_nor_a_dangling_link_is_a_migration),
        IN_ARENA(test_shelf__an_unfit_name_is_refused),
        IN_ARENA(test_migration__is_read_with_its_checksum_and_given_back),
        IN_ARENA(test_migration__that_may_not_be_read),
        IN_ARENA(test_migration__that_is_summed_up_is_not_kept),
        IN_ARENA(test_migration__that_is_read_is_summed_up_anew),
        IN_ARENA(test_migration__that_is_large_or_gone_is_not_summed_up),
        IN_ARENA(test_migration__that_disappears),
        IN_ARENA(test_migration__that_becomes_something_else),
        IN_ARENA(test_migration__that_is_too_large),
        IN_ARENA(test_migration__that_holds_more_than_its_size),
        IN_ARENA(test_shelf__finish_takes_anything),
        cmocka_unit_test(test_shelf__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
