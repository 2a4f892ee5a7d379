/*
 * The table of statements that cannot run in a transaction block, held against a real server: it refuses each entry's example in a
 * block (25001), and the program gets each of them to the server outside one.
 */
#include <libpq-fe.h>
#include <stdio.h>

#include "support/cluster.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/run_program.h"
#include "support/testing.h"
#include "text/standalone.h"

static struct cluster *cluster;
static const char *database;
static PGconn *connection;

static const char *sqlstate_of(const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *kept = must_format("%s", sqlstate != NULL ? sqlstate : "00000");
    PQclear(result);
    return kept;
}

/* What the examples speak of. The subscription is enabled, or another rule than that of blocks would come first. */
static int start(void **state)
{
    (void) state;
    cluster = cluster_new();
    cluster_start(cluster);
    database = cluster_create_database(cluster, "standalone");
    connection = PQconnectdb(cluster_socket_conninfo(cluster, database));
    must(PQstatus(connection) == CONNECTION_OK, "cannot connect: %s", PQerrorMessage(connection));
    static const char *const setup[] = {
        "SET client_min_messages = error",
        "CREATE TABLE t (c int) PARTITION BY LIST (c)",
        "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
        "CREATE SCHEMA s",
        "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
        "ALTER SUBSCRIPTION s ENABLE",
    };
    for (size_t i = 0; i < sizeof setup / sizeof setup[0]; i++)
        must(strcmp(sqlstate_of(setup[i]), "00000") == 0, "%s: %s", setup[i], PQerrorMessage(connection));
    return 0;
}

static int stop(void **state)
{
    (void) state;
    PQfinish(connection);
    cluster_free(cluster);
    return 0;
}

/* Rules say from which version on there is such a statement. */
static bool is_known_to_server(const struct standalone *entry)
{
    int version = 0;
    const char *from = strstr(entry->rule, "from ");
    bool since = from != NULL && sscanf(from, "from %d on", &version) == 1;
    bool always_one_form = strcmp(entry->name, "REINDEX CONCURRENTLY") == 0; /* the word is older than the option */
    return !since || always_one_form || PQserverVersion(connection) >= version * 10000;
}

static void test_standalone__the_server_refuses_each_in_a_block(void **state)
{
    (void) state;
    size_t refused = 0;
    for (size_t i = 0; i < standalone_count; i++) {
        const struct standalone *entry = &standalone_table[i];
        if (!is_known_to_server(entry))
            continue;
        sqlstate_of("BEGIN");
        const char *sqlstate = sqlstate_of(entry->example);
        if (strcmp(sqlstate, "25001") != 0)
            fail_msg("%s: %s %s", entry->example, sqlstate, PQerrorMessage(connection));
        sqlstate_of("ROLLBACK");
        refused++;
    }
    assert_true(refused + 2 >= standalone_count); /* two belong to PostgreSQL 17 and 18 */
}

/* Whether it then succeeds is another matter: there is no second database to drop, and nobody to subscribe to. */
static void test_standalone__each_passes_through_us(void **state)
{
    (void) state;
    for (size_t i = 0; i < standalone_count; i++) {
        const struct standalone *entry = &standalone_table[i];
        const char *folder = folder_new();
        folder_add(folder, must_format("%zu.sql", i), must_format("SELECT 1;\n%s;\n", entry->example));
        struct run_result result = run_program(&(struct run_spec){
            .arguments = (const char *const[]){ "up", "--migrations", folder, NULL },
            .environment = (const char *const[]){ must_format("DATABASE_URL=%s", cluster_url(cluster, database)), NULL },
        });
        if (result.exit_code != 0 && result.exit_code != 5)
            fail_msg("%s: exit code %d\n%s", entry->example, result.exit_code, result.errors);
        assert_lacks(result.errors, "25001");
        assert_contains(result.output, "event=outside_transaction");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standalone__the_server_refuses_each_in_a_block),
        cmocka_unit_test(test_standalone__each_passes_through_us),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
