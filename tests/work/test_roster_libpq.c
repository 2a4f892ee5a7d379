/*
 * What goes to libpq of a target, and that a secret stays one.
 */
#include <stdlib.h>

#include "rosters.h"

/* --- what goes to libpq ------------------------------------------------------------------------------------------------ */

static void test_roster__what_is_ours_does_not_go_to_libpq(void **state)
{
    (void) state;
    struct target target = build_url("host=a hostaddr=10.0.0.1 port=1 password=p connect_timeout=3 client_encoding=LATIN1 "
                                     "target_session_attrs=primary sslmode=require options='-c x=y'");
    static const char *const ours[] = { "host", "hostaddr", "port", "password", "connect_timeout", "target_session_attrs" };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        assert_null(keyword(&target, ours[i]));
    assert_string_equal(keyword(&target, "sslmode"), "require");
    assert_string_equal(keyword(&target, "options"), "-c x=y");
    assert_string_equal(keyword(&target, "client_encoding"), "UTF8");
    assert_string_equal(keyword(&target, "fallback_application_name"), "pgusher");
    assert_string_equal(target.password, "p");
    assert_int_equal(target.connect_timeout_ms, 3000);
    assert_int_equal(target.attrs, ATTRS_PRIMARY);
    assert_false(target.has_files);
}

static void test_roster__kerberos_is_asked_only_where_it_is_wanted(void **state)
{
    (void) state;
    struct target target = build_url("host=a");
    assert_string_equal(keyword(&target, "gssencmode"), "disable");
    target = build_url("host=a gssencmode=prefer");
    assert_string_equal(keyword(&target, "gssencmode"), "prefer");
    setenv("PGGSSENCMODE", "require", 1);
    target = build_url("host=a");
    assert_string_equal(keyword(&target, "gssencmode"), "require");
}

static void test_roster__whom_the_system_trusts_is_a_file_and_verified_in_full(void **state)
{
    (void) state;
    setenv("SSL_CERT_FILE", "/the/bundle.crt", 1);
    struct target target = build_url("host=a sslrootcert=system");
    assert_string_equal(keyword(&target, "sslrootcert"), "/the/bundle.crt");
    assert_string_equal(keyword(&target, "sslmode"), "verify-full");
    target = build_url("host=a sslrootcert=system sslmode=verify-full");
    assert_string_equal(keyword(&target, "sslrootcert"), "/the/bundle.crt");
    target = build_url("host=a sslrootcert=system.crt");
    assert_string_equal(keyword(&target, "sslrootcert"), "system.crt");
    assert_string_equal(keyword(&target, "sslmode"), "prefer");
    setenv("PGSSLROOTCERT", "system", 1);
    target = build_url("host=a");
    assert_string_equal(keyword(&target, "sslrootcert"), "/the/bundle.crt");
    assert_string_equal(keyword(&target, "sslmode"), "verify-full");
}

static void test_roster__whom_the_system_trusts_is_not_asked_half_heartedly(void **state)
{
    (void) state;
    setenv("SSL_CERT_FILE", "/the/bundle.crt", 1);
    struct fault fault = refuse(WORDS("DATABASE_URL=host=a sslrootcert=system sslmode=require"), NULL);
    assert_contains(fault.what, "DATABASE_URL");
    assert_contains(fault.what, "verify-full");
    setenv("PGSSLMODE", "prefer", 1);
    fault = refuse(WORDS("DATABASE_URL=host=a sslrootcert=system"), NULL);
    assert_contains(fault.what, "PGSSLMODE");
}

static void test_roster__a_connect_timeout_that_says_nothing_is_ours(void **state)
{
    (void) state;
    static const char *const urls[] = { "host=a", "host=a connect_timeout=0", "host=a connect_timeout=-1" };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        assert_int_equal(build_url(urls[i]).connect_timeout_ms, 10000);
}

static void test_roster__what_libpq_would_refuse_is_refused_before(void **state)
{
    (void) state;
    static const struct {
        const char *url;
        const char *what;
    } cases[] = {
        { "host=a sslmode=requir", "sslmode in DATABASE_URL: \"requir\"" },
        { "host=a sslmode=Require", "sslmode" },
        { "host=a target_session_attrs=primry", "target_session_attrs in DATABASE_URL: \"primry\"" },
        { "host=a connect_timeout=10s", "connect_timeout in DATABASE_URL: \"10s\"" },
        { "host=a connect_timeout=99999999999999999999", "connect_timeout" },
        { "host=a connect_timeout=4294967296", "connect_timeout" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_contains(refuse(WORDS(must_format("DATABASE_URL=%s", cases[i].url)), NULL).what, cases[i].what);
    static const char *const modes[] = { "disable", "allow", "prefer", "require", "verify-ca", "verify-full" };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        build_url(must_format("host=a sslmode=%s", modes[i]));
}

static void test_roster__any_password_stays_as_it_is(void **state)
{
    (void) state;
    const char *const passwords[] = { "p@ss", "a b", "100%", "'", "\"", "\\", "x=y", "päß", "%41", " " };
    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++) {
        struct target target = build(WORDS(must_format("POSTGRES_PASSWORD=%s", passwords[i])), NULL);
        assert_string_equal(target.password, passwords[i]);
    }
}

/* --- secrets ----------------------------------------------------------------------------------------------------------- */

static void test_roster__secrets_are_read_from_files_each_time(void **state)
{
    (void) state;
    const char *folder = folder_new();
    const char *path = folder_add(folder, "password", "one\n");
    const char *const *environment = WORDS("POSTGRES_HOST=db.test", must_format("POSTGRES_PASSWORD_FILE=%s", path));
    struct target target = build(environment, NULL);
    assert_true(target.has_files);
    assert_string_equal(target.password, "one");
    folder_add(folder, "password", "two");
    assert_string_equal(build(environment, NULL).password, "two");
}

static void test_roster__a_whole_url_may_be_a_secret(void **state)
{
    (void) state;
    const char *path = folder_add(folder_new(), "url", "postgresql://u:p@db.test/d\r\n");
    struct target target = build(WORDS(must_format("DATABASE_URL_FILE=%s", path)), NULL);
    assert_string_equal(hosts(&target), "db.test/-:5432");
    assert_string_equal(keyword(&target, "dbname"), "d");
    assert_true(target.has_files);
}

static void test_roster__a_broken_secret_is_not_quoted(void **state)
{
    (void) state;
    const char *path = folder_add(folder_new(), "url", "postgresql://u:" MARKER "%@db.test/d\n");
    struct fault fault = refuse(WORDS(must_format("DATABASE_URL_FILE=%s", path)), NULL);
    assert_contains(fault.what, "DATABASE_URL_FILE");
    assert_lacks(fault.what, MARKER);
    assert_lacks(fault.detail, MARKER);
    fault = refuse(WORDS("DATABASE_URL=host=a,b port=1,2,3 password=" MARKER), NULL);
    assert_lacks(fault.what, MARKER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROSTER_TEST(test_roster__what_is_ours_does_not_go_to_libpq),
        ROSTER_TEST(test_roster__kerberos_is_asked_only_where_it_is_wanted),
        ROSTER_TEST(test_roster__whom_the_system_trusts_is_a_file_and_verified_in_full),
        ROSTER_TEST(test_roster__whom_the_system_trusts_is_not_asked_half_heartedly),
        ROSTER_TEST(test_roster__a_connect_timeout_that_says_nothing_is_ours),
        ROSTER_TEST(test_roster__what_libpq_would_refuse_is_refused_before),
        ROSTER_TEST(test_roster__any_password_stays_as_it_is),
        ROSTER_TEST(test_roster__secrets_are_read_from_files_each_time),
        ROSTER_TEST(test_roster__a_whole_url_may_be_a_secret),
        ROSTER_TEST(test_roster__a_broken_secret_is_not_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
