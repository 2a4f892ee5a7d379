/*
 * The pipeline's window from the outside: files that fill it in one way or the other are applied all the same, and memory stays
 * small.
 */
#include <stdlib.h>
#include <string.h>

#include "up.h"

static char *repeat(const char *before, char filling, size_t count, const char *after)
{
    size_t size = strlen(before) + count + strlen(after) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = stpcpy(text, before);
    memset(at, filling, count);
    memcpy(at + count, after, strlen(after) + 1);
    return text;
}

/* What the server answers to a few large statements is too little for it to send without being asked. */
static void test_window__large_statements_do_not_wait_for_answers_that_nobody_asked_for(void **state)
{
    enum { STATEMENTS = 12, LITERAL_BYTES = 100 * 1000 };
    (void) state;
    const char *database = up_database("large");
    char *insert = repeat("INSERT INTO big (text) VALUES ('", 'x', LITERAL_BYTES, "');\n");
    size_t size = strlen(insert);
    char *text = calloc(1, STATEMENTS * size + 64);
    assert_non_null(text);
    char *at = stpcpy(text, "CREATE TABLE big (text text);\n");
    for (int i = 0; i < STATEMENTS; i++)
        at = stpcpy(at, insert);
    up_run(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = database }, 0);
    assert_int_equal(sql_number(database, "SELECT count(*) FROM big WHERE length(text) = 100000"), STATEMENTS);
    free(text);
    free(insert);
}

static void test_window__a_statement_larger_than_the_window_passes_through_it(void **state)
{
    enum { LITERAL_BYTES = 3 * 1000 * 1000 };
    (void) state;
    const char *database = up_database("larger");
    char *text =
        repeat("CREATE TABLE huge AS SELECT length('", 'y', LITERAL_BYTES, "') AS length;\nCREATE TABLE after (a int);");
    up_run(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = database }, 0);
    assert_int_equal(sql_number(database, "SELECT length FROM huge"), LITERAL_BYTES);
    free(text);
}

static void test_window__many_small_statements_do_not_pile_up_in_memory(void **state)
{
    enum { STATEMENTS = 100 * 1000, TEXT_BYTES = STATEMENTS * 10 };
    (void) state;
    const char *database = up_database("many");
    char *text = calloc(1, TEXT_BYTES + 1);
    assert_non_null(text);
    for (int i = 0; i < STATEMENTS; i++)
        memcpy(text + (size_t) i * 10, "SELECT 1;\n", 10);
    struct run_result result = up_run(&(struct up){ .migrations = FILES({ "1.sql", text }), .database = database }, 0);
    assert_true(result.most_memory_kb < up_memory_limit_kb(48 * 1024));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_window__large_statements_do_not_wait_for_answers_that_nobody_asked_for),
        UP_TEST(test_window__a_statement_larger_than_the_window_passes_through_it),
        UP_TEST(test_window__many_small_statements_do_not_pile_up_in_memory),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, up_start, up_stop);
}
