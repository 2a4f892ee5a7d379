/*
 * The journal's sink: events as lines on a file descriptor, in one of three forms. Write errors (a reader that went away) are
 * remembered and never stop the run.
 */
#ifndef PGUSHER_FACE_LOG_H
#define PGUSHER_FACE_LOG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/event.h"
#include "plan/settings.h"

struct log {
    int fd;
    enum log_format format; /* never LOG_FORMAT_AUTO */
    bool terminal;          /* colour and a live line, only with LOG_FORMAT_TEXT */
    bool broken;            /* a write failed: nothing more is written */
    struct buf line;
    /* the live line's state belongs to src/face/text.c */
    struct live_line {
        bool shown;
        bool active;
        int64_t since_us; /* monotonic */
        char what[256];
    } live;
};

/* format LOG_FORMAT_AUTO is text on a terminal, logfmt elsewhere. */
void log_init(struct log *log, int fd, enum log_format format);
void log_finish(struct log *log);

/* A journal_sink; owner is the struct log. */
void log_event(void *owner, const struct event *event);

/* Redraws the live line; call it every 100 ms or so while log_wants_ticks(). */
void log_tick(struct log *log);
bool log_wants_ticks(const struct log *log);

#endif
