/*
 * A conversation by script, written down as it is heard, and the loop and session that it is held on.
 *
 *     static const struct chat_line lines[] = { SAYS("SELECT 1"), SYNC };
 *     struct chat chat;
 *     chat_open(&chat, fake_server_conninfo(server));
 *     HOLD(&chat, lines);
 *     assert_string_equal(chat_heard(&chat), "0 row 1\n0 done SELECT 1\n1 done \nend\n");
 *     chat_close(&chat);
 */
#ifndef PGUSHER_WIRE_CHAT_H
#define PGUSHER_WIRE_CHAT_H

#include <stdbool.h>
#include <stddef.h>

#include "support/must.h"
#include "wire/talk.h"

struct chat_line {
    enum act_kind kind;
    const char *sql;
    const char *data; /* ACT_COPY_IN */
    const char *const *params;
    int param_count;
    bool flush;
    bool waits;  /* until everything before it was heard */
    bool pauses; /* as long as the chat's own `pauses` is set */
};

/* For scripts: a line each, and how many there are. */
#define COUNT(lines)      (sizeof(lines) / sizeof(lines)[0])
#define HOLD(chat, lines) chat_hold(chat, lines, COUNT(lines))
#define SYNC                                                                                                                \
    {                                                                                                                       \
        .kind = ACT_SYNC                                                                                                    \
    }
#define SAYS(text)                                                                                                          \
    {                                                                                                                       \
        .sql = (text)                                                                                                       \
    }
#define COPIES_IN(text, stream)                                                                                             \
    {                                                                                                                       \
        .kind = ACT_COPY_IN, .sql = (text), .data = (stream)                                                                \
    }
#define COPIES_OUT(text)                                                                                                    \
    {                                                                                                                       \
        .kind = ACT_COPY_OUT, .sql = (text)                                                                                 \
    }

struct chat {
    struct loop *loop;
    struct session *session; /* NULL once it was freed */
    unsigned settled;        /* how often the session said that it is open or closed */
    const struct chat_line *lines;
    size_t count;
    size_t said;
    size_t answered; /* acts whose answer was heard */
    size_t most_outstanding;
    unsigned ends; /* hear_end and hear_lost together: must come to 1 for each talk */
    bool lost;
    struct fault fault; /* what hear_lost said */
    bool frees_at_end;
    bool pauses;
    void (*on_row)(struct chat *chat);
    void (*on_end)(struct chat *chat);
    bool forgets_rows; /* they are counted only */
    size_t rows;
    struct bytes heard;
};

/* A loop of its own, and the session of a conninfo string; turns the loop until it is settled. The session may be closed then. */
void chat_connect(struct chat *chat, const char *conninfo);

/* The same, and fails the test unless it is open. */
void chat_open(struct chat *chat, const char *conninfo);

/* A session on a loop that is there already; chat->session is set before anything is called back. NULL: fault says why. */
struct session *chat_start(struct chat *chat, const char *conninfo, void (*on_settled)(void *chat), struct fault *fault);

/* Begins a talk; chat_hold() also turns the loop until it is over. */
void chat_begin(struct chat *chat, const struct chat_line *lines, size_t count);
void chat_hold(struct chat *chat, const struct chat_line *lines, size_t count);

/* One line an answer: the act's index and what came. Lives until chat_close(). */
const char *chat_heard(const struct chat *chat);

/* The session and the loop, which asserts that nothing was forgotten. */
void chat_close(struct chat *chat);

#endif
