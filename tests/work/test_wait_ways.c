/*
 * The ways to a real server and into it: TLS with each kind of certificate, each manner of authentication, both address families, a
 * name that resolves late, and a server that first has to replay what it had written before it was stopped hard.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/child.h"
#include "support/workspace.h"
#include "up.h"

static const char *folder; /* of the certificates, and of the names that resolve */
static const char *hosts;

static void shell(const char *command)
{
    const char *script = must_format("cd %s && { %s; } 2>&1", folder, command);
    child_output(&(struct child_spec){
        .program = "/bin/sh", .arguments = WORDS("sh", "-c", script), .input = CHILD_NULL, .unprivileged = true });
}

static void make_certificates(void)
{
    shell("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt && "
          "openssl req -newkey rsa:2048 -nodes -subj /CN=db.test -keyout key -out csr && chmod 600 key && "
          "openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out good.crt && "
          "openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -days -1 -out expired.crt");
}

static void write_in(const char *place, const char *name, const char *text)
{
    const char *path = must_format("%s/%s", place, name);
    FILE *file = fopen(path, "w");
    must(file != NULL, "cannot write %s", path);
    fputs(text, file);
    must(fclose(file) == 0, "cannot write %s", path);
    workspace_give(path);
}

static const char *system_user(void)
{
    const struct passwd *user = getpwuid(workspace_user()->uid);
    must(user != NULL, "the user who runs the tests has no name");
    return user->pw_name;
}

static int start(void **state)
{
    (void) state;
    folder = workspace_new_folder("ways");
    workspace_give(folder);
    make_certificates();
    write_in(folder, "hosts", "db.test 127.0.0.1\nother.test 127.0.0.1\n");
    hosts = must_format("%s/hosts", folder);
    cluster = cluster_new();
    cluster_configure(cluster, must_format("ssl = on\nssl_cert_file = '%s/good.crt'\nssl_key_file = '%s/key'\n"
                                           "listen_addresses = '127.0.0.1,::1'\n",
                                           folder, folder));
    cluster_write_hba(cluster,
                      "local all peered peer map=here\nhost all scrammed all scram-sha-256\nhost all trusted all trust\n"
                      "hostssl all postgres all trust");
    write_in(cluster_data_folder(cluster), "pg_ident.conf", must_format("here %s peered\n", system_user()));
    cluster_start(cluster);
    cluster_sql(cluster, NULL,
                "CREATE ROLE peered LOGIN; CREATE ROLE trusted LOGIN; CREATE ROLE scrammed LOGIN PASSWORD 'right'");
    return 0;
}

static const char *log_of(const char *conninfo, const char *const *words, int exit_code)
{
    enum { MOST = 16 };
    const char *arguments[MOST + 1] = { "--database", conninfo, "--grace", "0" };
    size_t size = 4;
    for (; words != NULL && *words != NULL && size < MOST; words++)
        arguments[size++] = *words;
    arguments[size] = NULL;
    return up_run(&(struct up){ .command = "wait", .arguments = arguments, .hosts = hosts, .unprivileged = true }, exit_code)
        .output;
}

static const char *conninfo_of(const char *host, const char *role, const char *more)
{
    return must_format("host=%s port=%d user=%s dbname=postgres %s", host, cluster_port(cluster), role, more);
}

/* --- TLS -------------------------------------------------------------------------------------------------------------- */

static const char *verified(const char *host)
{
    return conninfo_of(host, "postgres", must_format("sslmode=verify-full sslrootcert=%s/ca.crt", folder));
}

static void present(const char *certificate)
{
    cluster_sql(cluster, NULL, must_format("ALTER SYSTEM SET ssl_cert_file = '%s/%s'", folder, certificate));
    size_t mark = cluster_log_mark(cluster);
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
    cluster_wait_log(cluster, mark, "\"ssl_cert_file\" changed to");
}

static void test_ways__a_good_certificate(void **state)
{
    (void) state;
    log_of(verified("db.test"), NULL, 0);
}

/* One number each in the result: each part of the way was gone, and none was forgotten. */
static void test_ways__the_result_tells_how_long_each_part_took(void **state)
{
    (void) state;
    static const char *const parts[] = { "resolve_us", "connect_us", "tls_us", "login_us", "query_us" };
    const char *result = log_of(verified("db.test"), WORDS("--json"), 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *at = strstr(result, must_format("\"%s\":", parts[i]));
        must(at != NULL, "no %s in %s", parts[i], result);
        assert_in_range(strtoll(at + strlen(parts[i]) + 3, NULL, 10), 1, INT64_MAX);
    }
    result = log_of(conninfo_of("127.0.0.1", "trusted", "sslmode=disable"), WORDS("--json"), 0);
    assert_contains(result, "\"resolve_us\":null");
    assert_contains(result, "\"tls_us\":null");
    assert_lacks(result, "\"login_us\":null");
}

static void test_ways__a_certificate_for_another_name_is_refused(void **state)
{
    (void) state;
    const char *failed = event_line(log_of(verified("other.test"), NULL, 4), "failed");
    assert_contains(failed, "server certificate for \\\"db.test\\\"");
    assert_contains(failed, "sslrootcert"); /* the hint */
}

static void test_ways__an_expired_certificate_is_refused_until_it_is_renewed(void **state)
{
    (void) state;
    present("expired.crt");
    assert_contains(event_line(log_of(verified("db.test"), NULL, 4), "failed"), "certificate verify failed");
    log_of(conninfo_of("db.test", "postgres", "sslmode=require"), NULL, 0); /* who does not verify is let in */
    struct run *run = up_begin(&(struct up){ .command = "wait",
                                             .arguments = WORDS("--database", verified("db.test"), "--log-level", "debug"),
                                             .hosts = hosts,
                                             .unprivileged = true });
    run_wait_for(run, "certificate verify failed");
    present("good.crt");
    up_end(run, 0);
}

/* --- authentication --------------------------------------------------------------------------------------------------- */

static void test_ways__scram(void **state)
{
    (void) state;
    log_of(conninfo_of("127.0.0.1", "scrammed", "password=right"), NULL, 0);
    const char *failed = event_line(log_of(conninfo_of("127.0.0.1", "scrammed", "password=wrong"), NULL, 4), "failed");
    assert_contains(failed, "\"sqlstate\":\"28P01\"");
    log_of(conninfo_of("127.0.0.1", "scrammed", ""), NULL, 4);
    log_of(conninfo_of("127.0.0.1", "scrammed", "password=wrong"), WORDS("--until", "accepting"), 0);
}

static void test_ways__trust(void **state)
{
    (void) state;
    log_of(conninfo_of("127.0.0.1", "trusted", "sslmode=disable"), NULL, 0);
}

static void test_ways__peer_over_the_unix_socket(void **state)
{
    (void) state;
    const char *socket = cluster_socket_folder(cluster);
    assert_contains(event_line(log_of(conninfo_of(socket, "peered", ""), NULL, 0), "ready"), socket);
    const char *failed = event_line(log_of(conninfo_of(socket, "trusted", ""), NULL, 4), "failed"); /* no such peer */
    assert_contains(failed, "\"sqlstate\":\"28000\"");
}

/* --- addresses and names ---------------------------------------------------------------------------------------------- */

static void test_ways__ipv6(void **state)
{
    (void) state;
    const char *log = log_of(conninfo_of("::1", "trusted", ""), NULL, 0);
    assert_contains(event_line(log, "ready"), must_format("\"address\":\"[::1]:%d\"", cluster_port(cluster)));
}

static void test_ways__a_name_that_resolves_late(void **state)
{
    (void) state;
    struct run *run =
        up_begin(&(struct up){ .command = "wait",
                               .arguments = WORDS("--database", conninfo_of("late.test", "trusted", ""), "--log-level",
                                                  "debug", "--interval", "200ms", "--attempts", "1000"),
                               .hosts = hosts });
    run_wait_for(run, "no such host name");
    write_in(folder, "hosts", "db.test 127.0.0.1\nother.test 127.0.0.1\nlate.test 127.0.0.1\n");
    assert_contains(event_line(up_end(run, 0).output, "resolved"), "\"name\":\"late.test\"");
}

/* --- crash recovery --------------------------------------------------------------------------------------------------- */

/* All that was written since the last checkpoint is replayed first; until then it answers, and lets nobody in. */
static void test_ways__a_server_in_crash_recovery(void **state)
{
    (void) state;
    struct cluster *own = cluster_new();
    cluster_configure(own, "max_wal_size = 10GB\ncheckpoint_timeout = 1d\n");
    cluster_start(own);
    cluster_sql(own, NULL,
                "SET synchronous_commit = on; CREATE TABLE much (a text); INSERT INTO much SELECT repeat('x', 200) FROM "
                "generate_series(1, 600000)");
    cluster_stop(own, CLUSTER_IMMEDIATE);
    struct run *run = up_begin(&(struct up){
        .command = "wait", .arguments = WORDS("--database", cluster_conninfo(own, "postgres"), "--log-level", "debug") });
    run_wait_for(run, "connection refused");
    size_t mark = cluster_log_mark(own);
    cluster_launch(own);
    run_wait_for(run, "the database system is"); /* starting up, or not yet accepting connections */
    struct run_result result = up_end(run, 0);
    assert_contains(result.output, "\"seen\":\"not accepting connections yet\"");
    assert_contains(cluster_log(own, mark), "redo done at");
    assert_string_equal(cluster_sql(own, NULL, "SELECT count(*) FROM much"), "600000");
    cluster_wait_ready(own);
    cluster_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP_TEST(test_ways__a_good_certificate),
        UP_TEST(test_ways__the_result_tells_how_long_each_part_took),
        UP_TEST(test_ways__a_certificate_for_another_name_is_refused),
        UP_TEST(test_ways__an_expired_certificate_is_refused_until_it_is_renewed),
        UP_TEST(test_ways__scram),
        UP_TEST(test_ways__trust),
        UP_TEST(test_ways__peer_over_the_unix_socket),
        UP_TEST(test_ways__ipv6),
        UP_TEST(test_ways__a_name_that_resolves_late),
        UP_TEST(test_ways__a_server_in_crash_recovery),
        UP_LOG_TEST,
    };
    return cmocka_run_group_tests(tests, start, up_stop);
}
