/*
 * A wait from the inside: wait.c keeps the windows and decides, host.c looks names up, slot.c knocks, slot_ask.c asks,
 * wait_tell.c tells; stand.c is the wait that goes on.
 */
#ifndef PGUSHER_WORK_WAIT_INSIDE_H
#define PGUSHER_WORK_WAIT_INSIDE_H

#include "budget.h"
#include "kindness.h"
#include "stand.h"
#include "wire/lookup.h"
#include "work/roster.h"
#include "work/wait.h"

/*
 *     RESTING     no session; the timer rings for the next knock
 *     CONNECTING  a session is logging in; the timer rings at its connect_timeout
 *     ASKING      logged in, a reading is under way
 *     LOOKING_ON  logged in, the goal is not met; the timer rings for the next reading
 *     SATISFIED   the goal is met; the session is kept
 */
enum slot_state { SLOT_RESTING, SLOT_CONNECTING, SLOT_ASKING, SLOT_LOOKING_ON, SLOT_SATISFIED };

/* How far the last knock got, kept when its session is closed. */
struct slot_facts {
    enum session_reach reach;
    struct session_times times;
    bool answered; /* the reading: server is what it said */
    struct server_state server;
    int64_t query_us;
};

/* One address of one host, and the session that knocks at it. */
struct slot {
    struct wait *wait;
    struct wait_host *host;
    char address[ADDRESS_BYTES]; /* numeric; "" for a socket or libpq's default host */
    enum slot_state state;
    struct session *session;
    struct timer *timer;
    struct reading reading;
    struct sighting sighting; /* the last answer */
    int64_t seen_since_us;    /* since when the answer has been of that kind, SQLSTATE included */
    int64_t knocked_us;       /* when something was last asked of the server */
    int64_t came_us;          /* when it was last knocked at */
    struct kindness kindness; /* how soon it may come again */
    bool asked;               /* the reading's Sync was said */
    bool listens;             /* for notifications of what is applied */
    struct pass pass;
    struct slot_facts facts;      /* of the last answer */
    struct slot_facts collecting; /* of the knock that is under way */
    int64_t answered_us;          /* when the last answer came */
    int64_t good_in_a_row;        /* answers */
};

enum { HOST_MOST_SLOTS = 64 }; /* of a name with more addresses, the first ones */

/* What was seen of a host as a whole. */
struct wait_host {
    struct wait *wait;
    const struct target_host *at;
    struct lookup *lookup; /* running */
    struct timer *timer;   /* until the next look-up, after one that found nothing */
    int64_t lookup_us;     /* when the running one began */
    int64_t looked_up_us;  /* how long the last good one took */
    int64_t rest_ms;
    struct sighting sighting; /* of a failed look-up; SEEN_NOTHING when it worked */
    int64_t seen_since_us;
    struct slot *slots[HOST_MOST_SLOTS]; /* in the order in which they came, and at first in the resolver's */
    size_t slot_count;
};

struct wait {
    struct run *run;
    const char *label; /* of the target, for events */
    struct wait_goal goal;
    struct target_spec spec;
    const struct standing *standing; /* NULL: it ends with the first that is ready */
    struct budget *budget;           /* shared when it stands, else its own */
    void (*on_over)(void *owner, enum wait_end end);
    void *owner;
    struct arena arenas[2]; /* of the target in use and of the one being built */
    int arena_in_use;
    struct target target;
    struct wait_host *hosts;
    size_t host_count;
    struct timer *window;
    struct timer *deadline;
    struct timer *courtesy;
    struct timer *ending; /* rings at once: on_over is never called from under a callback of a slot */
    int64_t attempt;      /* counts from 1 */
    int64_t began_us;
    int64_t window_us;   /* when this attempt began */
    int64_t resolved_us; /* when the first address was known; 0: not yet */
    bool courteous;      /* the courtesy timer runs */
    bool over;
    enum wait_end end;
    struct fault fault;
    struct slot *winner;
};

/* host.c */
bool host_start(struct wait_host *host, struct wait *wait, const struct target_host *at, struct fault *fault);
void host_look_up(struct wait_host *host);
void host_finish(struct wait_host *host);

/* slot.c */
struct slot *slot_new(struct wait_host *host, const char *address, struct fault *fault);
void slot_free(struct slot *slot);
void slot_end_window(struct slot *slot); /* closes a connection from which nothing came */
void slot_look_again(struct slot *slot); /* now, and not only when its rest is over */
void slot_doubt(struct slot *slot);      /* one that was ready is silent now */
bool slot_is_in_flight(const struct slot *slot);
void slot_name(const struct slot *slot, char *name, size_t size); /* "127.0.0.1:5432" */
void slot_set_state(struct slot *slot, enum slot_state state);
void slot_close_session(struct slot *slot);
void slot_see(struct slot *slot, const struct sighting *sighting, enum slot_state state); /* and rests; the wait may end */
void slot_lose(struct slot *slot, const struct sighting *sighting);
void slot_satisfy(struct slot *slot);

/* slot_ask.c */
void slot_ask(struct slot *slot);

/* wait_tell.c: events, and faults */
void wait_tell_started(const struct wait *wait);
void wait_tell_attempt(const struct wait *wait); /* that this one failed */
void wait_tell_ready(const struct wait *wait);
void wait_tell_not_ready(const struct wait *wait, const char *bound, struct fault *fault);
void wait_tell_refused(const struct wait *wait, const struct sighting *refusal, struct fault *fault);

/* wait.c: what slots and hosts report */
void wait_see(struct slot *slot);
void wait_see_no_address(struct wait_host *host);
void wait_see_satisfied(struct slot *slot);
void wait_fail(struct wait *wait, const struct fault *fault);

/* wait.c, for stand.c */
bool wait_build_target(struct wait *wait, struct fault *fault);
bool wait_refresh_target(struct wait *wait, struct fault *fault);
bool wait_start_hosts(struct wait *wait, struct fault *fault);
const struct sighting *wait_find_refusal(const struct wait *wait);

/* stand.c */
void stand_see(struct wait *wait);
void stand_fail(struct wait *wait, const struct fault *fault);

#endif
