/*
 * What one knock at a server showed. Readiness is decided from these, and people read them in the logs.
 */
#ifndef PGUSHER_WIRE_SIGHTING_H
#define PGUSHER_WIRE_SIGHTING_H

#include <stdbool.h>

enum seen {
    SEEN_NOTHING,        /* no answer yet */
    SEEN_NO_NAME,        /* the host name does not resolve */
    SEEN_REFUSED,        /* nobody listens on the port */
    SEEN_NO_SOCKET,      /* there is no such unix socket */
    SEEN_UNREACHABLE,    /* no route, network down */
    SEEN_SILENT,         /* accepted, or not even that, and then nothing for a whole window */
    SEEN_CLOSED,         /* the server hung up in the middle of the login */
    SEEN_STARTING_UP,    /* 57P03 */
    SEEN_TOO_MANY,       /* 53300: no free connection slot */
    SEEN_NO_PASSWORD,    /* it wants one and there is none to give */
    SEEN_AUTHENTICATION, /* 28P01, 28000 */
    SEEN_NO_DATABASE,    /* 3D000 */
    SEEN_TLS_VERIFY,     /* the certificate does not verify */
    SEEN_TLS_MISSING,    /* TLS is required and the server has none */
    SEEN_NOT_SERVED,     /* logged in, but what was asked is refused, or the server is too old to be asked */
    SEEN_OTHER,          /* some other answer of a server, or of libpq */
    SEEN_IN_RECOVERY,    /* logged in, but it is a standby */
    SEEN_READ_ONLY,      /* logged in, a primary, but transactions are read-only by default */
    SEEN_PRIMARY,        /* logged in, but a standby is asked for */
    SEEN_PENDING,        /* logged in, but the ledger lacks migrations */
    SEEN_LAGGING,        /* logged in, but the standby is too far behind */
    SEEN_UNSTABLE,       /* as it should be, but not for long enough */
    SEEN_READY,          /* as it should be */
};

struct sighting {
    enum seen seen;
    char sqlstate[6];  /* empty unless a server said one */
    char message[512]; /* one line, without a password */
};

/* In a few words: "connection refused", "the database system is starting up" ... */
const char *seen_words(enum seen seen);

/* All that was asked for. */
bool seen_is_good(enum seen seen);

/* What rarely gets better by waiting: retried for the grace only. */
bool seen_is_refusal(enum seen seen);

/*
 * Reads libpq's error message of a failed connection, made with PQERRORS_VERBOSE so that it carries the SQLSTATE. What the server
 * said is judged by its SQLSTATE alone, because it may speak any language; what libpq itself says has only its words.
 */
void sighting_read(struct sighting *sighting, const char *libpq_message);

/* For something that did not come from libpq. */
void sighting_set(struct sighting *sighting, enum seen seen, const char *message);

#endif
