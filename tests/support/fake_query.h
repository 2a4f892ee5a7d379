/* What the fake server can tell of a query from its first words. */
#ifndef PGUSHER_SUPPORT_FAKE_QUERY_H
#define PGUSHER_SUPPORT_FAKE_QUERY_H

#include <stddef.h>

#include "support/fake_server.h"

/* Where its first word begins, comments and semicolons before it left out. The other functions want this. */
const char *query_begin(const char *query);

/* The tag a server would complete it with. */
void query_guess_tag(char *tag, size_t size, const char *query, int rows, char transaction_status);

/* I or T for what opens or closes a transaction, else the status as it was. */
char query_transaction_status(const char *query, char before);

/* The reply's rows; without one, a result set of no rows for a query that reads, and NULL for others. */
const char *query_rows(const struct fake_reply *reply, const char *query);

#endif
