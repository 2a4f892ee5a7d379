/*
 * The setting of all trials. It knows the stories and how to tell one database from another; what befalls a run is trial.c's.
 */
#include "stage.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "support/cluster.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/workspace.h"

/* What the runs write is not the server's to keep: a long torture is a hundred thousand of them. */
static const char settings[] = "log_statement = 'none'\nlog_connections = off\nlog_disconnections = off\n"
                               "log_min_messages = 'log'\n";

static const char hba[] = "local all all trust\nhost all scrambled 127.0.0.1/32 scram-sha-256\n"
                          "host all all 127.0.0.1/32 trust\n";

/* Each trial leaves dead rows in every catalogue, and a database that has seen a thousand of them is slower by a third. */
enum { TRIALS_IN_A_DATABASE = 200 };

struct stage {
    struct cluster *cluster;
    struct wire_proxy *proxy;
    const char *database;
    const char *digest_sql;
    PGconn *inside;  /* in the database; it has no transaction open while a run is on */
    PGconn *outside; /* in another one, so that its snapshots keep no CREATE INDEX CONCURRENTLY waiting */
    unsigned put_back;
    struct story stories[STORIES];
};

static const struct story stories[STORIES] = {
    [STORY_FAILS] = { .name = "fails",
                      .role = "postgres",
                      .folder = "fails",
                      .mended = "mended",
                      .exit_code = 5,
                      .from = "BEGIN" },
    [STORY_CHAIN] = { .name = "chain", .role = "postgres", .folder = "chain", .mended = "chain", .begins_halfway = true },
    [STORY_SCRAM] = { .name = "scram",
                      .role = "scrambled",
                      .folder = "mended",
                      .mended = "mended",
                      .begins_halfway = true,
                      .only_login = true },
};

/* --- SQL --- */

static PGconn *connect(const struct stage *stage, const char *database)
{
    PGconn *conn =
        PQconnectdb(must_format("%s application_name=harness", cluster_socket_conninfo(stage->cluster, database)));
    must(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    PQclear(PQexec(conn, "SET client_min_messages = error"));
    return conn;
}

static PGresult *execute(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    must(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s\nfailed: %s", sql, PQerrorMessage(conn));
    return result;
}

const char *stage_digest(struct stage *stage, const char **text)
{
    PGresult *result = execute(stage->inside, stage->digest_sql);
    const char *digest = must_format("%s", PQgetvalue(result, 0, 0));
    *text = must_format("%s", PQgetvalue(result, 0, 1));
    PQclear(result);
    return digest;
}

const char *stage_digest_after(struct stage *stage, const char *sql)
{
    const char *text;
    PQclear(execute(stage->inside, "BEGIN"));
    PQclear(execute(stage->inside, sql));
    const char *digest = stage_digest(stage, &text);
    PQclear(execute(stage->inside, "ROLLBACK"));
    return digest;
}

void stage_wait_until_left(struct stage *stage)
{
    PQclear(execute(stage->outside,
                    must_format("SET statement_timeout = %d; DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE "
                                "datname = '%s' AND application_name <> 'harness') "
                                "LOOP PERFORM pg_stat_clear_snapshot(), pg_sleep(0.002); END LOOP; END $$",
                                PATIENCE_MS, stage->database)));
}

static void renew_database(struct stage *stage)
{
    PQfinish(stage->inside);
    PQclear(execute(stage->outside, must_format("DROP DATABASE \"%s\"", stage->database)));
    PQclear(execute(stage->outside, must_format("CREATE DATABASE \"%s\"", stage->database)));
    stage->inside = connect(stage, stage->database);
}

void stage_put_back(struct stage *stage, const struct story *story)
{
    if (++stage->put_back % TRIALS_IN_A_DATABASE == 0)
        renew_database(stage);
    PQclear(execute(stage->inside, story->image));
    PQclear(execute(stage->inside, "RESET ALL; SET client_min_messages = error"));
}

/* pg_dump's own \restrict and \unrestrict lines carry a word that is another one each time. */
static const char *without_commands(const char *dump)
{
    struct bytes kept = { 0 };
    bytes_add(&kept, "", 0);
    for (const char *line = dump; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        size += line[size] == '\n';
        if (line[0] != '\\')
            bytes_add(&kept, line, size);
        line += size;
    }
    const char *text = must_keep(kept.at, kept.size);
    bytes_finish(&kept);
    return text;
}

static const char *dump_with(const struct stage *stage, const char *const *words)
{
    const char *arguments[12] = { cluster_socket_conninfo(stage->cluster, stage->database), "--inserts" };
    for (size_t i = 0; words[i] != NULL; i++)
        arguments[i + 2] = words[i];
    struct run_result result =
        run_program(&(struct run_spec){ .program = cluster_program("pg_dump"), .arguments = arguments });
    must(result.exit_code == 0, "pg_dump: %s", result.errors);
    return without_commands(result.output);
}

const char *stage_dump(struct stage *stage)
{
    return dump_with(stage, (const char *const[]){ "--exclude-table-data=schema_migrations*", NULL });
}

/* --- runs --- */

struct run *stage_run(const struct stage *stage, const struct story *story, const char *folder, bool through_proxy,
                      const char *const *words)
{
    int port = through_proxy ? wire_proxy_port(stage->proxy) : cluster_port(stage->cluster);
    const char *arguments[16] = { "up", "--migrations", must_format("%s/%s", PGUSHER_TORTURE_FOLDER, folder) };
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        arguments[i + 3] = words[i];
    const char *const environment[] = { "PGHOST=127.0.0.1",
                                        must_format("PGPORT=%d", port),
                                        must_format("PGUSER=%s", story->role),
                                        "PGPASSWORD=secret",
                                        must_format("PGDATABASE=%s", stage->database),
                                        "PGSSLMODE=disable",
                                        "PGUSHER_LOG_FORMAT=logfmt",
                                        NULL };
    return run_begin(&(struct run_spec){ .arguments = arguments, .environment = environment, .folder = workspace_folder() });
}

static struct run_result run_calmly(struct stage *stage, const struct story *story, const char *folder, int exit_code)
{
    struct run_result result = run_end(stage_run(stage, story, folder, true, NULL));
    must(result.exit_code == exit_code, "an undisturbed run in %s ended with %d: %s", folder, result.exit_code,
         result.output);
    stage_wait_until_left(stage);
    return result;
}

static void settle_range(struct story *story)
{
    const struct wire_measure *measure = &story->measure;
    must(measure->client_at_text.bytes > 0, "the text that divides the story %s was never said", story->name);
    if (story->from != NULL) {
        story->client_begin = measure->client_at_text;
        story->server_begin = measure->server_at_text;
    }
    story->client_end = story->only_login ? measure->client_at_login : measure->client;
    story->server_end = story->only_login ? measure->server_at_login : measure->server;
}

/* The text that a measure looks for where the story has none is the first that is said after the wait. */
static void play_calmly(struct stage *stage, struct story *story)
{
    stage_put_back(stage, story);
    run_calmly(stage, story, story->folder, story->exit_code); /* the caches are warm after it */
    stage_put_back(stage, story);
    wire_proxy_measure(stage->proxy, story->from != NULL ? story->from : "client_connection_check_interval");
    story->duration_us = run_calmly(stage, story, story->folder, story->exit_code).duration_us;
    story->measure = wire_proxy_measured(stage->proxy);
    settle_range(story);
    run_calmly(stage, story, story->mended, 0);
    story->digest = stage_digest(stage, &story->text);
    story->dump = stage_dump(stage);
}

/* --- beginning and end --- */

static const char empty_image[] = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";

static void make_images(struct stage *stage)
{
    struct story *fails = &stage->stories[STORY_FAILS];
    fails->image = empty_image;
    stage_put_back(stage, fails);
    run_calmly(stage, fails, fails->folder, fails->exit_code);
    const char *halfway = dump_with(stage, (const char *const[]){ NULL });
    for (enum story_name name = 0; name < STORIES; name++)
        stage->stories[name].image =
            stage->stories[name].begins_halfway ? must_format("%s; %s", empty_image, halfway) : empty_image;
}

struct stage *stage_new(void)
{
    struct stage *stage = must_alloc(sizeof *stage);
    memcpy(stage->stories, stories, sizeof stories);
    stage->cluster = cluster_new();
    cluster_configure(stage->cluster, settings);
    cluster_write_hba(stage->cluster, hba);
    cluster_start(stage->cluster);
    stage->proxy = wire_proxy_new("127.0.0.1", cluster_port(stage->cluster));
    stage->database = cluster_create_database(stage->cluster, "torture");
    stage->digest_sql = folder_read(PGUSHER_TORTURE_FOLDER, "digest.sql");
    stage->inside = connect(stage, stage->database);
    stage->outside = connect(stage, NULL);
    PQclear(execute(stage->outside, "CREATE ROLE scrambled SUPERUSER LOGIN PASSWORD 'secret'"));
    make_images(stage);
    for (enum story_name name = 0; name < STORIES; name++)
        play_calmly(stage, &stage->stories[name]);
    return stage;
}

void stage_free(struct stage *stage)
{
    PQfinish(stage->inside);
    PQfinish(stage->outside);
    wire_proxy_free(stage->proxy);
    cluster_free(stage->cluster);
    free(stage);
}

const struct story *stage_story(const struct stage *stage, enum story_name name)
{
    return &stage->stories[name];
}

void stage_note_duration(struct stage *stage, enum story_name name, int64_t duration_us)
{
    if (duration_us < stage->stories[name].duration_us)
        stage->stories[name].duration_us = duration_us;
}

struct wire_proxy *stage_proxy(const struct stage *stage)
{
    return stage->proxy;
}
