/*
 * A database of a real server on which whole runs are made to fail: cleared before each, and compared afterwards with what an
 * undisturbed run has left. What happens between pgusher and the server is not looked at.
 */
#ifndef PGUSHER_TESTS_STARVE_GROUND_H
#define PGUSHER_TESTS_STARVE_GROUND_H

#include "whole.h"

/* For a group of tests: the server, the folder, and one undisturbed run. */
int ground_open(void **state);
int ground_close(void **state);

/* As if nobody had ever migrated. */
void ground_clear(void);

/* `up` in the test's process, with everything in the log. */
struct whole_end ground_run(const char *label);

/*
 * Runs it once more, undisturbed: it must end with 0, and have nothing left to do where the run before said that it had done all; and
 * the database must be as it is after an undisturbed run.
 */
void ground_expect_converged(const char *label, const struct whole_end *before);

#endif
