/*
 * One look at the database: what the server is, what the ledger and its log say. It costs one round trip, writes nothing, takes
 * no lock, works on a standby, and logs no error on the server when there is no ledger. Where the table of the ledger's name is
 * something else, or may not be read, that one fails, and the reading goes on to ask why; likewise on a server without libxml.
 *
 * A reading is a list of acts that a conversation weaves into its own (see wire/talk.h): reading_say() until it answers false, then
 * the conversation's own Sync; when that was heard, the same again while reading_goes_on(), and then reading_conclude().
 */
#ifndef PGUSHER_WORK_READING_H
#define PGUSHER_WORK_READING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "plan/lag.h"
#include "plan/ledger.h"
#include "plan/settings.h"
#include "wire/talk.h"

struct server_state {
    int pid; /* pg_backend_pid(): differs from the login's behind a pooler */
    bool in_recovery;
    bool read_only;
    int version_num;            /* 150004 */
    bool strings_conform;       /* standard_conforming_strings is on, as it is unless somebody turned it off */
    bool checks_client;         /* it was asked, under the lock, to notice when this runner is gone */
    bool may_notify;            /* this role may call pg_notify(), as far as was asked, under the lock */
    bool has_timeouts;          /* statements are bounded even where nobody asks us for it; true where it was not asked */
    bool is_crowded;            /* READ_SLOTS: half of the connections that a role like this one may have are in use */
    char system_identifier[24]; /* READ_LAG; "" where it could not be asked, and then all of the lag is -1 */
    struct lag lag;             /* of a primary, replayed is where it writes */
};

/* What a reading takes in besides the server's state. */
enum reading_wish {
    READ_LEDGER = 1 << 0,  /* the ledger and its log */
    READ_SLOTS = 1 << 1,   /* how many connections are in use */
    READ_LAG = 1 << 2,     /* where in the WAL it is */
    LISTEN_FIRST = 1 << 3, /* hears from then on of what is applied: no row is committed unheard after this reading */
    READ_LOG = 1 << 4,     /* never wished for: READING_WHY has found that it may be read */
};

enum reading_stage {
    READING_FIRST, /* all that is wished for; server, ledger and log are one statement */
    READING_WHY,   /* after that has failed: what is in the way */
    READING_ROWS,  /* and the rows, if there are any for us */
};

struct reading {
    struct arena arena; /* holds all that was read */
    const struct settings *settings;
    unsigned wishes;
    enum reading_stage stage;
    size_t said; /* lines of the script */
    const char *params[4];
    struct server_state server;
    struct ledger ledger;
    bool is_foreign; /* a table of the ledger's name that is not a ledger */
    const char *columns;
    bool schema_exists;
    bool log_exists;
    bool log_is_ours;
    struct fault fault; /* the first that was heard */
};

/* Forgets an earlier reading. wishes are of enum reading_wish. */
void reading_init(struct reading *reading, const struct settings *settings, unsigned wishes);

/* Accepts NULL. */
void reading_finish(struct reading *reading);

/* The next act; false when all are said. */
bool reading_say(struct reading *reading, struct act *act);

/* All that was said has been heard. True: the answers ask for more acts, in a segment of their own. */
bool reading_goes_on(struct reading *reading);

void reading_hear_row(struct reading *reading, struct act_tag tag, const struct row *row);
void reading_hear_error(struct reading *reading, struct act_tag tag, const struct server_message *error);

/* Of an error of our own queries: FAULT_REFUSED, if asking again will not help, else FAULT_NOT_READY. */
enum fault_class reading_error_class(const struct fault *error);

/* Adds what to do about an error of a reading, where that is known. */
void reading_advise(const struct settings *settings, struct fault *fault);

/*
 * Everything was heard. False: the server is too old or somebody else's table has the ledger's name (FAULT_CONFIG), there is no
 * right to read it (FAULT_REFUSED), or the server failed otherwise (FAULT_NOT_READY).
 */
bool reading_conclude(struct reading *reading, struct fault *fault);

#endif
