/*
 * One address: knock, and look on. How soon it is kind to come again is kindness.c's, what is asked of one that has let it in slot_ask.c's,
 * and whether the wait is over is decided in wait.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "wait_inside.h"

enum { MOST_KEYWORDS = 128 };

static void knock(struct slot *slot);

/* For another runner: perhaps one of a thousand that do. */
static bool waits_for_others(const struct slot *slot)
{
    return slot->wait->goal.until == RUNG_MIGRATED;
}

void slot_name(const struct slot *slot, char *name, size_t size)
{
    const struct target_host *at = slot->host->at;
    if (slot->address[0] == '\0')
        snprintf(name, size, "%s:%s", at->name != NULL ? at->name : "local", at->port);
    else if (strchr(slot->address, ':') != NULL)
        snprintf(name, size, "[%s]:%s", slot->address, at->port);
    else
        snprintf(name, size, "%s:%s", slot->address, at->port);
}

bool slot_is_in_flight(const struct slot *slot)
{
    return slot->state == SLOT_CONNECTING || slot->state == SLOT_ASKING;
}

/* One that stands closes its session after each answer, unless it listens, and counts as long as it is open. */
static bool needs_pass(const struct slot *slot)
{
    bool is_open = slot->state == SLOT_ASKING || slot->state == SLOT_LOOKING_ON;
    return slot->state == SLOT_CONNECTING || (is_open && slot->wait->standing != NULL);
}

void slot_set_state(struct slot *slot, enum slot_state state)
{
    slot->state = state;
    if (!needs_pass(slot))
        pass_leave(&slot->pass);
}

void slot_close_session(struct slot *slot)
{
    if (slot->session != NULL) {
        slot->collecting.reach = session_reach(slot->session);
        slot->collecting.times = session_times(slot->session);
    }
    session_free(slot->session);
    slot->session = NULL;
    slot->listens = false;
}

static bool is_same(const struct sighting *one, const struct sighting *other)
{
    return one->seen == other->seen && strcmp(one->sqlstate, other->sqlstate) == 0;
}

static void rest(struct slot *slot, const struct sighting *sighting)
{
    const struct wait *wait = slot->wait;
    const struct look look = {
        .seen = sighting->seen,
        .is_news = !is_same(&slot->sighting, sighting),
        .for_others = waits_for_others(slot),
        .keeps_session = slot->session != NULL,
        .took_ms = clock_ms_since(slot->came_us),
        .interval_ms = wait->run->settings->interval_ms,
    };
    int64_t rest_ms = kindness_rest_ms(&slot->kindness, &look);
    timer_start(slot->timer, kindness_spread_ms(rest_ms, wait->budget->rest_least_ms, random()));
}

static void note_knock(const struct slot *slot, const struct sighting *sighting)
{
    char name[ADDRESS_BYTES + 64];
    slot_name(slot, name, sizeof name);
    journal_note(slot->wait->run->journal, EVENT_KNOCKED, slot->wait->label,
                 FIELDS(TEXT(ADDRESS, name), TEXT(SEEN, seen_words(sighting->seen))), "%s: %s", name,
                 sighting->message[0] != '\0' ? sighting->message : seen_words(sighting->seen));
}

/* What was seen is noted, shown to the wait (which may end over it) and followed by a rest. */
void slot_see(struct slot *slot, const struct sighting *sighting, enum slot_state state)
{
    slot_set_state(slot, state);
    note_knock(slot, sighting);
    rest(slot, sighting);
    if (!is_same(&slot->sighting, sighting))
        slot->seen_since_us = clock_monotonic_us();
    slot->sighting = *sighting;
    slot->facts = slot->collecting;
    slot->answered_us = clock_monotonic_us();
    if (!seen_is_good(sighting->seen))
        slot->good_in_a_row = 0;
    wait_see(slot);
}

static void see_good(struct slot *slot)
{
    struct sighting sighting;
    bool is_stable = ++slot->good_in_a_row >= slot->wait->run->settings->stable;
    enum seen seen = is_stable ? SEEN_READY : SEEN_UNSTABLE;
    sighting_set(&sighting, seen, seen_words(seen));
    slot_lose(slot, &sighting);
}

void slot_lose(struct slot *slot, const struct sighting *sighting)
{
    struct sighting kept = *sighting; /* it may be the session's own */
    slot_close_session(slot);
    slot_see(slot, &kept, SLOT_RESTING);
}

void slot_satisfy(struct slot *slot)
{
    if (slot->wait->standing != NULL) {
        see_good(slot);
        return;
    }
    timer_stop(slot->timer);
    slot_set_state(slot, SLOT_SATISFIED);
    wait_see_satisfied(slot);
}

/* --- knocking --------------------------------------------------------------------------------------------------------- */

static bool reach_suffices(const struct slot *slot)
{
    enum session_reach reach = session_reach(slot->session);
    switch (slot->wait->goal.until) {
    case RUNG_LISTENING:
        return reach >= REACH_LISTENING;
    case RUNG_ACCEPTING:
        return reach >= REACH_ACCEPTING;
    default:
        return false;
    }
}

static void on_reach(void *owner)
{
    struct slot *slot = owner;
    if (reach_suffices(slot))
        slot_satisfy(slot);
}

static void on_settled(void *owner)
{
    struct slot *slot = owner;
    if (reach_suffices(slot)) {
        slot_satisfy(slot);
    } else if (session_state(slot->session) == SESSION_OPEN) {
        timer_stop(slot->timer);
        slot_ask(slot);
    } else {
        slot_lose(slot, session_sighting(slot->session));
    }
}

static size_t put_if(const char **keywords, const char **values, size_t count, const char *keyword, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return count;
    keywords[count] = keyword;
    values[count] = value;
    return count + 1;
}

/* Below a login no password is given, and none found. libpq says so on stderr when a password file is /dev/null itself. */
static const char no_passfile[] = "/dev/null/none";

/* hostaddr spares libpq the look-up, which would block; host stays for the certificate's name and the password file. */
static struct session *connect_to(struct slot *slot, struct fault *fault)
{
    const struct target *target = &slot->wait->target;
    const struct target_host *at = slot->host->at;
    bool logs_in = slot->wait->goal.until >= RUNG_LOGIN;
    const char *keywords[MOST_KEYWORDS + 6];
    const char *values[MOST_KEYWORDS + 6];
    size_t count = 0;
    count = put_if(keywords, values, count, "host", at->name);
    count = put_if(keywords, values, count, "hostaddr", slot->address);
    count = put_if(keywords, values, count, "port", at->port);
    count = put_if(keywords, values, count, "password", logs_in ? target->password : NULL);
    count = put_if(keywords, values, count, "target_session_attrs", "any");
    for (size_t i = 0; i < target->keyword_count && i < MOST_KEYWORDS; i++)
        count = put_if(keywords, values, count, target->keywords[i], target->values[i]);
    count = put_if(keywords, values, count, "passfile", logs_in ? NULL : no_passfile); /* the last one counts */
    keywords[count] = NULL;
    values[count] = NULL;
    return session_new(slot->wait->run->loop, keywords, values, on_settled, slot, fault);
}

static void knock(struct slot *slot)
{
    struct fault fault;
    slot->knocked_us = clock_monotonic_us();
    slot->came_us = slot->knocked_us;
    slot->collecting = (struct slot_facts){ .reach = REACH_NOTHING };
    slot->session = connect_to(slot, &fault);
    if (slot->session == NULL) {
        wait_fail(slot->wait, &fault);
        return;
    }
    session_tell_reach(slot->session, on_reach);
    slot_set_state(slot, SLOT_CONNECTING);
    timer_start(slot->timer, slot->wait->target.connect_timeout_ms);
}

static void give_up_silent(struct slot *slot)
{
    struct sighting sighting;
    sighting_set(&sighting, SEEN_SILENT,
                 session_reach(slot->session) >= REACH_LISTENING ? "the connection was accepted, but no answer came"
                                                                 : "no answer to the connection request");
    slot_close_session(slot);
    slot_see(slot, &sighting, SLOT_RESTING);
}

static void on_time(void *owner)
{
    struct slot *slot = owner;
    if (slot->state == SLOT_CONNECTING)
        give_up_silent(slot); /* its connect_timeout */
    else if (slot->state == SLOT_LOOKING_ON)
        slot_ask(slot);
    else if (!slot->wait->over && (slot->pass.state == PASS_IN || pass_enter(&slot->pass)))
        knock(slot);
}

static void on_turn(void *owner)
{
    struct slot *slot = owner;
    timer_start(slot->timer, 0);
}

void slot_look_again(struct slot *slot)
{
    if (slot->state == SLOT_RESTING && slot->pass.state == PASS_OUT)
        timer_start(slot->timer, 0);
}

/*
 * A knock from the second half of the window has the next one to be answered in. A server that is busy with a thousand who wait may
 * take longer than that: whoever gave it up then would have it do the same work again, and that for ever.
 */
static bool is_silent(const struct slot *slot)
{
    const struct wait *wait = slot->wait;
    int64_t half_us = wait->run->settings->interval_ms * 1000 / 2;
    int64_t heard_us = session_heard_us(slot->session);
    int64_t now_us = clock_monotonic_us();
    if (!waits_for_others(slot))
        return heard_us <= wait->window_us && now_us - slot->knocked_us >= half_us;
    int64_t since_us = heard_us > slot->knocked_us ? heard_us : slot->knocked_us;
    return now_us - since_us >= wait->target.connect_timeout_ms * 1000;
}

void slot_end_window(struct slot *slot)
{
    if (slot_is_in_flight(slot) && is_silent(slot))
        give_up_silent(slot);
}

void slot_doubt(struct slot *slot)
{
    struct sighting sighting;
    if (slot->sighting.seen != SEEN_READY)
        return;
    sighting_set(&sighting, SEEN_SILENT, "it was ready before, but has not confirmed it");
    slot_lose(slot, &sighting);
}

struct slot *slot_new(struct wait_host *host, const char *address, struct fault *fault)
{
    struct slot *slot = memory_alloc(sizeof *slot);
    if (slot == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    slot->wait = host->wait;
    slot->host = host;
    slot->state = SLOT_RESTING;
    text_cut(slot->address, sizeof slot->address, address);
    char name[ADDRESS_BYTES + 64];
    slot_name(slot, name, sizeof name);
    if (pass_init(&slot->pass, host->wait->budget, name, on_turn, slot, fault))
        slot->timer = timer_new(host->wait->run->loop, on_time, slot, fault);
    if (slot->timer == NULL) {
        memory_free(slot);
        return NULL;
    }
    timer_start(slot->timer, 0);
    return slot;
}

void slot_free(struct slot *slot)
{
    if (slot == NULL)
        return;
    slot_set_state(slot, SLOT_RESTING);
    slot_close_session(slot);
    timer_free(slot->timer);
    reading_finish(&slot->reading);
    memory_free(slot);
}
