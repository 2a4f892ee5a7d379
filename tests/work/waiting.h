/*
 * `pgusher wait` against scripted servers: what they answer to the question about the server's state, and how a test runs the
 * program and reads what it tells.
 */
#ifndef PGUSHER_TESTS_WORK_WAITING_H
#define PGUSHER_TESTS_WORK_WAITING_H

#include "support/fake_server.h"
#include "up.h"

/* The row of sql/reading.sql, whose first columns are those of sql/server.sql: a server of that kind, without a ledger. */
#define STATE_OF(in_recovery, read_only, version)                                                                           \
    {                                                                                                                       \
        .match = "pg_is_in_recovery", .rows = "pid|r|o|v|schema|ledger|log|lw|se|mc|sc|rows|log_rows\n4711|" in_recovery    \
                                              "|" read_only "|" version "|public|f|f|\\N|t|t|t|\\N|\\N"                     \
    }
#define PRIMARY_STATE   STATE_OF("f", "f", "150004")
#define STANDBY_STATE   STATE_OF("t", "t", "150004")
#define READ_ONLY_STATE STATE_OF("f", "t", "150004")

extern const struct fake_visit visit_primary, visit_standby, visit_read_only;

#define REFUSING(sqlstate, text)                                                                                            \
    {                                                                                                                       \
        .manner = FAKE_REFUSE, .error = { "FATAL", (sqlstate), (text) }                                                     \
    }
#define STARTING_UP REFUSING("57P03", "the database system is starting up")

/* Words for an attempt that is soon over. */
#define SHORT "--interval", "100ms"

/* Plays the visits to those who come. */
#define PLAY(server, visits)    play((server), (visits), sizeof(visits) / sizeof(visits)[0])
#define PLAY_ONE(server, visit) play((server), (visit), 1)
void play(struct fake_server *server, const struct fake_visit *visits, size_t count);

/* For each test: two servers that nobody can reach before play(). */
extern struct fake_server *first, *second;
int waiting_make(void **state);
int waiting_clear(void **state);
#define WAIT_TEST(test) cmocka_unit_test_setup_teardown(test, waiting_make, waiting_clear)

/* "host=127.0.0.1,127.0.0.1 port=..." of both servers, or of one. */
const char *both(void);
const char *only(const struct fake_server *server);

/* A run of `wait --database conninfo` with further words; wait_log() runs it to that exit code and returns its log.
 * hosts is run_spec's. */
struct run *wait_begin(const char *conninfo, const char *const *words);
struct run *wait_begin_with_hosts(const char *hosts, const char *conninfo, const char *const *words);
const char *wait_log(const char *conninfo, const char *const *words, int exit_code);

/* A file for run_spec's hosts, or its next text: it is replaced as a whole, so that nobody reads half of it. Path NULL: a new one. */
const char *write_hosts(const char *path, const char *lines);

/* The ready event names this server. */
void expect_winner(const char *log, const struct fake_server *server);

#endif
