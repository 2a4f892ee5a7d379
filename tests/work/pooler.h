/*
 * A real PgBouncer in front of a cluster, on a port of its own.
 *
 *     int port = pooler_start(cluster, "transaction", 8);
 *     ... run pgusher with .port = port ...
 */
#ifndef PGUSHER_TESTS_WORK_POOLER_H
#define PGUSHER_TESTS_WORK_POOLER_H

#include "support/cluster.h"

/*
 * Starts one with pool_mode, and at most so many server connections for each database; it lives as long as the process. It takes
 * the user postgres without a password. Returns its port when it answers.
 */
int pooler_start(const struct cluster *cluster, const char *pool_mode, int server_connections);

#endif
