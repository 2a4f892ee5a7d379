/*
 * Who may connect: at most so many at a time, and so many of them to one server. Who has to wait is told when it is their turn, in the
 * order in which they came.
 */
#ifndef PGUSHER_WORK_BUDGET_H
#define PGUSHER_WORK_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct budget_server;

struct pass_queue {
    struct pass *first;
    struct pass *last;
};

enum { BUDGET_BUCKETS = 1024 };

struct budget {
    int64_t most;
    int64_t most_a_server;
    int64_t in_use;
    int64_t kept;
    bool keeps_open;           /* there is room for connections that only listen */
    int64_t rest_least_ms;     /* how long anybody rests at least between two knocks: many are paced, one is not */
    struct pass_queue waiting; /* for the budget as a whole */
    struct budget_server *servers[BUDGET_BUCKETS];
};

/* One who may want to connect, embedded in it. */
struct pass {
    struct budget *budget;
    struct budget_server *server;
    void (*on_turn)(void *owner); /* after a refused pass_enter(): the pass is entered now */
    void *owner;
    enum { PASS_OUT, PASS_WAITING, PASS_IN } state;
    bool is_kept;             /* while it is in */
    struct pass_queue *queue; /* that it waits in */
    struct pass *before;
    struct pass *after;
};

void budget_init(struct budget *budget, int64_t most, int64_t most_a_server);

/* All passes are out. Accepts NULL. */
void budget_finish(struct budget *budget);

/* server names the address and port. False: out of memory. */
bool pass_init(struct pass *pass, struct budget *budget, const char *server, void (*on_turn)(void *owner), void *owner,
               struct fault *fault);

/* True: the caller may connect now. False: it waits, and on_turn will be called, never from within this call. */
bool pass_enter(struct pass *pass);

/*
 * Whether one that is in may stay for as long as it likes. Half of all passes, and half of its server's, are never kept like that: they
 * are for those who come and go.
 */
bool pass_keep(struct pass *pass);

/* Done, or no longer wanted; the next one gets its turn. Does nothing for one that is out. */
void pass_leave(struct pass *pass);

#endif
