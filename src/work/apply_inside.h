/*
 * Applying from the inside. apply.c begins and ends it. apply_say.c walks ahead through the scores as far as the window allows, and
 * apply_acts.c puts each note into words; apply_hear.c follows through the answers, apply_fail.c makes faults of errors, and
 * apply_texts.c has the program's own statements.
 */
#ifndef PGUSHER_WORK_APPLY_INSIDE_H
#define PGUSHER_WORK_APPLY_INSIDE_H

#include "base/arena.h"
#include "base/buf.h"
#include "say.h"
#include "text/trace.h"
#include "wire/talk.h"
#include "work/apply.h"
#include "work/score.h"
#include "work/witness.h"

enum { APPLY_MOST_PARAMS = 6 };

/*
 *     PREPARING    the ledger's tables are being made where they are missing
 *     PERFORMING   notes of the migrations are being sent
 *     CLOSING      the last migration was sent: one more Sync
 *     CLEANING     something failed or a stop was asked for: Sync, ROLLBACK, and a row about the failure
 *     OVER         nothing is said any more
 */
enum stage { STAGE_PREPARING, STAGE_PERFORMING, STAGE_CLOSING, STAGE_CLEANING, STAGE_OVER };

/* The program's own statements with the ledger's names filled in. */
struct texts {
    const char *bound_preparation; /* these where there is no session lock */
    const char *lock_preparation;  /* until the COMMIT of the preparation */
    const char *create_schema;
    const char *create_ledger;
    const char *create_log;
    const char *add_row;
    const char *log_applied;
    const char *log_failed;
    const char *log_statement;
    const char *guard;
};

/* As the session began with them: a pooler sets them on each server connection, which does not count as their default there. */
struct client_parameters {
    const char *application_name;
    const char *time_zone;
    const char *date_style;
    const char *interval_style;
};

/* What the catalogue says of a statement that an earlier run started. */
enum trace_answer { TRACE_UNDONE, TRACE_DONE, TRACE_INVALID };

struct apply {
    struct run *run;
    struct session *session;
    struct plan *plan;
    const struct reading *reading;
    void (*on_over)(void *owner, enum apply_end end);
    void *owner;
    struct timer *begin; /* rings at once: on_over is never called from within apply_start() */
    struct arena arena;
    struct texts texts;
    char key[24];
    bool has_key;
    bool with_log;     /* migrations are logged */
    bool log_is_there; /* already, or because this run's set-up was committed */
    char runner[320];
    bool is_behind_pooler; /* in whichever mode */
    struct client_parameters client;

    /* the sender */
    enum stage stage;
    size_t prepared; /* acts of PREPARING that were said */
    size_t step;     /* index into plan->steps */
    size_t next_step;
    size_t committed_to; /* the COMMIT of each step before this one was said */
    struct score score;
    size_t note;
    bool session_is_changed;
    bool unsynced; /* acts were sent after the last Sync */
    int cleaned;   /* parts of CLEANING that were said */
    uint32_t syncs_said;
    struct buf sql;
    const char *params[APPLY_MOST_PARAMS];
    char number[24];
    char unit_checksum[CHECKSUM_BYTES];
    struct trace asked; /* what the catalogue was asked for */

    /* the listener */
    uint32_t syncs_heard;
    size_t heard_step; /* the migration whose answers are coming in; plan->count before the first */
    size_t next_remark;
    int64_t step_began_us;
    int64_t began_us;
    int64_t applied;

    enum trace_answer trace;
    char invalid_index[TRACE_NAME_BYTES]; /* TRACE_INVALID: qualified and quoted */

    bool stopping;
    bool raced;
    bool blocked;   /* the failure is worth another try */
    bool untold;    /* likewise, if nobody is notified */
    bool in_doubt;  /* the failure may not be the migration's own: it is told when the server has answered to what follows */
    bool read_only; /* it is: the server takes no writes */
    bool in_recovery;
    struct apply_tries tries;
    struct witness *witness;
    struct fault fault; /* the first failure */
    size_t failed_step;
    uint32_t failed_statement; /* counts from 1; 0: none */
};

/* The acts that make the ledger's tables, in their order. */
enum {
    PREPARE_BEGIN,
    PREPARE_TIMEOUT,
    PREPARE_UNBOUND,
    PREPARE_LOCK,
    PREPARE_SCHEMA,
    PREPARE_LEDGER,
    PREPARE_LOG,
    PREPARE_COMMIT,
    PREPARE_COUNT,
};

static inline const struct step *apply_step(const struct apply *apply, size_t index)
{
    return &apply->plan->steps[index];
}

static inline bool apply_has_failed(const struct apply *apply)
{
    return fault_is_set(&apply->fault);
}

/* apply_texts.c */
bool apply_fill_texts(struct apply *apply);
bool apply_makes_log(const struct apply *apply); /* whether this run creates the log's table */

/* apply_acts.c: fill in the act; NEXT_WAIT instead when that failed. A note must be due. */
enum next apply_say(struct apply *apply, struct act *act, enum say what, const char *sql, size_t statement);
enum next apply_say_sync(struct apply *apply, struct act *act);
enum next apply_say_note(struct apply *apply, struct act *act, const struct note *note);
enum next apply_say_failure(struct apply *apply, struct act *act); /* the log's row about it */
enum next apply_say_read_only(struct apply *apply, struct act *act);

/* What the file says of itself, else the settings; -1: as the role has it. */
int64_t apply_lock_timeout_ms(const struct apply *apply, size_t step);
int64_t apply_statement_timeout_ms(const struct apply *apply, size_t step);

/* For how long the server is to wait for another runner, as its lock_timeout. */
int64_t apply_lock_wait_ms(const struct apply *apply);

/* apply_say.c: a talker's say_next */
enum next apply_say_next(void *owner, struct act *act);

/* apply_hear.c: the rest of a talker, but for the two endings */
void apply_hear_done(void *owner, struct act_tag tag, const char *command_tag);
void apply_hear_row(void *owner, struct act_tag tag, const struct row *row);
void apply_hear_notice(void *owner, const struct server_message *notice);

/* The server is at the first pending migration from this step on. */
void apply_announce(struct apply *apply, size_t from);

/* apply_fail.c */
void apply_hear_error(void *owner, struct act_tag tag, const struct server_message *error);

/* Notes the first failure; statement counts from 1, 0 is none. What fails after it, or after a stop, follows from that. */
void apply_fail(struct apply *apply, const struct fault *fault, size_t step, uint32_t statement);

/* One that says that nothing can be written: by the file's own words, or because the server is read-only. */
bool apply_is_read_only_error(const struct fault *fault);

/* One about a connection: to a foreign server, or, as a pooler says it before it hangs up, our own. */
bool apply_is_connection_error(const struct fault *fault);

/* The server has answered: a failure that was in doubt is told, unless the server is what is read-only. */
void apply_settle_doubt(struct apply *apply);

#endif
