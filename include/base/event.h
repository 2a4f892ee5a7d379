/*
 * What can be told about a run, as typed values. The names of events, phases, levels and fields are an interface (see
 * docs/logs.md): never rename one; how they look is the business of the face floor.
 */
#ifndef PGUSHER_BASE_EVENT_H
#define PGUSHER_BASE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

/* In the order of a run. */
enum phase {
    PHASE_START,
    PHASE_DISCOVER,
    PHASE_RESOLVE,
    PHASE_WAIT,
    PHASE_LOCK,
    PHASE_PLAN,
    PHASE_APPLY,
    PHASE_FINISH,
    PHASE_COUNT
};

/* X(name in code, name in logs, phase, level) */
#define EVENT_TABLE(X)                                                                                                      \
    X(STARTED, "started", START, INFO)                                                                                      \
    X(CONFIG_OVERRIDDEN, "config_overridden", START, WARN)                                                                  \
    X(CONFIG_IGNORED, "config_ignored", START, INFO)                                                                        \
    X(DISCOVERED, "discovered", DISCOVER, INFO)                                                                             \
    X(FOLDER_EMPTY, "folder_empty", DISCOVER, WARN)                                                                         \
    X(RESOLVED, "resolved", RESOLVE, INFO)                                                                                  \
    X(WAIT_STARTED, "wait_started", WAIT, INFO)                                                                             \
    X(KNOCKED, "knocked", WAIT, DEBUG)                                                                                      \
    X(ATTEMPT_FAILED, "attempt_failed", WAIT, WARN)                                                                         \
    X(READY, "ready", WAIT, INFO)                                                                                           \
    X(CROWD_STARTED, "crowd_started", WAIT, INFO)                                                                           \
    X(TARGET_CHANGED, "target_changed", WAIT, INFO)                                                                         \
    X(TARGET_REFUSED, "target_refused", WAIT, WARN)                                                                         \
    X(TARGET_LEFT, "target_left", WAIT, INFO)                                                                               \
    X(CROWD_WAITING, "crowd_waiting", WAIT, WARN)                                                                           \
    X(TARGET_MISSING, "target_missing", WAIT, WARN)                                                                         \
    X(CROWD_READY, "crowd_ready", WAIT, INFO)                                                                               \
    X(NO_STANDBY, "no_standby", WAIT, WARN)                                                                                 \
    X(CONNECTION_LOST, "connection_lost", WAIT, WARN)                                                                       \
    X(SERVER_READ_ONLY, "server_read_only", WAIT, WARN)                                                                     \
    X(POOLER_SEEN, "pooler_seen", LOCK, INFO)                                                                               \
    X(LOCK_WAITING, "lock_waiting", LOCK, INFO)                                                                             \
    X(READING_FAILED, "reading_failed", LOCK, WARN)                                                                         \
    X(LOCK_ACQUIRED, "lock_acquired", LOCK, INFO)                                                                           \
    X(LOCK_NOT_NEEDED, "lock_not_needed", LOCK, INFO)                                                                       \
    X(LEDGER_CREATED, "ledger_created", PLAN, INFO)                                                                         \
    X(LOG_UNAVAILABLE, "log_unavailable", PLAN, WARN)                                                                       \
    X(HISTORY_CHANGED, "history_changed", PLAN, WARN)                                                                       \
    X(HISTORY_MISSING, "history_missing", PLAN, WARN)                                                                       \
    X(MIGRATION_EMPTY, "migration_empty", PLAN, WARN)                                                                       \
    X(TRANSACTION_ABSORBED, "transaction_absorbed", PLAN, WARN)                                                             \
    X(OUTSIDE_TRANSACTION, "outside_transaction", PLAN, INFO)                                                               \
    X(PSQL_COMMAND_IGNORED, "psql_command_ignored", PLAN, INFO)                                                             \
    X(PLANNED, "planned", PLAN, INFO)                                                                                       \
    X(MIGRATION_STARTED, "migration_started", APPLY, DEBUG)                                                                 \
    X(INDEX_INVALID, "index_invalid", APPLY, WARN)                                                                          \
    X(STATEMENT_SKIPPED, "statement_skipped", APPLY, INFO)                                                                  \
    X(ECHO, "echo", APPLY, INFO)                                                                                            \
    X(COPY_DROPPED, "copy_dropped", APPLY, WARN)                                                                            \
    X(NOTICE, "notice", APPLY, INFO)                                                                                        \
    X(BLOCKED, "blocked", APPLY, WARN)                                                                                      \
    X(MIGRATION_RETRIED, "migration_retried", APPLY, WARN)                                                                  \
    X(MIGRATION_APPLIED, "migration_applied", APPLY, INFO)                                                                  \
    X(MIGRATION_SETTLED, "migration_settled", APPLY, INFO)                                                                  \
    X(MIGRATION_FAILED, "migration_failed", APPLY, ERROR)                                                                   \
    X(APPLIED, "applied", APPLY, INFO)                                                                                      \
    X(STOPPING, "stopping", FINISH, WARN)                                                                                   \
    X(STOP_UNCONFIRMED, "stop_unconfirmed", FINISH, WARN)                                                                   \
    X(FAILED, "failed", FINISH, ERROR)                                                                                      \
    X(FINISHED, "finished", FINISH, INFO)

enum event_kind {
#define X(code, name, phase, level) EVENT_##code,
    EVENT_TABLE(X)
#undef X
        EVENT_COUNT
};

/* X(name in code, name in logs) */
#define FIELD_TABLE(X)                                                                                                      \
    X(VERSION, "version")                                                                                                   \
    X(COMMAND, "command")                                                                                                   \
    X(KEYWORD, "keyword")                                                                                                   \
    X(VARIABLE, "variable")                                                                                                 \
    X(WINNER, "winner")                                                                                                     \
    X(LOSER, "loser")                                                                                                       \
    X(REASON, "reason")                                                                                                     \
    X(FOLDER, "folder")                                                                                                     \
    X(FILES, "files")                                                                                                       \
    X(NAME, "name")                                                                                                         \
    X(ADDRESSES, "addresses")                                                                                               \
    X(ADDRESS, "address")                                                                                                   \
    X(UNTIL, "until")                                                                                                       \
    X(ATTEMPT, "attempt")                                                                                                   \
    X(ATTEMPTS, "attempts")                                                                                                 \
    X(INTERVAL_MS, "interval_ms")                                                                                           \
    X(TIMEOUT_MS, "timeout_ms")                                                                                             \
    X(NEED, "need")                                                                                                         \
    X(TARGETS, "targets")                                                                                                   \
    X(READY, "ready")                                                                                                       \
    X(REFUSED, "refused")                                                                                                   \
    X(PRIMARIES, "primaries")                                                                                               \
    X(STANDBYS, "standbys")                                                                                                 \
    X(PLACE, "place")                                                                                                       \
    X(RUNG, "rung")                                                                                                         \
    X(SEEN, "seen")                                                                                                         \
    X(SEEN_FOR_MS, "seen_for_ms")                                                                                           \
    X(ROLE, "role")                                                                                                         \
    X(SERVER_VERSION, "server_version")                                                                                     \
    X(PID, "pid")                                                                                                           \
    X(HOLDER_PID, "holder_pid")                                                                                             \
    X(HOLDER_APPLICATION, "holder_application")                                                                             \
    X(HOLDER_ADDRESS, "holder_address")                                                                                     \
    X(HOLDER_SINCE, "holder_since")                                                                                         \
    X(HOLDER_STATE, "holder_state")                                                                                         \
    X(HOLDER_QUERY, "holder_query")                                                                                         \
    X(WAITED_MS, "waited_ms")                                                                                               \
    X(LEDGER, "ledger")                                                                                                     \
    X(MIGRATION, "migration")                                                                                               \
    X(STATEMENTS, "statements")                                                                                             \
    X(STATEMENT, "statement")                                                                                               \
    X(LINE, "line")                                                                                                         \
    X(COLUMN, "column")                                                                                                     \
    X(SEVERITY, "severity")                                                                                                 \
    X(SQLSTATE, "sqlstate")                                                                                                 \
    X(MESSAGE, "message")                                                                                                   \
    X(DETAIL, "detail")                                                                                                     \
    X(HINT, "hint")                                                                                                         \
    X(CONTEXT, "context")                                                                                                   \
    X(EXCERPT, "excerpt")                                                                                                   \
    X(APPLIED, "applied")                                                                                                   \
    X(PENDING, "pending")                                                                                                   \
    X(CHANGED, "changed")                                                                                                   \
    X(MISSING, "missing")                                                                                                   \
    X(SIGNAL, "signal")                                                                                                     \
    X(OUTCOME, "outcome")                                                                                                   \
    X(EXIT_CODE, "exit_code")                                                                                               \
    X(START_US, "start_us")                                                                                                 \
    X(DISCOVER_US, "discover_us")                                                                                           \
    X(RESOLVE_US, "resolve_us")                                                                                             \
    X(WAIT_US, "wait_us")                                                                                                   \
    X(LOCK_US, "lock_us")                                                                                                   \
    X(PLAN_US, "plan_us")                                                                                                   \
    X(APPLY_US, "apply_us")                                                                                                 \
    X(DURATION_US, "duration_us")

enum field_key {
    FIELD_END,
#define X(code, name) FIELD_##code,
    FIELD_TABLE(X)
#undef X
        FIELD_COUNT
    };

enum field_type { FIELD_TYPE_TEXT, FIELD_TYPE_NUMBER };

struct field {
    enum field_key key;
    enum field_type type;
    const char *text; /* a text field whose text is NULL or empty is left out */
    int64_t number;
};

struct event {
    int64_t wall_us; /* when, microseconds since 1970 UTC */
    enum event_kind kind;
    enum level level;   /* the table's, unless the one who notes it knows better */
    const char *target; /* host:port as configured, never with a password; NULL before there is one */
    const struct field *fields;
    size_t field_count;
    const char *run; /* the same in every line of a run, and another one in the next; NULL when it has no name */
    const char *msg; /* a sentence for people */
};

const char *event_name(enum event_kind kind);
enum phase event_phase(enum event_kind kind);
enum level event_level(enum event_kind kind);
const char *phase_name(enum phase phase);
const char *level_name(enum level level);
const char *field_name(enum field_key key);

/* The field of that key, or NULL. */
const struct field *event_field(const struct event *event, enum field_key key);

#endif
