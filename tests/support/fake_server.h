/*
 * A server that says what a test wants: it speaks PostgreSQL's protocol as far as a script goes, and breaks off where the
 * script says so. It turns on the test's own loop, or in a thread of its own when loop is NULL, which also serves whole
 * programs. It listens on 127.0.0.1 only after fake_server_listen(); until then connections are refused.
 *
 *     static const struct fake_reply replies[] = {
 *         { .match = "pg_is_in_recovery", .rows = "in_recovery\nf" },
 *         { .match = "CREATE TABLE", .error = { "ERROR", "42501", "permission denied" } },
 *         FAKE_END,
 *     };
 *     static const struct fake_visit visits[] = {
 *         { .manner = FAKE_REFUSE, .error = { "FATAL", "57P03", "the database system is starting up" } },
 *         { .manner = FAKE_SILENT },
 *         { .manner = FAKE_LOGIN, .replies = replies },
 *     };
 *     struct fake_server *server = fake_server_new(NULL);
 *     fake_server_script(server, visits, 3);
 *     fake_server_listen(server);
 *     ... run pgusher with fake_server_conninfo(server) ...
 *     assert_int_equal(fake_server_connections(server), 3);
 *     assert_contains(fake_server_heard(server), "3 Q SELECT pg_is_in_recovery()");
 *     fake_server_free(server);
 *
 * On the test's own loop its handles are unreferenced: the loop ends when the subject is done, and fake_server_free() closes
 * them, turning the loop until they are gone. Scripts are not copied and must outlive the server: make them static.
 */
#ifndef PGUSHER_SUPPORT_FAKE_SERVER_H
#define PGUSHER_SUPPORT_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* The fields of an ErrorResponse; NULL ones are left out. severity may be of any language. */
struct fake_error {
    const char *severity;
    const char *sqlstate;
    const char *message;
    const char *detail;
    const char *hint;
    int position; /* counts characters from 1; 0: none */
};

/* What becomes of a query. */
enum fake_deed {
    FAKE_ANSWER,
    FAKE_HANG_UP,         /* the connection is closed instead of an answer */
    FAKE_RESET,           /* the same with a TCP reset */
    FAKE_SAY_NOTHING,     /* neither this query nor a later one is answered */
    FAKE_UNTIL_CANCELLED, /* it runs until a cancel request comes: error 57014, and the connection goes on */
    FAKE_UNTIL_HEARD,     /* the same, or until .until was heard from another connection: then it is answered. Not in a Q */
    FAKE_COPY_IN,         /* COPY ... FROM stdin in a Q: takes the client's data and counts its lines */
    FAKE_COPY_OUT         /* COPY ... TO stdout in a Q: sends .rows as it stands */
};

/*
 * How a query is answered: the first reply that fits it counts. A query that none fits succeeds without a row, with the tag
 * that its first words ask for. One simple query (Q) is one query, whatever semicolons it holds.
 */
struct fake_reply {
    const char *match;       /* a part of the query's text; NULL: any query */
    const char *rows;        /* "name|other\n1|x\n2|\\N": names, then rows, \N for NULL; NULL: no result set */
    const char *tag;         /* of the CommandComplete; NULL: guessed */
    const char *notice;      /* a NOTICE that comes first */
    struct fake_error error; /* with a sqlstate: an error instead of the rows */
    enum fake_deed deed;
    const char *until;       /* FAKE_UNTIL_HEARD */
    void (*meanwhile)(void); /* called on the server's thread when the query begins */
    unsigned times;          /* it fits only so many queries, over all connections; 0: any number */
};
#define FAKE_BAR "\037" /* in a cell of .rows: a | that parts no columns */
#define FAKE_END                                                                                                            \
    {                                                                                                                       \
        .times = ~0U                                                                                                        \
    }

/* What a connection meets. */
enum fake_manner {
    FAKE_LOGIN,               /* lets the client in and answers its queries */
    FAKE_SILENT,              /* accepts and reads, and never says a word */
    FAKE_REFUSE,              /* answers the start-up message with .error and closes */
    FAKE_CLOSE_AFTER_STARTUP, /* reads the start-up message and closes */
    FAKE_RESET_AFTER_STARTUP,
    FAKE_CLOSE_AT_ONCE, /* closes as soon as it has accepted */
    FAKE_RESET_AT_ONCE,
    FAKE_HALF_TLS, /* says yes to TLS and nothing more; a client that asks for no TLS meets FAKE_SILENT */
    FAKE_BABBLE,   /* answers the first message with .error.message as it stands: not a PostgreSQL server */
};

struct fake_visit {
    enum fake_manner manner;
    struct fake_error error;
    const char *password; /* FAKE_LOGIN: asked for in clear text, another one is refused with 28P01; NULL: not asked for */
    bool in_hot_standby;
    const struct fake_reply *replies; /* ends with FAKE_END; NULL: none */
    unsigned deaf_cancels;            /* so many cancel requests are lost, as on a server that is between two messages */
    bool keeps_cancellers;            /* a cancel request is heeded, and its connection not closed */
};

struct fake_server;

/* On a reserved port of 127.0.0.1, or at an address (any of 127.0.0.0/8, or "::1") and port of the test's choice. */
struct fake_server *fake_server_new(uv_loop_t *loop);
struct fake_server *fake_server_new_at(uv_loop_t *loop, const char *address, int port);

/* Closes everything. Accepts NULL. */
void fake_server_free(struct fake_server *server);

/* The n-th connection from now on meets the n-th visit, those after the last one the last. Without a script: FAKE_LOGIN. */
void fake_server_script(struct fake_server *server, const struct fake_visit *visits, size_t count);

/* Connections are let in from now on. */
void fake_server_listen(struct fake_server *server);

/* Connections are refused from now on; those that are open stay. */
void fake_server_refuse(struct fake_server *server);

/* Hangs up on everybody. */
void fake_server_drop_all(struct fake_server *server);

/* The same, and as if nobody had ever come: what was heard and counted is gone, and the script begins anew. It goes on listening. */
void fake_server_forget(struct fake_server *server);

int fake_server_port(const struct fake_server *server);

/* "host=127.0.0.1 port=... user=someone dbname=somewhere", without a password. */
const char *fake_server_conninfo(const struct fake_server *server);

/* How many connections were accepted, cancel requests not among them, and how many cancel requests came. */
unsigned fake_server_connections(struct fake_server *server);
unsigned fake_server_cancels(struct fake_server *server);

/*
 * What was heard, one line a message, each with the number of its connection: "2 startup user=x database=y ...", "2 ssl",
 * "2 password secret", "2 Q <simple query>", "2 P <text to parse>", "2 B", "2 D", "2 E", "2 H" (flush), "2 S" (sync), "2 X"
 * (terminate), "2 gone" when the client went away; "cancel" without a number. Lives as long as the process.
 */
const char *fake_server_heard(struct fake_server *server);

/* Returns when so many connections were accepted, or when a text was heard; fails the test when that does not come. */
void fake_server_wait_connections(struct fake_server *server, unsigned count);
void fake_server_wait_heard(struct fake_server *server, const char *text);

#endif
