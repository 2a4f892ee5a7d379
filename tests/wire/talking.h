/* Talks with a real server: one for the test executable, and for each test a chat of its own, which leaves nothing open. */
#ifndef PGUSHER_WIRE_TALKING_H
#define PGUSHER_WIRE_TALKING_H

#include "chat.h"
#include "support/fixture.h"

extern struct chat chat;

/* Of the server, for a chat that a test opens anew. */
const char *talking_conninfo(void);

/* For the group, and for each test. */
int talking_start(void **state);
int talking_stop(void **state);
int talking_open(void **state);
int talking_close(void **state);
#define TALK_TEST(test) cmocka_unit_test_setup_teardown(test, talking_open, talking_close)

/* For a session that has to take another talk. */
extern const struct chat_line once_more[2];

#endif
