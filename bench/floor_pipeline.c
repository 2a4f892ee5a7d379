/*
 * usage: bench_floor_pipeline bare|promises CONNINFO FOLDER
 *
 * The quickest that migrations can be applied by hand: libpq's pipeline, one Sync for all, each file a transaction with its
 * ledger's row. With `promises` the same files carry what pgusher's do: the lock, the reset behind a file that may have changed
 * the session, the log's row with a checksum, the guard. It knows nothing of SQL: a statement ends with a semicolon at the end
 * of a line, as the benchmark's files have it, and of those only INSERT may change a session.
 */
#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statements.h"
#include "text/template.h"

enum { MOST_SQL_BYTES = 1 << 20, PATH_BYTES = 4096, CHECKSUM_BYTES = 65, MOST_UNREAD = 512 };

static const char lock_key[] = "7241865325823964";

struct work {
    PGconn *conn;
    bool promises;
    bool reset_is_due;
    size_t unread; /* commands whose results have not been read */
    struct buf row;
    struct buf log;
    struct buf guard;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void check(struct work *work, bool ok)
{
    if (!ok)
        die("libpq", PQerrorMessage(work->conn));
}

/* --- what goes out and what comes back -------------------------------------------------------------------------------- */

/* Takes what has come; false when the Sync's answer was among it. */
static bool hear(struct work *work)
{
    while (work->unread > 0 && !PQisBusy(work->conn)) {
        PGresult *result = PQgetResult(work->conn);
        ExecStatusType status = PQresultStatus(result);
        if (result == NULL) {
            work->unread--; /* each command's results end with a NULL */
            continue;
        }
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return false;
        }
        check(work, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
        PQclear(result);
    }
    return true;
}

/* One turn: writes what can be written, reads what is there. False when the Sync's answer was heard. */
static bool turn(struct work *work, int timeout_ms)
{
    int unsent = PQflush(work->conn);
    check(work, unsent >= 0);
    struct pollfd socket = { .fd = PQsocket(work->conn), .events = (short) (POLLIN | (unsent > 0 ? POLLOUT : 0)) };
    if (poll(&socket, 1, timeout_ms) > 0 && (socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        check(work, PQconsumeInput(work->conn) == 1);
    return hear(work);
}

static void say(struct work *work, const char *sql, int count, const char *const *values)
{
    check(work, PQsendQueryParams(work->conn, sql, count, NULL, values, NULL, NULL, 0) == 1);
    work->unread++;
    while (work->unread >= MOST_UNREAD)
        turn(work, -1);
}

static void say_plain(struct work *work, const char *sql)
{
    say(work, sql, 0, NULL);
}

static void run_simply(struct work *work, const char *sql)
{
    PGresult *result = PQexec(work->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    check(work, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    PQclear(result);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static int is_migration(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending != NULL && strcmp(ending, ".sql") == 0;
}

/* The caller frees it. */
static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path, strerror(errno));
    fseek(file, 0, SEEK_END);
    *size = (size_t) ftell(file);
    rewind(file);
    char *text = malloc(*size + 1);
    if (text == NULL || fread(text, 1, *size, file) != *size)
        die(path, "cannot read");
    text[*size] = '\0';
    fclose(file);
    return text;
}

static void make_checksum(char checksum[CHECKSUM_BYTES], const char *text, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    EVP_Digest(text, size, digest, &digest_size, EVP_sha256(), NULL);
    for (unsigned i = 0; i < digest_size; i++)
        snprintf(checksum + 2 * (size_t) i, 3, "%02x", digest[i]);
}

/* --- a migration ------------------------------------------------------------------------------------------------------ */

static void say_reset(struct work *work)
{
    static const char *const statements[] = {
        "BEGIN",        "RESET SESSION AUTHORIZATION", "RESET ROLE",     "RESET ALL", "CLOSE ALL", "UNLISTEN *",
        "DISCARD TEMP", "DISCARD SEQUENCES",           "DEALLOCATE ALL", "COMMIT",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        say_plain(work, statements[i]);
}

static void say_statements(struct work *work, char *text)
{
    for (char *end; (end = strstr(text, ";\n")) != NULL; text = end + 2) {
        *end = '\0';
        say_plain(work, text);
    }
}

static void say_promises(struct work *work, const char *name, const char *checksum, bool changes_session)
{
    if (changes_session) {
        say_plain(work, "RESET SESSION AUTHORIZATION");
        say_plain(work, "RESET ROLE");
    }
    say(work, buf_text(&work->log), 4, (const char *const[]){ name, checksum, "bench", NULL });
    say(work, buf_text(&work->guard), 3,
        (const char *const[]){ name, changes_session ? lock_key : NULL, "schema_migrations" });
}

static void apply(struct work *work, const char *folder, const char *name)
{
    char path[PATH_BYTES];
    char checksum[CHECKSUM_BYTES] = "";
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = read_file(path, &size);
    bool changes_session = strstr(text, "INSERT") != NULL;
    if (work->promises)
        make_checksum(checksum, text, size);
    if (work->reset_is_due)
        say_reset(work);
    say_plain(work, "BEGIN");
    say(work, buf_text(&work->row), 1, (const char *const[]){ name });
    say_statements(work, text);
    if (work->promises)
        say_promises(work, name, checksum, changes_session);
    say_plain(work, "COMMIT");
    work->reset_is_due = work->promises && changes_session;
    free(text);
}

static void apply_all(struct work *work, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_migration, alphasort);
    if (count < 0)
        die(folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        apply(work, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    check(work, PQpipelineSync(work->conn) == 1);
    work->unread++;
    while (turn(work, -1))
        ;
}

static void fill(struct buf *buf, const char *sql)
{
    const struct template_word words[] = {
        { "ledger", "public.schema_migrations" },
        { "log", "public.schema_migrations_log" },
        { "notify", ", pg_catalog.pg_notify($3, $1)" },
        { NULL, NULL },
    };
    buf_init(buf, MOST_SQL_BYTES);
    template_add(buf, sql, words);
}

static void prepare(struct work *work)
{
    struct buf create;
    fill(&create, sql_create_ledger);
    run_simply(work, buf_text(&create));
    buf_finish(&create);
    fill(&work->row, sql_add_row);
    fill(&work->log, sql_log_applied);
    fill(&work->guard, sql_guard);
    if (!work->promises)
        return;
    fill(&create, sql_create_log);
    run_simply(work, buf_text(&create));
    buf_finish(&create);
    buf_init(&create, MOST_SQL_BYTES);
    buf_add_format(&create, "SELECT pg_advisory_lock(%s)", lock_key);
    run_simply(work, buf_text(&create));
    buf_finish(&create);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage", "bench_floor_pipeline bare|promises CONNINFO FOLDER");
    struct work work = { .conn = PQconnectdb(argv[2]), .promises = strcmp(argv[1], "promises") == 0 };
    check(&work, PQstatus(work.conn) == CONNECTION_OK);
    prepare(&work);
    check(&work, PQsetnonblocking(work.conn, 1) == 0 && PQenterPipelineMode(work.conn) == 1);
    apply_all(&work, argv[3]);
    buf_finish(&work.row);
    buf_finish(&work.log);
    buf_finish(&work.guard);
    PQfinish(work.conn);
    return 0;
}
