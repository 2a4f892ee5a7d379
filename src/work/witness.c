/*
 * Looking at pg_blocking_pids() from outside. It knows when to look and what to tell; it never interferes.
 */
#include "work/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "say.h"
#include "statements.h"
#include "wire/talk.h"

enum { FIRST_LOOK_MS = 1000, FIRST_LOOK_SHARE = 3, NEXT_LOOK_MS = 2000, TELL_EVERY_MS = 10000 };

struct witness {
    struct run *run;
    const struct session *watched;
    char pid[16];
    const char *params[1];
    struct timer *timer;
    struct session *session; /* NULL: not opened yet, or lost */
    bool looking;
    int said;               /* acts of this look */
    const char *migration;  /* NULL: none runs */
    const char *looked_for; /* the one of the last look */
    int64_t since_us;
    int64_t first_look_ms; /* after the migration's beginning */
    bool tells;            /* of all that this look finds */
    int64_t told_us;       /* when blockers were last told of; 0: not in this migration */
};

/* --- one look --------------------------------------------------------------------------------------------------------- */

static enum next say_next(void *owner, struct act *act)
{
    struct witness *witness = owner;
    switch (witness->said++) {
    case 0:
        act->sql = sql_blockers;
        act->sql_bytes = strlen(sql_blockers);
        act->params = witness->params;
        act->param_count = 1;
        return NEXT_ACT;
    case 1:
        act->kind = ACT_SYNC;
        return NEXT_ACT;
    default:
        return NEXT_END;
    }
}

static void tell(struct witness *witness, const struct row *row)
{
    const char *pid = row_text(row, 0);
    const char *application = row_text(row, 1);
    const char *query = row_text(row, 5);
    int64_t waited_ms = clock_ms_since(witness->since_us);
    journal_note(witness->run->journal, EVENT_BLOCKED, witness->run->target,
                 FIELDS(TEXT(MIGRATION, witness->migration), NUMBER(HOLDER_PID, pid != NULL ? atoi(pid) : 0),
                        TEXT(HOLDER_APPLICATION, application), TEXT(HOLDER_ADDRESS, row_text(row, 2)),
                        TEXT(HOLDER_SINCE, row_text(row, 3)), TEXT(HOLDER_STATE, row_text(row, 4)),
                        TEXT(HOLDER_QUERY, query), NUMBER(WAITED_MS, waited_ms)),
                 "%s waits for a lock that process %s holds (%s): %s", witness->migration, pid != NULL ? pid : "?",
                 application != NULL && application[0] != '\0' ? application : "unnamed", query != NULL ? query : "?");
}

static void hear_row(void *owner, struct act_tag tag, const struct row *row)
{
    struct witness *witness = owner;
    (void) tag;
    if (!witness->tells || witness->migration != witness->looked_for)
        return;
    witness->told_us = clock_monotonic_us();
    tell(witness, row);
}

static bool is_time_to_tell(const struct witness *witness)
{
    return witness->told_us == 0 || clock_monotonic_us() - witness->told_us >= (int64_t) TELL_EVERY_MS * 1000;
}

static void hear_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    (void) owner, (void) tag, (void) error;
}

static void close_session(struct witness *witness)
{
    session_free(witness->session);
    witness->session = NULL;
}

/* Its session is for one migration only: the next one may want the database for itself (CREATE DATABASE ... TEMPLATE). */
static void rest(struct witness *witness)
{
    witness->looking = false;
    bool is_another = witness->migration != witness->looked_for;
    if (is_another)
        close_session(witness);
    if (witness->migration != NULL)
        timer_start(witness->timer, is_another ? witness->first_look_ms - clock_ms_since(witness->since_us) : NEXT_LOOK_MS);
}

static void hear_end(void *owner)
{
    rest(owner);
}

static void give_up_session(struct witness *witness)
{
    close_session(witness);
    rest(witness);
}

static void hear_lost(void *owner, const struct fault *fault)
{
    (void) fault;
    give_up_session(owner);
}

static void look(struct witness *witness)
{
    static const struct talker talker = {
        .say_next = say_next,
        .hear_row = hear_row,
        .hear_error = hear_error,
        .hear_end = hear_end,
        .hear_lost = hear_lost,
    };
    witness->said = 0;
    witness->tells = is_time_to_tell(witness);
    talk_begin(witness->session, &talker, witness);
}

/* --- when to look ----------------------------------------------------------------------------------------------------- */

static void on_settled(void *owner)
{
    struct witness *witness = owner;
    if (session_state(witness->session) == SESSION_OPEN)
        look(witness);
    else
        give_up_session(witness);
}

static void on_time(void *owner)
{
    struct witness *witness = owner;
    struct fault fault;
    witness->looking = true;
    witness->looked_for = witness->migration;
    if (witness->session != NULL) {
        look(witness);
        return;
    }
    witness->session = session_beside(witness->watched, on_settled, witness, &fault);
    if (witness->session == NULL)
        rest(witness); /* what could not be had now may be there for the next look */
}

/* Before the server gives up the wait, or there is nobody left to tell of. */
static int64_t first_look_ms(int64_t lock_timeout_ms)
{
    bool is_short = lock_timeout_ms > 0 && lock_timeout_ms < (int64_t) FIRST_LOOK_MS * FIRST_LOOK_SHARE;
    return is_short ? lock_timeout_ms / FIRST_LOOK_SHARE : FIRST_LOOK_MS;
}

void witness_attend(struct witness *witness, const char *migration, int64_t lock_timeout_ms)
{
    if (witness == NULL)
        return;
    witness->migration = migration;
    witness->since_us = clock_monotonic_us();
    witness->told_us = 0;
    if (witness->looking)
        return; /* the look that is under way starts the timer */
    close_session(witness);
    if (migration != NULL)
        timer_start(witness->timer, first_look_ms(lock_timeout_ms));
    else
        timer_stop(witness->timer);
}

struct witness *witness_new(struct run *run, const struct session *watched, int pid, struct fault *fault)
{
    struct witness *witness = memory_alloc(sizeof *witness);
    if (witness == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *witness = (struct witness){ .run = run, .watched = watched };
    snprintf(witness->pid, sizeof witness->pid, "%d", pid);
    witness->params[0] = witness->pid;
    witness->timer = timer_new(run->loop, on_time, witness, fault);
    if (witness->timer == NULL) {
        memory_free(witness);
        return NULL;
    }
    return witness;
}

void witness_free(struct witness *witness)
{
    if (witness == NULL)
        return;
    session_free(witness->session);
    timer_free(witness->timer);
    memory_free(witness);
}
