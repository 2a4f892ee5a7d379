/*
 * A COPY pauses when the socket is full, and the flush that follows may find it empty again: nobody but us would ever go on then.
 * PQflush is wrapped by the linker, so that this happens at each chunk and not by chance.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat.h"
#include "support/cluster.h"
#include "support/testing.h"

enum { COPY_BYTES = 1024 * 1024, LINE_BYTES = 64, HANGS_AFTER_S = 30 };

int __real_PQflush(PGconn *conn);
int __wrap_PQflush(PGconn *conn);

/* Whenever everything is sent: first that something is left, and only the next time the truth. */
int __wrap_PQflush(PGconn *conn)
{
    static bool lied;
    int left = __real_PQflush(conn);
    lied = left == 0 && !lied;
    return lied ? 1 : left;
}

static char *lines_of_text(void)
{
    char *data = must_alloc(COPY_BYTES + 1);
    memset(data, 'x', COPY_BYTES);
    for (size_t i = LINE_BYTES - 1; i < COPY_BYTES; i += LINE_BYTES)
        data[i] = '\n';
    return data;
}

static void test_talk__a_copy_goes_on_when_the_flush_after_its_pause_empties_the_socket(void **state)
{
    (void) state;
    struct cluster *cluster = cluster_new();
    cluster_start(cluster);
    char *data = lines_of_text();
    const struct chat_line lines[] = {
        { .sql = "CREATE TEMP TABLE t (a text)" },
        { .kind = ACT_SYNC },
        { .kind = ACT_COPY_IN, .sql = "COPY t FROM stdin", .data = data },
    };
    struct chat chat;
    alarm(HANGS_AFTER_S);
    chat_open(&chat, must_format("%s sslmode=disable gssencmode=disable", cluster_conninfo(cluster, "postgres")));
    chat_hold(&chat, lines, sizeof lines / sizeof lines[0]);
    assert_contains(chat_heard(&chat), must_format("2 done COPY %d\nend\n", COPY_BYTES / LINE_BYTES));
    chat_close(&chat);
    alarm(0);
    free(data);
    cluster_free(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk__a_copy_goes_on_when_the_flush_after_its_pause_empties_the_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
