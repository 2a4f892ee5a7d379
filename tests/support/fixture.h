/*
 * What many tests stand on, one of each, with cmocka's set-up and tear-down: an arena for each test, a scripted server for each test, a
 * running cluster for a whole program.
 */
#ifndef PGUSHER_TESTS_SUPPORT_FIXTURE_H
#define PGUSHER_TESTS_SUPPORT_FIXTURE_H

#include "base/arena.h"
#include "support/fake_server.h"
#include "support/one_cluster.h"
#include "support/testing.h"

extern struct arena arena;
int open_arena(void **state);
int close_arena(void **state);
#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

/* It does not listen yet. */
extern struct fake_server *server;
int make_server(void **state);
int free_server(void **state);

int start_cluster(void **state);
int stop_cluster(void **state);

#endif
