/*
 * The score of a text as a line of words, such as "BEGIN row s1 guard COMMIT". The scripts come from real texts, because it is their
 * marks that the order follows from.
 */
#ifndef PGUSHER_TESTS_WORK_SCORES_H
#define PGUSHER_TESTS_WORK_SCORES_H

#include "work/score.h"

/* The one that is written, again and again. */
extern struct score score;

/* The set-up and the teardown of each test. */
int scores_make(void **state);
int scores_clear(void **state);
#define SCORE_TEST(name) cmocka_unit_test_setup_teardown(name, scores_make, scores_clear)

#define NO_TIMEOUTS      .lock_timeout_ms = -1, .statement_timeout_ms = -1

extern const struct score_wishes plain;
extern const struct score_wishes logged; /* there is a log */

struct step read_step(const char *text);

/* Without the changes of role, and all the statements of a reset as one word. */
const char *render(void);
const char *write_score(const char *text, const struct score_wishes *wishes);

#endif
