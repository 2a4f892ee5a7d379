/*
 * The samples behind docs/logs.md and the schema's test. Fields stand in the order in which the docs list them.
 */
#include "event_samples.h"

#include "base/journal.h"

struct sample {
    const char *msg;
    const struct field *bare;
    const struct field *full;
};

#define DB              "db:5432"

#define FINISHED_FIELDS TEXT(OUTCOME, "ok"), NUMBER(EXIT_CODE, 0), NUMBER(APPLIED, 2), NUMBER(DURATION_US, 1312040)

#define PHASE_FIELDS                                                                                                        \
    NUMBER(START_US, 412), NUMBER(DISCOVER_US, 1830), NUMBER(RESOLVE_US, 950), NUMBER(WAIT_US, 1098000),                    \
        NUMBER(LOCK_US, 2100), NUMBER(PLAN_US, 3050), NUMBER(APPLY_US, 205698)

static const struct sample samples[EVENT_COUNT] = {
    [EVENT_STARTED] = { "pgusher 0.1.0 up",
                        FIELDS(TEXT(VERSION, "0.1.0"), TEXT(COMMAND, "up"), NUMBER(PID, 1), NUMBER(DURATION_US, 412)),
                        FIELDS(TEXT(VERSION, "0.1.0"), TEXT(COMMAND, "up"), NUMBER(PID, 1), NUMBER(DURATION_US, 412)) },
    [EVENT_CONFIG_OVERRIDDEN] = { "DATABASE_URL wins over POSTGRES_HOST for host",
                                  FIELDS(TEXT(KEYWORD, "host"), TEXT(WINNER, "DATABASE_URL"), TEXT(LOSER, "POSTGRES_HOST")),
                                  FIELDS(TEXT(KEYWORD, "host"), TEXT(WINNER, "DATABASE_URL"),
                                         TEXT(LOSER, "POSTGRES_HOST")) },
    [EVENT_CONFIG_IGNORED] = { "POSTGRES_PORT is passed over: it looks like a Kubernetes service link",
                               FIELDS(TEXT(VARIABLE, "POSTGRES_PORT"), TEXT(REASON, "a Kubernetes service link")),
                               FIELDS(TEXT(VARIABLE, "POSTGRES_PORT"), TEXT(REASON, "a Kubernetes service link")) },
    [EVENT_DISCOVERED] = { "2 migrations in sql/migrations",
                           FIELDS(TEXT(FOLDER, "sql/migrations"), NUMBER(FILES, 2), NUMBER(DURATION_US, 1830)),
                           FIELDS(TEXT(FOLDER, "sql/migrations"), NUMBER(FILES, 2), NUMBER(BYTES, 1234),
                                  NUMBER(DURATION_US, 1830)) },
    [EVENT_FOLDER_EMPTY] = { "there is no migration in sql/migrations", FIELDS(TEXT(FOLDER, "sql/migrations")),
                             FIELDS(TEXT(FOLDER, "sql/migrations")) },
    [EVENT_RESOLVED] = { "db has 2 addresses", FIELDS(TEXT(NAME, "db"), NUMBER(ADDRESSES, 2), NUMBER(DURATION_US, 950)),
                         FIELDS(TEXT(NAME, "db"), NUMBER(ADDRESSES, 2), NUMBER(DURATION_US, 950)) },
    [EVENT_WAIT_STARTED] = { "waiting for login, 60 attempts of 2 s",
                             FIELDS(TEXT(UNTIL, "login"), NUMBER(ATTEMPTS, 60), NUMBER(INTERVAL_MS, 2000)),
                             FIELDS(TEXT(UNTIL, "login"), NUMBER(ATTEMPTS, 60), NUMBER(INTERVAL_MS, 2000),
                                    NUMBER(TIMEOUT_MS, 90000)) },
    [EVENT_KNOCKED] = { "172.18.0.2: connection refused",
                        FIELDS(TEXT(ADDRESS, "172.18.0.2"), TEXT(SEEN, "connection refused")),
                        FIELDS(TEXT(ADDRESS, "172.18.0.2"), TEXT(SEEN, "connection refused")) },
    [EVENT_ATTEMPT_FAILED] = { "attempt 3 of 60: the database system is starting up",
                               FIELDS(NUMBER(ATTEMPT, 3), NUMBER(ATTEMPTS, 60), TEXT(SEEN, "starting up"),
                                      NUMBER(SEEN_FOR_MS, 1980)),
                               FIELDS(NUMBER(ATTEMPT, 3), NUMBER(ATTEMPTS, 60), TEXT(SEEN, "starting up"),
                                      NUMBER(SEEN_FOR_MS, 1980), TEXT(SQLSTATE, "57P03"),
                                      TEXT(MESSAGE, "the database system is starting up"), TEXT(ADDRESS, "172.18.0.2")) },
    [EVENT_READY] = { "PostgreSQL 15.4 is ready for login",
                      FIELDS(TEXT(UNTIL, "login"), TEXT(ADDRESS, "172.18.0.2"), NUMBER(ATTEMPT, 4),
                             NUMBER(DURATION_US, 6098000)),
                      FIELDS(TEXT(UNTIL, "login"), TEXT(ADDRESS, "172.18.0.2"), TEXT(ROLE, "primary"),
                             TEXT(SERVER_VERSION, "15.4"), NUMBER(PID, 42), NUMBER(ATTEMPT, 4),
                             NUMBER(DURATION_US, 6098000)) },
    [EVENT_CONNECTION_LOST] = { "the connection was lost: server closed the connection unexpectedly",
                                FIELDS(TEXT(MESSAGE, "server closed the connection unexpectedly")),
                                FIELDS(TEXT(SQLSTATE, "57P01"), TEXT(MESSAGE, "server closed the connection unexpectedly"),
                                       TEXT(MIGRATION, "002_add_characters.sql")) },
    [EVENT_SERVER_READ_ONLY] = { "the server is a standby now: waiting for one that takes writes",
                                 FIELDS(TEXT(ROLE, "standby")),
                                 FIELDS(TEXT(ROLE, "standby"), TEXT(MIGRATION, "002_add_characters.sql")) },
    [EVENT_POOLER_SEEN] = { "there is a pooler in between", FIELDS(TEXT(REASON, "another process than at the login")),
                            FIELDS(TEXT(REASON, "another process than at the login")) },
    [EVENT_LOCK_WAITING] = { "waiting for another runner, pid 42", FIELDS(NUMBER(WAITED_MS, 10000)),
                             FIELDS(NUMBER(HOLDER_PID, 42), TEXT(HOLDER_APPLICATION, "pgusher"),
                                    TEXT(HOLDER_ADDRESS, "172.18.0.5"), TEXT(HOLDER_SINCE, "2026-01-31T11:59:50.000000Z"),
                                    TEXT(HOLDER_QUERY, "CREATE INDEX ON messages (said_at)"), NUMBER(WAITED_MS, 10000)) },
    [EVENT_LOCK_ACQUIRED] = { "no other runner is at work", FIELDS(NUMBER(DURATION_US, 2100)),
                              FIELDS(NUMBER(DURATION_US, 2100)) },
    [EVENT_LOCK_NOT_NEEDED] = { "no lock is needed: nothing is pending",
                                FIELDS(TEXT(REASON, "nothing is pending"), NUMBER(DURATION_US, 8)),
                                FIELDS(TEXT(REASON, "nothing is pending"), NUMBER(DURATION_US, 8)) },
    [EVENT_LEDGER_CREATED] = { "made the ledger public.schema_migrations", FIELDS(TEXT(LEDGER, "public.schema_migrations")),
                               FIELDS(TEXT(LEDGER, "public.schema_migrations")) },
    [EVENT_LOG_UNAVAILABLE] = { "the ledger's log is not used: permission denied for table schema_migrations_log",
                                FIELDS(TEXT(LEDGER, "public.schema_migrations"),
                                       TEXT(REASON, "permission denied for table schema_migrations_log")),
                                FIELDS(TEXT(LEDGER, "public.schema_migrations"),
                                       TEXT(REASON, "permission denied for table schema_migrations_log")) },
    [EVENT_HISTORY_CHANGED] = { "001_add_users.sql changed after it was applied",
                                FIELDS(TEXT(MIGRATION, "001_add_users.sql")), FIELDS(TEXT(MIGRATION, "001_add_users.sql")) },
    [EVENT_HISTORY_MISSING] = { "000_old.sql was applied, but there is no such file any more",
                                FIELDS(TEXT(MIGRATION, "000_old.sql")), FIELDS(TEXT(MIGRATION, "000_old.sql")) },
    [EVENT_MIGRATION_EMPTY] = { "004_todo.sql holds no statement", FIELDS(TEXT(MIGRATION, "004_todo.sql")),
                                FIELDS(TEXT(MIGRATION, "004_todo.sql")) },
    [EVENT_TRANSACTION_ABSORBED] = { "003_add_bots.sql: BEGIN (line 1) and COMMIT (line 9) are part of its transaction",
                                     FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 1),
                                            TEXT(REASON, "BEGIN (line 1) and COMMIT (line 9)")),
                                     FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 1),
                                            TEXT(REASON, "BEGIN (line 1) and COMMIT (line 9)")) },
    [EVENT_OUTSIDE_TRANSACTION] = { "003_index.sql runs statement by statement",
                                    FIELDS(TEXT(MIGRATION, "003_index.sql"),
                                           TEXT(REASON,
                                                "CREATE INDEX CONCURRENTLY (line 3) cannot run in a transaction block")),
                                    FIELDS(TEXT(MIGRATION, "003_index.sql"),
                                           TEXT(REASON,
                                                "CREATE INDEX CONCURRENTLY (line 3) cannot run in a transaction block")) },
    [EVENT_PSQL_COMMAND_IGNORED] = { "003_add_bots.sql:1: \\timing is passed over",
                                     FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 1), TEXT(MESSAGE, "\\timing")),
                                     FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 1),
                                            TEXT(MESSAGE, "\\timing")) },
    [EVENT_PLANNED] = { "2 of 12 migrations are pending",
                        FIELDS(TEXT(LEDGER, "public.schema_migrations"), NUMBER(APPLIED, 10), NUMBER(PENDING, 2),
                               NUMBER(CHANGED, 0), NUMBER(MISSING, 0), NUMBER(DURATION_US, 3050)),
                        FIELDS(TEXT(LEDGER, "public.schema_migrations"), NUMBER(APPLIED, 10), NUMBER(PENDING, 2),
                               NUMBER(CHANGED, 0), NUMBER(MISSING, 0), NUMBER(DURATION_US, 3050)) },
    [EVENT_MIGRATION_STARTED] = { "applying 002_add_characters.sql",
                                  FIELDS(TEXT(MIGRATION, "002_add_characters.sql"), NUMBER(STATEMENTS, 3)),
                                  FIELDS(TEXT(MIGRATION, "002_add_characters.sql"), NUMBER(STATEMENTS, 3)) },
    [EVENT_INDEX_INVALID] = { "003_index.sql: an interrupted run left the index public.i INVALID",
                              FIELDS(TEXT(MIGRATION, "003_index.sql"), NUMBER(STATEMENT, 1), TEXT(NAME, "public.i")),
                              FIELDS(TEXT(MIGRATION, "003_index.sql"), NUMBER(STATEMENT, 1), TEXT(NAME, "public.i")) },
    [EVENT_STATEMENT_SKIPPED] = { "003_index.sql: statement 1 was done by an earlier run",
                                  FIELDS(TEXT(MIGRATION, "003_index.sql"), NUMBER(STATEMENT, 1),
                                         TEXT(REASON, "done by an earlier run")),
                                  FIELDS(TEXT(MIGRATION, "003_index.sql"), NUMBER(STATEMENT, 1),
                                         TEXT(REASON, "done by an earlier run")) },
    [EVENT_ECHO] = { "filling the table", FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 4)),
                     FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 4), TEXT(MESSAGE, "filling the table")) },
    [EVENT_COPY_DROPPED] = { "003_add_bots.sql:7: the data of COPY ... TO stdout is dropped",
                             FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 7)),
                             FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 7)) },
    [EVENT_NOTICE] = { "NOTICE: relation \"bots\" already exists, skipping", FIELDS(TEXT(SEVERITY, "NOTICE")),
                       FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), TEXT(SEVERITY, "NOTICE"), TEXT(SQLSTATE, "42P07"),
                              TEXT(MESSAGE, "relation \"bots\" already exists, skipping"), TEXT(DETAIL, "It is a view."),
                              TEXT(HINT, "Drop it first."), TEXT(CONTEXT, "PL/pgSQL function make_bots() line 3")) },
    [EVENT_BLOCKED] = { "003_add_bots.sql waits for a lock that process 42 holds",
                        FIELDS(NUMBER(HOLDER_PID, 42), NUMBER(WAITED_MS, 1000)),
                        FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(HOLDER_PID, 42), TEXT(HOLDER_APPLICATION, "bot"),
                               TEXT(HOLDER_ADDRESS, "172.18.0.5"), TEXT(HOLDER_SINCE, "2026-01-31T11:59:50.000000Z"),
                               TEXT(HOLDER_STATE, "idle in transaction"), TEXT(HOLDER_QUERY, "SELECT 1"),
                               NUMBER(WAITED_MS, 1000)) },
    [EVENT_MIGRATION_RETRIED] = { "003_add_bots.sql was rolled back and is tried again",
                                  FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), TEXT(SQLSTATE, "55P03"),
                                         TEXT(MESSAGE, "canceling statement due to lock timeout"), NUMBER(ATTEMPT, 1),
                                         NUMBER(ATTEMPTS, 10), NUMBER(WAITED_MS, 120)),
                                  FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), TEXT(SQLSTATE, "55P03"),
                                         TEXT(MESSAGE, "canceling statement due to lock timeout"), NUMBER(ATTEMPT, 1),
                                         NUMBER(ATTEMPTS, 10), NUMBER(WAITED_MS, 120)) },
    [EVENT_MIGRATION_APPLIED] = { "applied 002_add_characters.sql in 12 ms",
                                  FIELDS(TEXT(MIGRATION, "002_add_characters.sql"), NUMBER(STATEMENTS, 3),
                                         NUMBER(DURATION_US, 12345)),
                                  FIELDS(TEXT(MIGRATION, "002_add_characters.sql"), NUMBER(STATEMENTS, 3),
                                         NUMBER(DURATION_US, 12345)) },
    [EVENT_MIGRATION_FAILED] = { "003_add_bots.sql failed: relation \"bots\" does not exist",
                                 FIELDS(TEXT(MIGRATION, "003_add_bots.sql"),
                                        TEXT(MESSAGE, "relation \"bots\" does not exist"), NUMBER(DURATION_US, 3100)),
                                 FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(STATEMENT, 2), NUMBER(LINE, 12),
                                        NUMBER(COLUMN, 15), TEXT(SQLSTATE, "42P01"),
                                        TEXT(MESSAGE, "relation \"bots\" does not exist"), TEXT(DETAIL, "It was dropped."),
                                        TEXT(HINT, "Did an earlier file empty the search_path?"),
                                        TEXT(CONTEXT, "SQL statement \"SELECT 1\"\nPL/pgSQL function f() line 1"),
                                        TEXT(EXCERPT, "  12 | SELECT * FROM bots;\n     |               ^\n"),
                                        NUMBER(DURATION_US, 3100)) },
    [EVENT_APPLIED] = { "applied 2 migrations", FIELDS(NUMBER(APPLIED, 2), NUMBER(DURATION_US, 205698)),
                        FIELDS(NUMBER(APPLIED, 2), NUMBER(DURATION_US, 205698)) },
    [EVENT_STOPPING] = { "SIGTERM: stopping", FIELDS(TEXT(SIGNAL, "SIGTERM")), FIELDS(TEXT(SIGNAL, "SIGTERM")) },
    [EVENT_FAILED] = { "password authentication failed for user \"bot\"",
                       FIELDS(TEXT(MESSAGE, "password authentication failed for user \"bot\""), TEXT(OUTCOME, "refused")),
                       FIELDS(TEXT(MIGRATION, "003_add_bots.sql"), NUMBER(LINE, 12), NUMBER(COLUMN, 15),
                              TEXT(MESSAGE, "password authentication failed for user \"bot\""), TEXT(SQLSTATE, "28P01"),
                              TEXT(DETAIL, "It was refused for 10 s."), TEXT(HINT, "See POSTGRES_PASSWORD_FILE."),
                              TEXT(EXCERPT, "  12 | SELECT 'open\n     |        ^\n"), TEXT(OUTCOME, "refused")) },
    [EVENT_FINISHED] = { "2 migrations applied in 1.3 s", FIELDS(FINISHED_FIELDS), FIELDS(FINISHED_FIELDS, PHASE_FIELDS) },
};

static struct event make(enum event_kind kind, const struct field *fields, const char *target)
{
    size_t count = 0;
    while (fields[count].key != FIELD_END)
        count++;
    return (struct event){ .wall_us = SAMPLE_WALL_US,
                           .kind = kind,
                           .level = event_level(kind),
                           .target = target,
                           .fields = fields,
                           .field_count = count,
                           .msg = samples[kind].msg };
}

struct event sample_full(enum event_kind kind)
{
    return make(kind, samples[kind].full, "db:5432");
}

struct event sample_bare(enum event_kind kind)
{
    return make(kind, samples[kind].bare, NULL);
}
