/*
 * What a slot asks of a server that has let it in, and what it makes of the answer. How it got in, and when it is kind to come again,
 * is slot.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wait_inside.h"

enum { STIRRED_FIRST_MS = 20, STIRRED_SPREAD_MS = 100 };

static enum seen judge_attrs(enum session_attrs attrs, const struct server_state *server)
{
    bool read_only = server->read_only || server->in_recovery;
    switch (attrs) {
    case ATTRS_READ_WRITE:
        return read_only ? SEEN_READ_ONLY : SEEN_NOTHING;
    case ATTRS_PRIMARY:
        return server->in_recovery ? SEEN_IN_RECOVERY : SEEN_NOTHING;
    case ATTRS_STANDBY:
        return server->in_recovery ? SEEN_NOTHING : SEEN_PRIMARY;
    case ATTRS_READ_ONLY:
        return read_only ? SEEN_NOTHING : SEEN_PRIMARY;
    default:
        return SEEN_NOTHING;
    }
}

/* SEEN_NOTHING: nothing is missing. */
static enum seen judge(const struct slot *slot)
{
    const struct server_state *server = &slot->reading.server;
    enum seen attrs = judge_attrs(slot->wait->target.attrs, server);
    switch (slot->wait->goal.until) {
    case RUNG_WRITABLE:
        return server->in_recovery ? SEEN_IN_RECOVERY : server->read_only ? SEEN_READ_ONLY : attrs;
    case RUNG_STANDBY:
        return server->in_recovery ? SEEN_NOTHING : SEEN_PRIMARY;
    case RUNG_REPLICATED:
        return SEEN_NOTHING; /* target_session_attrs is about the one to migrate on */
    default:
        return attrs;
    }
}

static void look_on_for(struct slot *slot, enum seen missing, const char *message)
{
    struct sighting sighting;
    sighting_set(&sighting, missing, message);
    if (slot->wait->standing != NULL && !slot->listens)
        slot_close_session(slot);
    slot_see(slot, &sighting, slot->session != NULL ? SLOT_LOOKING_ON : SLOT_RESTING);
}

static void look_on(struct slot *slot, enum seen missing)
{
    look_on_for(slot, missing, seen_words(missing));
}

/* --- standbys that lag ------------------------------------------------------------------------------------------------ */

/* Each primary tells how far it is; its standbys may know less of it. */
static struct wal_head *find_head(struct run *run, const struct server_state *server)
{
    for (size_t i = 0; i < run->head_count; i++)
        if (strcmp(run->heads[i].system_identifier, server->system_identifier) == 0)
            return &run->heads[i];
    return NULL;
}

static void keep_head(struct run *run, const struct server_state *server)
{
    struct wal_head *head = find_head(run, server);
    if (server->in_recovery || server->lag.replayed < 0)
        return;
    if (head == NULL && run->head_count < RUN_MOST_HEADS) {
        head = &run->heads[run->head_count++];
        memcpy(head->system_identifier, server->system_identifier, sizeof head->system_identifier);
    }
    if (head != NULL)
        head->position = server->lag.replayed;
}

static struct lag lag_of(const struct slot *slot)
{
    const struct server_state *server = &slot->reading.server;
    const struct wal_head *head = find_head(slot->wait->run, server);
    struct lag lag = server->lag;
    if (head != NULL && head->position > lag.primary)
        lag.primary = head->position;
    return lag;
}

static bool lags(const struct slot *slot)
{
    const struct lag lag = lag_of(slot);
    return slot->reading.server.in_recovery && lag_judge(&slot->wait->run->settings->max_lag, &lag) != LAG_WITHIN;
}

static void look_on_lagging(struct slot *slot)
{
    char line[128];
    const struct lag lag = lag_of(slot);
    lag_tell(line, sizeof line, &slot->wait->run->settings->max_lag, &lag);
    look_on_for(slot, SEEN_LAGGING, line);
}

/* What was known of the server has gone with the session. */
static void lose_open(struct slot *slot, const struct sighting *sighting)
{
    struct sighting kept = *sighting; /* it may be the session's own */
    slot_close_session(slot);
    slot->collecting = (struct slot_facts){ .reach = REACH_NOTHING };
    slot_see(slot, &kept, SLOT_RESTING);
}

/* --- waiting for another runner --------------------------------------------------------------------------------------- */

/* Not at once: there are others that heard the same, and perhaps more to come. */
static void ask_soon(struct slot *slot)
{
    timer_start(slot->timer, STIRRED_FIRST_MS + random() % STIRRED_SPREAD_MS);
}

static void on_stirred(void *owner)
{
    struct slot *slot = owner;
    if (session_state(slot->session) == SESSION_OPEN) {
        session_was_notified(slot->session); /* what is asked soon is the answer to that */
        ask_soon(slot);
    } else {
        lose_open(slot, session_sighting(slot->session));
    }
}

static void overhear(struct slot *slot)
{
    struct fault fault;
    if (session_was_notified(slot->session))
        ask_soon(slot);
    else
        session_overhear(slot->session, on_stirred, &fault); /* where that cannot be had, the poll is enough */
}

/*
 * A connection is kept only where there are plenty. A pooler has its own bounds, and would give what is LISTENed for to somebody
 * else; a standby has no notifications, and one that stands closes its connection there.
 */
static bool may_stay(struct slot *slot)
{
    const struct server_state *server = &slot->reading.server;
    bool is_pooled = session_backend_pid(slot->session) != server->pid;
    if (is_pooled || server->is_crowded || !slot->wait->budget->keeps_open)
        return false;
    return slot->wait->standing == NULL || server->in_recovery || pass_keep(&slot->pass);
}

static void await_migrations(struct slot *slot)
{
    if (!may_stay(slot)) {
        slot_close_session(slot);
    } else if (!slot->listens && !slot->reading.server.in_recovery) {
        slot->listens = true;
        slot_ask(slot); /* again: what was applied before the LISTEN has not been heard */
        return;
    }
    look_on(slot, SEEN_PENDING);
    if (slot->listens && slot->state == SLOT_LOOKING_ON && !slot->wait->over)
        overhear(slot);
}

static void judge_reading(struct slot *slot)
{
    const struct wait_goal *goal = &slot->wait->goal;
    enum seen missing = judge(slot);
    struct fault fault;
    fault_clear(&fault);
    slot->collecting = (struct slot_facts){ .reach = REACH_LOGIN,
                                            .times = session_times(slot->session),
                                            .answered = true,
                                            .server = slot->reading.server,
                                            .query_us = clock_monotonic_us() - slot->knocked_us };
    keep_head(slot->wait->run, &slot->reading.server);
    if (missing == SEEN_NOTHING && goal->is_met != NULL && !goal->is_met(slot->wait->owner, &slot->reading, &fault))
        missing = SEEN_PENDING;
    if (fault_is_set(&fault))
        wait_fail(slot->wait, &fault);
    else if (missing == SEEN_NOTHING && lags(slot))
        look_on_lagging(slot);
    else if (missing == SEEN_NOTHING)
        slot_satisfy(slot);
    else if (missing == SEEN_PENDING && goal->until == RUNG_MIGRATED)
        await_migrations(slot);
    else
        look_on(slot, missing);
}

static enum next say_next(void *owner, struct act *act)
{
    struct slot *slot = owner;
    if (slot->asked)
        return NEXT_END;
    if (reading_say(&slot->reading, act))
        return NEXT_ACT;
    slot->asked = true;
    act->kind = ACT_SYNC;
    return NEXT_ACT;
}

static void hear_row(void *owner, struct act_tag tag, const struct row *row)
{
    struct slot *slot = owner;
    reading_hear_row(&slot->reading, tag, row);
}

static void hear_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    struct slot *slot = owner;
    reading_hear_error(&slot->reading, tag, error);
}

static void say_reading(struct slot *slot);

/* A server that answers a SELECT with an error is not ready; a right that is missing may come a moment later, as a role may. */
static void lose_to(struct slot *slot, const struct fault *fault)
{
    struct sighting sighting;
    sighting_set(&sighting, fault->class == FAULT_REFUSED ? SEEN_NOT_SERVED : SEEN_OTHER, fault->what);
    memcpy(sighting.sqlstate, fault->sqlstate, sizeof sighting.sqlstate);
    slot_lose(slot, &sighting);
}

static void hear_end(void *owner)
{
    struct slot *slot = owner;
    struct fault fault;
    if (reading_goes_on(&slot->reading)) {
        say_reading(slot);
    } else if (reading_conclude(&slot->reading, &fault)) {
        judge_reading(slot);
    } else if (fault.class == FAULT_NOT_READY || fault.class == FAULT_REFUSED) {
        lose_to(slot, &fault);
    } else {
        wait_fail(slot->wait, &fault);
    }
}

static void hear_lost(void *owner, const struct fault *fault)
{
    struct slot *slot = owner;
    struct sighting sighting;
    sighting_set(&sighting, SEEN_CLOSED, fault->what);
    memcpy(sighting.sqlstate, fault->sqlstate, sizeof sighting.sqlstate);
    lose_open(slot, &sighting);
}

static unsigned wishes(const struct slot *slot)
{
    const struct wait_goal *goal = &slot->wait->goal;
    const struct settings *settings = slot->wait->run->settings;
    return (goal->with_ledger ? READ_LEDGER : 0) | (goal->until == RUNG_MIGRATED ? READ_SLOTS : 0) |
           (settings->max_lag.measure != LAG_ANY ? READ_LAG : 0) | (slot->listens ? LISTEN_FIRST : 0);
}

static void say_reading(struct slot *slot)
{
    static const struct talker talker = {
        .say_next = say_next,
        .hear_row = hear_row,
        .hear_error = hear_error,
        .hear_end = hear_end,
        .hear_lost = hear_lost,
    };
    slot->asked = false;
    talk_begin(slot->session, &talker, slot);
}

void slot_ask(struct slot *slot)
{
    slot_set_state(slot, SLOT_ASKING);
    slot->knocked_us = clock_monotonic_us();
    reading_init(&slot->reading, slot->wait->run->settings, wishes(slot));
    say_reading(slot);
}
