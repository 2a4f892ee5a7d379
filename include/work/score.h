/*
 * One migration as the sequence of acts that applies it: what is said, in which order, and where the runner has to stop and listen.
 * Pure; apply.c performs it.
 */
#ifndef PGUSHER_WORK_SCORE_H
#define PGUSHER_WORK_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/checksum.h"
#include "plan/ledger.h"
#include "plan/planner.h"

enum note_kind {
    NOTE_RESET,          /* one statement of the session reset, a transaction of its own */
    NOTE_UNLOCK,         /* behind a pooler, the session locks that the file has taken */
    NOTE_SETTLE,         /* what is deferred is checked and done before the reset, which drops tables */
    NOTE_RESTORE_CLIENT, /* behind a pooler, what it had set for its client and RESET ALL has undone */
    NOTE_CHECK_CLIENT,   /* within the reset, which has undone it */
    NOTE_BEGIN,          /* with the options of an absorbed BEGIN */
    NOTE_BEGIN_UNIT,
    NOTE_PIN_STRINGS,  /* SET LOCAL standard_conforming_strings */
    NOTE_ROW,          /* the ledger's row */
    NOTE_ROW_TIMEOUT,  /* how long the row may wait for another runner's */
    NOTE_ROW_UNBOUND,  /* the role's statement_timeout is not for that wait */
    NOTE_LOCK_TIMEOUT, /* of the migration's statements, up to its COMMIT */
    NOTE_STATEMENT_TIMEOUT,
    NOTE_OWN_STATEMENT_TIMEOUT, /* the role's again */
    NOTE_LOCK_TIMEOUT_ALONE,    /* for a statement outside a transaction whose file asks for it */
    NOTE_STATEMENT_TIMEOUT_ALONE,
    NOTE_STATEMENT, /* of the file */
    NOTE_COPY,
    NOTE_ROLE,       /* back to the runner's own role, before the guard reads the ledger */
    NOTE_ROLE_LOCAL, /* the same up to the next COMMIT, after which the role that the file has set is in force again */
    NOTE_LOG,
    NOTE_STARTED, /* the log's row before a statement that cannot run in a transaction */
    NOTE_DONE,
    NOTE_SKIPPED, /* nothing is sent: a statement that an earlier run completed */
    NOTE_ASK,     /* the catalogue, whether a statement that an earlier run started took effect */
    NOTE_DROP,    /* the index it left, if that is INVALID */
    NOTE_AGAIN,   /* the statement, unless it took effect */
    NOTE_GUARD,
    NOTE_COMMIT,      /* the migration is applied when its answer comes */
    NOTE_COMMIT_UNIT, /* only a part of it */
    NOTE_ROLLBACK,
    NOTE_ROLLBACK_AND_CHAIN, /* a pooler keeps the server connection until what follows is over */
    NOTE_BARRIER,            /* a Sync, and nothing more before it was heard to have gone well */
};

struct note {
    enum note_kind kind;
    uint32_t index; /* of the statement, or of the reset's statement */
};

struct score {
    struct note *notes;
    size_t count;
    size_t room;
};

struct score_wishes {
    bool session_is_changed; /* by the migration before: reset it */
    bool is_pooled;          /* the session goes back to a pooler after each transaction */
    bool restores_client;    /* there is a pooler, in whichever mode */
    bool pins_strings;       /* standard_conforming_strings is off and has to be on */
    bool checks_client;
    bool with_log;
    const char *log_identifier; /* for a hint */
    bool bounds_row;            /* --lock-wait is given */
    bool has_timeouts;          /* the role's own, perhaps */
    int64_t lock_timeout_ms;    /* of this migration; -1: as the role has it */
    int64_t statement_timeout_ms;
    const struct progress_row *progress; /* this migration's rows */
    size_t progress_count;
};

void score_init(struct score *score);

/* Makes room for a cleaning, which then needs no memory. */
bool score_prepare(struct score *score, struct fault *fault);
void score_finish(struct score *score);

/*
 * Writes the score of a pending step anew. False with FAULT_INTERNAL (out of memory), or with FAULT_MIGRATION when an earlier run
 * was interrupted in a statement of which it cannot be known whether it happened, or when the file was changed so that what an
 * earlier run has done would be done again.
 */
bool score_write(struct score *score, const struct step *step, const struct score_wishes *wishes, struct fault *fault);

/*
 * Writes instead what a migration that failed or was stopped halfway leaves to be done. leaves_traces: it may have done what no
 * ROLLBACK undoes. score_prepare() has gone well before.
 */
void score_write_cleaning(struct score *score, const struct score_wishes *wishes, bool in_transaction, bool leaves_traces);

/* The SHA-256 of the unit that ends with statement `last`: a rerun knows by it whether that text is still the same. */
bool score_unit_checksum(char checksum[CHECKSUM_BYTES], const struct step *step, size_t last, struct fault *fault);

/* The session reset's statements, in order; index from 0, NULL past the last. */
const char *score_reset_statement(size_t index);

#endif
