/*
 * The only place that writes events to a file descriptor. It knows what a terminal is and what can go wrong while writing; how
 * an event looks is known by the forms.
 */
#include "face/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "face/json.h"
#include "face/logfmt.h"
#include "face/terminal.h"
#include "face/text.h"

enum { LINE_MAX_BYTES = 1024 * 1024, USUAL_COLUMNS = 80, PATIENCE_MS = 5000 };

static enum log_format settle_format(enum log_format format, bool is_terminal)
{
    if (format != LOG_FORMAT_AUTO)
        return format;
    return is_terminal ? LOG_FORMAT_TEXT : LOG_FORMAT_LOGFMT;
}

void log_init(struct log *log, int fd, enum log_format format, enum level level, enum look look)
{
    bool is_terminal = isatty(fd) == 1;
    *log = (struct log){ .fd = fd, .format = settle_format(format, is_terminal), .level = level, .columns = USUAL_COLUMNS };
    log->terminal = is_terminal && log->format == LOG_FORMAT_TEXT && look != LOOK_DUMB;
    log->colour = log->terminal && look == LOOK_COLOUR;
    buf_init(&log->line, LINE_MAX_BYTES);
}

enum level log_threshold(const struct log *log)
{
    return log->terminal ? LEVEL_DEBUG : log->level;
}

/* A terminal made non-blocking by somebody else who shares it is waited for, but not for ever. */
static bool wait_until_writable(int fd)
{
    struct pollfd poller = { .fd = fd, .events = POLLOUT };
    int ready = poll(&poller, 1, PATIENCE_MS);
    return ready > 0 || (ready < 0 && errno == EINTR);
}

static bool has_lost_patience(int64_t since_us)
{
    return clock_monotonic_us() - since_us > (int64_t) PATIENCE_MS * 1000;
}

static bool is_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/*
 * A reader who only pauses is waited for, until a signal comes: no write must block then, which after this a piece of PIPE_BUF does not.
 */
static bool has_room(struct log *log)
{
    struct pollfd poller = { .fd = log->fd, .events = POLLOUT };
    int64_t since_us = clock_monotonic_us();
    int ready;
    do {
        log->hurried |= interrupt_signal() != 0;
        ready = poll(&poller, 1, log->hurried ? 0 : INTERRUPT_LOOK_MS);
        if (ready == 0 && !log->hurried && is_non_blocking(log->fd) && has_lost_patience(since_us))
            return true; /* the write will say that there is none */
    } while (!log->hurried && (ready == 0 || (ready < 0 && errno == EINTR)));
    return ready > 0;
}

/* How much is left when no more can be written. A piece of PIPE_BUF is written whole or not at all. */
static size_t write_bytes(struct log *log, const char *bytes, size_t left)
{
    while (left > 0 && has_room(log)) {
        ssize_t written = write(log->fd, bytes, left < PIPE_BUF ? left : PIPE_BUF);
        if (written > 0) {
            bytes += written;
            left -= (size_t) written;
        } else if (written == 0 || (errno != EINTR && !(errno == EAGAIN && wait_until_writable(log->fd)))) {
            log->broken = true;
            return left;
        }
    }
    return left;
}

/* A line that was given up halfway is ended, so that the next one is a line of its own. False: there is no room even for that. */
static bool end_torn_line(struct log *log)
{
    log->torn = log->torn && write_bytes(log, "\n", 1) > 0;
    return !log->torn;
}

static void write_line(struct log *log)
{
    if (!buf_ok(&log->line)) {
        log->live.shown = log->terminal; /* perhaps it is: erasing an empty line does no harm */
        return;
    }
    if (!end_torn_line(log))
        return;
    size_t left = write_bytes(log, log->line.bytes, log->line.size);
    log->torn = left > 0 && left < log->line.size;
}

static void ask_width(struct log *log)
{
    struct winsize size;
    bool known = ioctl(log->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    log->columns = known ? size.ws_col : USUAL_COLUMNS;
    log->live.most_lines = known ? size.ws_row : 0;
}

static void add_event(struct log *log, const struct event *event)
{
    if (log->terminal)
        terminal_event_add(&log->line, event, log->columns, log->colour);
    else if (log->format == LOG_FORMAT_TEXT)
        text_event_add(&log->line, event);
    else if (log->format == LOG_FORMAT_JSON)
        json_event_add(&log->line, event);
    else
        logfmt_event_add(&log->line, event);
}

/* Who asks for debug wants to see everything; else what the live line says anyway is not said twice. */
static bool is_worth_a_line(const struct log *log, const struct event *event)
{
    if (event->level < log->level)
        return false;
    return !log->terminal || log->level == LEVEL_DEBUG || !live_covers(&log->live, event);
}

static void show_on_terminal(struct log *log, const struct event *event)
{
    int64_t now_us = clock_monotonic_us();
    bool worth_a_line = is_worth_a_line(log, event);
    bool was_shown = log->live.shown;
    live_hear(&log->live, event, now_us);
    if (!worth_a_line && live_is_active(&log->live))
        return;
    ask_width(log);
    live_erase(&log->live, &log->line);
    if (worth_a_line)
        add_event(log, event);
    if (was_shown)
        live_draw(&log->live, &log->line, now_us, log->columns, log->colour);
    write_line(log);
}

void log_event(void *owner, const struct event *event)
{
    struct log *log = owner;
    if (log->broken)
        return;
    buf_clear(&log->line);
    if (log->terminal) {
        show_on_terminal(log, event);
    } else if (is_worth_a_line(log, event)) {
        add_event(log, event);
        write_line(log);
    }
}

bool log_wants_ticks(const struct log *log)
{
    return log->terminal && !log->broken && live_is_active(&log->live);
}

void log_tick(struct log *log)
{
    if (!log_wants_ticks(log))
        return;
    ask_width(log);
    buf_clear(&log->line);
    live_draw(&log->live, &log->line, clock_monotonic_us(), log->columns, log->colour);
    write_line(log);
}

void log_pause(struct log *log)
{
    if (log->broken || !log->live.shown)
        return;
    buf_clear(&log->line);
    live_erase(&log->live, &log->line);
    write_line(log);
}

void log_finish(struct log *log)
{
    if (log == NULL)
        return;
    log_pause(log);
    if (!log->broken)
        end_torn_line(log);
    live_finish(&log->live);
    buf_finish(&log->line);
}
