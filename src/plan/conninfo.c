/*
 * What a connection string looks like from outside. Its parts are libpq's business.
 */
#include "plan/conninfo.h"

#include <string.h>

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool has_our_scheme(const char *text)
{
    return begins_with(text, "postgresql://") || begins_with(text, "postgres://");
}

/* The length of "scheme" when text is scheme://..., else 0. */
static size_t scheme_size(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-:");
    while (size > 0 && text[size - 1] == ':')
        size--;
    return begins_with(text + size, "://") ? size : 0;
}

bool conninfo_is(const char *text)
{
    return has_our_scheme(text) || strchr(text, '=') != NULL;
}

bool conninfo_is_secret(const char *text)
{
    return conninfo_is(text) || strstr(text, "://") != NULL;
}

static bool has_password_keyword(const char *text)
{
    static const char keyword[] = "password";
    for (const char *at = strstr(text, keyword); at != NULL; at = strstr(at + 1, keyword)) {
        const char *behind = at + sizeof keyword - 1;
        if (behind[strspn(behind, " \t")] == '=')
            return true;
    }
    return false;
}

bool conninfo_check_is_none(const char *text, const char *origin, const char *wanted, struct fault *fault)
{
    if (strstr(text, "://") == NULL && !has_password_keyword(text))
        return true;
    fault_set(fault, FAULT_CONFIG, "%s: a connection string stands where a %s is wanted", origin, wanted);
    fault_hint(fault, "A connection string is given by --database, or better by DATABASE_URL.");
    return false;
}

bool conninfo_check(const char *text, const char *origin, struct fault *fault)
{
    size_t scheme = scheme_size(text);
    if (has_our_scheme(text) || (scheme == 0 && strchr(text, '=') != NULL))
        return true;
    if (scheme > 0)
        fault_set(fault, FAULT_CONFIG, "%s: \"%.*s://\" is not a scheme of PostgreSQL", origin, (int) scheme, text);
    else
        fault_set(fault, FAULT_CONFIG, "%s is not a connection string", origin);
    fault_hint(fault, "Accepted are a URI (postgresql://ROLE@HOST:PORT/DATABASE) and keywords (host=HOST dbname=DATABASE).");
    return false;
}
