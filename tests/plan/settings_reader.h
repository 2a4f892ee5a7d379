/* Reads settings from a command line and an environment written out in a test. */
#ifndef PGUSHER_TESTS_PLAN_SETTINGS_READER_H
#define PGUSHER_TESTS_PLAN_SETTINGS_READER_H

#include "plan/settings.h"

#define ARGV(...)        ((const char *const[]){ "pgusher", __VA_ARGS__, NULL })
#define ENVIRONMENT(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define EMPTY            ((const char *const[]){ NULL })

/* cmocka's set-up and teardown: what is read lives in between. */
int reader_open(void **state);
int reader_close(void **state);

/* Both fail the test when it goes the other way. */
const struct settings *read_settings(const char *const *argv, const char *const *environment);
const struct fault *read_refusal(const char *const *argv, const char *const *environment);

/* The words and the notes, one a line: "0 value host=db (-h)" and "overridden host: -h over PGHOST". */
const char *words_text(const struct settings *read);
const char *notes_text(const struct settings *read);

#endif
