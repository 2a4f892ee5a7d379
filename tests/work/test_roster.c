/*
 * From what was said to a target: who beats whom, which hosts follow, what goes to libpq, and that a secret stays one. Nothing is
 * asked of any server.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"
#include "support/testing.h"
#include "work/roster.h"
#include "work/secret.h"

#define MARKER "Xq7zSecretW"

static struct arena arena;
static struct settings settings;
static struct bytes told;
static struct journal journal;

static void tell(void *owner, const struct event *event)
{
    (void) owner;
    bytes_add_format(&told, "%s: %s\n", event_name(event->kind), event->msg);
}

static int make(void **state)
{
    (void) state;
    static const char *const names[] = { "PGHOST",
                                         "PGHOSTADDR",
                                         "PGPORT",
                                         "PGUSER",
                                         "PGSERVICE",
                                         "PGSERVICEFILE",
                                         "PGCONNECT_TIMEOUT",
                                         "PGTARGETSESSIONATTRS",
                                         "PGDATABASE",
                                         "PGGSSENCMODE",
                                         "PGSSLMODE",
                                         "PGSSLROOTCERT",
                                         "SSL_CERT_FILE" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    arena_init(&arena);
    journal_init(&journal, LEVEL_DEBUG, tell, NULL);
    bytes_add(&told, "", 0);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    arena_finish(&arena);
    bytes_finish(&told);
    return 0;
}

/* libpq's own variables are in this process's environment, the others in the list. */
static void read_settings(const char *const *environment, const char *const *words)
{
    enum { MOST = 20 };
    const char *argv[MOST + 1] = { "pgusher", "wait" };
    struct fault fault;
    int argc = 2;
    for (; words != NULL && *words != NULL && argc < MOST; words++)
        argv[argc++] = *words;
    argv[argc] = NULL;
    if (!settings_read(&settings, &arena, argc, argv, environment, &fault))
        fail_msg("%s", fault.what);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING    ((const char *const[]){ NULL })

static struct target build(const char *const *environment, const char *const *words)
{
    struct target target;
    struct fault fault;
    read_settings(environment, words);
    if (!target_build(&target, &arena, &settings, &journal, &fault))
        fail_msg("%s: %s", fault.what, fault.detail);
    return target;
}

static struct target build_url(const char *url)
{
    return build(WORDS(must_format("DATABASE_URL=%s", url)), NULL);
}

static struct fault refuse(const char *const *environment, const char *const *words)
{
    struct target target;
    struct fault fault;
    fault_clear(&fault);
    read_settings(environment, words);
    assert_false(target_build(&target, &arena, &settings, &journal, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    return fault;
}

static const char *keyword(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->keyword_count; i++)
        if (strcmp(target->keywords[i], name) == 0)
            return target->values[i];
    return NULL;
}

/* "name/address:port, ...": - for what is not there, ! for a socket. */
static const char *hosts(const struct target *target)
{
    const char *text = "";
    for (size_t i = 0; i < target->host_count; i++) {
        const struct target_host *host = &target->hosts[i];
        text = must_format("%s%s%s/%s:%s%s", text, i > 0 ? ", " : "", host->name != NULL ? host->name : "-",
                           host->address != NULL ? host->address : "-", host->port, host->is_socket ? "!" : "");
    }
    return text;
}

/* --- hosts ------------------------------------------------------------------------------------------------------------- */

static void test_roster__hosts_follow_from_names_addresses_and_ports(void **state)
{
    (void) state;
    static const struct {
        const char *url;
        const char *hosts;
        const char *label;
    } cases[] = {
        { "postgresql:///d", "-/-:5432!", "local:5432" },
        { "postgresql://db/d", "db/-:5432", "db:5432" },
        { "postgresql://db:6543/d", "db/-:6543", "db:6543" },
        { "postgresql://10.0.0.9/d", "10.0.0.9/10.0.0.9:5432", "10.0.0.9:5432" },
        { "postgresql://[::1]:6543/d", "::1/::1:6543", "[::1]:6543" },
        { "host=/run/pg", "/run/pg/-:5432!", "/run/pg:5432" },
        { "host=@abstract", "@abstract/-:5432!", "@abstract:5432" },
        { "host=db hostaddr=10.0.0.9", "db/10.0.0.9:5432", "db:5432" },
        { "hostaddr=10.0.0.9 port=1", "-/10.0.0.9:1", "10.0.0.9:1" },
        { "postgresql://a:1,b:2,c/d", "a/-:1, b/-:2, c/-:5432", "a:1,b:2,c:5432" },
        { "host=a,b port=7", "a/-:7, b/-:7", "a:7,b:7" },
        { "host=a,b hostaddr=10.0.0.1,10.0.0.2", "a/10.0.0.1:5432, b/10.0.0.2:5432", "a:5432,b:5432" },
        { "host=a,b hostaddr=,10.0.0.2", "a/-:5432, b/10.0.0.2:5432", "a:5432,b:5432" },
        { "host=a,,/s", "a/-:5432, -/-:5432!, /s/-:5432!", "a:5432,local:5432,/s:5432" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct target target = build_url(cases[i].url);
        assert_string_equal(hosts(&target), cases[i].hosts);
        assert_string_equal(target.label, cases[i].label);
    }
}

static void test_roster__lists_that_do_not_fit_are_refused(void **state)
{
    (void) state;
    static const char *const urls[] = { "host=a,b port=1,2,3", "host=a,b hostaddr=10.0.0.1", "host=a port=1,2",
                                        "host=a target_session_attrs=sometimes" };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct fault fault = refuse(WORDS(must_format("DATABASE_URL=%s", urls[i])), NULL);
        assert_int_not_equal(strlen(fault.what), 0);
    }
    struct bytes many = { 0 };
    bytes_add_format(&many, "DATABASE_URL=host=a");
    for (int i = 0; i < 64; i++)
        bytes_add(&many, ",a", 2);
    assert_contains(refuse(WORDS(many.at), NULL).what, "65 hosts");
    bytes_finish(&many);
}

static void test_roster__knows_the_same_hosts_again(void **state)
{
    (void) state;
    static const char *const urls[] = { "host=a",   "host=b",           "host=a port=1",
                                        "host=a,b", "host=b,a",         "host=a hostaddr=10.0.0.1",
                                        "host=/a",  "hostaddr=10.0.0.1" };
    enum { COUNT = sizeof urls / sizeof urls[0] };
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++) {
            struct target one = build_url(urls[i]);
            struct target other = build_url(must_format("%s user=x password=y", urls[j]));
            assert_int_equal(target_same_hosts(&one, &other), i == j);
        }
}

/* --- who beats whom ---------------------------------------------------------------------------------------------------- */

static void test_roster__a_flag_beats_the_url_which_beats_postgres_which_beats_libpq(void **state)
{
    (void) state;
    const char *const *environment =
        WORDS("DATABASE_URL=postgresql://url:urlword@url.test:2/url?application_name=url", "POSTGRES_HOST=postgres.test",
              "POSTGRES_USER=postgres", "POSTGRES_DB=postgres", "POSTGRES_PASSWORD=postgresword");
    setenv("PGHOST", "libpq.test", 1);
    setenv("PGPORT", "4", 1);
    setenv("PGCONNECT_TIMEOUT", "7", 1);
    struct target target = build(environment, WORDS("-h", "flag.test"));
    assert_string_equal(hosts(&target), "flag.test/-:2");
    assert_string_equal(keyword(&target, "user"), "url");
    assert_string_equal(keyword(&target, "dbname"), "url");
    assert_string_equal(target.password, "urlword");
    assert_int_equal(target.connect_timeout_ms, 7000);
}

static void test_roster__what_loses_is_told_by_name_and_never_by_value(void **state)
{
    (void) state;
    setenv("PGPORT", "4", 1);
    build(WORDS("DATABASE_URL=postgresql://u:" MARKER "@db.test:2/d", "POSTGRES_PASSWORD=other" MARKER), NULL);
    assert_contains(told.at, "config_overridden: POSTGRES_PASSWORD says another password than DATABASE_URL, which wins\n");
    assert_contains(told.at, "config_overridden: PGPORT says another port than DATABASE_URL, which wins\n");
    assert_lacks(told.at, MARKER);
    bytes_drop(&told, told.size);
    build(WORDS("DATABASE_URL=postgresql://u:" MARKER "@db.test:4/d", "POSTGRES_PASSWORD=" MARKER), NULL);
    assert_string_equal(told.at, "");
}

static void test_roster__libpqs_own_default_host_and_attributes_are_known(void **state)
{
    (void) state;
    setenv("PGHOST", "a,b", 1);
    setenv("PGPORT", "1,2", 1);
    setenv("PGTARGETSESSIONATTRS", "prefer-standby", 1);
    struct target target = build(NOTHING, NULL);
    assert_string_equal(hosts(&target), "a/-:1, b/-:2");
    assert_int_equal(target.attrs, ATTRS_PREFER_STANDBY);
}

static void test_roster__an_address_of_another_host_is_not_taken(void **state)
{
    (void) state;
    setenv("PGHOSTADDR", "10.0.0.9", 1);
    struct target target = build(WORDS("POSTGRES_HOST=db.test"), NULL);
    assert_string_equal(hosts(&target), "db.test/-:5432");
    assert_null(getenv("PGHOSTADDR")); /* libpq would find it again */
    setenv("PGHOSTADDR", "10.0.0.9", 1);
    setenv("PGHOST", "db.test", 1);
    target = build(NOTHING, NULL);
    assert_string_equal(hosts(&target), "db.test/10.0.0.9:5432");
}

static void test_roster__a_service_says_where_the_host_is(void **state)
{
    (void) state;
    const char *folder = folder_new();
    setenv("PGSERVICEFILE", folder_add(folder, "services", "[main]\nhost=served.test\nport=6543\n"), 1);
    struct target target = build_url("service=main");
    assert_string_equal(hosts(&target), "served.test/-:6543");
    assert_string_equal(keyword(&target, "service"), "main"); /* for all else that it says */
    assert_contains(refuse(WORDS("DATABASE_URL=service=none"), NULL).what, "\"none\"");
}

/* --- targets of a list ------------------------------------------------------------------------------------------------- */

static struct target build_target(const struct target_spec *spec)
{
    struct target target;
    struct fault fault;
    if (!target_build_one(&target, &arena, &settings, spec, &fault))
        fail_msg("%s: %s", fault.what, fault.detail);
    return target;
}

static struct target build_text(const char *text)
{
    return build_target(&(struct target_spec){ .text = text, .origin = "--target" });
}

static void test_roster__a_target_takes_its_credentials_from_the_main_configuration(void **state)
{
    (void) state;
    read_settings(WORDS("POSTGRES_HOST=main.test", "POSTGRES_PORT=7000", "POSTGRES_USER=app", "POSTGRES_PASSWORD=p",
                        "DATABASE_URL=dbname=main sslmode=require"),
                  NULL);
    struct target target = build_text("host=a");
    assert_string_equal(hosts(&target), "a/-:5432");
    assert_string_equal(keyword(&target, "user"), "app");
    assert_string_equal(keyword(&target, "dbname"), "main");
    assert_string_equal(keyword(&target, "sslmode"), "require");
    assert_string_equal(target.password, "p");
    assert_string_equal(target.label, "a:5432");
    target = build_text("postgresql://other:secret@b:6000/shop?sslmode=disable");
    assert_string_equal(hosts(&target), "b/-:6000");
    assert_string_equal(keyword(&target, "user"), "other");
    assert_string_equal(keyword(&target, "sslmode"), "disable");
    assert_string_equal(target.password, "secret");
    assert_string_equal(target.label, "b:6000/shop");
    target = build_text("dbname=shop");
    assert_string_equal(hosts(&target), "main.test/-:7000");
    assert_string_equal(target.label, "main.test:7000/shop");
}

static void test_roster__a_targets_place_is_its_own(void **state)
{
    (void) state;
    setenv("PGHOST", "main.test", 1);
    setenv("PGHOSTADDR", "10.0.0.9", 1);
    read_settings(NOTHING, NULL);
    struct target target = build_text("hostaddr=10.0.0.1");
    assert_string_equal(hosts(&target), "-/10.0.0.1:5432");
    setenv("PGSERVICEFILE", folder_add(folder_new(), "services", "[one]\nhost=one.test\nport=6543\n[two]\nhost=two.test\n"),
           1);
    unsetenv("PGHOST");
    unsetenv("PGHOSTADDR");
    target = build_text("service=one");
    assert_string_equal(hosts(&target), "one.test/-:6543");
    target = build_text("service=two");
    assert_string_equal(hosts(&target), "two.test/-:5432");
    target = build_text("user=u");
    assert_string_equal(hosts(&target), "-/-:5432!"); /* nothing is left of the services */
}

static void test_roster__one_host_of_a_target_and_one_address_of_it(void **state)
{
    (void) state;
    read_settings(WORDS("DATABASE_URL=host=a,b port=1,2"), NULL);
    struct target target = build_target(&(struct target_spec){ .is_narrow = true, .host = 1 });
    assert_string_equal(hosts(&target), "b/-:2");
    assert_string_equal(target.label, "b:2");
    target = build_target(&(struct target_spec){ .is_narrow = true, .host = 1, .address = "fd00::7" });
    assert_string_equal(hosts(&target), "b/fd00::7:2");
    assert_string_equal(target.label, "[fd00::7]:2");
}

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

struct secret_case {
    const char *text;
    const char *secret;
};

static const char *read_secret(const char *path)
{
    char *text = NULL;
    struct fault fault;
    if (!secret_read(&text, &arena, path, "POSTGRES_PASSWORD_FILE", &fault))
        fail_msg("%s", fault.what);
    return text;
}

static void test_secret__loses_one_newline_and_nothing_else(void **state)
{
    (void) state;
    static const struct secret_case cases[] = {
        { "x", "x" },     { "x\n", "x" }, { "x\r\n", "x" }, { "x\n\n", "x\n" },
        { " x ", " x " }, { "\n", "" },   { "", "" },       { "a\nb", "a\nb" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(read_secret(folder_add(folder_new(), "secret", cases[i].text)), cases[i].secret);
}

static void expect_unreadable(const char *path, const char *told_of)
{
    char *text = NULL;
    struct fault fault;
    fault_clear(&fault);
    assert_false(secret_read(&text, &arena, path, "POSTGRES_PASSWORD_FILE", &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "POSTGRES_PASSWORD_FILE");
    assert_contains(fault.what, path);
    assert_contains(fault.what, told_of);
    assert_lacks(fault.what, MARKER);
}

static void test_secret__what_cannot_be_one_is_refused(void **state)
{
    (void) state;
    const char *folder = folder_new();
    expect_unreadable(must_format("%s/none", folder), "No such file");
    expect_unreadable(folder, "directory");
    expect_unreadable(folder_add_bytes(folder, "nul", MARKER "\0x", sizeof MARKER + 1), "NUL");
    char *large = must_alloc(64 * 1024 + 2);
    memset(large, 'x', 64 * 1024 + 1);
    expect_unreadable(folder_add(folder, "large", large), "64 kB");
    large[64 * 1024] = '\0';
    assert_int_equal(strlen(read_secret(folder_add(folder, "just", large))), 64 * 1024);
    free(large);
}

static void test_secret__a_fifo_does_not_hold_it_up(void **state)
{
    (void) state;
    const char *path = must_format("%s/fifo", folder_new());
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_unreadable(path, "no regular file");
}

/* --- no memory --------------------------------------------------------------------------------------------------------- */

static bool build_anew(void *argument, struct fault *fault)
{
    struct arena own;
    struct target target;
    (void) argument;
    arena_init(&own);
    bool ok = target_build(&target, &own, &settings, NULL, fault);
    arena_finish(&own);
    return ok;
}

static void test_roster__ends_cleanly_without_memory(void **state)
{
    (void) state;
    char *large = must_alloc(9000);
    memset(large, 'x', 8999);
    const char *path = folder_add(folder_new(), "url", "host=a,b,10.0.0.1 port=1,2,3 user=u");
    read_settings(WORDS(must_format("DATABASE_URL_FILE=%s", path), must_format("POSTGRES_DB=%s", large)), NULL);
    starve(build_anew, NULL);
    free(large);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_roster__hosts_follow_from_names_addresses_and_ports),
        TEST(test_roster__lists_that_do_not_fit_are_refused),
        TEST(test_roster__knows_the_same_hosts_again),
        TEST(test_roster__a_flag_beats_the_url_which_beats_postgres_which_beats_libpq),
        TEST(test_roster__what_loses_is_told_by_name_and_never_by_value),
        TEST(test_roster__libpqs_own_default_host_and_attributes_are_known),
        TEST(test_roster__an_address_of_another_host_is_not_taken),
        TEST(test_roster__a_service_says_where_the_host_is),
        TEST(test_roster__a_target_takes_its_credentials_from_the_main_configuration),
        TEST(test_roster__a_targets_place_is_its_own),
        TEST(test_roster__one_host_of_a_target_and_one_address_of_it),
        TEST(test_roster__what_is_ours_does_not_go_to_libpq),
        TEST(test_roster__kerberos_is_asked_only_where_it_is_wanted),
        TEST(test_roster__whom_the_system_trusts_is_a_file_and_verified_in_full),
        TEST(test_roster__whom_the_system_trusts_is_not_asked_half_heartedly),
        TEST(test_roster__a_connect_timeout_that_says_nothing_is_ours),
        TEST(test_roster__what_libpq_would_refuse_is_refused_before),
        TEST(test_roster__any_password_stays_as_it_is),
        TEST(test_roster__secrets_are_read_from_files_each_time),
        TEST(test_roster__a_whole_url_may_be_a_secret),
        TEST(test_roster__a_broken_secret_is_not_quoted),
        TEST(test_secret__loses_one_newline_and_nothing_else),
        TEST(test_secret__what_cannot_be_one_is_refused),
        TEST(test_secret__a_fifo_does_not_hold_it_up),
        TEST(test_roster__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
