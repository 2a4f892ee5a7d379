/*
 * An existing db-migrate block, as people have it: a list of POSTGRES_* with a plain password, an application's image, a Python command.
 * When image and command are changed to pgusher's and nothing else, it works: its environment is read from the block as it stands and
 * given to pgusher, with a name that only the network of the containers knows.
 */
#include "support/testing.h"

#include "compose/files.h"
#include "compose/stack.h"
#include "support/cluster.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/run_program.h"

enum { MOST_VARIABLES = 32 };

static struct cluster *cluster;
static struct arena arena;

static int start(void **state)
{
    (void) state;
    arena_init(&arena);
    cluster = cluster_new();
    cluster_start(cluster);
    return 0;
}

static int stop(void **state)
{
    (void) state;
    cluster_free(cluster);
    arena_finish(&arena);
    return 0;
}

static const struct service *read_block(void)
{
    static struct source source;
    static struct stack stack;
    static const struct stack_options options = { .reads_env_files = false };
    struct fault fault;
    must(file_read(&source, &arena, COMPOSE_CASES "/old_kind.yml", &fault), "%s", fault.what);
    must(stack_read(&stack, &arena, &source, &options, &fault), "%s", fault.what);
    return stack_service(&stack, "db-migrate");
}

/* As Compose gives it to the container; but the server's port is the test's. */
static const char *const *environment_of(const struct service *service)
{
    static const char *environment[MOST_VARIABLES + 1];
    for (size_t i = 0; i < service->variable_count && i < MOST_VARIABLES; i++) {
        const struct variable *variable = &service->variables[i];
        bool is_port = strcmp(variable->name, "POSTGRES_PORT") == 0;
        environment[i] = is_port ? must_format("POSTGRES_PORT=%d", cluster_port(cluster))
                                 : must_format("%s=%s", variable->name, variable->value);
    }
    return environment;
}

static void test_old_kind__the_block_works_when_image_and_command_are_changed(void **state)
{
    (void) state;
    const struct service *block = read_block();
    assert_non_null(block);
    assert_int_equal(block->variable_count, 5);
    assert_string_equal(block->command, "python -m bot.migrate");
    cluster_sql(cluster, "postgres",
                "SET password_encryption = 'scram-sha-256'; CREATE ROLE botuser LOGIN PASSWORD 'plain-secret'");
    cluster_sql(cluster, "postgres", "CREATE DATABASE botdb OWNER botuser");
    cluster_write_hba(cluster, "host all all 127.0.0.1/32 scram-sha-256");
    const char *app = folder_new();
    const char *migrations = folder_add_folder(folder_add_folder(app, "sql"), "migrations");
    folder_add(migrations, "001_users.sql", "CREATE TABLE users (id integer);\n");
    struct run_result result = run_program(&(struct run_spec){
        .arguments = (const char *const[]){ "up", NULL },
        .environment = environment_of(block),
        .folder = app,
        .hosts = folder_add(folder_new(), "hosts", "postgres 127.0.0.1\n"),
    });
    assert_int_equal(result.exit_code, 0);
    assert_contains(result.output, "event=migration_applied");
    assert_lacks(result.output, "plain-secret");
    assert_string_equal(cluster_sql(cluster, "botdb", "SELECT migration_name FROM schema_migrations"), "001_users.sql");
    assert_string_equal(cluster_sql(cluster, "botdb", "SELECT count(*) FROM users"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_kind__the_block_works_when_image_and_command_are_changed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
