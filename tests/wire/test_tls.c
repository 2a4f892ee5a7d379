/*
 * Connecting with TLS: the rows of sighting.c's table that need a server with a certificate, and a login that libpq tries again
 * without TLS on another socket.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chat.h"
#include "support/child.h"
#include "support/cluster.h"
#include "support/descriptors.h"
#include "support/testing.h"
#include "support/workspace.h"

static struct cluster *cluster;
static const char *folder;

static void openssl(const char *command)
{
    const char *script = must_format("cd %s && openssl %s 2>&1", folder, command);
    child_output(&(struct child_spec){
        .program = "/bin/sh", .arguments = (const char *const[]){ "sh", "-c", script, NULL }, .input = CHILD_NULL });
}

static void make_certificates(void)
{
    folder = workspace_new_folder("tls");
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt");
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=db.example -keyout server.key -out server.csr");
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt");
    openssl("req -new -key server.key -subj / -out nameless.csr");
    openssl("x509 -req -in nameless.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out nameless.crt");
}

static const char *owned(const char *name)
{
    const char *path = must_format("%s/%s", folder, name);
    workspace_give(path);
    must(chmod(path, 0600) == 0, "chmod %s", path);
    return path;
}

static int start(void **state)
{
    (void) state;
    make_certificates();
    cluster = cluster_new();
    cluster_configure(cluster, must_format("ssl = on\nssl_cert_file = '%s/server.crt'\nssl_key_file = '%s'\n", folder,
                                           owned("server.key")));
    cluster_write_hba(cluster, "hostssl all postgres 127.0.0.1/32 trust\nhostnossl all plain 127.0.0.1/32 trust");
    cluster_start(cluster);
    cluster_sql(cluster, NULL, "CREATE ROLE plain LOGIN");
    return 0;
}

static int stop(void **state)
{
    (void) state;
    cluster_free(cluster);
    return 0;
}

static const char *conninfo(const char *more)
{
    return must_format("hostaddr=127.0.0.1 port=%d dbname=postgres gssencmode=disable %s", cluster_port(cluster), more);
}

static struct sighting knock(const char *more)
{
    struct chat chat;
    chat_connect(&chat, conninfo(more));
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    struct sighting sighting = *session_sighting(chat.session);
    assert_int_equal(session_reach(chat.session), REACH_LISTENING);
    chat_close(&chat);
    return sighting;
}

static void expect_unverified(const char *more)
{
    struct sighting sighting = knock(must_format("user=postgres %s", more));
    if (sighting.seen != SEEN_TLS_VERIFY)
        fail_msg("seen %d: %s", (int) sighting.seen, sighting.message);
    assert_string_equal(sighting.sqlstate, "");
}

static void test_tls__a_certificate_that_verifies_lets_in(void **state)
{
    (void) state;
    struct chat chat;
    chat_open(&chat,
              conninfo(must_format("user=postgres host=db.example sslmode=verify-full sslrootcert=%s/ca.crt", folder)));
    static const struct chat_line lines[] = { { .sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()" },
                                              { .kind = ACT_SYNC } };
    chat_hold(&chat, lines, 2);
    assert_contains(chat_heard(&chat), "0 row t\n");
    chat_close(&chat);
}

static void test_tls__a_certificate_of_another_authority(void **state)
{
    (void) state;
    expect_unverified(must_format("host=db.example sslmode=verify-ca sslrootcert=%s/other.crt", folder));
}

static void test_tls__a_certificate_for_another_host(void **state)
{
    (void) state;
    expect_unverified(must_format("host=elsewhere.example sslmode=verify-full sslrootcert=%s/ca.crt", folder));
}

static void test_tls__a_certificate_for_nobody(void **state)
{
    (void) state;
    cluster_configure(cluster, must_format("ssl_cert_file = '%s/nameless.crt'\n", folder));
    cluster_stop(cluster, CLUSTER_FAST);
    cluster_start(cluster);
    expect_unverified(must_format("host=db.example sslmode=verify-full sslrootcert=%s/ca.crt", folder));
}

static void test_tls__a_root_certificate_file_that_is_not_there(void **state)
{
    (void) state;
    expect_unverified(must_format("host=db.example sslmode=verify-ca sslrootcert=%s/none.crt", folder));
}

static void test_tls__of_two_refusals_the_one_without_tls_counts(void **state)
{
    (void) state;
    struct chat chat;
    chat_connect(&chat, conninfo("user=nobody sslmode=prefer"));
    const struct sighting *sighting = session_sighting(chat.session);
    assert_int_equal(sighting->seen, SEEN_AUTHENTICATION);
    assert_string_equal(sighting->sqlstate, "28000");
    assert_contains(sighting->message, "no encryption");
    chat_close(&chat);
}

/* libpq closes its socket and opens one of the same number, under the loop's watch. */
static void test_tls__a_login_that_is_tried_again_without_tls(void **state)
{
    (void) state;
    int before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        struct chat chat;
        chat_open(&chat, conninfo("user=plain sslmode=prefer"));
        chat_close(&chat);
    }
    assert_int_equal(open_descriptors(), before);
}

static void test_tls__a_login_that_is_tried_again_with_tls(void **state)
{
    (void) state;
    for (int i = 0; i < 20; i++) {
        struct chat chat;
        chat_open(&chat, conninfo("user=postgres sslmode=allow"));
        chat_close(&chat);
    }
}

/* --- a handshake that breaks off --------------------------------------------------------------------------------------- */

/* A server of one connection that says yes to TLS, hears the client's first words and goes away. */
struct breaker {
    int listener;
    int port;
    bool resets;
    pthread_t thread;
};

static void *break_off(void *argument)
{
    const struct breaker *breaker = argument;
    char heard[8];
    int fd = accept(breaker->listener, NULL, NULL);
    must(fd >= 0 && recv(fd, heard, sizeof heard, MSG_WAITALL) == sizeof heard, "nobody asked for TLS");
    must(send(fd, "S", 1, 0) == 1 && recv(fd, heard, 1, MSG_PEEK) == 1, "nobody began a handshake");
    char rest[4096];
    while (!breaker->resets && recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
        continue; /* what is left unread would make a reset of the close */
    const struct linger now = { .l_onoff = breaker->resets, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    return NULL;
}

static void breaker_begin(struct breaker *breaker, bool resets)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    *breaker = (struct breaker){ .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .resets = resets };
    must(bind(breaker->listener, (const struct sockaddr *) &address, size) == 0 && listen(breaker->listener, 1) == 0 &&
             getsockname(breaker->listener, (struct sockaddr *) &address, &size) == 0,
         "cannot listen");
    breaker->port = ntohs(address.sin_port);
    must(pthread_create(&breaker->thread, NULL, break_off, breaker) == 0, "cannot make a thread");
}

static void breaker_end(struct breaker *breaker)
{
    pthread_join(breaker->thread, NULL);
    close(breaker->listener);
}

static struct sighting knock_at_breaker(bool resets)
{
    struct breaker breaker;
    struct chat chat;
    breaker_begin(&breaker, resets);
    chat_connect(&chat, must_format("host=127.0.0.1 port=%d user=x gssencmode=disable sslmode=require", breaker.port));
    struct sighting sighting = *session_sighting(chat.session);
    assert_int_equal(session_reach(chat.session), REACH_LISTENING);
    chat_close(&chat);
    breaker_end(&breaker);
    return sighting;
}

static void test_tls__a_server_that_hangs_up_in_the_handshake(void **state)
{
    (void) state;
    struct sighting sighting = knock_at_breaker(false);
    if (sighting.seen != SEEN_CLOSED)
        fail_msg("seen %d: %s", (int) sighting.seen, sighting.message);
    assert_contains(sighting.message, "EOF detected");
}

static void test_tls__a_server_that_resets_in_the_handshake(void **state)
{
    (void) state;
    struct sighting sighting = knock_at_breaker(true);
    if (sighting.seen != SEEN_CLOSED)
        fail_msg("seen %d: %s", (int) sighting.seen, sighting.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls__a_certificate_that_verifies_lets_in),
        cmocka_unit_test(test_tls__a_certificate_of_another_authority),
        cmocka_unit_test(test_tls__a_certificate_for_another_host),
        cmocka_unit_test(test_tls__a_root_certificate_file_that_is_not_there),
        cmocka_unit_test(test_tls__of_two_refusals_the_one_without_tls_counts),
        cmocka_unit_test(test_tls__a_login_that_is_tried_again_without_tls),
        cmocka_unit_test(test_tls__a_login_that_is_tried_again_with_tls),
        cmocka_unit_test(test_tls__a_server_that_hangs_up_in_the_handshake),
        cmocka_unit_test(test_tls__a_server_that_resets_in_the_handshake),
        cmocka_unit_test(test_tls__a_certificate_for_nobody),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
