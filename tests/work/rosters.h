/* From environment and command line to a target, for tests of what becomes of it. Nothing is asked of any server. */
#ifndef PGUSHER_TESTS_WORK_ROSTERS_H
#define PGUSHER_TESTS_WORK_ROSTERS_H

#include "support/fixture.h"
#include "support/folder.h"
#include "support/must.h"
#include "support/starve.h"
#include "work/roster.h"

#define MARKER     "Xq7zSecretW"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING    ((const char *const[]){ NULL })

/* For each test: libpq finds nothing in the environment. */
int roster_make(void **state);
int roster_clear(void **state);
#define ROSTER_TEST(test) cmocka_unit_test_setup_teardown(test, roster_make, roster_clear)

extern struct settings settings; /* what was read last */
extern struct bytes told;        /* the events of a test, a line each */

/* libpq's own variables are in this process's environment, the others in the list. Words are further arguments of `wait`. */
void read_settings(const char *const *environment, const char *const *words);

/* A target that has to be one, or that has to be refused. */
struct target build(const char *const *environment, const char *const *words);
struct target build_url(const char *url);
struct fault refuse(const char *const *environment, const char *const *words);

/* What libpq is given for a keyword, or NULL. */
const char *keyword(const struct target *target, const char *name);

/* "name/address:port, ...": - for what is not there, ! for a socket. */
const char *hosts(const struct target *target);

#endif
