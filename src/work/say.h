/* What an act was sent for: the `what` of its tag. Shared by the conversations of this floor. */
#ifndef PGUSHER_WORK_SAY_H
#define PGUSHER_WORK_SAY_H

enum say {
    SAY_SYNC,
    SAY_LISTEN,
    SAY_STATE, /* of the server, and of the ledger and its log */
    SAY_LEDGER_ROWS,
    SAY_LOG_ROWS,
    SAY_SLOTS,
    SAY_LAG,
    SAY_CHECK_CLIENT,
    SAY_TRY_LOCK,
    SAY_HOLDER,
    SAY_PREPARE, /* the ledger's tables */
    SAY_RESET,   /* the session between two migrations */
    SAY_BEGIN,
    SAY_ROW, /* the migration's row in the ledger */
    SAY_TIMEOUT,
    SAY_STATEMENT, /* of the file */
    SAY_RESUME_ROLE,
    SAY_LOG,
    SAY_GUARD,
    SAY_COMMIT,      /* of a whole migration */
    SAY_COMMIT_PART, /* of the ledger's tables, or of a unit of a file */
    SAY_ROLLBACK,
    SAY_TRACE,     /* what the catalogue knows of a statement */
    SAY_READ_ONLY, /* whether the server takes no writes */
    SAY_FAILURE,   /* the log's row about a failure */
};

#endif
