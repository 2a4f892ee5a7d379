/*
 * The calls into libpq and libuv that can fail, each of which a test can make fail at its n-th use. The linker puts the seam in
 * between (--wrap), so that the program itself has no hook, no table of functions and no second name for what libpq calls it: what
 * is tested is what is shipped. Only what a whole run calls is counted (see whole.h), and not what its fake servers do.
 */
#ifndef PGUSHER_TESTS_STARVE_SEAM_H
#define PGUSHER_TESTS_STARVE_SEAM_H

#include <stddef.h>

/* One call and one manner of failing; some calls have several. */
size_t seam_count(void);
const char *seam_name(size_t which);

/* From now on the nth use fails, once. */
void seam_arm(size_t which, long nth);

/* How often it was used since it was armed. */
long seam_disarm(void);

#endif
