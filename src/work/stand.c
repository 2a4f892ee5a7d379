/*
 * What a standing wait makes of its slots and hosts: which of them speaks for the target, how far it got, and when the target is
 * refused for good. Who wants to know that, and what follows from it, is crowd.c's.
 */
#include "stand.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "wait_inside.h"

/* --- what is shown ---------------------------------------------------------------------------------------------------- */

static bool find_rung(const struct slot *slot, enum rung *rung)
{
    const struct slot_facts *facts = &slot->facts;
    if (slot->wait->goal.until >= RUNG_MIGRATED && seen_is_good(slot->sighting.seen))
        *rung = slot->wait->goal.until;
    else if (facts->answered)
        *rung = facts->server.in_recovery ? RUNG_STANDBY : facts->server.read_only ? RUNG_LOGIN : RUNG_WRITABLE;
    else
        *rung = facts->reach >= REACH_ACCEPTING ? RUNG_ACCEPTING : RUNG_LISTENING;
    return facts->reach != REACH_NOTHING;
}

/* Larger is better: who speaks for the target. */
static int weight(const struct slot *slot)
{
    enum rung rung;
    if (slot->sighting.seen == SEEN_READY)
        return 100;
    if (slot->sighting.seen == SEEN_NOTHING)
        return 0;
    return find_rung(slot, &rung) ? 2 + (int) rung : 1;
}

static const struct slot *find_speaker(const struct wait *wait)
{
    const struct slot *best = NULL;
    for (size_t i = 0; i < wait->host_count; i++)
        for (size_t j = 0; j < wait->hosts[i].slot_count; j++)
            if (best == NULL || weight(wait->hosts[i].slots[j]) > weight(best))
                best = wait->hosts[i].slots[j];
    return best != NULL && best->sighting.seen != SEEN_NOTHING ? best : NULL;
}

static void look_at_slot(const struct slot *slot, struct stand_view *view)
{
    const struct slot_facts *facts = &slot->facts;
    view->seen = slot->sighting.seen;
    view->sqlstate = slot->sighting.sqlstate;
    view->message = slot->sighting.message;
    view->has_rung = find_rung(slot, &view->rung);
    view->was_asked = facts->answered;
    view->in_recovery = facts->server.in_recovery;
    view->read_only = facts->server.read_only;
    view->version_num = facts->server.version_num;
    view->since_us = slot->seen_since_us;
    view->answered_us = slot->answered_us;
    view->times = facts->times;
    view->query_us = facts->answered ? facts->query_us : -1;
    if (slot->host->looked_up_us > 0)
        view->resolve_us = slot->host->looked_up_us;
    slot_name(slot, view->address, sizeof view->address);
}

static void look_at_hosts(const struct wait *wait, struct stand_view *view)
{
    for (size_t i = 0; i < wait->host_count && view->seen == SEEN_NOTHING; i++) {
        const struct wait_host *host = &wait->hosts[i];
        if (host->slot_count > 0 || host->sighting.seen == SEEN_NOTHING)
            continue;
        view->seen = host->sighting.seen;
        view->message = host->sighting.message;
        view->since_us = host->seen_since_us;
        view->answered_us = host->seen_since_us;
    }
}

void stand_look(const struct wait *wait, struct stand_view *view)
{
    const struct slot *speaker = find_speaker(wait);
    *view = (struct stand_view){
        .seen = SEEN_NOTHING, .sqlstate = "", .message = "", .since_us = wait->began_us, .resolve_us = -1, .query_us = -1
    };
    if (speaker != NULL)
        look_at_slot(speaker, view);
    else
        look_at_hosts(wait, view);
}

/* --- what slots and hosts report -------------------------------------------------------------------------------------- */

static void rest_for_good(struct slot *slot)
{
    timer_stop(slot->timer);
    slot_set_state(slot, SLOT_RESTING);
    slot_close_session(slot);
}

void stand_fail(struct wait *wait, const struct fault *fault)
{
    wait->over = true;
    for (size_t i = 0; i < wait->host_count; i++) {
        timer_stop(wait->hosts[i].timer);
        for (size_t j = 0; j < wait->hosts[i].slot_count; j++)
            rest_for_good(wait->hosts[i].slots[j]);
    }
    wait->standing->on_lost(wait->owner, fault);
}

void stand_see(struct wait *wait)
{
    const struct sighting *refusal = wait_find_refusal(wait);
    struct fault fault;
    if (refusal == NULL) {
        wait->standing->on_answer(wait->owner);
        return;
    }
    wait_tell_refused(wait, refusal, &fault);
    stand_fail(wait, &fault);
}

/* --- windows, beginning ----------------------------------------------------------------------------------------------- */

void stand_end_window(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count && !wait->over; i++)
        for (size_t j = 0; j < wait->hosts[i].slot_count && !wait->over; j++)
            slot_end_window(wait->hosts[i].slots[j]);
}

void stand_begin_window(struct wait *wait)
{
    struct fault fault;
    if (wait->over)
        return;
    wait->window_us = clock_monotonic_us();
    if (!wait_refresh_target(wait, &fault)) {
        stand_fail(wait, &fault);
        return;
    }
    for (size_t i = 0; i < wait->host_count && !wait->over; i++)
        host_look_up(&wait->hosts[i]);
}

void stand_look_again(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count && !wait->over; i++)
        for (size_t j = 0; j < wait->hosts[i].slot_count; j++)
            slot_look_again(wait->hosts[i].slots[j]);
}

void stand_doubt(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count && !wait->over; i++)
        for (size_t j = 0; j < wait->hosts[i].slot_count && !wait->over; j++)
            slot_doubt(wait->hosts[i].slots[j]);
}

const char *stand_label(const struct wait *wait)
{
    return wait->label;
}

/* Mounted files are read again and again, and the target is built anew each time: its label has to last. */
static bool keep_label(struct wait *wait, struct fault *fault)
{
    wait->label = arena_text(wait->standing->labels, wait->target.label);
    return wait->label != NULL || fault_out_of_memory(fault);
}

struct wait *stand_start(struct run *run, const struct wait_goal *goal, const struct target_spec *spec,
                         const struct standing *standing, void *owner, struct fault *fault)
{
    struct wait *wait = memory_alloc(sizeof *wait);
    if (wait == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *wait = (struct wait){
        .run = run, .goal = *goal, .spec = *spec, .standing = standing, .budget = standing->budget, .owner = owner
    };
    wait->began_us = clock_monotonic_us();
    wait->window_us = wait->began_us;
    if (wait_build_target(wait, fault) && keep_label(wait, fault) && wait_start_hosts(wait, fault))
        return wait;
    wait_free(wait);
    return NULL;
}
