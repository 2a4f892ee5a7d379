/*
 * The line at the foot of a terminal that moves while something takes time, with a table below it while many targets are waited for. It listens to every event, the ones too quiet to be
 * printed included.
 */
#ifndef PGUSHER_FACE_LIVE_H
#define PGUSHER_FACE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/event.h"
#include "face/live_table.h"

enum { LIVE_TEXT_BYTES = 256 };

enum live_state { LIVE_IDLE, LIVE_WAITING, LIVE_CROWD, LIVE_LOCKED, LIVE_APPLYING, LIVE_STOPPING };

struct live_line {
    enum live_state state;
    bool shown;                 /* it stands on the terminal now */
    int64_t since_us;           /* monotonic: when the state began */
    char what[LIVE_TEXT_BYTES]; /* "waiting for db:5432" */
    char note[LIVE_TEXT_BYTES]; /* "held by pid 42", may be empty */
    char seen[LIVE_TEXT_BYTES]; /* what the last failed attempt saw */
    int64_t attempt;
    int64_t attempts;
    int64_t migration; /* how many were begun */
    int64_t pending;
    struct live_table table;
    size_t most_lines;  /* of the terminal; 0: not known */
    size_t table_lines; /* that are drawn now, below the line itself */
};

/* Zero is its beginning: there is no init. Accepts NULL. */
void live_finish(struct live_line *live);

/* now_us is monotonic. */
void live_hear(struct live_line *live, const struct event *event, int64_t now_us);

/*
 * True for an event that says no more than the live line or the closing summary does, so that a calm terminal can do without
 * it. Ask before live_hear().
 */
bool live_covers(const struct live_line *live, const struct event *event);

bool live_is_active(const struct live_line *live);

/* Draws it over itself, at most columns wide; nothing while it is idle. */
void live_draw(struct live_line *live, struct buf *buf, int64_t now_us, size_t columns, bool colour);

/* Takes it off the terminal, if it is there. */
void live_erase(struct live_line *live, struct buf *buf);

#endif
