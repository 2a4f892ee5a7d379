/*
 * From what was said to a target: who beats whom, which hosts follow, and what a target of a list has of its own. Nothing is asked of any
 * server.
 */
#include <stdlib.h>

#include "rosters.h"

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
    setenv("PGHOST", "db.test", 1);
    target = build(NOTHING, NULL);
    assert_string_equal(hosts(&target), "db.test/10.0.0.9:5432");
}

static void test_roster__a_service_says_where_the_host_is(void **state)
{
    (void) state;
    const char *folder = folder_new();
    setenv("PGSERVICEFILE", folder_add(folder, "services", "[main]\nhost=served.test\nport=6543\nuser=served\npassword=p\n"),
           1);
    struct target target = build_url("service=main");
    assert_string_equal(hosts(&target), "served.test/-:6543");
    assert_string_equal(keyword(&target, "user"), "served");
    assert_string_equal(target.password, "p"); /* known here, so that it is not sent where none is to be sent */
    assert_null(keyword(&target, "service"));
    assert_string_equal(keyword(&target, "gssencmode"), "disable");
    target = build_url("service=main user=own");
    assert_string_equal(keyword(&target, "user"), "own");
    assert_contains(refuse(WORDS("DATABASE_URL=service=none"), NULL).what, "\"none\"");
}

static void test_roster__a_services_address_is_its_hosts(void **state)
{
    (void) state;
    setenv("PGSERVICEFILE",
           folder_add(folder_new(), "services", "[main]\nhost=served.test\nhostaddr=10.0.0.1\n[bare]\nhost=bare.test\n"), 1);
    struct target target = build_url("service=main");
    assert_string_equal(hosts(&target), "served.test/10.0.0.1:5432");
    target = build_url("service=main host=other.test");
    assert_string_equal(hosts(&target), "other.test/-:5432");
    setenv("PGHOSTADDR", "10.0.0.9", 1);
    target = build_url("service=bare");
    assert_string_equal(hosts(&target), "bare.test/-:5432");
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
    target = build_text("host=one.test");
    assert_string_equal(hosts(&target), "one.test/-:5432");
    target = build_text("user=u"); /* the main configuration's place, whoever came before */
    assert_string_equal(hosts(&target), "main.test/10.0.0.9:5432");
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

/* --- no memory --------------------------------------------------------------------------------------------------------- */

static void test_roster__a_server_that_vanished_is_noticed_within_half_a_minute_unless_told_otherwise(void **state)
{
    (void) state;
    struct target target = build_url("host=a");
    assert_string_equal(keyword(&target, "keepalives_idle"), "10");
    assert_string_equal(keyword(&target, "keepalives_interval"), "5");
    assert_string_equal(keyword(&target, "keepalives_count"), "3");
    assert_string_equal(keyword(&target, "tcp_user_timeout"), "30000");
    target = build_url("host=a keepalives_idle=7 keepalives_interval=8 keepalives_count=9 tcp_user_timeout=1000");
    assert_string_equal(keyword(&target, "keepalives_idle"), "7");
    assert_string_equal(keyword(&target, "keepalives_interval"), "8");
    assert_string_equal(keyword(&target, "keepalives_count"), "9");
    assert_string_equal(keyword(&target, "tcp_user_timeout"), "1000");
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROSTER_TEST(test_roster__hosts_follow_from_names_addresses_and_ports),
        ROSTER_TEST(test_roster__lists_that_do_not_fit_are_refused),
        ROSTER_TEST(test_roster__knows_the_same_hosts_again),
        ROSTER_TEST(test_roster__a_flag_beats_the_url_which_beats_postgres_which_beats_libpq),
        ROSTER_TEST(test_roster__what_loses_is_told_by_name_and_never_by_value),
        ROSTER_TEST(test_roster__libpqs_own_default_host_and_attributes_are_known),
        ROSTER_TEST(test_roster__an_address_of_another_host_is_not_taken),
        ROSTER_TEST(test_roster__a_service_says_where_the_host_is),
        ROSTER_TEST(test_roster__a_services_address_is_its_hosts),
        ROSTER_TEST(test_roster__a_target_takes_its_credentials_from_the_main_configuration),
        ROSTER_TEST(test_roster__a_targets_place_is_its_own),
        ROSTER_TEST(test_roster__one_host_of_a_target_and_one_address_of_it),
        ROSTER_TEST(test_roster__a_server_that_vanished_is_noticed_within_half_a_minute_unless_told_otherwise),
        ROSTER_TEST(test_roster__ends_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
