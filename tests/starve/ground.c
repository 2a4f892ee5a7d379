/*
 * The server and its one database. It knows the chain and how to tell what it has done; which failures befall a run is the tests'.
 */
#include "ground.h"

#include <libpq-fe.h>
#include <string.h>

#include "support/cluster.h"
#include "support/folder.h"
#include "support/must.h"

enum { COPIED_ROWS = 4000 };

static struct cluster *cluster;
static PGconn *inside; /* a session of the harness, idle while a run is on */
static const char *folder;
static const char *target;
static const char *undisturbed;

/* The rows that the files leave, each of which a second time would show; the catalogue; the ledger; what the log says is done. */
static const char digest[] =
    "SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ("
    "SELECT 'town ' || name || ' ' || count(*) FROM towns GROUP BY name UNION ALL "
    "SELECT 'copied ' || count(*) || ' ' || md5(string_agg(name, ',' ORDER BY name)) FROM copied UNION ALL "
    "SELECT 'index ' || indexrelid::regclass || ' ' || indisvalid FROM pg_index WHERE indrelid IN ('towns'::regclass, "
    "'copied'::regclass) UNION ALL "
    "SELECT 'relation ' || relname || ' ' || relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION "
    "ALL "
    "SELECT 'ledger ' || migration_name || ' ' || count(*) FROM schema_migrations GROUP BY migration_name UNION ALL "
    "SELECT 'log ' || concat_ws(' ', migration_name, event, statement, checksum, count(*)) FROM schema_migrations_log "
    "WHERE event IN ('applied', 'done') GROUP BY migration_name, event, statement, checksum) AS lines (line)";

static const char *sql(const char *text)
{
    PGresult *result = PQexec(inside, text);
    ExecStatusType status = PQresultStatus(result);
    must(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "%s\nfailed: %s", text, PQresultErrorMessage(result));
    const char *answer = must_format("%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return answer;
}

static const char *copied_rows(void)
{
    struct bytes text = { 0 };
    bytes_add_format(&text, "CREATE TABLE copied (name text);\nCOPY copied FROM stdin;\n");
    for (int i = 0; i < COPIED_ROWS; i++)
        bytes_add_format(&text, "a row that is long enough, number %d\n", i);
    bytes_add_format(&text, "\\.\nCOPY (SELECT * FROM copied LIMIT 3) TO stdout;\nINSERT INTO towns VALUES ('Kiel');\n");
    const char *kept = must_keep(text.at, text.size);
    bytes_finish(&text);
    return kept;
}

static const char *chain_folder(void)
{
    return folder_with((const struct folder_file[]){
        { "1_towns.sql", "CREATE TABLE towns (name text);\nINSERT INTO towns VALUES ('Ulm');\n"
                         "DO $$ BEGIN RAISE NOTICE 'a notice'; END $$;\nSELECT * FROM generate_series(1, 3);\n" },
        { "2_pair.sql", "BEGIN;\nSET search_path TO public;\nINSERT INTO towns VALUES ('Bonn');\nCOMMIT;\n" },
        { "3_copied.sql", copied_rows() },
        { "4_index.sql", "CREATE INDEX CONCURRENTLY town_names ON towns (name);\nINSERT INTO towns VALUES ('Jena');\n" },
        { "5_last.sql", "CREATE VIEW names AS SELECT name FROM towns;\nINSERT INTO towns VALUES ('Hof');\n" },
        { 0 } });
}

void ground_clear(void)
{
    sql("SET client_min_messages = error; SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

struct whole_end ground_run(const char *label)
{
    return whole_run(label, WHOLE_WORDS("up", "--database", target, "--migrations", folder, "--log-level", "debug"));
}

void ground_expect_converged(const char *label, const struct whole_end *before)
{
    bool said_done = before->exit_code == 0;
    const char *log = must_format("%s", before->output);
    struct whole_end end = ground_run(label);
    must(end.exit_code == 0, "%s\nand then exit code %d:\n%s\nafter:\n%s", label, end.exit_code, end.output, log);
    must(!said_done || strstr(end.output, "event=migration_applied") == NULL, "%s: 0 was said too early:\n%s\nafter:\n%s",
         label, end.output, log);
    const char *now = sql(digest);
    must(strcmp(now, undisturbed) == 0, "%s leaves\n%s\nand not\n%s\nafter:\n%s", label, now, undisturbed, log);
}

int ground_open(void **state)
{
    (void) state;
    cluster = cluster_new();
    cluster_configure(cluster, "log_statement = 'none'\n");
    cluster_start(cluster);
    target = must_format("%s sslmode=disable", cluster_conninfo(cluster, cluster_create_database(cluster, "ground")));
    inside = PQconnectdb(must_format("%s application_name=harness", target));
    must(PQstatus(inside) == CONNECTION_OK, "%s", PQerrorMessage(inside));
    folder = chain_folder();
    struct whole_end end = ground_run("an undisturbed run");
    must(end.exit_code == 0, "an undisturbed run ends with %d:\n%s", end.exit_code, end.output);
    undisturbed = sql(digest);
    return 0;
}

int ground_close(void **state)
{
    (void) state;
    PQfinish(inside);
    cluster_free(cluster);
    return 0;
}
