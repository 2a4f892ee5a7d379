/*
 * "Fail the n-th allocation, for every n." The act runs with its first allocation failing, then with its second failing, and
 * so on until none of its allocations failed any more. Each starved run must end with false and the fault of no memory, the
 * last one with true. That nothing leaks is for the sanitizers and valgrind to say.
 *
 *     static bool read_one(void *argument, struct fault *fault)
 *     {
 *         struct arena arena;
 *         struct script script;
 *         arena_init(&arena);
 *         bool done = script_read(&script, &arena, argument, fault);
 *         arena_finish(&arena);
 *         return done;
 *     }
 *     ...
 *     starve(read_one, &source);
 */
#ifndef PGUSHER_SUPPORT_STARVE_H
#define PGUSHER_SUPPORT_STARVE_H

#include <stdbool.h>

#include "base/fault.h"

typedef bool starved_act(void *argument, struct fault *fault);

/* How many allocations the act needs; fails the test when it needs none, since then nothing was tested. */
long starve(starved_act *act, void *argument);

#endif
