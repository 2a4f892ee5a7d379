/*
 * How often a client waits for its server, counted from the messages of one connection. wire_proxy.h says what the two counts
 * mean.
 */
#ifndef PGUSHER_SUPPORT_WIRE_COUNTER_H
#define PGUSHER_SUPPORT_WIRE_COUNTER_H

#include <stdbool.h>

#include "support/wire_proxy.h"

/* Zeroed at the beginning of a connection. */
struct wire_counter {
    bool logged_in;          /* a first ReadyForQuery was heard; nothing is counted before */
    bool server_spoke_last;  /* a client's message begins a round trip */
    bool client_is_speaking; /* since it last had waited for all its answers */
    bool copy_may_begin;     /* a CopyInResponse was heard, and nothing from the client since */
    unsigned owed_syncs;     /* Syncs and Queries without their ReadyForQuery */
    unsigned owed_queries;
    unsigned unsynced; /* messages since the last of them */
};

/* A message's type byte; what comes before the login is passed over, but for the ReadyForQuery that ends it. */
void wire_counter_hear_client(struct wire_counter *counter, struct wire_count *count, char type);
void wire_counter_hear_server(struct wire_counter *counter, struct wire_count *count, char type);

#endif
