/*
 * A wait that goes on: its target is looked at again and again, good answers or bad, and each answer is told. It has no windows and no
 * deadline of its own; whoever keeps many of them says when a window ends, and decides.
 */
#ifndef PGUSHER_WORK_STAND_H
#define PGUSHER_WORK_STAND_H

#include "budget.h"
#include "wire/lookup.h"
#include "work/roster.h"
#include "work/wait.h"

enum { ADDRESS_TEXT_BYTES = ADDRESS_BYTES + 64 };

struct standing {
    struct budget *budget; /* shared by all */
    struct arena *labels;  /* likewise */
    /* stand_look() gives another answer than before, or the same once more. */
    void (*on_answer)(void *owner);
    /* It is refused for good and asks no more; also from within stand_start(). The fault lives for the call. */
    void (*on_lost)(void *owner, const struct fault *fault);
};

/* What a target shows now: its best address, or the look-up that failed. Texts live as long as the wait. */
struct stand_view {
    enum seen seen; /* SEEN_READY: the goal is met; SEEN_NOTHING: no answer yet */
    bool has_rung;  /* something was reached: rung says what */
    enum rung rung; /* RUNG_WRITABLE, RUNG_STANDBY where the server was asked; RUNG_LOGIN for a read-only primary */
    bool was_asked; /* in_recovery and version_num are what it said */
    bool in_recovery;
    bool read_only;
    int version_num;
    const char *sqlstate;
    const char *message;
    char address[ADDRESS_TEXT_BYTES]; /* "127.0.0.1:5432"; "" before there is one */
    int64_t since_us;                 /* since when it has been seen like this */
    int64_t answered_us;              /* when it was seen last; 0: never */
    int64_t resolve_us;               /* how long the look-up took; -1: nothing was looked up */
    struct session_times times;       /* of the last knock */
    int64_t query_us;                 /* -1: nothing was asked */
};

/* The spec's texts must outlive it. settings->stable good answers in a row make it ready. NULL on failure. */
struct wait *stand_start(struct run *run, const struct wait_goal *goal, const struct target_spec *spec,
                         const struct standing *standing, void *owner, struct fault *fault);

/* The target's label; it lives in the standing's arena. */
const char *stand_label(const struct wait *wait);

/* Closes connections from which nothing came in the window. */
void stand_end_window(struct wait *wait);

/* Reads mounted secrets and looks names up again. */
void stand_begin_window(struct wait *wait);

/* Asks now. */
void stand_look_again(struct wait *wait);

/* Whoever was ready is taken to be silent: what was asked of it again was not answered in time. */
void stand_doubt(struct wait *wait);

void stand_look(const struct wait *wait, struct stand_view *view);

/* wait_free() ends it. */

#endif
