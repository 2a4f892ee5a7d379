/*
 * The journal's sink: events as lines on a file descriptor, in one of three forms. Write errors (a reader that went away) are
 * remembered and never stop the run; SIGPIPE must be ignored by the process.
 */
#ifndef PGUSHER_FACE_LOG_H
#define PGUSHER_FACE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/event.h"
#include "face/colour.h"
#include "face/live.h"
#include "plan/settings.h"

struct log {
    int fd;                 /* not owned */
    enum log_format format; /* never LOG_FORMAT_AUTO */
    enum level level;       /* events below it get no line */
    bool terminal;          /* marks and a live line, only with LOG_FORMAT_TEXT */
    bool colour;            /* only with terminal */
    bool broken;            /* a write failed: nothing more is written */
    bool hurried;           /* a signal came: what does not fit at once is dropped from then on */
    bool torn;              /* only a part of the last line was written */
    size_t columns;         /* of the terminal */
    struct buf line;
    struct live_line live;
};

/* format LOG_FORMAT_AUTO is text on a terminal, logfmt elsewhere. look is what look_read() said, and counts on a terminal only. */
void log_init(struct log *log, int fd, enum log_format format, enum level level, enum look look);

/* Leaves the terminal clean. Accepts NULL; fd stays open. */
void log_finish(struct log *log);

/* The journal's threshold: lower than level on a terminal, whose live line listens to quiet events too. */
enum level log_threshold(const struct log *log);

/* A journal_sink; owner is the struct log. Without memory the line is lost, and the next one is tried again. */
void log_event(void *owner, const struct event *event);

/* Redraws the live line; call it every 100 ms or so while log_wants_ticks(). */
void log_tick(struct log *log);
bool log_wants_ticks(const struct log *log);

/* Takes the live line off, for somebody else to write on the same terminal; the next tick draws it again. */
void log_pause(struct log *log);

#endif
