/*
 * A proxy between a client and a real server, in a thread of its own, that counts what passes and cuts the wire where a test
 * wants it cut.
 *
 *     struct wire_proxy *proxy = wire_proxy_new("127.0.0.1", cluster_port(cluster));
 *     ... run pgusher with wire_proxy_conninfo(proxy, database) ...
 *     assert_int_equal(wire_proxy_count(proxy).round_trips, 1);
 *     wire_proxy_free(proxy);
 *
 * Two counts of round trips, both taken message by message (so that it does not matter how TCP cuts the bytes), both from the
 * first ReadyForQuery of a connection on, and both without Terminate:
 *
 * - round_trips: how many times a message from the client follows one from the server (notices, parameters and notifications
 *   are no answers and do not count). It is exact wherever the client waits for an answer before it goes on. Where it keeps
 *   sending while answers come back, as in a long pipeline, the number depends on chance.
 * - waits: how many times the client speaks when everything before had been answered: each Query, Sync and FunctionCall by
 *   its ReadyForQuery, and each COPY by its CopyInResponse. Chance can only add to it, where a Sync was answered before what
 *   the client said next without waiting has come by. It does not see a client that waits for the answer to a flush request
 *   in the middle of a pipeline.
 *
 * A simple query is one of each. waits <= round_trips, and a test of a streaming client should use waits.
 * TLS and GSSAPI are not for looking into: the proxy says no to both itself.
 */
#ifndef PGUSHER_SUPPORT_WIRE_PROXY_H
#define PGUSHER_SUPPORT_WIRE_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wire_count {
    unsigned connections; /* accepted, cancel requests not among them */
    unsigned cancels;
    /* of the first that came to a ReadyForQuery, from there on: nobody waits for what one says that looks on from beside */
    unsigned logins; /* 1 when it did */
    unsigned round_trips;
    unsigned waits;
    unsigned syncs;   /* Sync messages */
    unsigned queries; /* Query messages: the simple protocol */
    unsigned client_messages;
    unsigned server_messages;
};

/* Where to cut, once. The numbers count messages of one side after the login, from wire_proxy_cut_when() on; 0: never. */
struct wire_cut {
    unsigned after_client_messages; /* the n-th is the last to reach the server */
    unsigned after_server_messages; /* the n-th is the last to reach the client */
    const char *lose_answer_to;     /* a message of the client that holds this text reaches the server, whose answer reaches
                                       nobody: the wire is cut at the ReadyForQuery behind it. For a COMMIT that was heard */
};

/* What befalls a connection at one place of its conversation. */
enum wire_blow {
    WIRE_CLOSE,   /* both sides see the end of the stream */
    WIRE_RESET,   /* both sides see a reset */
    WIRE_SILENCE, /* nothing passes any more, and nobody hangs up */
    WIRE_DELAY,   /* nothing passes for delay_ms */
    WIRE_SIGNAL,  /* everything passes on: only the victim is signalled */
};

/*
 * Of the connections that come after wire_proxy_strike() the first that goes as far is struck, once. What one side says is counted from
 * the beginning, the login included; so many bytes, or whole messages, are the last to be handed on.
 */
struct wire_strike {
    enum wire_blow blow;
    bool at_client; /* counts what the client says, else what the server says */
    bool in_messages;
    size_t at;
    int delay_ms;
    int signal_number;   /* sent to the victim with the blow, whichever it is; 0: none */
    bool refuses_behind; /* whoever connects later is refused with FATAL 28000 */
};

/* How much one side has said. */
struct wire_extent {
    size_t bytes;
    size_t messages;
};

/* How much the first connection after wire_proxy_measure() has said, and had said at two moments. */
struct wire_measure {
    struct wire_extent client, server;
    struct wire_extent client_at_login, server_at_login; /* with the first ReadyForQuery */
    struct wire_extent client_at_text, server_at_text;   /* before the first message of the client that holds the text */
};

struct wire_proxy;

/* Listens on a port of its own on 127.0.0.1; the server may be one that does not run yet. */
struct wire_proxy *wire_proxy_new(const char *server_address, int server_port);

/* Closes everything. Accepts NULL. */
void wire_proxy_free(struct wire_proxy *proxy);

int wire_proxy_port(const struct wire_proxy *proxy);
const char *wire_proxy_conninfo(const struct wire_proxy *proxy, const char *database);

struct wire_count wire_proxy_count(struct wire_proxy *proxy);
void wire_proxy_reset_count(struct wire_proxy *proxy);

/*
 * The side that the last message went to sees the end of the stream behind it, the other one a reset; where an answer is lost,
 * both see a reset. Connections that come later pass. The text is not copied. Replaces a cut that has not happened yet.
 */
void wire_proxy_cut_when(struct wire_proxy *proxy, const struct wire_cut *cut);

/* Replaces one that has not happened yet. */
void wire_proxy_strike(struct wire_proxy *proxy, const struct wire_strike *strike);

/* When it has happened, by the monotonic clock; 0: it has not. Nothing is struck from now on, and nobody refused. */
int64_t wire_proxy_end_strike(struct wire_proxy *proxy);

/* Who is signalled. Where the blow has fallen already, the connection has been silent until now. 0: nobody. */
void wire_proxy_set_victim(struct wire_proxy *proxy, pid_t victim);

/* The text is not copied. */
void wire_proxy_measure(struct wire_proxy *proxy, const char *text);
struct wire_measure wire_proxy_measured(struct wire_proxy *proxy);

/* Resets all connections now. */
void wire_proxy_cut_now(struct wire_proxy *proxy);

#endif
