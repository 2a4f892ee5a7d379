/* Shelf and ledger compared: which steps come out, in which order, and with which reason. */
#include "support/testing.h"

#include "base/buf.h"
#include "plan/planner.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"

/* Of "SELECT 1;" */
static const char select_checksum[] = "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a";

static struct arena arena;
static struct shelf shelf;
static struct plan plan;
static struct fault fault;
static struct buf lines;

static int open_arena(void **state)
{
    (void) state;
    arena_init(&arena);
    buf_init(&lines, 100000);
    return 0;
}

static int close_arena(void **state)
{
    (void) state;
    shelf_finish(&shelf);
    shelf = (struct shelf){ .count = 0 };
    arena_finish(&arena);
    buf_finish(&lines);
    return 0;
}

#define FILES(...) folder_with((const struct folder_file[]){ __VA_ARGS__, { .name = NULL } })
#define ROWS(...)                                                                                                           \
    .exists = true, .rows = (struct ledger_row[]){ __VA_ARGS__ },                                                           \
    .row_count = sizeof((struct ledger_row[]){ __VA_ARGS__ }) / sizeof(struct ledger_row)
#define PROGRESS(...)                                                                                                       \
    .progress = (struct progress_row[]){ __VA_ARGS__ },                                                                     \
    .progress_count = sizeof((struct progress_row[]){ __VA_ARGS__ }) / sizeof(struct progress_row)

static void make_plan(const char *folder, const struct ledger *ledger)
{
    if (!shelf_discover(&shelf, &arena, folder, &fault) || !plan_make(&plan, &arena, &shelf, ledger, &fault))
        fail_msg("%s", fault.what);
}

/* "applied 1.sql: in the ledger" and so on, and the counts. */
static void assert_plan(const char *expected)
{
    buf_clear(&lines);
    for (size_t i = 0; i < plan.count; i++)
        buf_add_format(&lines, "%s %s: %s\n", step_state_name(plan.steps[i].state), plan.steps[i].name,
                       plan.steps[i].reason);
    buf_add_format(&lines, "%zu applied, %zu changed, %zu missing, %zu pending", plan.applied, plan.changed, plan.missing,
                   plan.pending);
    assert_string_equal(buf_text(&lines), expected);
}

static void test_planner__everything_is_pending_in_an_empty_database(void **state)
{
    const struct ledger ledger = { .exists = false };
    (void) state;
    make_plan(FILES({ "2.sql", "SELECT 2;" }, { "1.sql", "SELECT 1;" }), &ledger);
    assert_plan("pending 1.sql: not in the ledger\n"
                "pending 2.sql: not in the ledger\n"
                "0 applied, 0 changed, 0 missing, 2 pending");
    assert_ptr_equal(plan.steps[0].migration, &shelf.migrations[0]);
    assert_null(plan.steps[0].row);
}

static void test_planner__neither_files_nor_rows_make_an_empty_plan(void **state)
{
    const struct ledger ledger = { .exists = true };
    (void) state;
    make_plan(folder_new(), &ledger);
    assert_plan("0 applied, 0 changed, 0 missing, 0 pending");
}

static void test_planner__each_state_and_its_reason(void **state)
{
    const struct ledger ledger = { ROWS(
        { .migration_name = "1.sql" }, { .migration_name = "2.sql", .checksum = select_checksum },
        { .migration_name = "3.sql", .checksum = select_checksum }, { .migration_name = "4.sql" },
        { .migration_name = "6.sql" }, { .migration_name = "7.sql" }) };
    (void) state;
    make_plan(FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 1;" }, { "3.sql", "SELECT 1; " }, { "5.sql", "SELECT 1;" },
                    { "6.sql", "SELECT 1;" }, { "8.sql", "SELECT 1;" }),
              &ledger);
    assert_plan("applied 1.sql: in the ledger\n"
                "applied 2.sql: in the ledger, and unchanged\n"
                "changed 3.sql: changed since it was applied\n"
                "missing 4.sql: in the ledger, but there is no such file\n"
                "pending 5.sql: not in the ledger; sorts before 6.sql, which is already applied\n"
                "applied 6.sql: in the ledger\n"
                "missing 7.sql: in the ledger, but there is no such file\n"
                "pending 8.sql: not in the ledger\n"
                "4 applied, 1 changed, 2 missing, 2 pending");
    assert_ptr_equal(plan.steps[2].row, &ledger.rows[2]);
    assert_ptr_equal(plan.steps[2].migration, &shelf.migrations[2]);
    assert_ptr_equal(plan.steps[3].row, &ledger.rows[3]);
    assert_null(plan.steps[3].migration);
}

static void test_planner__applied_files_are_released_again(void **state)
{
    const struct ledger ledger = { ROWS({ .migration_name = "1.sql", .checksum = select_checksum }) };
    (void) state;
    make_plan(FILES({ "1.sql", "SELECT 1;" }), &ledger);
    assert_null(shelf.migrations[0].source.bytes);
    assert_string_equal(shelf.migrations[0].checksum, select_checksum);
}

static void test_planner__an_applied_file_is_only_read_for_a_checksum(void **state)
{
    const struct ledger without = { ROWS({ .migration_name = "1.sql" }) };
    const struct ledger with = { ROWS({ .migration_name = "1.sql", .checksum = select_checksum }) };
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    (void) state;
    assert_true(shelf_discover(&shelf, &arena, folder, &fault));
    folder_remove(folder, "1.sql");
    assert_true(plan_make(&plan, &arena, &shelf, &without, &fault));
    assert_false(plan_make(&plan, &arena, &shelf, &with, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "disappeared");
}

static void test_planner__a_checksum_that_is_known_needs_no_file(void **state)
{
    const struct ledger ledger = { ROWS({ .migration_name = "1.sql", .checksum = select_checksum }) };
    const char *folder = FILES({ "1.sql", "SELECT 1;" });
    (void) state;
    assert_true(shelf_discover(&shelf, &arena, folder, &fault));
    migration_sum(&shelf.migrations[0]);
    folder_remove(folder, "1.sql");
    assert_true(plan_make(&plan, &arena, &shelf, &ledger, &fault));
    assert_plan("applied 1.sql: in the ledger, and unchanged\n"
                "1 applied, 0 changed, 0 missing, 0 pending");
}

static void test_planner__interrupted_files_tell_how_far_they_came(void **state)
{
    const struct ledger ledger = { ROWS({ .migration_name = "9.sql" }),
                                   PROGRESS({ "0_gone.sql", 1, PROGRESS_DONE, "x" }, { "1.sql", 1, PROGRESS_DONE, "x" },
                                            { "1.sql", 2, PROGRESS_DONE, "x" }, { "2.sql", 1, PROGRESS_DONE, "x" },
                                            { "2.sql", 2, PROGRESS_STARTED, "x" }, { "3.sql", 1, PROGRESS_STARTED, "x" },
                                            { "3.sql", 1, PROGRESS_DONE, "x" }, { "9.sql", 4, PROGRESS_DONE, "x" }) };
    (void) state;
    make_plan(FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 1;" }, { "3.sql", "SELECT 1;" }, { "4.sql", "SELECT 1;" },
                    { "9.sql", "SELECT 1;" }),
              &ledger);
    assert_plan("pending 1.sql: interrupted after statement 2\n"
                "pending 2.sql: interrupted in statement 2\n"
                "pending 3.sql: interrupted after statement 1\n"
                "pending 4.sql: not in the ledger; sorts before 9.sql, which is already applied\n"
                "applied 9.sql: in the ledger\n"
                "1 applied, 0 changed, 0 missing, 4 pending");
}

static void test_planner__names_are_compared_as_bytes(void **state)
{
    const struct ledger ledger = { ROWS({ .migration_name = "B.sql" }, { .migration_name = "a.sql" },
                                        { .migration_name = "\xC3\xA4.sql" }) };
    (void) state;
    make_plan(FILES({ "\xC3\xA4.sql", "SELECT 1;" }, { "a.sql", "SELECT 1;" }, { "B.sql", "SELECT 1;" }), &ledger);
    assert_plan("applied B.sql: in the ledger\n"
                "applied a.sql: in the ledger\n"
                "applied \xC3\xA4.sql: in the ledger\n"
                "3 applied, 0 changed, 0 missing, 0 pending");
}

static void test_planner__pending_files_are_read_and_split_and_no_others(void **state)
{
    const struct ledger ledger = { ROWS({ .migration_name = "1.sql" }) };
    (void) state;
    make_plan(FILES({ "1.sql", "not even SQL '" }, { "2.sql", "SELECT 1; SELECT ';';" }), &ledger);
    if (!plan_read_pending(&plan, &arena, &fault))
        fail_msg("%s", fault.what);
    assert_null(shelf.migrations[0].source.bytes);
    assert_non_null(shelf.migrations[1].source.bytes);
    assert_ptr_equal(plan.steps[1].script.source, &shelf.migrations[1].source);
    assert_int_equal(plan.steps[1].script.statement_count, 2);
}

static void test_planner__the_first_bad_file_is_the_fault(void **state)
{
    const struct ledger ledger = { .exists = true };
    (void) state;
    make_plan(FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT \xE9;" }, { "3.sql", "SELECT 'open" }), &ledger);
    assert_false(plan_read_pending(&plan, &arena, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_string_equal(fault.source, "2.sql");
    assert_true(fault.has_offset);
    assert_int_equal(fault.offset_bytes, 7);
}

enum { MANY = 20000 };

/* Twenty thousand files against as many rows: what is not linear here does not end. */
static void test_planner__many_files_and_many_rows(void **state)
{
    struct migration *migrations = arena_array(&arena, MANY, sizeof *migrations);
    struct ledger_row *rows = arena_array(&arena, MANY, sizeof *rows);
    (void) state;
    for (size_t i = 0; i < MANY; i++) {
        migrations[i].name = arena_format(&arena, "%06zu.sql", 2 * i);
        rows[i].migration_name = arena_format(&arena, "%06zu.sql", 3 * i);
    }
    struct shelf many = { .migrations = migrations, .count = MANY };
    const struct ledger ledger = { .exists = true, .rows = rows, .row_count = MANY };
    assert_true(plan_make(&plan, &arena, &many, &ledger, &fault));
    assert_int_equal(plan.count, 2 * MANY - plan.applied);
    assert_int_equal(plan.applied, (2 * (MANY - 1)) / 6 + 1);
    assert_int_equal(plan.pending, MANY - plan.applied);
    assert_int_equal(plan.missing, MANY - plan.applied);
}

static bool plan_a_folder(void *argument, struct fault *out)
{
    const struct ledger ledger = { ROWS({ .migration_name = "1.sql", .checksum = select_checksum },
                                        { .migration_name = "9.sql" }),
                                   PROGRESS({ "2.sql", 1, PROGRESS_DONE, "x" }) };
    struct arena scratch;
    struct shelf found;
    struct plan made;
    arena_init(&scratch);
    bool ok = shelf_discover(&found, &scratch, argument, out) && plan_make(&made, &scratch, &found, &ledger, out) &&
              plan_read_pending(&made, &scratch, out);
    shelf_finish(&found);
    arena_finish(&scratch);
    return ok;
}

static void test_planner__starves_cleanly(void **state)
{
    char folder[512];
    (void) state;
    text_cut(folder, sizeof folder,
             FILES({ "1.sql", "SELECT 1;" }, { "2.sql", "SELECT 1;" }, { "3.sql", "SELECT 1; SELECT 2;" }));
    assert_true(starve(plan_a_folder, folder) > 3);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_planner__everything_is_pending_in_an_empty_database),
        IN_ARENA(test_planner__neither_files_nor_rows_make_an_empty_plan),
        IN_ARENA(test_planner__each_state_and_its_reason),
        IN_ARENA(test_planner__applied_files_are_released_again),
        IN_ARENA(test_planner__an_applied_file_is_only_read_for_a_checksum),
        IN_ARENA(test_planner__a_checksum_that_is_known_needs_no_file),
        IN_ARENA(test_planner__interrupted_files_tell_how_far_they_came),
        IN_ARENA(test_planner__names_are_compared_as_bytes),
        IN_ARENA(test_planner__pending_files_are_read_and_split_and_no_others),
        IN_ARENA(test_planner__the_first_bad_file_is_the_fault),
        IN_ARENA(test_planner__many_files_and_many_rows),
        cmocka_unit_test(test_planner__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
