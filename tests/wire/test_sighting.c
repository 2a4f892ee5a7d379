/*
 * Each row of the two tables in sighting.c is provoked for real and read through libpq, so that a test fails where libpq words it
 * anew. What TLS is needed for is in test_tls.c; what loopback cannot provoke is read from libpq's text as it stands.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "chat.h"
#include "support/fixture.h"
#include "support/workspace.h"

static int start(void **state)
{
    start_cluster(state);
    cluster_sql(cluster, NULL,
                "CREATE ROLE trusted LOGIN; CREATE ROLE worded LOGIN PASSWORD 'right'; CREATE ROLE barred LOGIN;"
                "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    cluster_write_hba(cluster, "host all trusted,crowded 127.0.0.1/32 trust\nhost all worded 127.0.0.1/32 scram-sha-256");
    return 0;
}

/* What is seen by one knock. */
static struct sighting knock(const char *conninfo)
{
    struct chat chat;
    chat_connect(&chat, must_format("%s gssencmode=disable passfile=/nowhere/passfile", conninfo));
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    struct sighting sighting = *session_sighting(chat.session);
    chat_close(&chat);
    return sighting;
}

static struct sighting knock_at_fake(const struct fake_visit *visit, const char *more)
{
    fake_server_script(server, visit, 1);
    fake_server_listen(server);
    return knock(must_format("%s %s", fake_server_conninfo(server), more));
}

static struct sighting knock_at_cluster(const char *words)
{
    return knock(must_format("host=127.0.0.1 port=%d sslmode=disable %s", cluster_port(cluster), words));
}

static void expect(struct sighting sighting, enum seen seen, const char *sqlstate)
{
    if (sighting.seen != seen || strcmp(sighting.sqlstate, sqlstate) != 0)
        fail_msg("seen %d, SQLSTATE \"%s\": %s", (int) sighting.seen, sighting.sqlstate, sighting.message);
    assert_int_not_equal(strlen(sighting.message), 0);
    assert_null(strchr(sighting.message, '\n'));
}

/* --- what a server says ------------------------------------------------------------------------------------------------ */

static void test_sighting__57P03_is_starting_up(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_REFUSE,
                                             .error = { "FATAL", "57P03", "the database system is starting up" } };
    struct sighting sighting = knock_at_fake(&visit, "");
    expect(sighting, SEEN_STARTING_UP, "57P03");
    assert_string_equal(sighting.message, "the database system is starting up");
}

static void test_sighting__53300_is_too_many_connections(void **state)
{
    (void) state;
    expect(knock_at_cluster("user=crowded dbname=postgres"), SEEN_TOO_MANY, "53300");
}

static void test_sighting__3D000_is_no_such_database(void **state)
{
    (void) state;
    expect(knock_at_cluster("user=trusted dbname=nowhere"), SEEN_NO_DATABASE, "3D000");
}

static void test_sighting__28P01_is_authentication(void **state)
{
    (void) state;
    struct sighting sighting = knock_at_cluster("user=worded dbname=postgres password=wrong");
    expect(sighting, SEEN_AUTHENTICATION, "28P01");
    assert_lacks(sighting.message, "wrong");
}

static void test_sighting__a_line_of_pg_hba_that_is_missing_is_authentication(void **state)
{
    (void) state;
    expect(knock_at_cluster("user=barred dbname=postgres"), SEEN_AUTHENTICATION, "28000");
}

static void test_sighting__a_server_may_speak_any_language(void **state)
{
    (void) state;
    static const struct fake_visit german = { .manner = FAKE_REFUSE,
                                              .error = { "SCHWERWIEGEND", "28P01",
                                                         "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen" } };
    struct sighting sighting = knock_at_fake(&german, "");
    expect(sighting, SEEN_AUTHENTICATION, "28P01");
    assert_string_equal(sighting.message, "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen");
    static const struct fake_visit japanese = {
        .manner = FAKE_REFUSE, .error = { "致命的エラー", "57P03", "データベースシステムは起動処理中です" }
    };
    expect(knock_at_fake(&japanese, ""), SEEN_STARTING_UP, "57P03");
}

static void test_sighting__words_that_a_server_says_decide_nothing(void **state)
{
    (void) state;
    static const struct fake_visit visit = {
        .manner = FAKE_REFUSE, .error = { "FATAL", "XX000", "Connection refused: no password supplied, 57P03" }
    };
    expect(knock_at_fake(&visit, ""), SEEN_OTHER, "XX000");
}

static void test_sighting__a_hint_of_the_server_is_not_in_the_line(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_REFUSE,
                                             .error = { "FATAL", "08P01", "no such pool", "a detail", "a hint", 0 } };
    struct sighting sighting = knock_at_fake(&visit, "");
    expect(sighting, SEEN_OTHER, "08P01");
    assert_string_equal(sighting.message, "no such pool");
}

/* --- what libpq says --------------------------------------------------------------------------------------------------- */

static void test_sighting__nobody_listens(void **state)
{
    (void) state;
    struct sighting sighting = knock(fake_server_conninfo(server));
    expect(sighting, SEEN_REFUSED, "");
    assert_contains(sighting.message, "Connection refused");
}

static void test_sighting__there_is_no_unix_socket(void **state)
{
    (void) state;
    struct sighting sighting = knock(must_format("host=%s dbname=x user=x", workspace_folder()));
    expect(sighting, SEEN_NO_SOCKET, "");
    assert_contains(sighting.message, must_format("\"%s/.s.PGSQL.", workspace_folder()));
    assert_contains(sighting.message, "\": No such file or directory");
}

static void test_sighting__the_server_closes_after_the_startup_message(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_CLOSE_AFTER_STARTUP };
    expect(knock_at_fake(&visit, "sslmode=disable"), SEEN_CLOSED, "");
}

static void test_sighting__the_server_closes_at_once(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_CLOSE_AT_ONCE };
    expect(knock_at_fake(&visit, "sslmode=disable"), SEEN_CLOSED, "");
    expect(knock_at_fake(&visit, "sslmode=require"), SEEN_CLOSED, "");
}

static void test_sighting__the_server_resets(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_RESET_AFTER_STARTUP };
    expect(knock_at_fake(&visit, "sslmode=disable"), SEEN_CLOSED, "");
}

static void count_settled(void *owner)
{
    struct chat *chat = owner;
    chat->settled++;
}

/* The loop does not turn before the reset has come, so libpq finds it where it asks how the connect went. */
static void test_sighting__the_server_resets_before_a_word_is_said(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_RESET_AT_ONCE };
    fake_server_script(server, &visit, 1);
    fake_server_listen(server);
    struct fault fault;
    struct chat chat = { .loop = loop_new(&fault) };
    assert_non_null(chat_start(&chat, fake_server_conninfo(server), count_settled, &fault));
    fake_server_wait_connections(server, 1);
    loop_run(chat.loop);
    assert_int_equal(chat.settled, 1);
    struct sighting sighting = *session_sighting(chat.session);
    chat_close(&chat);
    expect(sighting, SEEN_CLOSED, "");
    assert_contains(sighting.message, "Connection reset by peer");
}

static void test_sighting__tls_is_asked_for_and_there_is_none(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_LOGIN };
    expect(knock_at_fake(&visit, "sslmode=require"), SEEN_TLS_MISSING, "");
}

static void test_sighting__a_password_is_wanted_and_there_is_none(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .password = "x" };
    expect(knock_at_fake(&visit, "sslmode=disable"), SEEN_NO_PASSWORD, "");
    struct sighting sighting = knock_at_cluster("user=worded dbname=postgres");
    expect(sighting, SEEN_NO_PASSWORD, "");
    assert_string_equal(sighting.message, "no password supplied");
}

static void test_sighting__something_that_is_no_postgresql_server(void **state)
{
    (void) state;
    static const struct fake_visit visit = { .manner = FAKE_BABBLE, .error.message = "HTTP/1.1 400 Bad Request\r\n\r\n" };
    expect(knock_at_fake(&visit, "sslmode=disable"), SEEN_OTHER, "");
}

static void test_sighting__a_parameter_that_libpq_refuses(void **state)
{
    (void) state;
    expect(knock("host=127.0.0.1 port=99999 dbname=x"), SEEN_OTHER, "");
}

/* In a network namespace of its own even loopback is out of reach. It runs in a child, which may be forbidden to make one. */
static void knock_without_a_network(int answer)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        _exit(errno == EPERM || errno == ENOSPC || errno == EINVAL || errno == ENOSYS ? 77 : 1);
    struct sighting sighting = knock("host=127.0.0.1 port=5 dbname=x");
    _exit(write(answer, &sighting, sizeof sighting) == sizeof sighting ? 0 : 1);
}

static void test_sighting__the_network_is_unreachable(void **state)
{
    (void) state;
    int answer[2];
    assert_int_equal(pipe(answer), 0);
    fake_server_free(server); /* no other thread may run when this process is doubled */
    server = NULL;
    pid_t child = fork();
    if (child == 0)
        knock_without_a_network(answer[1]);
    close(answer[1]);
    struct sighting sighting;
    ssize_t got = read(answer[0], &sighting, sizeof sighting);
    close(answer[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(got, sizeof sighting);
    expect(sighting, SEEN_UNREACHABLE, "");
}

/* The words of the system and of OpenSSL as libpq passes them on; loopback has no simple way to provoke these. */
static void test_sighting__words_that_loopback_cannot_provoke(void **state)
{
    (void) state;
    static const struct {
        const char *message;
        enum seen seen;
    } cases[] = {
        { "connection to server at \"10.0.0.9\", port 5432 failed: No route to host\n\tIs the server running on that host "
          "and "
          "accepting TCP/IP connections?\n",
          SEEN_UNREACHABLE },
        { "connection to server at \"fd00::9\", port 5432 failed: Cannot assign requested address\n", SEEN_UNREACHABLE },
        { "connection to server at \"10.0.0.9\", port 5432 failed: Connection timed out\n", SEEN_UNREACHABLE },
        { "connection to server at \"10.0.0.9\", port 5432 failed: SSL connection has been closed unexpectedly\n",
          SEEN_CLOSED },
        { "connection to server at \"10.0.0.9\", port 5432 failed: SSL error: unexpected eof while reading\n", SEEN_CLOSED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sighting sighting;
        sighting_read(&sighting, cases[i].message);
        expect(sighting, cases[i].seen, "");
        assert_null(strstr(sighting.message, "connection to server"));
    }
}

/* --- reading alone ----------------------------------------------------------------------------------------------------- */

static void test_sighting__of_several_tries_the_last_one_counts(void **state)
{
    (void) state;
    struct sighting sighting;
    sighting_read(
        &sighting,
        "connection to server at \"h\" (10.0.0.9), port 5432 failed: FATAL:  28000: no entry, SSL encryption\n"
        "connection to server at \"h\" (10.0.0.9), port 5432 failed: FATAL:  3D000: database \"x\" does not exist\n");
    expect(sighting, SEEN_NO_DATABASE, "3D000");
    assert_string_equal(sighting.message, "database \"x\" does not exist");
}

static void test_sighting__what_looks_like_a_sqlstate_but_is_not(void **state)
{
    (void) state;
    static const char *const messages[] = { "",          "x",          "x:  ",         "x:  28P0",
                                            "x:  28P01", "x:  28P01:", "x:  28p01: y", "x: 28P01: y" };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct sighting sighting;
        sighting_read(&sighting, messages[i]);
        assert_int_equal(sighting.seen, SEEN_OTHER);
        assert_string_equal(sighting.sqlstate, "");
    }
}

static void test_sighting__a_long_message_is_cut_between_characters(void **state)
{
    (void) state;
    char message[2000] = "FATAL:  28P01: x";
    for (size_t at = strlen(message); at + 2 < sizeof message; at += 2)
        memcpy(message + at, "é", 3);
    struct sighting sighting;
    sighting_read(&sighting, message);
    size_t size = strlen(sighting.message);
    assert_in_range(size, sizeof sighting.message - 4, sizeof sighting.message - 1);
    assert_int_equal((unsigned char) sighting.message[size - 1], 0xa9);
    assert_int_equal((unsigned char) sighting.message[size - 2], 0xc3);
}

static void test_sighting__everything_that_can_be_seen_has_words(void **state)
{
    (void) state;
    for (int seen = SEEN_NOTHING; seen <= SEEN_PENDING; seen++) {
        assert_non_null(seen_words((enum seen) seen));
        assert_int_not_equal(strlen(seen_words((enum seen) seen)), 0);
    }
}

static void test_sighting__only_what_rarely_gets_better_is_a_refusal(void **state)
{
    (void) state;
    const enum seen refusals[] = { SEEN_NO_PASSWORD, SEEN_AUTHENTICATION, SEEN_NO_DATABASE,
                                   SEEN_TLS_VERIFY,  SEEN_TLS_MISSING,    SEEN_NOT_SERVED };
    unsigned count = 0;
    for (int seen = SEEN_NOTHING; seen <= SEEN_PENDING; seen++)
        count += seen_is_refusal((enum seen) seen);
    assert_int_equal(count, sizeof refusals / sizeof refusals[0]);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        assert_true(seen_is_refusal(refusals[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_server, free_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sighting__57P03_is_starting_up),
        TEST(test_sighting__53300_is_too_many_connections),
        TEST(test_sighting__3D000_is_no_such_database),
        TEST(test_sighting__28P01_is_authentication),
        TEST(test_sighting__a_line_of_pg_hba_that_is_missing_is_authentication),
        TEST(test_sighting__a_server_may_speak_any_language),
        TEST(test_sighting__words_that_a_server_says_decide_nothing),
        TEST(test_sighting__a_hint_of_the_server_is_not_in_the_line),
        TEST(test_sighting__nobody_listens),
        TEST(test_sighting__there_is_no_unix_socket),
        TEST(test_sighting__the_server_closes_after_the_startup_message),
        TEST(test_sighting__the_server_closes_at_once),
        TEST(test_sighting__the_server_resets),
        TEST(test_sighting__the_server_resets_before_a_word_is_said),
        TEST(test_sighting__tls_is_asked_for_and_there_is_none),
        TEST(test_sighting__a_password_is_wanted_and_there_is_none),
        TEST(test_sighting__something_that_is_no_postgresql_server),
        TEST(test_sighting__a_parameter_that_libpq_refuses),
        TEST(test_sighting__the_network_is_unreachable),
        cmocka_unit_test(test_sighting__words_that_loopback_cannot_provoke),
        cmocka_unit_test(test_sighting__of_several_tries_the_last_one_counts),
        cmocka_unit_test(test_sighting__what_looks_like_a_sqlstate_but_is_not),
        cmocka_unit_test(test_sighting__a_long_message_is_cut_between_characters),
        cmocka_unit_test(test_sighting__everything_that_can_be_seen_has_words),
        cmocka_unit_test(test_sighting__only_what_rarely_gets_better_is_a_refusal),
    };
    return cmocka_run_group_tests(tests, start, stop_cluster);
}
