/*
 * One target of a crowd: what its standing wait tells is kept in short, and noted when it changes. What all of them together amount to
 * is crowd.c's.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "crowd_inside.h"
#include "plan/planner.h"

static void keep(struct member *member, const struct stand_view *view)
{
    bool was_ready = member->is_ready;
    member->is_ready = view->seen == SEEN_READY;
    if (member->is_ready && !was_ready)
        member->ready_us = clock_monotonic_us();
    member->in_recovery = view->in_recovery;
    member->was_asked = view->was_asked;
    member->seen = view->seen;
    member->has_rung = view->has_rung;
    member->rung = view->rung;
    member->answered_us = view->answered_us;
}

void member_on_answer(void *owner)
{
    struct member *member = owner;
    struct stand_view view;
    struct member before = *member;
    stand_look(member->wait, &view);
    keep(member, &view);
    bool same_rung = before.has_rung == view.has_rung && (!view.has_rung || before.rung == view.rung);
    if (before.is_ready != member->is_ready || !same_rung)
        crowd_tell_change(member, &view, true);
    else if (before.seen != view.seen)
        crowd_tell_change(member, &view, false);
    crowd_reconsider(member->crowd);
}

/* Without memory to remember why, that is what is said of it. What is wrong with one target is nothing to the others. */
void member_on_lost(void *owner, const struct fault *fault)
{
    struct member *member = owner;
    member->is_ready = false;
    member->is_lost = true;
    member->fault = memory_alloc(sizeof *member->fault);
    if (member->fault != NULL)
        *member->fault = *fault;
    crowd_tell_lost(member);
    if (fault->class == FAULT_INTERNAL)
        crowd_end(member->crowd, fault);
    else
        crowd_reconsider(member->crowd);
}

bool member_is_migrated(void *owner, struct reading *reading, struct fault *fault)
{
    struct member *member = owner;
    return plan_is_complete(member->crowd->shelf, &reading->ledger, fault);
}

struct member *member_new(struct crowd *crowd, const struct target_spec *spec, const struct seat *seat, struct fault *fault)
{
    struct member *member = memory_alloc(sizeof *member);
    if (member == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *member = (struct member){ .crowd = crowd, .spec = *spec, .seat = seat, .place = ++crowd->places };
    member->wait = stand_start(crowd->run, &crowd->goal, spec, &crowd->standing, member, fault);
    if (member->wait == NULL) {
        member_free(member);
        return NULL;
    }
    member->label = stand_label(member->wait);
    return member;
}

void member_free(struct member *member)
{
    if (member == NULL)
        return;
    wait_free(member->wait);
    memory_free(member->fault);
    memory_free(member);
}
