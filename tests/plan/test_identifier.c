/* Names of tables, as SQL reads them. */
#include "plan/identifier.h"
#include "support/fixture.h"
#include "support/starve.h"

enum { RESERVE = 4 };

struct pair {
    const char *schema;
    const char *table;
};

static void assert_reads(const char *text, const char *schema, const char *table)
{
    struct fault fault;
    struct pair pair;
    if (!identifier_read(&pair.schema, &pair.table, &arena, text, "--ledger", RESERVE, &fault))
        fail_msg("%s", fault.what);
    assert_string_equal(pair.table, table);
    if (schema == NULL)
        assert_null(pair.schema);
    else
        assert_string_equal(pair.schema, schema);
}

static void assert_refuses(const char *text, const char *why)
{
    struct fault fault;
    struct pair pair;
    if (identifier_read(&pair.schema, &pair.table, &arena, text, "--ledger", RESERVE, &fault))
        fail_msg("\"%s\" was accepted", text);
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "--ledger");
    assert_contains(fault.what, why);
}

static void test_identifier__bare_names_are_folded(void **state)
{
    (void) state;
    assert_reads("schema_migrations", NULL, "schema_migrations");
    assert_reads("Ops.History", "ops", "history");
    assert_reads("_x9$", NULL, "_x9$");
    assert_reads("\xC3\x84pfel", NULL, "\xC3\x84pfel");
    assert_reads("  ops . history ", "ops", "history");
}

static void test_identifier__quoted_names_are_kept(void **state)
{
    (void) state;
    assert_reads("\"Ops\".\"My.Table\"", "Ops", "My.Table");
    assert_reads("\"a\"\"b\"", NULL, "a\"b");
    assert_reads("\"\"\"\"", NULL, "\"");
    assert_reads("ops.\"Drop Table\"", "ops", "Drop Table");
    assert_reads("\"9\"", NULL, "9");
}

static void test_identifier__what_is_none_says_why(void **state)
{
    (void) state;
    assert_refuses("", "missing");
    assert_refuses("ops.", "missing");
    assert_refuses(".history", "missing");
    assert_refuses("a..b", "missing");
    assert_refuses("a.b.c", "more than two");
    assert_refuses("\"a", "not closed");
    assert_refuses("\"a\"\"", "not closed");
    assert_refuses("\"\"", "empty");
    assert_refuses("9a", "begins with a letter");
    assert_refuses("'a'", "begins with a letter");
    assert_refuses("a-b", "double quotes");
    assert_refuses("a b", "double quotes");
    assert_refuses("a;DROP TABLE b", "double quotes");
    assert_refuses("\"a\"b", "double quotes");
    assert_refuses("\xE4pfel", "UTF-8");
}

static void test_identifier__the_longest_leaves_room_for_its_suffix(void **state)
{
    char name[80];
    (void) state;
    memset(name, 'a', sizeof name);
    name[IDENTIFIER_MAX_BYTES - RESERVE] = '\0';
    assert_reads(name, NULL, name);
    strcat(name, "b");
    assert_refuses(name, "too long");
}

static void test_identifier__a_schema_needs_no_suffix(void **state)
{
    char name[80];
    (void) state;
    memset(name, 'a', sizeof name);
    strcpy(name + IDENTIFIER_MAX_BYTES + 1, ".t");
    assert_refuses(name, "too long");
    strcpy(name + IDENTIFIER_MAX_BYTES, ".t");
    struct fault fault;
    struct pair pair;
    assert_true(identifier_read(&pair.schema, &pair.table, &arena, name, "--ledger", RESERVE, &fault));
    assert_int_equal(strlen(pair.schema), IDENTIFIER_MAX_BYTES);
}

static bool read_quoted_pair(void *argument, struct fault *fault)
{
    struct arena scratch;
    struct pair pair;
    (void) argument;
    arena_init(&scratch);
    bool ok = identifier_read(&pair.schema, &pair.table, &scratch, "ops.\"History\"", "--ledger", RESERVE, fault);
    arena_finish(&scratch);
    return ok;
}

static void test_identifier__starves_cleanly(void **state)
{
    (void) state;
    assert_int_equal(starve(read_quoted_pair, NULL), 3); /* each part, and the arena's block */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_identifier__bare_names_are_folded),
        IN_ARENA(test_identifier__quoted_names_are_kept),
        IN_ARENA(test_identifier__what_is_none_says_why),
        IN_ARENA(test_identifier__the_longest_leaves_room_for_its_suffix),
        IN_ARENA(test_identifier__a_schema_needs_no_suffix),
        cmocka_unit_test(test_identifier__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
