/*
 * How four of libpq's keywords are written. It does not know who said them, nor what follows from them.
 */
#include "keyword.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/value.h"

enum { ORIGIN_BYTES = 128 };

static bool choose(size_t *index, const char *keyword, const char *const *names, size_t count, const char *text,
                   const char *origin, struct fault *fault)
{
    char where[ORIGIN_BYTES];
    snprintf(where, sizeof where, "%s in %s", keyword, origin);
    return value_choice(index, text, where, names, count, fault);
}

bool keyword_attrs(enum session_attrs *attrs, const char *text, const char *origin, struct fault *fault)
{
    static const char *const names[] = {
        [ATTRS_ANY] = "any",         [ATTRS_READ_WRITE] = "read-write", [ATTRS_READ_ONLY] = "read-only",
        [ATTRS_PRIMARY] = "primary", [ATTRS_STANDBY] = "standby",       [ATTRS_PREFER_STANDBY] = "prefer-standby",
    };
    size_t index;
    if (!choose(&index, "target_session_attrs", names, sizeof names / sizeof names[0], text, origin, fault))
        return false;
    *attrs = (enum session_attrs) index;
    return true;
}

bool keyword_sslmode(const char *text, const char *origin, struct fault *fault)
{
    static const char *const names[] = { "disable", "allow", "prefer", "require", "verify-ca", "verify-full" };
    size_t index;
    return choose(&index, "sslmode", names, sizeof names / sizeof names[0], text, origin, fault);
}

bool keyword_connect_timeout(int64_t *timeout_ms, const char *text, const char *origin, struct fault *fault)
{
    char *end;
    errno = 0;
    long seconds = strtol(text, &end, 10);
    if (end == text || errno != 0 || seconds > INT_MAX || end[strspn(end, " \t\n\v\f\r")] != '\0')
        return fault_set(fault, FAULT_CONFIG, "connect_timeout in %s: \"%s\" is not a number of seconds", origin, text);
    if (seconds > 0)
        *timeout_ms = seconds * 1000;
    return true;
}

bool keyword_host(const char *name, const char *origin, bool may_be_shown, struct fault *fault)
{
    const char *odd = strpbrk(name, ":/@\"' \t\r\n");
    bool is_shown = may_be_shown && strpbrk(name, "/@") == NULL;
    if (odd == NULL)
        return true;
    if (is_shown)
        fault_set(fault, FAULT_CONFIG, "host in %s: \"%s\" is not a host name", origin, name);
    else
        fault_set(fault, FAULT_CONFIG, "host in %s: it is not a host name", origin);
    if (strstr(name, "://") != NULL)
        fault_hint(fault, "It is a connection string: DATABASE_URL or --database takes those.");
    else if (*odd == ':')
        fault_hint(fault, "A port goes into POSTGRES_PORT or -p, or in a connection string into port=.");
    else
        fault_hint(fault, "Quotes and spaces in an environment file may be part of the value: leave them out.");
    return false;
}
