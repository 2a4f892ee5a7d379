/*
 * A scene played: its servers, the run, and what came of it.
 */
#ifndef PGUSHER_TESTS_STARVE_PERFORM_H
#define PGUSHER_TESTS_STARVE_PERFORM_H

#include "scenes.h"

struct performance {
    int exit_code;
    unsigned commits; /* that the first server heard */
    unsigned cancels;
    const char *output; /* until the next run */
};

struct performance perform(const struct scene *scene, const char *label);

/* How many of the n a test is to try: PGUSHER_STARVE_EVERY=20 leaves only every twentieth, for tools that slow it all down. */
long perform_step(void);

/* One test for each scene of which is_wanted (NULL: every one), its state the scene. Returns cmocka's count of the failed ones;
 * fails when the runs have left descriptors open. */
int perform_each(const char *sentence, void (*test)(void **state), bool (*is_wanted)(const struct scene *scene));

#endif
