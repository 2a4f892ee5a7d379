/* Each file of cases/ is a place where splitters go astray; its name says which. Ours must see there what psql sees. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "parity.h"
#include "plain_text.h"
#include "psql_scanner.h"
#include "support/must.h"
#include "support/testing.h"

static void test_case(void **state)
{
    const char *path = must_format("%s/%s.sql", PGUSHER_CASES, (const char *) *state);
    struct bytes text = read_file(path);
    struct parity parity;
    if (!parity_holds(&parity, text.at, text.size))
        fail_msg("%s: %s", path, parity.difference.at);
    parity_finish(&parity);
    bytes_finish(&text);
}

/* The judge must be awake: what it says of a text is told apart from what it would have to say of a slightly other one. */
static void test_oracle__sends_what_psql_sends(void **state)
{
    (void) state;
    static const char text[] = "-- x\nSELECT 1 -- y\n\n;\\; SELECT ';' \\; SELECT 2; \n";
    struct oracle oracle;
    oracle_read(&oracle, text, sizeof text - 1);
    assert_int_equal(oracle.count, 2);
    assert_string_equal(oracle.sent.at, "SELECT 1 -- y\n;; SELECT ';' ; SELECT 2;");
    assert_string_equal(oracle.written.at, "SELECT 1 -- y\n\n;; SELECT ';' ; SELECT 2;");
    assert_int_equal(oracle.end, ORACLE_END);
    oracle_finish(&oracle);
}

static void assert_end(const char *text, enum oracle_end end)
{
    struct oracle oracle;
    oracle_read(&oracle, text, strlen(text));
    assert_int_equal(oracle.end, end);
    oracle_finish(&oracle);
}

static void test_oracle__says_why_it_stops(void **state)
{
    (void) state;
    assert_end("SELECT 1", ORACLE_END);
    assert_end("SELECT 'a;\n", ORACLE_INCOMPLETE);
    assert_end("SELECT (1;\n", ORACLE_INCOMPLETE);
    assert_end("SELECT 1; \\x\n", ORACLE_COMMAND);
    assert_end("COPY t FROM stdin;\n1\n", ORACLE_ENDLESS_DATA);
    assert_end("COPY t FROM stdin; SELECT\n1\n\\.\n;", ORACLE_BROKEN_BY_DATA);
    assert_end("COPY t FROM stdin BINARY;\n\\.\n", ORACLE_BINARY);
}

static void assert_plain(const char *script, const char *plain)
{
    struct bytes text = { 0 };
    bytes_add(&text, "", 0);
    plain_text_add(&text, script, strlen(script));
    assert_string_equal(text.at, plain);
    bytes_finish(&text);
}

static void test_plain_text__commands_follow_the_rule(void **state)
{
    (void) state;
    assert_plain("SELECT 1 \\g\nSELECT 2 \\gset a_\n", "SELECT 1 ;\nSELECT 2 ;\n");
    assert_plain("\\set x 'a \\' b'\nSELECT 1; \\echo x \\\\ SELECT 2;\n", "\nSELECT 1;  SELECT 2;\n");
    assert_plain("SELECT '\\x', 1 \\; SELECT 2;\n", "SELECT '\\x', 1 \\; SELECT 2;\n");
    assert_plain("\\copy t from stdin\n1\n\\.\n\\copy (select 1) to stdout;\n",
                 "copy t from stdin;\n1\n\\.\ncopy (select 1) to stdout;\n");
    assert_plain("COPY t FROM stdin;\n\\x\n\\.\n\\x\n", "COPY t FROM stdin;\n\\x\n\\.\n\n");
}

enum { MOST_CASES = 500 };

static int is_case(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 4 && strcmp(entry->d_name + size - 4, ".sql") == 0;
}

int main(void)
{
    static struct CMUnitTest tests[MOST_CASES + 3] = {
        cmocka_unit_test(test_oracle__sends_what_psql_sends),
        cmocka_unit_test(test_oracle__says_why_it_stops),
        cmocka_unit_test(test_plain_text__commands_follow_the_rule),
    };
    struct dirent **entries;
    int count = scandir(PGUSHER_CASES, &entries, is_case, alphasort);
    must(count > 0 && count <= MOST_CASES, "no cases in %s, or too many", PGUSHER_CASES);
    for (int i = 0; i < count; i++) {
        char *name = strndup(entries[i]->d_name, strlen(entries[i]->d_name) - 4);
        tests[3 + i] = (struct CMUnitTest){ .name = name, .test_func = test_case, .initial_state = name };
        free(entries[i]);
    }
    free(entries);
    int failed = _cmocka_run_group_tests("cases", tests, (size_t) count + 3, NULL, NULL);
    for (int i = 0; i < count; i++)
        free(tests[3 + i].initial_state);
    return failed;
}
