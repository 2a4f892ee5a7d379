/*
 * libpq's strings as words. Above all: whatever is wrong with a string, no part of it comes out in a fault, since any part may be
 * the password.
 */
#include <stdlib.h>

#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"
#include "support/testing.h"
#include "wire/conninfo.h"

static struct arena arena;

static int make(void **state)
{
    (void) state;
    arena_init(&arena);
    const char *const names[] = { "PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGSERVICEFILE" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

static struct conninfo parse(const char *text)
{
    struct conninfo conninfo;
    struct fault fault;
    if (!conninfo_parse(&conninfo, &arena, text, "DATABASE_URL", &fault))
        fail_msg("%s: %s", text, fault.what);
    return conninfo;
}

static void expect(const struct conninfo *conninfo, const char *keyword, const char *value)
{
    const char *found = conninfo_value(conninfo, keyword);
    assert_non_null(found);
    assert_string_equal(found, value);
}

/* --- strings ----------------------------------------------------------------------------------------------------------- */

static void test_conninfo__a_uri_is_taken_apart(void **state)
{
    (void) state;
    struct conninfo conninfo = parse("postgresql://u%20x:p%40%25%20w@db:5433/name?sslmode=require&application_name=a");
    expect(&conninfo, "user", "u x");
    expect(&conninfo, "password", "p@% w");
    expect(&conninfo, "host", "db");
    expect(&conninfo, "port", "5433");
    expect(&conninfo, "dbname", "name");
    expect(&conninfo, "sslmode", "require");
    assert_int_equal(conninfo.count, 7);
    assert_null(conninfo_value(&conninfo, "hostaddr"));
}

static void test_conninfo__several_hosts_stay_lists(void **state)
{
    (void) state;
    struct conninfo conninfo = parse("postgres://a:1,b,[::1]:3/");
    expect(&conninfo, "host", "a,b,::1");
    expect(&conninfo, "port", "1,,3");
}

static void test_conninfo__words_are_taken_apart(void **state)
{
    (void) state;
    struct conninfo conninfo = parse("host = /tmp  password='it\\'s' user='a \\'b\\\\' ");
    expect(&conninfo, "host", "/tmp");
    expect(&conninfo, "user", "a 'b\\");
    expect(&conninfo, "password", "it's");
    conninfo = parse("");
    assert_int_equal(conninfo.count, 0);
}

/* What is wrong, and where it is; every %s is the marker. */
static const char *const broken[] = {
    "postgresql://u:%s%%@h/d",
    "postgresql://u:%s%%zz@h/d",
    "postgresql://u:%s%%00@h/d",
    "postgresql://u:%s@[::1/d",
    "postgresql://u:%s@[]/d",
    "postgresql://u:%s@[::1]x/d",
    "postgresql://u:%s@h/d?sslmode",
    "postgresql://u:%s@h/d?sslmode=a=b",
    "postgresql://u:%s@h/d?nothing=1",
    "postgresql://u:x@h/d?%s=1",
    "postgresql://u:x@h/d?passwort=%s",
    "postgresql://u:x@h/d?password=%s%%",
    "postgresql://u@%s%%:@[h/d",
    "postgresql://u:x@h:1/%s%%",
    "postgresql://u:%s@h@[g/d",
    "host=h password %s",
    "%s",
    "host=h password='%s",
    "password='%s' 'x'",
    "passwort=%s",
    "%s=x",
    "host=h %s",
    "password=x%s = = y z",
    "user=u password=%s\\",
    " postgresql://u:%s@h/d",
    "mysql://u:%s@h/d",
    "jdbc:postgresql://u:%s@h/d",
    "postgres:/u:%s@h/d",
};

static void expect_no_leak(const char *text, const char *marker)
{
    struct conninfo conninfo;
    struct fault fault;
    fault_clear(&fault);
    if (conninfo_parse(&conninfo, &arena, text, "DATABASE_URL", &fault))
        return;
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "DATABASE_URL");
    assert_int_not_equal(strlen(fault.detail), 0);
    assert_lacks(fault.what, marker);
    assert_lacks(fault.detail, marker);
    assert_lacks(fault.hint, marker);
    assert_lacks(fault.context, marker);
}

static void test_conninfo__no_part_of_a_broken_string_comes_out(void **state)
{
    (void) state;
    const char *const marker = "Xq7zSecretW";
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct bytes text = { 0 };
        for (const char *at = broken[i]; *at != '\0'; at++) {
            if (at[0] == '%' && at[1] == 's')
                bytes_add(&text, marker, strlen(marker)), at++;
            else if (at[0] == '%' && at[1] == '%')
                bytes_add(&text, "%", 1), at++;
            else
                bytes_add(&text, at, 1);
        }
        expect_no_leak(text.at, marker);
        bytes_finish(&text);
    }
}

/* The same with a good string of which each byte in turn is left out, doubled, or made another. */
static void test_conninfo__no_part_of_a_damaged_string_comes_out(void **state)
{
    (void) state;
    const char *const marker = "Xq7zSecretW";
    const char *const good[] = { "postgresql://user:Xq7zSecretW@db.example:5432/name?sslmode=require&connect_timeout=3",
                                 "host=db user='the user' password='Xq7zSecretW' dbname=name" };
    const char others[] = " %@:/?=&'\\[]#\x01\xff";
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t size = strlen(good[i]);
        size_t secret = (size_t) (strstr(good[i], marker) - good[i]);
        for (size_t at = 0; at < size; at++) {
            if (at >= secret && at < secret + strlen(marker))
                continue;
            expect_no_leak(must_format("%.*s%s", (int) at, good[i], good[i] + at + 1), marker);
            for (size_t other = 0; other < sizeof others - 1; other++)
                expect_no_leak(must_format("%.*s%c%s", (int) at, good[i], others[other], good[i] + at + 1), marker);
            expect_no_leak(must_format("%.*s", (int) (at > secret ? at : size), good[i]), marker);
        }
    }
}

static void test_conninfo__a_broken_string_is_told_what_is_wrong(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *told;
    } cases[] = {
        { "postgresql://u:100%@h/d", "%25" },
        { "postgresql://u:a%00@h/d", "%00" },
        { "postgresql://h/d?sslmode", "has no '='" },
        { "postgresql://h/d?sslmode=a=b", "two '='" },
        { "postgresql://h/d?nothing=1", "a parameter that libpq does not know" },
        { "postgresql://u@[::1]x/d", "percent-encoded" },
        { "postgresql://u@[::1/d", "']'" },
        { "postgresql://u@[]/d", "empty IPv6 address" },
        { "mysql://u@h/d", "postgresql://" },
        { "host='h", "not closed" },
        { "hots=h", "a keyword that libpq does not know" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conninfo conninfo;
        struct fault fault;
        assert_false(conninfo_parse(&conninfo, &arena, cases[i].text, "--database", &fault));
        assert_contains(fault.what, "--database");
        assert_contains(fault.detail, cases[i].told);
    }
}

static void test_conninfo__a_misspelt_keyword_is_guessed(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *hint;
    } cases[] = {
        { "hots=h", "Did you mean host?" },
        { "postgresql://h/d?sslmod=require", "Did you mean sslmode?" },
        { "xyzzy=1", "" },
        { "host='h", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conninfo conninfo;
        struct fault fault;
        assert_false(conninfo_parse(&conninfo, &arena, cases[i].text, "--database", &fault));
        assert_string_equal(fault.hint, cases[i].hint);
    }
}

/* --- defaults ---------------------------------------------------------------------------------------------------------- */

static const char *variable_of(const struct conninfo *conninfo, const char *keyword)
{
    for (size_t i = 0; i < conninfo->count; i++)
        if (strcmp(conninfo->words[i].keyword, keyword) == 0)
            return conninfo->words[i].variable;
    return "not there";
}

static void test_conninfo__defaults_say_where_they_come_from(void **state)
{
    (void) state;
    struct conninfo conninfo;
    struct fault fault;
    setenv("PGHOST", "from.environment", 1);
    assert_true(conninfo_defaults(&conninfo, &arena, NULL, &fault));
    expect(&conninfo, "host", "from.environment");
    expect(&conninfo, "port", "5432");
    assert_string_equal(variable_of(&conninfo, "host"), "PGHOST");
    assert_null(variable_of(&conninfo, "port"));
}

static void test_conninfo__an_address_that_was_claimed_is_a_default_all_the_same(void **state)
{
    (void) state;
    struct conninfo conninfo;
    struct fault fault;
    setenv("PGHOSTADDR", "10.0.0.9", 1);
    conninfo_claim_environment();
    assert_null(getenv("PGHOSTADDR"));
    assert_true(conninfo_defaults(&conninfo, &arena, NULL, &fault));
    expect(&conninfo, "hostaddr", "10.0.0.9");
    assert_string_equal(variable_of(&conninfo, "hostaddr"), "PGHOSTADDR");
    setenv("PGSERVICEFILE", folder_add(folder_new(), "pg_service.conf", "[known]\nhostaddr=10.0.0.1\n"), 1);
    assert_true(conninfo_defaults(&conninfo, &arena, "known", &fault));
    expect(&conninfo, "hostaddr", "10.0.0.1");
    assert_null(variable_of(&conninfo, "hostaddr"));
    assert_true(conninfo_parse(&conninfo, &arena, "host=a", "--database", &fault));
    assert_null(conninfo_value(&conninfo, "hostaddr"));
    conninfo_claim_environment(); /* nothing is claimed any more */
}

static void write_service_file(void)
{
    const char *folder = folder_new();
    setenv("PGSERVICEFILE", folder_add(folder, "pg_service.conf", "[known]\nhost=from.service\nport=6543\nuser=served\n"),
           1);
}

static void test_conninfo__a_service_is_expanded(void **state)
{
    (void) state;
    struct conninfo conninfo;
    struct fault fault;
    write_service_file();
    assert_true(conninfo_defaults(&conninfo, &arena, "known", &fault));
    expect(&conninfo, "host", "from.service");
    expect(&conninfo, "port", "6543");
    expect(&conninfo, "user", "served");
    assert_null(getenv("PGSERVICE")); /* the next target may have none */
    setenv("PGSERVICE", "other", 1);
    assert_true(conninfo_defaults(&conninfo, &arena, "known", &fault));
    assert_string_equal(getenv("PGSERVICE"), "other");
    unsetenv("PGSERVICE");
}

static void test_conninfo__a_service_of_the_environment_is_expanded(void **state)
{
    (void) state;
    struct conninfo conninfo;
    struct fault fault;
    write_service_file();
    setenv("PGSERVICE", "known", 1);
    assert_true(conninfo_defaults(&conninfo, &arena, NULL, &fault));
    expect(&conninfo, "host", "from.service");
}

static void test_conninfo__a_service_that_is_not_there_is_refused(void **state)
{
    (void) state;
    struct conninfo conninfo;
    struct fault fault;
    write_service_file();
    assert_false(conninfo_defaults(&conninfo, &arena, "unknown", &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "\"unknown\"");
    unsetenv("PGSERVICE");
    setenv("PGSERVICE", "unheard", 1);
    assert_false(conninfo_defaults(&conninfo, &arena, NULL, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "\"unheard\"");
    setenv("PGSERVICEFILE", "/nowhere/pg_service.conf", 1);
    assert_false(conninfo_defaults(&conninfo, &arena, "known", &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

static bool parse_all(void *argument, struct fault *fault)
{
    struct arena own;
    struct conninfo conninfo;
    arena_init(&own);
    bool ok =
        conninfo_parse(&conninfo, &own, argument, "DATABASE_URL", fault) && conninfo_defaults(&conninfo, &own, NULL, fault);
    arena_finish(&own);
    return ok;
}

static void test_conninfo__ends_cleanly_without_memory(void **state)
{
    (void) state;
    char large[20000];
    memset(large, 'x', sizeof large);
    memcpy(large, "user=", 5);
    memcpy(large + 9000, " dbname=", 8);
    large[sizeof large - 1] = '\0';
    starve(parse_all, large);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_conninfo__a_uri_is_taken_apart),
        TEST(test_conninfo__several_hosts_stay_lists),
        TEST(test_conninfo__words_are_taken_apart),
        TEST(test_conninfo__no_part_of_a_broken_string_comes_out),
        TEST(test_conninfo__no_part_of_a_damaged_string_comes_out),
        TEST(test_conninfo__a_broken_string_is_told_what_is_wrong),
        TEST(test_conninfo__a_misspelt_keyword_is_guessed),
        TEST(test_conninfo__defaults_say_where_they_come_from),
        TEST(test_conninfo__an_address_that_was_claimed_is_a_default_all_the_same),
        TEST(test_conninfo__a_service_is_expanded),
        TEST(test_conninfo__a_service_of_the_environment_is_expanded),
        TEST(test_conninfo__a_service_that_is_not_there_is_refused),
        TEST(test_conninfo__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
