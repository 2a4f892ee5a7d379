/*
 * The life of a PostgreSQL cluster in the workspace. It knows the server's programs, files and signals; what the tests ask of
 * the database is theirs.
 */
#include "support/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.h"
#include "support/file_watch.h"
#include "support/must.h"
#include "support/port.h"
#include "support/workspace.h"

struct cluster {
    struct cluster *next;
    const char *folder; /* holds the data folder, the log and the socket */
    const char *data;
    const char *log;
    int port;
    long memory_kb;   /* 0: no limit */
    bool has_started; /* at least once: the port is known to others and stays */
    pid_t postmaster; /* 0: not running */
    size_t start_mark;
};

static struct cluster *all_clusters;
static int database_count;

static const char basic_settings[] = "fsync = off\n"
                                     "synchronous_commit = off\n"
                                     "full_page_writes = off\n"
                                     "shared_buffers = 16MB\n"
                                     "max_connections = 100\n"
                                     "listen_addresses = '127.0.0.1'\n"
                                     "lc_messages = 'C'\n"
                                     "log_timezone = 'UTC'\n"
                                     "log_line_prefix = '%m [%p] %e %q%u@%d(%a) '\n"
                                     "log_connections = on\n"
                                     "log_disconnections = on\n"
                                     "log_statement = 'all'\n"
                                     "log_min_messages = 'info'\n"
                                     "log_checkpoints = off\n"
                                     "logging_collector = off\n"
                                     "autovacuum = off\n";

static const char trusted_line[] = "local all postgres trust\n";
static const char trust_everybody[] = "local all all trust\nhost all all 127.0.0.1/32 trust\n"
                                      "local replication all trust\nhost replication all 127.0.0.1/32 trust\n";

static const char *program_folder(void)
{
    static const char *found;
    if (found != NULL)
        return found;
    const char *wanted = getenv("PGUSHER_TEST_PGBIN");
    if (wanted != NULL)
        return found = must_keep(wanted, strlen(wanted));
    glob_t paths;
    must(glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &paths) == 0,
         "no PostgreSQL server under /usr/lib/postgresql: install the package postgresql");
    int newest = -1;
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        int version = atoi(paths.gl_pathv[i] + strlen("/usr/lib/postgresql/"));
        if (version > newest)
            newest = version;
    }
    globfree(&paths);
    return found = must_format("/usr/lib/postgresql/%d/bin", newest);
}

const char *cluster_program(const char *name)
{
    return must_format("%s/%s", program_folder(), name);
}

static void run_as_owner(const char *program, const char *const *arguments)
{
    child_output(
        &(struct child_spec){ .program = program, .arguments = arguments, .input = CHILD_NULL, .unprivileged = true });
}

static void run_initdb(const char *folder)
{
    const char *program = cluster_program("initdb");
    const char *const arguments[] = { program, "-D",        folder, "-U",   "postgres",   "-A",
                                      "trust", "--no-sync", "-E",   "UTF8", "--locale=C", NULL };
    run_as_owner(program, arguments);
}

static void make_template(const char *template)
{
    const char *making = must_format("%s/making", workspace_shared_folder());
    run_as_owner("/bin/rm", (const char *const[]){ "rm", "-rf", making, NULL });
    rmdir(making); /* what another test left half-made: its folder is ours, its contents the other user's */
    must(mkdir(making, 0700) == 0, "cannot make %s: %s", making, strerror(errno));
    workspace_give(making);
    run_initdb(making);
    must(rename(making, template) == 0, "cannot name %s: %s", template, strerror(errno));
}

/* initdb takes a second: it runs once for each version, and its data folder is copied from then on. */
static const char *find_template(void)
{
    static const char *template;
    if (template != NULL)
        return template;
    struct stat initdb;
    const char *program = cluster_program("initdb");
    must(stat(program, &initdb) == 0, "no program %s: %s", program, strerror(errno));
    const char *path = must_format("%s/data-%llx-%llx", workspace_shared_folder(), (unsigned long long) initdb.st_ino,
                                   (unsigned long long) initdb.st_mtime);
    int lock = open(must_format("%s/lock", workspace_shared_folder()), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    must(lock >= 0 && flock(lock, LOCK_EX) == 0, "cannot lock the template: %s", strerror(errno));
    if (access(path, F_OK) != 0)
        make_template(path);
    close(lock);
    return template = path;
}

static void write_file(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    must(file != NULL, "cannot open %s: %s", path, strerror(errno));
    fputs(text, file);
    must(fclose(file) == 0, "cannot write %s: %s", path, strerror(errno));
    workspace_give(path);
}

static void stop_all(void)
{
    while (all_clusters != NULL)
        cluster_free(all_clusters);
}

/* A place for one, without its data. */
static struct cluster *make_cluster(void)
{
    const char *folder = workspace_new_folder("cluster");
    workspace_give(folder);
    struct cluster *cluster = must_alloc(sizeof *cluster);
    cluster->folder = folder;
    cluster->data = must_format("%s/data", folder);
    cluster->log = must_format("%s/server.log", folder);
    cluster->port = port_reserve();
    write_file(cluster->log, "w", "");
    if (all_clusters == NULL) {
        static bool registered;
        if (!registered)
            atexit(stop_all);
        registered = true;
    }
    cluster->next = all_clusters;
    all_clusters = cluster;
    return cluster;
}

struct cluster *cluster_new(void)
{
    const char *template = find_template();
    struct cluster *cluster = make_cluster();
    run_as_owner("/bin/cp", (const char *const[]){ "cp", "-a", template, cluster->data, NULL });
    cluster_configure(cluster, basic_settings);
    cluster_configure(cluster, must_format("unix_socket_directories = '%s'\n", cluster->folder));
    cluster_write_hba(cluster, NULL);
    return cluster;
}

struct cluster *cluster_new_standby(const struct cluster *primary)
{
    struct cluster *standby = make_cluster();
    const char *program = cluster_program("pg_basebackup");
    const char *conninfo = must_format("host=%s port=%d user=postgres", primary->folder, primary->port);
    run_as_owner(program, (const char *const[]){ program, "-D", standby->data, "-d", conninfo, "--checkpoint=fast",
                                                 "--wal-method=stream", "--no-sync", NULL });
    cluster_configure(standby, must_format("unix_socket_directories = '%s'\n", standby->folder));
    cluster_follow(standby, primary);
    return standby;
}

void cluster_free(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    struct cluster **link = &all_clusters;
    while (*link != cluster)
        link = &(*link)->next;
    *link = cluster->next; /* first, so that a failure below does not come back here at exit */
    if (cluster->postmaster != 0)
        cluster_stop(cluster, CLUSTER_IMMEDIATE);
    run_as_owner("/bin/rm", (const char *const[]){ "rm", "-rf", cluster->data, NULL });
    free(cluster);
}

void cluster_configure(struct cluster *cluster, const char *lines)
{
    write_file(must_format("%s/postgresql.conf", cluster->data), "a", must_format("%s\n", lines));
}

void cluster_write_hba(struct cluster *cluster, const char *lines)
{
    write_file(must_format("%s/pg_hba.conf", cluster->data), "w",
               must_format("%s%s\n", trusted_line, lines != NULL ? lines : trust_everybody));
    if (cluster->postmaster == 0)
        return;
    size_t mark = cluster_log_mark(cluster);
    kill(cluster->postmaster, SIGHUP);
    cluster_wait_log(cluster, mark, "received SIGHUP"); /* no connection is let in before the reading is done */
}

void cluster_make_standby(struct cluster *cluster)
{
    must(cluster->postmaster == 0, "a running cluster cannot be made a standby");
    write_file(must_format("%s/standby.signal", cluster->data), "w", "");
}

void cluster_follow(struct cluster *cluster, const struct cluster *primary)
{
    cluster_make_standby(cluster);
    cluster_configure(cluster,
                      must_format("primary_conninfo = 'host=%s port=%d user=postgres'\n", primary->folder, primary->port));
}

void cluster_limit_memory(struct cluster *cluster, long most_kb)
{
    cluster->memory_kb = most_kb;
}

void cluster_launch(struct cluster *cluster)
{
    must(cluster->postmaster == 0, "the cluster runs already");
    const char *limit = cluster->memory_kb > 0 ? must_format("ulimit -v %ld && ", cluster->memory_kb) : "";
    const char *const arguments[] = { "sh",
                                      "-c",
                                      must_format("%sexec \"$0\" \"$@\"", limit),
                                      cluster_program("postgres"),
                                      "-D",
                                      cluster->data,
                                      "-p",
                                      must_format("%d", cluster->port),
                                      NULL };
    int log = open(cluster->log, O_WRONLY | O_APPEND | O_CLOEXEC);
    must(log >= 0, "cannot open %s: %s", cluster->log, strerror(errno));
    cluster->start_mark = cluster_log_mark(cluster);
    cluster->postmaster = child_start(&(struct child_spec){ .program = "/bin/sh",
                                                            .arguments = arguments,
                                                            .unprivileged = true,
                                                            .input = CHILD_NULL,
                                                            .output = log,
                                                            .errors = log,
                                                            .death_signal = SIGQUIT,
                                                            .keeps_workspace = true });
    close(log);
}

static bool becomes_ready(struct cluster *cluster)
{
    if (file_watch_for(cluster->log, cluster->start_mark, "ready to accept", cluster->postmaster)) {
        cluster->has_started = true;
        return true;
    }
    child_wait(cluster->postmaster, "postgres");
    cluster->postmaster = 0;
    return false;
}

void cluster_wait_ready(struct cluster *cluster)
{
    must(becomes_ready(cluster), "the cluster does not start:\n%s", cluster_log(cluster, cluster->start_mark));
}

void cluster_start(struct cluster *cluster)
{
    cluster_launch(cluster);
    while (!becomes_ready(cluster)) {
        const char *log = cluster_log(cluster, cluster->start_mark);
        bool taken = !cluster->has_started && strstr(log, "Address already in use") != NULL;
        must(taken, "the cluster does not start:\n%s", log);
        cluster->port = port_reserve();
        cluster_launch(cluster);
    }
}

void cluster_stop(struct cluster *cluster, enum cluster_stop_mode mode)
{
    must(cluster->postmaster != 0, "the cluster does not run");
    pid_t postmaster = cluster->postmaster;
    cluster->postmaster = 0;
    kill(postmaster, SIGCONT);
    kill(postmaster, mode == CLUSTER_FAST ? SIGINT : SIGQUIT);
    child_wait(postmaster, "postgres");
}

static const char *show_like_psql(const PGresult *result)
{
    struct bytes text = { 0 };
    bytes_add(&text, "", 0);
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            bytes_add_format(&text, "%s%s", column > 0 ? "|" : row > 0 ? "\n" : "", PQgetvalue(result, row, column));
    const char *kept = must_keep(text.at, text.size);
    bytes_finish(&text);
    return kept;
}

static PGconn *connect_harness(const struct cluster *cluster, const char *database)
{
    return PQconnectdb(must_format("%s application_name=harness options='-c log_statement=none'",
                                   cluster_socket_conninfo(cluster, database)));
}

const char *cluster_sql(struct cluster *cluster, const char *database, const char *sql)
{
    PGconn *conn = connect_harness(cluster, database);
    PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, sql) : NULL;
    ExecStatusType status = PQresultStatus(result);
    const char *shown = status == PGRES_TUPLES_OK ? show_like_psql(result) : "";
    const char *error = must_format("%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    must(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY, "%s\nfailed: %s", sql,
         error);
    return shown;
}

/* Each look is a transaction of its own: within one, a table that was looked for in vain may stay absent. */
void cluster_wait_until(struct cluster *cluster, const char *database, const char *condition)
{
    PGconn *conn = connect_harness(cluster, database);
    const char *sql =
        must_format("SELECT c, CASE WHEN NOT c THEN pg_sleep(0.005) END FROM (VALUES (%s)) AS v (c)", condition);
    int64_t begun = patience_begin();
    bool holds = false;
    while (!holds) {
        PGresult *result = PQexec(conn, sql);
        must(PQntuples(result) == 1, "%s\nfailed: %s", condition, PQerrorMessage(conn));
        holds = PQgetvalue(result, 0, 0)[0] == 't';
        PQclear(result);
        must(holds || patience_left_ms(begun) > 0, "this never came to hold: %s", condition);
    }
    PQfinish(conn);
}

const char *cluster_create_database(struct cluster *cluster, const char *hint)
{
    const char *name = must_format("%s_%d", hint, ++database_count);
    cluster_sql(cluster, NULL, must_format("CREATE DATABASE \"%s\"", name));
    return name;
}

static const char *or_postgres(const char *database)
{
    return database != NULL ? database : "postgres";
}

const char *cluster_conninfo(const struct cluster *cluster, const char *database)
{
    return must_format("host=127.0.0.1 port=%d user=postgres dbname=%s", cluster->port, or_postgres(database));
}

const char *cluster_url(const struct cluster *cluster, const char *database)
{
    return must_format("postgresql://postgres@127.0.0.1:%d/%s", cluster->port, or_postgres(database));
}

const char *cluster_socket_conninfo(const struct cluster *cluster, const char *database)
{
    return must_format("host=%s port=%d user=postgres dbname=%s", cluster->folder, cluster->port, or_postgres(database));
}

int cluster_port(const struct cluster *cluster)
{
    return cluster->port;
}

const char *cluster_socket_folder(const struct cluster *cluster)
{
    return cluster->folder;
}

const char *cluster_data_folder(const struct cluster *cluster)
{
    return cluster->data;
}

pid_t cluster_pid(const struct cluster *cluster)
{
    return cluster->postmaster;
}

size_t cluster_log_mark(const struct cluster *cluster)
{
    struct stat log;
    must(stat(cluster->log, &log) == 0, "cannot look at %s: %s", cluster->log, strerror(errno));
    return (size_t) log.st_size;
}

const char *cluster_log(const struct cluster *cluster, size_t mark)
{
    return file_watch_read(cluster->log, mark);
}

void cluster_wait_log(const struct cluster *cluster, size_t mark, const char *text)
{
    bool seen = file_watch_for(cluster->log, mark, text, cluster->postmaster);
    must(seen, "the server ended without \"%s\" in its log:\n%s", text, cluster_log(cluster, mark));
}
