/*
 * A conversation over an open session, in libpq's pipeline mode: its owner is asked for the next act whenever there is room in the
 * window, and hears the answers in the same order.
 *
 * The window is bounded by TALK_WINDOW_ACTS and TALK_WINDOW_BYTES: wide enough that a link of 50 ms and 10 MB/s is never idle
 * between statements of usual size, and narrow enough that memory stays small (libpq copies every query text) and that little is
 * under way when a signal comes, because what the server already has, it may still commit.
 */
#ifndef PGUSHER_WIRE_TALK_H
#define PGUSHER_WIRE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/session.h"

enum { TALK_WINDOW_ACTS = 512, TALK_WINDOW_BYTES = 256 * 1024 };

enum act_kind {
    ACT_SQL,      /* one statement */
    ACT_SYNC,     /* ends a segment: after an error the server skips everything up to it */
    ACT_COPY_IN,  /* COPY ... FROM stdin with its data; everything before it must have been ended by a Sync */
    ACT_COPY_OUT, /* COPY ... TO stdout; likewise; its data is dropped */
};

/* Whatever the owner wants to be told with the answer. */
struct act_tag {
    uint32_t what;
    uint32_t step;
    uint32_t statement;
};

/* The texts must live until the owner is asked for the next act; a COPY's data until its answer is heard. */
struct act {
    enum act_kind kind;
    struct act_tag tag;
    const char *sql; /* NUL-terminated */
    size_t sql_bytes;
    const char *const *params; /* text, NULL for SQL's NULL */
    int param_count;
    bool flush; /* ask for the answers so far, which otherwise come at the next Sync or every 8 kB */
    const char *data;
    size_t data_bytes;
};

enum next {
    NEXT_ACT,  /* there is one */
    NEXT_WAIT, /* not before more is heard */
    NEXT_END,  /* no more; the last act was an ACT_SYNC or a COPY */
};

struct row;

/* A column as text, NULL for SQL's NULL; lives only for the call that brought the row. */
const char *row_text(const struct row *row, int column);

/* What a server says when it refuses or warns. */
struct server_message {
    struct fault fault;     /* class FAULT_MIGRATION; without source and offset */
    char severity[16];      /* "ERROR", "NOTICE" ...: untranslated */
    long position;          /* in the act's sql, in characters, from 1; 0: none */
    long internal_position; /* in internal_query */
    char internal_query[FAULT_LINE_BYTES];
};

/*
 * Who talks. Only hear_end and hear_lost may free the session or begin another talk; exactly one of them is the last to be called.
 * hear_row, hear_done, hear_skipped and hear_notice may be NULL.
 */
struct talker {
    enum next (*say_next)(void *owner, struct act *act);
    void (*hear_row)(void *owner, struct act_tag tag, const struct row *row);
    void (*hear_done)(void *owner, struct act_tag tag, const char *command_tag); /* "" for a Sync and an empty query */
    void (*hear_error)(void *owner, struct act_tag tag, const struct server_message *error);
    void (*hear_skipped)(void *owner, struct act_tag tag); /* because an act before it failed */
    void (*hear_notice)(void *owner, const struct server_message *notice);
    void (*hear_end)(void *owner);                             /* NEXT_END was said and everything heard */
    void (*hear_lost)(void *owner, const struct fault *fault); /* the connection broke (FAULT_LOST), or FAULT_INTERNAL */
};

void talk_begin(struct session *session, const struct talker *talker, void *owner);

/* The owner said NEXT_WAIT and now has more to say without having heard anything. */
void talk_resume(struct session *session);

#endif
