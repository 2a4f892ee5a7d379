/*
 * A whole run of pgusher, from main() to its exit code, inside the test's own process, so that a test can make what it calls fail:
 * hundreds of runs a second, each with another failure. Link with whole_link_args: a look-up or a cancel that still runs in
 * libuv's pool is waited for, because the test's process must not end by _exit().
 *
 *     struct whole_end end = whole_run("the third allocation", WHOLE_WORDS("up", "-m", folder));
 *     assert_int_equal(end.exit_code, 1);
 *     assert_contains(end.output, "out of memory");
 */
#ifndef PGUSHER_TESTS_STARVE_WHOLE_H
#define PGUSHER_TESTS_STARVE_WHOLE_H

#include <stdbool.h>

#define WHOLE_WORDS(...) ((const char *const[]){ "pgusher", __VA_ARGS__, NULL })

struct whole_end {
    int exit_code;
    const char *output; /* what stdout and stderr were told; until the next run */
};

/*
 * words are argv; the environment is empty but for PATH. A run that crashes or that takes longer than anybody's patience ends the
 * test with the label and what it has written.
 */
struct whole_end whole_run(const char *label, const char *const *words);

/* On the thread that runs it: whether it is on. */
bool whole_is_on(void);

/* From another thread: the run hears SIGTERM or SIGINT; when there is none, nobody does. */
void whole_signal(int signal_number);

/* How many times as fast the program's timers ring, for what it does only after seconds; 1 at first. */
extern int whole_speed;

#endif
