/*
 * What every test begins with: cmocka and the headers it wants to see first.
 *
 *     #include "support/testing.h"
 */
#ifndef PGUSHER_SUPPORT_TESTING_H
#define PGUSHER_SUPPORT_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define assert_contains(text, part)                                                                                         \
    do {                                                                                                                    \
        const char *assert_text = (text);                                                                                   \
        const char *assert_part = (part);                                                                                   \
        if (strstr(assert_text, assert_part) == NULL)                                                                       \
            fail_msg("\"%s\" is not in:\n%s", assert_part, assert_text);                                                    \
    } while (0)

#define assert_lacks(text, part)                                                                                            \
    do {                                                                                                                    \
        const char *assert_text = (text);                                                                                   \
        const char *assert_part = (part);                                                                                   \
        if (strstr(assert_text, assert_part) != NULL)                                                                       \
            fail_msg("\"%s\" is in:\n%s", assert_part, assert_text);                                                        \
    } while (0)

#endif
