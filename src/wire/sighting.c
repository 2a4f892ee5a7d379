/*
 * From libpq's error text to one of a few known sights. The SQLSTATE decides where a server spoke; the table of libpq's own words
 * is for where none did.
 */
#include "wire/sighting.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"

static const struct {
    const char *sqlstate; /* or its class, two characters */
    enum seen seen;
} by_sqlstate[] = {
    { "57P03", SEEN_STARTING_UP },
    { "53300", SEEN_TOO_MANY },
    { "3D000", SEEN_NO_DATABASE },
    { "28", SEEN_AUTHENTICATION },
};

/* libpq's words, untranslated because setlocale() is never called. test_sighting.c and test_tls.c provoke them. */
static const struct {
    const char *words;
    enum seen seen;
} by_words[] = {
    { "certificate verify failed", SEEN_TLS_VERIFY },
    { "server certificate for", SEEN_TLS_VERIFY },
    { "host name from server certificate", SEEN_TLS_VERIFY },
    { "root certificate file", SEEN_TLS_VERIFY },
    { "server does not support SSL", SEEN_TLS_MISSING },
    { "Connection refused", SEEN_REFUSED },
    { "No such file or directory", SEEN_NO_SOCKET },
    { "server closed the connection unexpectedly", SEEN_CLOSED },
    { "Connection reset by peer", SEEN_CLOSED },
    { "SSL SYSCALL error: EOF detected", SEEN_CLOSED },
    { "unexpected eof while reading", SEEN_CLOSED },
    { "SSL connection has been closed unexpectedly", SEEN_CLOSED },
    { "No route to host", SEEN_UNREACHABLE },
    { "Network is unreachable", SEEN_UNREACHABLE },
    { "Cannot assign requested address", SEEN_UNREACHABLE },
    { "Connection timed out", SEEN_UNREACHABLE },
};

const char *seen_words(enum seen seen)
{
    static const char *const words[] = {
        [SEEN_NOTHING] = "no answer yet",
        [SEEN_NO_NAME] = "no such host name",
        [SEEN_REFUSED] = "connection refused",
        [SEEN_NO_SOCKET] = "no such unix socket",
        [SEEN_UNREACHABLE] = "host unreachable",
        [SEEN_SILENT] = "no answer",
        [SEEN_CLOSED] = "closed while logging in",
        [SEEN_STARTING_UP] = "not accepting connections yet",
        [SEEN_TOO_MANY] = "too many connections",
        [SEEN_NO_PASSWORD] = "a password is needed",
        [SEEN_AUTHENTICATION] = "login refused",
        [SEEN_NO_DATABASE] = "no such database",
        [SEEN_TLS_VERIFY] = "the certificate does not verify",
        [SEEN_TLS_MISSING] = "the server has no TLS",
        [SEEN_NOT_SERVED] = "logged in, but not served",
        [SEEN_OTHER] = "connection failed",
        [SEEN_IN_RECOVERY] = "a standby, not writable",
        [SEEN_READ_ONLY] = "read-only",
        [SEEN_PRIMARY] = "a primary, not a standby",
        [SEEN_PENDING] = "migrations are pending",
        [SEEN_LAGGING] = "a standby too far behind",
        [SEEN_UNSTABLE] = "not stable yet",
        [SEEN_READY] = "ready",
    };
    return words[seen];
}

bool seen_is_good(enum seen seen)
{
    return seen == SEEN_UNSTABLE || seen == SEEN_READY;
}

bool seen_is_refusal(enum seen seen)
{
    switch (seen) {
    case SEEN_NO_PASSWORD:
    case SEEN_AUTHENTICATION:
    case SEEN_NO_DATABASE:
    case SEEN_TLS_VERIFY:
    case SEEN_TLS_MISSING:
    case SEEN_NOT_SERVED:
        return true;
    default:
        return false;
    }
}

static bool is_sqlstate(const char *text)
{
    for (int i = 0; i < 5; i++)
        if (!isdigit((unsigned char) text[i]) && !(text[i] >= 'A' && text[i] <= 'Z'))
            return false;
    return text[5] == ':' && text[6] == ' ';
}

/* A verbose message reads "SEVERITY:  SQLSTATE: text". With several tries (TLS, then none) the last one counts. */
static const char *find_sqlstate(const char *message)
{
    const char *found = NULL;
    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  "))
        if (is_sqlstate(at + 3))
            found = at + 3;
    return found;
}

static enum seen judge_sqlstate(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof by_sqlstate / sizeof by_sqlstate[0]; i++)
        if (strncmp(sqlstate, by_sqlstate[i].sqlstate, strlen(by_sqlstate[i].sqlstate)) == 0)
            return by_sqlstate[i].seen;
    return SEEN_OTHER;
}

static enum seen judge_words(const char *message)
{
    for (size_t i = 0; i < sizeof by_words / sizeof by_words[0]; i++)
        if (strstr(message, by_words[i].words) != NULL)
            return by_words[i].seen;
    return SEEN_OTHER;
}

static void keep_first_line(struct sighting *sighting, const char *text)
{
    char line[sizeof sighting->message];
    size_t size = strcspn(text, "\r\n");
    snprintf(line, sizeof line, "%.*s", (int) (size < sizeof line ? size : sizeof line - 1), text);
    text_cut(sighting->message, sizeof sighting->message, line);
}

/* Where the reason begins: libpq names the address first, and sometimes a function of its own. */
static const char *after_preamble(const char *message)
{
    static const char *const preambles[] = { " failed: ", "fe_sendauth: " };
    for (size_t i = 0; i < sizeof preambles / sizeof preambles[0]; i++) {
        const char *found = strstr(message, preambles[i]);
        if (found != NULL)
            message = found + strlen(preambles[i]);
    }
    return message;
}

/* "connection to server on socket "PATH" failed: No such file or directory": which file? */
static void keep_socket_line(struct sighting *sighting, const char *message)
{
    static const char words[] = "on socket ";
    const char *path = strstr(message, words);
    const char *reason = after_preamble(message);
    if (path == NULL || path >= reason) {
        keep_first_line(sighting, reason);
        return;
    }
    path += sizeof words - 1;
    char line[sizeof sighting->message];
    snprintf(line, sizeof line, "%.*s: %s", (int) strcspn(path, " "), path, reason);
    keep_first_line(sighting, line);
}

void sighting_read(struct sighting *sighting, const char *libpq_message)
{
    *sighting = (struct sighting){ .seen = SEEN_OTHER };
    const char *sqlstate = find_sqlstate(libpq_message);
    if (sqlstate != NULL) {
        memcpy(sighting->sqlstate, sqlstate, 5);
        sighting->seen = judge_sqlstate(sqlstate);
        keep_first_line(sighting, sqlstate + 7);
    } else {
        sighting->seen = judge_words(libpq_message);
        keep_socket_line(sighting, libpq_message);
    }
}

void sighting_set(struct sighting *sighting, enum seen seen, const char *message)
{
    *sighting = (struct sighting){ .seen = seen };
    keep_first_line(sighting, message);
}
