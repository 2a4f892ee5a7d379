/*
 * A name and its addresses, each of which is a member. It is looked up in each window: new addresses join, those that vanished leave. A
 * look-up that fails changes nothing, because resolvers have their bad moments.
 */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "crowd_inside.h"

enum { FIRST_REST_MS = 50, LONGEST_REST_MS = 500 };

static bool is_among(const char *address, const struct lookup_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (strcmp(answer->addresses[i], address) == 0)
            return true;
    return false;
}

/* Of one that was never told of there is nothing to tell. */
static void drop(struct member *member)
{
    if (member->seen != SEEN_NOTHING || member->is_lost)
        crowd_tell_left(member);
    crowd_drop(member->crowd, member);
}

static void drop_vanished(struct seat *seat, const struct lookup_answer *answer)
{
    struct crowd *crowd = seat->crowd;
    for (size_t i = crowd->member_count; i > 0; i--) {
        struct member *member = crowd->members[i - 1];
        if (member->seat == seat && member != seat->placeholder && !is_among(member->spec.address, answer))
            drop(member);
    }
    if (seat->placeholder != NULL)
        drop(seat->placeholder);
    seat->placeholder = NULL;
}

static bool is_seated(const struct seat *seat, const char *address)
{
    const struct crowd *crowd = seat->crowd;
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        if (member->seat == seat && member != seat->placeholder && strcmp(member->spec.address, address) == 0)
            return true;
    }
    return false;
}

static bool add_member(struct seat *seat, const char *address, struct fault *fault)
{
    struct target_spec spec = seat->spec;
    spec.address = arena_text(&seat->crowd->arena, address);
    if (spec.address == NULL)
        return fault_out_of_memory(fault);
    return crowd_add(seat->crowd, &spec, seat, NULL, fault);
}

static void rest(struct seat *seat)
{
    seat->rest_ms = seat->rest_ms == 0 ? FIRST_REST_MS : seat->rest_ms * 2;
    if (seat->rest_ms > LONGEST_REST_MS)
        seat->rest_ms = LONGEST_REST_MS;
    timer_start(seat->timer, seat->rest_ms);
}

static void on_heard(void *owner, const struct lookup_answer *answer)
{
    struct seat *seat = owner;
    struct fault fault;
    seat->lookup = NULL;
    if (seat->crowd->over)
        return;
    if (answer->count == 0) {
        rest(seat);
        return;
    }
    seat->rest_ms = 0;
    seat->looked_up_us = clock_monotonic_us() - seat->lookup_us;
    bool ok = true;
    for (size_t i = 0; ok && i < answer->count; i++)
        ok = is_seated(seat, answer->addresses[i]) || add_member(seat, answer->addresses[i], &fault);
    if (ok)
        drop_vanished(seat, answer);
    else
        crowd_end(seat->crowd, &fault);
    crowd_reconsider(seat->crowd);
}

void seat_look_up(struct seat *seat)
{
    struct fault fault;
    if (seat->lookup != NULL || seat->crowd->over)
        return;
    timer_stop(seat->timer);
    seat->lookup_us = clock_monotonic_us();
    seat->lookup = lookup_start(seat->crowd->run->loop, seat->name, on_heard, seat, &fault);
    if (seat->lookup == NULL)
        crowd_end(seat->crowd, &fault);
}

static void on_time(void *owner)
{
    seat_look_up(owner);
}

bool seat_start(struct crowd *crowd, const struct target_spec *spec, const char *name, struct fault *fault)
{
    struct seat *seat = memory_alloc(sizeof *seat);
    if (seat == NULL)
        return fault_out_of_memory(fault);
    *seat = (struct seat){ .next = crowd->seats, .crowd = crowd, .spec = *spec };
    crowd->seats = seat; /* which gives it back whatever happens */
    seat->name = arena_text(&crowd->arena, name);
    if (seat->name == NULL)
        return fault_out_of_memory(fault);
    seat->timer = timer_new(crowd->run->loop, on_time, seat, fault);
    if (seat->timer == NULL || !crowd_add(crowd, spec, seat, &seat->placeholder, fault))
        return false;
    seat_look_up(seat);
    return true;
}

void seat_stop(struct seat *seat)
{
    timer_stop(seat->timer);
    lookup_abandon(seat->lookup);
    seat->lookup = NULL;
}

void seat_free(struct seat *seat)
{
    seat_stop(seat);
    timer_free(seat->timer);
    memory_free(seat);
}
