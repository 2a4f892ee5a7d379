/*
 * The three of them made and cleared away. What a test does with them is its own.
 */
#include "support/fixture.h"

struct arena arena;
struct fake_server *server;
struct cluster *cluster;

int open_arena(void **state)
{
    (void) state;
    arena_init(&arena);
    return 0;
}

int close_arena(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

int make_server(void **state)
{
    (void) state;
    server = fake_server_new(NULL);
    return 0;
}

int free_server(void **state)
{
    (void) state;
    fake_server_free(server);
    return 0;
}

int start_cluster(void **state)
{
    (void) state;
    cluster = cluster_new();
    cluster_start(cluster);
    return 0;
}

int stop_cluster(void **state)
{
    (void) state;
    cluster_free(cluster);
    return 0;
}
