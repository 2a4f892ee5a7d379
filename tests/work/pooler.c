/*
 * PgBouncer's configuration file and process. It waits for the pooler by asking it, not by the clock.
 */
#include "pooler.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/child.h"
#include "support/must.h"
#include "support/port.h"
#include "support/testing.h"
#include "support/workspace.h"

enum { KNOCK_US = 10 * 1000, MOST_KNOCKS = 3000 };

static const char *write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    workspace_give(path);
    return path;
}

static const char *write_configuration(const struct cluster *cluster, const char *folder, int port, const char *pool_mode,
                                       int server_connections)
{
    const char *users = write_file(must_format("%s/users.txt", folder), "\"postgres\" \"\"\n");
    return write_file(must_format("%s/pgbouncer.ini", folder),
                      must_format("[databases]\n* = host=127.0.0.1 port=%d\n"
                                  "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"
                                  "auth_type = trust\nauth_file = %s\npool_mode = %s\ndefault_pool_size = %d\n"
                                  "max_client_conn = 500\nserver_login_retry = 0.1\n",
                                  cluster_port(cluster), port, users, pool_mode, server_connections));
}

static void wait_until_it_answers(int port)
{
    const char *conninfo = must_format("host=127.0.0.1 port=%d user=postgres dbname=postgres", port);
    for (int knocks = 0; knocks < MOST_KNOCKS; knocks++) {
        PGconn *conn = PQconnectdb(conninfo);
        bool answers = PQstatus(conn) == CONNECTION_OK;
        PQfinish(conn);
        if (answers)
            return;
        usleep(KNOCK_US);
    }
    fail_msg("PgBouncer does not answer on port %d", port);
}

int pooler_start(const struct cluster *cluster, const char *pool_mode, int server_connections)
{
    static const char program[] = "/usr/sbin/pgbouncer";
    if (access(program, X_OK) != 0)
        fail_msg("%s is missing: install the package pgbouncer", program);
    int port = port_reserve();
    const char *folder = workspace_new_folder("pooler");
    workspace_give(folder);
    const char *configuration = write_configuration(cluster, folder, port, pool_mode, server_connections);
    child_start(&(struct child_spec){ .program = program,
                                      .arguments = (const char *const[]){ "pgbouncer", "-q", configuration, NULL },
                                      .folder = folder,
                                      .unprivileged = workspace_user()->other,
                                      .input = CHILD_NULL,
                                      .output = CHILD_NULL,
                                      .errors = CHILD_NULL });
    wait_until_it_answers(port);
    return port;
}
