/*
 * Two scripted servers and the runs of pgusher that wait for them. What is to be seen is in the tests.
 */
#include <stdio.h>

#include "waiting.h"

struct fake_server *first, *second;

static const struct fake_reply primary[] = { PRIMARY_STATE, FAKE_END };
static const struct fake_reply standby[] = { STANDBY_STATE, FAKE_END };
static const struct fake_reply read_only[] = { READ_ONLY_STATE, FAKE_END };
const struct fake_visit visit_primary = { .replies = primary };
const struct fake_visit visit_standby = { .replies = standby, .in_hot_standby = true };
const struct fake_visit visit_read_only = { .replies = read_only };

void play(struct fake_server *server, const struct fake_visit *visits, size_t count)
{
    fake_server_script(server, visits, count);
    fake_server_listen(server);
}

int waiting_make(void **state)
{
    (void) state;
    first = fake_server_new(NULL);
    second = fake_server_new(NULL);
    return 0;
}

int waiting_clear(void **state)
{
    up_clean(state);
    fake_server_free(first);
    fake_server_free(second);
    return 0;
}

const char *both(void)
{
    return must_format("host=127.0.0.1,127.0.0.1 port=%d,%d user=u dbname=d sslmode=disable", fake_server_port(first),
                       fake_server_port(second));
}

const char *only(const struct fake_server *server)
{
    return must_format("host=127.0.0.1 port=%d user=u dbname=d sslmode=disable", fake_server_port(server));
}

struct run *wait_begin(const char *conninfo, const char *const *words)
{
    return wait_begin_with_hosts(NULL, conninfo, words);
}

struct run *wait_begin_with_hosts(const char *hosts, const char *conninfo, const char *const *words)
{
    enum { MOST = 24 };
    const char *arguments[MOST + 1] = { "--database", conninfo };
    size_t count = 2;
    for (; words != NULL && *words != NULL && count < MOST; words++)
        arguments[count++] = *words;
    arguments[count] = NULL;
    return up_begin(&(struct up){ .command = "wait", .arguments = arguments, .hosts = hosts });
}

const char *wait_log(const char *conninfo, const char *const *words, int exit_code)
{
    return up_end(wait_begin(conninfo, words), exit_code).output;
}

void expect_winner(const char *log, const struct fake_server *server)
{
    assert_contains(event_line(log, "ready"), must_format("\"address\":\"127.0.0.1:%d\"", fake_server_port(server)));
}

const char *write_hosts(const char *path, const char *lines)
{
    if (path == NULL)
        path = must_format("%s/hosts", folder_new());
    const char *fresh = must_format("%s.new", path);
    FILE *file = fopen(fresh, "w");
    must(file != NULL && fputs(lines, file) >= 0 && fclose(file) == 0 && rename(fresh, path) == 0, "cannot write %s", path);
    return path;
}
