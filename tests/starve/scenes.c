/*
 * The roads of a run. The servers' answers are as few as the runner needs: what no reply fits succeeds without a row.
 */
#include "scenes.h"

#include <signal.h>

#include "whole.h"

/* --- what a server says of itself -------------------------------------------------------------------------------------- */

#define STATE(pid, in_recovery, ledger, log, conform, ledger_rows, log_rows)                                                \
    {                                                                                                                       \
        .match = "AS in_recovery", .rows = "pid|r|o|v|schema|ledger|log|lw|se|mc|sc|rows|log_rows\n" pid "|" in_recovery    \
                                           "|" in_recovery "|150004|public|" ledger "|" log "|" log "|t|t|" conform         \
                                           "|" ledger_rows "|" log_rows                                                     \
    }
#define PACKED(rows)   "<packed>" rows "</packed>"
#define APPLIED(name)  FAKE_BAR name
#define NEXT           "\036"
#define NO_ROWS        PACKED("")
#define EMPTY_DATABASE STATE("1", "f", "f", "f", "t", "\\N", "\\N")
#define BEHIND_POOLER  STATE("4711", "f", "f", "f", "f", "\\N", "\\N")
#define STANDBY        STATE("1", "t", "t", "t", "t", NO_ROWS, NO_ROWS)

#define LOCK_IS_OURS                                                                                                        \
    {                                                                                                                       \
        .match = "pg_try_advisory_lock", .rows = "l|n|t\nt|t|f"                                                             \
    }
#define HOLDER(who)                                                                                                         \
    {                                                                                                                       \
        .match = "AS is_us", .rows = "is_us|pid|a|h|s|q\n" who                                                              \
    }
#define WE_HOLD_IT HOLDER("t|1|pgusher|127.0.0.1|2026-01-01|SELECT 1")
#define COPYING                                                                                                             \
    { .match = "COPY towns", .deed = FAKE_COPY_IN },                                                                        \
    {                                                                                                                       \
        .match = "COPY (SELECT", .deed = FAKE_COPY_OUT, .rows = "1\n"                                                       \
    }

#define COUNT(list) (list), sizeof(list) / sizeof(list)[0]
#define WORDS(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define FILES(...)  ((const struct folder_file[]){ __VA_ARGS__, { 0 } })

/* Plain, with a pair of its own and something to tell, COPY in both directions, outside a transaction, and one that SETs. */
#define CHAIN                                                                                                               \
    { "1_towns.sql", "CREATE TABLE towns (name text);\nSELECT 'noticed';\nINSERT INTO towns VALUES ('Ulm');\n" },           \
        { "2_pair.sql",                                                                                                     \
          "BEGIN;\n\\echo half way\nSET search_path TO public;\nUPDATE towns SET name = 'Bonn';\nCOMMIT;\n" },              \
        { "3_copy.sql", "COPY towns FROM stdin;\nKiel\nJena\n\\.\nCOPY (SELECT 1) TO stdout;\nANALYZE towns;\n" },          \
    {                                                                                                                       \
        "5_last.sql", "-- pgusher: lock_timeout=1s\nCREATE VIEW names AS SELECT name FROM towns;\n"                         \
    }
#define OUTSIDE                                                                                                             \
    {                                                                                                                       \
        "4_index.sql", "CREATE INDEX CONCURRENTLY town_names ON towns (name);\nSET statement_timeout = 0;\nANALYZE;\n"      \
    }
enum { CHAIN_COMMITS = 5, OUTSIDE_COMMITS = 4 };

static const struct folder_file chain[] = { CHAIN, { 0 } };
static const struct folder_file whole_chain[] = { CHAIN, OUTSIDE, { 0 } };

/* --- the roads ---------------------------------------------------------------------------------------------------------- */

static const struct fake_reply to_lend_itself[] = {
    EMPTY_DATABASE, LOCK_IS_OURS, WE_HOLD_IT, COPYING, { .match = "noticed", .notice = "well noticed" }, FAKE_END
};
static const struct fake_visit willing[] = { { .replies = to_lend_itself } };

static const struct fake_reply through_a_pooler[] = { BEHIND_POOLER, COPYING, FAKE_END };
static const struct fake_visit pooled[] = { { .replies = through_a_pooler } };

static const struct fake_visit late[] = {
    { .manner = FAKE_REFUSE, .error = { "FATAL", "57P03", "the database system is starting up" } },
    { .manner = FAKE_CLOSE_AFTER_STARTUP },
    { .replies = to_lend_itself },
};

static const struct fake_reply to_refuse_a_statement[] = {
    EMPTY_DATABASE,
    LOCK_IS_OURS,
    WE_HOLD_IT,
    COPYING,
    { .match = "CREATE VIEW", .error = { "ERROR", "42P01", "relation \"towns\" does not exist", "detail", "hint", 31 } },
    FAKE_END
};
static const struct fake_visit refusing[] = { { .replies = to_refuse_a_statement } };

static const struct fake_reply to_block_once[] = {
    EMPTY_DATABASE,
    LOCK_IS_OURS,
    WE_HOLD_IT,
    COPYING,
    { .match = "CREATE TABLE towns", .error = { "ERROR", "55P03", "canceling statement due to lock timeout" }, .times = 1 },
    FAKE_END
};
static const struct fake_visit blocking[] = { { .replies = to_block_once } };

static const struct fake_reply to_hang_up_once[] = {
    EMPTY_DATABASE, LOCK_IS_OURS, WE_HOLD_IT, COPYING, { .match = "CREATE TABLE towns", .deed = FAKE_HANG_UP, .times = 1 },
    FAKE_END
};
static const struct fake_visit hanging_up[] = { { .replies = to_hang_up_once } };

static const struct fake_reply to_keep_waiting[] = {
    EMPTY_DATABASE,
    { .match = "pg_try_advisory_lock", .rows = "l|n|t\nf|t|f", .times = 2 },
    LOCK_IS_OURS,
    { .match = "AS is_us", .rows = "is_us|pid|a|h|s|q\nf|99|other|10.0.0.1|2026-01-01|SELECT 1", .times = 2 },
    WE_HOLD_IT,
    COPYING,
    FAKE_END
};
static const struct fake_visit locked[] = { { .replies = to_keep_waiting } };

static const struct fake_reply to_be_watched[] = {
    EMPTY_DATABASE,
    LOCK_IS_OURS,
    WE_HOLD_IT,
    COPYING,
    { .match = "pg_blocking_pids", .rows = "pid|a|h|s|st|q\n99|other|10.0.0.1|2026-01-01|idle|LOCK TABLE towns" },
    { .match = "CREATE TABLE towns", .deed = FAKE_UNTIL_HEARD, .until = "pg_blocking_pids" },
    FAKE_END
};
static const struct fake_visit watched[] = { { .replies = to_be_watched } };

static const struct fake_reply to_have_a_past[] = {
    STATE("1", "f", "t", "t", "t", PACKED(APPLIED("0_gone.sql") NEXT APPLIED("1_towns.sql") NEXT APPLIED("2_pair.sql")),
          PACKED("1" FAKE_BAR "applied" FAKE_BAR FAKE_BAR "1000" FAKE_BAR "0123456789abcdef" FAKE_BAR "1_towns.sql")),
    LOCK_IS_OURS, WE_HOLD_IT, COPYING, FAKE_END
};
static const struct fake_visit with_a_past[] = { { .replies = to_have_a_past } };

static const struct fake_reply to_be_done[] = { STATE("1", "f", "t", "t", "t",
                                                      PACKED(APPLIED("1_towns.sql") NEXT APPLIED("2_pair.sql")
                                                                 NEXT APPLIED("3_copy.sql") NEXT APPLIED("5_last.sql")),
                                                      NO_ROWS),
                                                FAKE_END };
static const struct fake_visit done[] = { { .replies = to_be_done } };

/* SHA-256 of "CREATE INDEX CONCURRENTLY town_names ON towns (name)". */
#define INDEX_CHECKSUM "a27a15592dcd02a8e5595a01d98ae95d457a88a6d440b6e0c9aa1dbcdd86ca0e"
static const struct fake_reply to_have_been_left[] = {
    STATE("1", "f", "t", "t", "t", NO_ROWS,
          PACKED("1" FAKE_BAR "started" FAKE_BAR "1" FAKE_BAR FAKE_BAR INDEX_CHECKSUM FAKE_BAR "4_index.sql")),
    LOCK_IS_OURS,
    WE_HOLD_IT,
    { .match = "AS answer", .rows = "answer|name\ninvalid|public.town_names" },
    FAKE_END
};
static const struct fake_visit left_behind[] = { { .replies = to_have_been_left } };

static const struct fake_reply to_stand_by[] = { STANDBY, FAKE_END };
static const struct fake_visit standby[] = { { .manner = FAKE_CLOSE_AT_ONCE }, { .replies = to_stand_by } };

static void terminate(void)
{
    whole_signal(SIGTERM);
}

static const struct fake_reply to_be_stopped[] = {
    EMPTY_DATABASE,
    LOCK_IS_OURS,
    WE_HOLD_IT,
    { .match = "CREATE TABLE towns", .deed = FAKE_UNTIL_CANCELLED, .meanwhile = terminate },
    FAKE_END
};
static const struct fake_visit stopped[] = { { .replies = to_be_stopped } };

#define SESSION_POOLER "--pooler", "session" /* the fake server's process ids are not for comparing */

const struct scene scenes[] = {
    { "up on an empty database", WORDS("up", SESSION_POOLER), whole_chain, COUNT(willing), NULL, 0, 0,
      CHAIN_COMMITS + OUTSIDE_COMMITS, 1 },
    { "up through a pooler", WORDS("up"), chain, COUNT(pooled), NULL, 0, 0, CHAIN_COMMITS, 1 },
    { "up while the server starts", WORDS("up", SESSION_POOLER), chain, COUNT(late), NULL, 0, 0, CHAIN_COMMITS, 1 },
    { "up that fails", WORDS("up", SESSION_POOLER), whole_chain, COUNT(refusing), NULL, 0, 5, 0, 1 },
    { "up that is blocked once", WORDS("up", SESSION_POOLER), chain, COUNT(blocking), NULL, 0, 0, CHAIN_COMMITS, 50 },
    { "up whose connection is lost once", WORDS("up", SESSION_POOLER), chain, COUNT(hanging_up), NULL, 0, 0, CHAIN_COMMITS,
      1 },
    { "up that waits for the lock", WORDS("up", SESSION_POOLER), chain, COUNT(locked), NULL, 0, 0, CHAIN_COMMITS, 20 },
    { "up with a witness", WORDS("up", SESSION_POOLER), chain, COUNT(watched), NULL, 0, 0, CHAIN_COMMITS, 50 },
    { "up with a past", WORDS("up", SESSION_POOLER), chain, COUNT(with_a_past), NULL, 0, 0, 2, 1 },
    { "up that goes on where a run stopped", WORDS("up", SESSION_POOLER), FILES(OUTSIDE), COUNT(left_behind), NULL, 0, 0,
      OUTSIDE_COMMITS - 1, 1 },
    { "up with nothing to do", WORDS("up"), chain, COUNT(done), NULL, 0, 0, 0, 1 },
    { "up --strict with a past", WORDS("up", "--strict"), chain, COUNT(with_a_past), NULL, 0, 6, 0, 1 },
    { "up that is stopped", WORDS("up", SESSION_POOLER), chain, COUNT(stopped), NULL, 0, 143, 0, 1 },
    { "status", WORDS("status"), chain, COUNT(with_a_past), NULL, 0, 0, 0, 1 },
    { "status --json --check", WORDS("status", "--json", "--check"), chain, COUNT(with_a_past), NULL, 0, 6, 0, 1 },
    { "plan", WORDS("plan"), whole_chain, COUNT(with_a_past), NULL, 0, 0, 0, 1 },
    { "plan --json", WORDS("plan", "--json"), whole_chain, COUNT(with_a_past), NULL, 0, 0, 0, 1 },
    { "wait for one of two", WORDS("wait", "--until", "writable"), chain, COUNT(standby), COUNT(late), 0, 0, 1 },
    { "wait --until migrated", WORDS("wait", "--until", "migrated"), chain, COUNT(done), NULL, 0, 0, 0, 1 },
    { "wait --until listening", WORDS("wait", "--until", "listening"), chain, COUNT(late), COUNT(standby), 0, 0, 1 },
    { "wait for a server by its name", WORDS("wait", "-h", "localhost"), chain, COUNT(willing), NULL, 0, 0, 0, 1 },
};
const size_t scene_count = sizeof scenes / sizeof scenes[0];
