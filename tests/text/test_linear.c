/*
 * Large files are read in time and memory proportional to their size. Time is counted, not measured (see counting.h): four times
 * the text may cost four times the work and no more.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "counting.h"
#include "support/must.h"
#include "support/testing.h"
#include "text/script.h"

#undef memcpy

size_t counted_work;

void __sanitizer_cov_trace_pc(void)
{
    counted_work++;
}

enum { MB = 1000 * 1000 };

struct shape {
    const char *begin;
    const char *part; /* again and again */
    const char *end;
    size_t size; /* at most so many bytes of parts */
};

static char *text_of(const struct shape *shape, size_t size, size_t *text_size)
{
    size_t part = strlen(shape->part);
    size_t begin = strlen(shape->begin);
    size_t times = size / part;
    *text_size = begin + times * part + strlen(shape->end);
    char *text = malloc(*text_size + 1);
    must(text != NULL, "the harness is out of memory");
    memcpy(text, shape->begin, begin);
    for (size_t i = 0; i < times; i++)
        memcpy(text + begin + i * part, shape->part, part);
    strcpy(text + begin + times * part, shape->end);
    return text;
}

static size_t peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t) usage.ru_maxrss * 1024;
}

#if defined(__SANITIZE_ADDRESS__)
enum { MOST_MEMORY = 64, SMALLER = 10 }; /* a sanitizer makes a second take minutes */
#else
enum {
    MOST_MEMORY = 16,
    SMALLER = 1
}; /* bytes for each byte of text: 48 a statement, which may double while they grow in number */
#endif

struct cost {
    size_t size;
    size_t work;
    size_t memory;
};

static struct cost cost_of(const struct shape *shape, size_t size)
{
    struct cost cost;
    char *text = text_of(shape, size, &cost.size);
    struct source source = { .name = "m.sql", .bytes = text, .size = cost.size };
    struct script script;
    struct arena arena;
    struct fault fault;
    arena_init(&arena);
    counted_work = 0;
    size_t before = peak_bytes();
    script_read(&script, &arena, &source, &fault);
    cost.memory = peak_bytes() - before;
    cost.work = counted_work;
    arena_finish(&arena);
    free(text);
    return cost;
}

static void check(const struct shape *shape)
{
    struct cost quarter = cost_of(shape, shape->size / 4 / SMALLER);
    struct cost whole = cost_of(shape, shape->size / SMALLER);
    assert_true(quarter.work > quarter.size / 100); /* it is counted */
    if (whole.work > 4 * quarter.work + quarter.work / 10 + 10000)
        fail_msg("%zu bytes cost %zu, %zu bytes cost %zu: %.40s", quarter.size, quarter.work, whole.size, whole.work,
                 shape->part);
    if (whole.memory > whole.size * MOST_MEMORY + MB)
        fail_msg("%zu bytes took %zu bytes of memory: %.40s", whole.size, whole.memory, shape->part);
}

static void test_linear__one_statement_of_50_mb(void **state)
{
    (void) state;
    static const struct shape shapes[] = {
        { "SELECT 1", "\n  , 'it''s', E'a\\'b', $$ c $$, (a.b + 1e5) /* d */ -- e", "\n;", 50 * MB },
        { "CREATE TABLE t (", "a_b integer NOT NULL,\n", "c text) WITH (x = y);", 10 * MB },
        { "INSERT INTO t VALUES (1, 'a')", ",(1,'a''b')", ";", 10 * MB },
        { "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC ", "SELECT CASE WHEN a THEN b END; ", "END;", 10 * MB },
        { "DO $a$", "BEGIN $b$ $ END; ", "$a$;", 10 * MB },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        check(&shapes[i]);
}

static void test_linear__five_million_statements(void **state)
{
    (void) state;
    check(&(struct shape){ "", "SELECT 1;\n", "", 50 * MB });
    check(&(struct shape){ "BEGIN;", "DROP INDEX i;\n", "COMMIT;", 5 * MB });
    check(&(struct shape){ "", "COPY t FROM stdin;\n1\n\\.\n", "", 5 * MB });
}

static void test_linear__one_string_that_never_ends(void **state)
{
    (void) state;
    static const struct shape shapes[] = {
        { "SELECT '", "a -- b''\n", "", 50 * MB },
        { "SELECT E'", "a\\'", "", 10 * MB },
        { "SELECT \"", "a b\n", "", 10 * MB },
        { "DO $a$", "a $ $b $a $a", "", 10 * MB },
        { "COPY t FROM stdin;", "\n1\n\\.x", "", 10 * MB },
        { "SELECT (", "1; ", "", 10 * MB },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        check(&shapes[i]);
}

static void test_linear__a_hundred_thousand_nested_comments(void **state)
{
    (void) state;
    check(&(struct shape){ "SELECT 1; ", "/* a ", "", 100000 * 5 });
    check(&(struct shape){ "", "/* a */", "SELECT 1", 100000 * 7 });
    check(&(struct shape){ "/*", "/**//***/*/ /*", "", 100000 * 14 });
}

/* Where the lexer looks back at what it passed over. */
static void test_linear__text_without_blanks(void **state)
{
    (void) state;
    static const char *const parts[] = { "e'a'", "a$b$c", "1e--2\n", "a.e-", "$1$a", "::e''", "U&''", "-/", "+e-", "a$" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        check(&(struct shape){ "SELECT a", parts[i], "", 1 * MB });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear__text_without_blanks),
        cmocka_unit_test(test_linear__a_hundred_thousand_nested_comments),
        cmocka_unit_test(test_linear__one_string_that_never_ends),
        cmocka_unit_test(test_linear__one_statement_of_50_mb),
        cmocka_unit_test(test_linear__five_million_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
