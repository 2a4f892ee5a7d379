/* The server's side of PostgreSQL's protocol: messages written into a byte string. */
#ifndef PGUSHER_SUPPORT_FAKE_PROTOCOL_H
#define PGUSHER_SUPPORT_FAKE_PROTOCOL_H

#include <stdbool.h>

#include "support/fake_server.h"
#include "support/must.h"

void say_authentication_ok(struct bytes *out);
void say_password_wanted(struct bytes *out);
void say_parameter(struct bytes *out, const char *name, const char *value);
void say_key(struct bytes *out, int pid);
void say_ready(struct bytes *out, char transaction_status);

/* plain_severity is the one that is never translated: "ERROR" or "FATAL"; error->severity may be NULL, which is the same. */
void say_error(struct bytes *out, const char *plain_severity, const struct fake_error *error);

void say_notice(struct bytes *out, const char *text);
void say_empty(struct bytes *out, char type);

/* The first line of rows, as a RowDescription; rows NULL is a NoData where the extended protocol wants one. */
void say_columns(struct bytes *out, const char *rows, bool extended);

/* The lines after the first one. Returns how many. */
int say_rows(struct bytes *out, const char *rows);
void say_complete(struct bytes *out, const char *tag);

/* A COPY begins: 'G' takes data, 'H' brings some; and one piece of what it brings. */
void say_copy_begins(struct bytes *out, char type);
void say_copy_data(struct bytes *out, const char *data, size_t size);

#endif
