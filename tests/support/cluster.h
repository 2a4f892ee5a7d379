/*
 * A real PostgreSQL cluster that tests make, start, stop and throw away: the newest one under /usr/lib/postgresql (or
 * PGUSHER_TEST_PGBIN), run as an ordinary user, on a unix socket and a loopback port of its own. It goes away with the test
 * executable, however that ends.
 *
 *     static struct cluster *cluster;
 *
 *     static int start(void **state)
 *     {
 *         cluster = cluster_new();
 *         cluster_start(cluster);
 *         return 0;
 *     }
 *
 *     static void test_up__applies_what_is_pending(void **state)
 *     {
 *         const char *database = cluster_create_database(cluster, "up");
 *         ... run pgusher with cluster_url(cluster, database) ...
 *         assert_string_equal(cluster_sql(cluster, database, "SELECT count(*) FROM schema_migrations"), "12");
 *     }
 *
 *     static int stop(void **state)
 *     {
 *         cluster_free(cluster);
 *         return 0;
 *     }
 *
 * Settings are those of speed (fsync = off and such) and of full logging: connections, disconnections and every statement,
 * with the prefix "time [pid] SQLSTATE user@database(application) ". Texts returned live as long as the process.
 *
 * The superuser is `postgres`; over the unix socket it is always trusted, which is how cluster_sql() gets in. The harness's
 * own sessions call themselves `harness` and log no statements.
 */
#ifndef PGUSHER_SUPPORT_CLUSTER_H
#define PGUSHER_SUPPORT_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cluster;

enum cluster_stop_mode {
    CLUSTER_FAST,      /* sessions are ended, then it shuts down */
    CLUSTER_IMMEDIATE, /* it drops everything, and recovers at the next start */
};

/* A cluster that does not run yet. */
struct cluster *cluster_new(void);

/* A copy of a running one, made by pg_basebackup, that does not run yet and will follow it by streaming replication. */
struct cluster *cluster_new_standby(const struct cluster *primary);

/* Stops it if it runs and gives it back. Accepts NULL. */
void cluster_free(struct cluster *cluster);

/* Starts it and returns when it accepts connections. */
void cluster_start(struct cluster *cluster);

/* Starts it and returns at once, while it is still starting up. */
void cluster_launch(struct cluster *cluster);

/* After cluster_launch(): returns when it accepts connections. */
void cluster_wait_ready(struct cluster *cluster);

/* Returns when it has ended; the port stays reserved for the next start. */
void cluster_stop(struct cluster *cluster, enum cluster_stop_mode mode);

/* Adds lines to postgresql.conf, for the next start. What stands later wins. */
void cluster_configure(struct cluster *cluster, const char *lines);

/* How much address space each of its processes may have from the next start on; 0: any. A backend that wants more is out of memory. */
void cluster_limit_memory(struct cluster *cluster, long most_kb);

/*
 * Replaces pg_hba.conf but for its first line, which trusts postgres on the unix socket; NULL restores "trust everybody". In
 * force when this returns if the cluster runs, else from the next start.
 */
void cluster_write_hba(struct cluster *cluster, const char *lines);

/* Makes the stopped cluster start as a hot standby without a primary; "SELECT pg_promote()" makes it a primary again. */
void cluster_make_standby(struct cluster *cluster);

/* The same, but it follows another one (a primary, or one that will be), whose history must be its own. */
void cluster_follow(struct cluster *cluster, const struct cluster *primary);

/*
 * Runs SQL as the superuser over the unix socket and returns what psql -At would show of the last statement: columns parted
 * by |, rows by newlines, none at the end. database NULL is `postgres`. An error fails the test.
 */
const char *cluster_sql(struct cluster *cluster, const char *database, const char *sql);

/* Returns when an SQL condition holds; fails the test when it never does. */
void cluster_wait_until(struct cluster *cluster, const char *database, const char *condition);

/* Makes a database with a name nobody has yet, "<hint>_3", and returns it. */
const char *cluster_create_database(struct cluster *cluster, const char *hint);

/* Where it is: over TCP as a conninfo string and as a URI, and over the unix socket. Without a password. */
const char *cluster_conninfo(const struct cluster *cluster, const char *database);
const char *cluster_url(const struct cluster *cluster, const char *database);
const char *cluster_socket_conninfo(const struct cluster *cluster, const char *database);
int cluster_port(const struct cluster *cluster);
const char *cluster_socket_folder(const struct cluster *cluster);
const char *cluster_data_folder(const struct cluster *cluster);

/* The server's process, to stop it with SIGSTOP or to kill it; 0 while it does not run. */
pid_t cluster_pid(const struct cluster *cluster);

/*
 * The server's log from a mark on; mark 0 is its beginning, cluster_log_mark() its end so far. A client that has gone may have
 * lines to come: wait for the last of them with cluster_wait_log(), which returns when the text stands behind the mark.
 */
size_t cluster_log_mark(const struct cluster *cluster);
const char *cluster_log(const struct cluster *cluster, size_t mark);
void cluster_wait_log(const struct cluster *cluster, size_t mark, const char *text);

/* The path of one of PostgreSQL's programs, of the same version: cluster_program("pg_dump"). */
const char *cluster_program(const char *name);

#endif
