/*
 * Packed rows and the history that is made of them: what was escaped comes back, and the last word on each thing counts.
 */
#include "rows.h"

#include "packed.h"
#include "support/starve.h"
#include "support/testing.h"

#define RS "\x1e"

static struct arena arena;
static struct ledger ledger;

static int make(void **state)
{
    (void) state;
    arena_init(&arena);
    ledger = (struct ledger){ .exists = true };
    return 0;
}

static int clear(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

static void read_rows(const char *ledger_text, const char *log_text)
{
    struct fault fault;
    assert_true(rows_of_ledger(&ledger, &arena, ledger_text, false, &fault));
    assert_true(rows_of_log(&ledger, &arena, log_text, false, &fault));
}

static const struct ledger_row *row_of(const char *name)
{
    const struct ledger_row *row = ledger_find(&ledger, name);
    if (row == NULL)
        fail_msg("no row %s", name);
    return row;
}

static void test_packed__xml_gives_back_what_it_escaped(void **state)
{
    (void) state;
    static const char xml[] = "<row xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
                              "  <packed>|a &lt;b&gt; &amp;amp; c&#x0d;|d" RS "|&unknown;</packed>\n</row>\n\n";
    struct packed packed;
    const char *fields[2];
    assert_true(packed_open(&packed, &arena, xml, true));
    assert_int_equal(packed_count(&packed), 2);
    assert_true(packed_next(&packed, fields, 2));
    assert_string_equal(fields[0], "");
    assert_string_equal(fields[1], "a <b> &amp; c\r|d");
    assert_true(packed_next(&packed, fields, 2));
    assert_string_equal(fields[1], "&unknown;");
    assert_false(packed_next(&packed, fields, 2));
}

static void test_packed__no_rows_are_no_element_and_no_text(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool is_xml;
    } cases[] = {
        { NULL, true }, { "<row>\n</row>\n\n", true }, { "<row>\n  <packed></packed>\n</row>", true }, { "", false }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct packed packed;
        const char *fields[1];
        assert_true(packed_open(&packed, &arena, cases[i].text, cases[i].is_xml));
        assert_int_equal(packed_count(&packed), 0);
        assert_false(packed_next(&packed, fields, 1));
    }
}

static void test_packed__a_field_that_is_missing_is_empty(void **state)
{
    (void) state;
    struct packed packed;
    const char *fields[3];
    assert_true(packed_open(&packed, &arena, "one", false));
    assert_true(packed_next(&packed, fields, 3));
    assert_string_equal(fields[0], "one");
    assert_string_equal(fields[1], "");
    assert_string_equal(fields[2], "");
}

static void test_rows__are_put_in_byte_order(void **state)
{
    (void) state;
    read_rows("t2|b.sql" RS "|B.sql" RS "t1|a|b.sql", NULL);
    assert_int_equal(ledger.row_count, 3);
    assert_string_equal(ledger.rows[0].migration_name, "B.sql");
    assert_string_equal(ledger.rows[1].migration_name, "a|b.sql");
    assert_string_equal(ledger.rows[2].applied_at, "t2");
    assert_int_equal(ledger.rows[2].duration_us, -1);
    assert_null(ledger.rows[2].checksum);
}

static void test_rows__the_newest_checksum_of_a_file_counts(void **state)
{
    (void) state;
    read_rows("|a.sql" RS "|b.sql", "9|applied||70|new|a.sql" RS "10|applied||80||b.sql" RS "2|applied||60|old|a.sql");
    assert_string_equal(row_of("a.sql")->checksum, "new");
    assert_int_equal(row_of("a.sql")->duration_us, 70);
    assert_null(row_of("b.sql")->checksum);
    assert_int_equal(ledger.progress_count, 0);
}

static void test_rows__a_file_that_left_the_ledger_is_forgotten(void **state)
{
    (void) state;
    read_rows("|a.sql", "1|applied||5|sum|gone.sql");
    assert_int_equal(ledger.row_count, 1);
    assert_int_equal(ledger.progress_count, 0);
}

static void test_rows__the_last_word_on_each_statement_is_the_progress(void **state)
{
    (void) state;
    read_rows("|done.sql", "5|failed|2|||half.sql" RS "3|done|1||one|half.sql" RS "4|started|2||two|half.sql" RS
                           "2|started|1||one|half.sql" RS "1|started|3||x|done.sql" RS "7|started|10||ten|half.sql");
    assert_int_equal(ledger.progress_count, 3);
    assert_int_equal(ledger.progress[0].statement, 1);
    assert_int_equal(ledger.progress[0].state, PROGRESS_DONE);
    assert_string_equal(ledger.progress[0].checksum, "one");
    assert_int_equal(ledger.progress[1].statement, 2);
    assert_int_equal(ledger.progress[1].state, PROGRESS_FAILED);
    assert_int_equal(ledger.progress[2].statement, 10);
    assert_int_equal(ledger.progress[2].state, PROGRESS_STARTED);
}

static void test_rows__a_run_that_ended_well_leaves_no_progress_behind(void **state)
{
    (void) state;
    read_rows("|other.sql", "1|started|1||one|again.sql" RS "2|done|1||one|again.sql" RS "3|applied||5|sum|again.sql" RS
                            "4|started|2||two|again.sql" RS "5|done|1||one|behind.sql");
    assert_int_equal(ledger.progress_count, 2);
    assert_int_equal(ledger.progress[0].statement, 2);
    assert_string_equal(ledger.progress[1].migration_name, "behind.sql");
}

static bool read_both(void *argument, struct fault *fault)
{
    (void) argument;
    arena_finish(&arena);
    arena_init(&arena);
    ledger = (struct ledger){ .exists = true };
    return rows_of_ledger(&ledger, &arena, "|a.sql" RS "|b.sql", false, fault) &&
           rows_of_log(&ledger, &arena, "<row><packed>1|started|1||c|c.sql</packed></row>", true, fault);
}

static void test_rows__lack_of_memory_is_a_fault(void **state)
{
    (void) state;
    starve(read_both, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packed__xml_gives_back_what_it_escaped, make, clear),
        cmocka_unit_test_setup_teardown(test_packed__no_rows_are_no_element_and_no_text, make, clear),
        cmocka_unit_test_setup_teardown(test_packed__a_field_that_is_missing_is_empty, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__are_put_in_byte_order, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__the_newest_checksum_of_a_file_counts, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__a_file_that_left_the_ledger_is_forgotten, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__the_last_word_on_each_statement_is_the_progress, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__a_run_that_ended_well_leaves_no_progress_behind, make, clear),
        cmocka_unit_test_setup_teardown(test_rows__lack_of_memory_is_a_fault, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
