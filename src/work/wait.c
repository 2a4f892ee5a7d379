/*
 * The windows, the deadline, the grace, and who wins. It knows what was seen at each address; how that is found out is slot.c's and
 * host.c's, and how it is put into words wait_tell.c's.
 */
#include "work/wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "wait_inside.h"

enum { COURTESY_MS = 250 }; /* RFC 8305's connection attempt delay: what an earlier address is worth waiting for */

static void end(struct wait *wait, enum wait_end how)
{
    if (wait->over)
        return;
    wait->over = true;
    wait->end = how;
    timer_stop(wait->window);
    timer_stop(wait->deadline);
    timer_stop(wait->courtesy);
    timer_start(wait->ending, 0);
}

void wait_fail(struct wait *wait, const struct fault *fault)
{
    if (wait->over)
        return;
    if (wait->standing != NULL) {
        stand_fail(wait, fault);
        return;
    }
    wait->fault = *fault;
    end(wait, WAIT_FAILED);
}

static void fail_not_ready(struct wait *wait, const char *bound)
{
    struct fault fault;
    wait_tell_not_ready(wait, bound, &fault);
    wait_fail(wait, &fault);
}

/* --- refusals and the grace ------------------------------------------------------------------------------------------- */

static bool is_absence(enum seen seen)
{
    return seen == SEEN_REFUSED || seen == SEEN_UNREACHABLE || seen == SEEN_NO_SOCKET;
}

/*
 * A host refuses when one of its addresses has done so for longer than the grace, counted from the first such answer and again when
 * the answer changes, and its others do so as well or are nobody's: localhost often has two and a server on one. One that is satisfied,
 * or has not been heard yet, may be the one that lets us in.
 */
static const struct sighting *find_hosts_refusal(const struct wait_host *host)
{
    const int64_t grace_us = host->wait->run->settings->grace_ms * 1000;
    const struct sighting *found = NULL;
    for (size_t i = 0; i < host->slot_count; i++) {
        const struct slot *slot = host->slots[i];
        if (slot->state == SLOT_SATISFIED)
            return NULL;
        bool refuses = seen_is_refusal(slot->sighting.seen);
        if (refuses ? clock_monotonic_us() - slot->seen_since_us < grace_us : !is_absence(slot->sighting.seen))
            return NULL;
        if (refuses && found == NULL)
            found = &slot->sighting;
    }
    return found;
}

/* The wait is refused when every host refuses. */
const struct sighting *wait_find_refusal(const struct wait *wait)
{
    const struct sighting *first = NULL;
    for (size_t i = 0; i < wait->host_count; i++) {
        const struct sighting *refusal = find_hosts_refusal(&wait->hosts[i]);
        if (refusal == NULL)
            return NULL;
        if (first == NULL)
            first = refusal;
    }
    return first;
}

static void fail_if_refused(struct wait *wait)
{
    const struct sighting *refusal = wait_find_refusal(wait);
    struct fault fault;
    if (refusal == NULL)
        return;
    wait_tell_refused(wait, refusal, &fault);
    wait_fail(wait, &fault);
}

/* --- who wins --------------------------------------------------------------------------------------------------------- */

static bool may_still_answer(const struct slot *slot)
{
    return slot_is_in_flight(slot) || (slot->state == SLOT_RESTING && slot->sighting.seen == SEEN_NOTHING);
}

static bool is_being_looked_up(const struct wait_host *host)
{
    return host->slot_count == 0 && host->lookup != NULL && host->sighting.seen == SEEN_NOTHING;
}

static bool is_preferred(const struct slot *slot)
{
    return slot->wait->target.attrs != ATTRS_PREFER_STANDBY || slot->reading.server.in_recovery;
}

/*
 * The first satisfied slot in list order, or with prefer-standby the first of a standby and else of any; *contested says whether one
 * that would come before it may still answer.
 */
static struct slot *best_satisfied(const struct wait *wait, bool *contested)
{
    struct slot *second_best = NULL;
    *contested = false;
    for (size_t i = 0; i < wait->host_count; i++) {
        const struct wait_host *host = &wait->hosts[i];
        *contested |= is_being_looked_up(host);
        for (size_t j = 0; j < host->slot_count; j++) {
            struct slot *slot = host->slots[j];
            if (slot->state == SLOT_SATISFIED && is_preferred(slot))
                return slot;
            if (slot->state == SLOT_SATISFIED && second_best == NULL)
                second_best = slot;
            *contested |= may_still_answer(slot);
        }
    }
    return second_best;
}

static void settle_winner(struct wait *wait, bool courtesy_is_over)
{
    bool contested;
    struct slot *slot = best_satisfied(wait, &contested);
    if (slot == NULL || wait->over)
        return;
    if (!courtesy_is_over && contested) {
        if (!wait->courteous)
            timer_start(wait->courtesy, COURTESY_MS);
        wait->courteous = true;
        return;
    }
    wait->winner = slot;
    end(wait, WAIT_READY);
}

/* The one for whose sake it began may be gone by now. */
static void on_courtesy_over(void *owner)
{
    struct wait *wait = owner;
    wait->courteous = false;
    settle_winner(wait, true);
}

void wait_see_satisfied(struct slot *slot)
{
    settle_winner(slot->wait, false);
}

void wait_see(struct slot *slot)
{
    if (slot->wait->over)
        return;
    if (slot->wait->standing != NULL) {
        stand_see(slot->wait);
        return;
    }
    fail_if_refused(slot->wait);
    settle_winner(slot->wait, false);
}

void wait_see_no_address(struct wait_host *host)
{
    if (host->wait->over)
        return;
    if (host->wait->standing != NULL)
        stand_see(host->wait);
    else
        settle_winner(host->wait, false);
}

/* --- windows ---------------------------------------------------------------------------------------------------------- */

static void finish_hosts(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count; i++)
        host_finish(&wait->hosts[i]);
    memory_free(wait->hosts);
    wait->hosts = NULL;
    wait->host_count = 0;
}

bool wait_start_hosts(struct wait *wait, struct fault *fault)
{
    wait->hosts = memory_alloc(wait->target.host_count * sizeof *wait->hosts);
    if (wait->hosts == NULL)
        return fault_out_of_memory(fault);
    wait->host_count = wait->target.host_count;
    bool ok = true;
    for (size_t i = 0; ok && i < wait->host_count; i++)
        ok = host_start(&wait->hosts[i], wait, &wait->target.hosts[i], fault);
    return ok;
}

bool wait_build_target(struct wait *wait, struct fault *fault)
{
    int spare = 1 - wait->arena_in_use;
    struct target target;
    arena_finish(&wait->arenas[spare]);
    if (!target_build_one(&target, &wait->arenas[spare], wait->run->settings, &wait->spec, fault))
        return false;
    wait->target = target;
    wait->arena_in_use = spare;
    return true;
}

static void point_hosts_at(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count; i++)
        wait->hosts[i].at = &wait->target.hosts[i];
}

/* Mounted secrets are read again for each attempt. */
bool wait_refresh_target(struct wait *wait, struct fault *fault)
{
    if (!wait->target.has_files)
        return true;
    struct target before = wait->target;
    if (!wait_build_target(wait, fault))
        return false;
    if (target_same_hosts(&before, &wait->target)) {
        point_hosts_at(wait);
        return true;
    }
    finish_hosts(wait);
    if (!wait_start_hosts(wait, fault))
        return false;
    if (wait->standing != NULL)
        stand_see(wait); /* of the new ones nothing is known */
    return true;
}

static void begin_window(struct wait *wait)
{
    struct fault fault;
    wait->attempt++;
    wait->window_us = clock_monotonic_us();
    timer_start(wait->window, wait->run->settings->interval_ms);
    if (!wait_refresh_target(wait, &fault)) {
        wait_fail(wait, &fault);
        return;
    }
    for (size_t i = 0; i < wait->host_count; i++)
        host_look_up(&wait->hosts[i]);
}

static void on_window_over(void *owner)
{
    struct wait *wait = owner;
    bool is_last = wait->attempt >= wait->run->settings->attempts;
    for (size_t i = 0; i < wait->host_count && !wait->over; i++)
        for (size_t j = 0; j < wait->hosts[i].slot_count && !wait->over; j++)
            slot_end_window(wait->hosts[i].slots[j]);
    settle_winner(wait, true); /* the courtesy ends with the window */
    if (wait->over)
        return;
    wait_tell_attempt(wait);
    if (!is_last) {
        begin_window(wait);
        return;
    }
    char bound[96];
    char interval[DURATION_WORD_BYTES];
    duration_write(interval, wait->run->settings->interval_ms);
    snprintf(bound, sizeof bound, "within %" PRId64 " attempt%s of %s", wait->attempt, wait->attempt == 1 ? "" : "s",
             interval);
    fail_not_ready(wait, bound);
}

static void on_deadline(void *owner)
{
    struct wait *wait = owner;
    char bound[96];
    char timeout[DURATION_WORD_BYTES];
    settle_winner(wait, true);
    if (wait->over)
        return;
    duration_write(timeout, wait->run->settings->timeout_ms);
    snprintf(bound, sizeof bound, "within --timeout %s", timeout);
    fail_not_ready(wait, bound);
}

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

static void close_losers(struct wait *wait)
{
    for (size_t i = 0; i < wait->host_count; i++) {
        struct wait_host *host = &wait->hosts[i];
        timer_stop(host->timer);
        lookup_abandon(host->lookup);
        host->lookup = NULL;
        for (size_t j = 0; j < host->slot_count; j++)
            if (host->slots[j] != wait->winner)
                slot_free(host->slots[j]);
        host->slot_count = 0;
        if (wait->winner != NULL && wait->winner->host == host)
            host->slots[host->slot_count++] = wait->winner;
    }
}

static void keep_time(struct wait *wait)
{
    struct run *run = wait->run;
    int64_t now_us = clock_monotonic_us();
    int64_t resolved_us = wait->resolved_us > 0 ? wait->resolved_us - wait->began_us : 0;
    run->waited_ms += (now_us - wait->began_us) / 1000;
    run->outcome.phase_us[PHASE_RESOLVE] += resolved_us;
    run->outcome.phase_us[PHASE_WAIT] += now_us - wait->began_us - resolved_us;
}

static void on_ending(void *owner)
{
    struct wait *wait = owner;
    keep_time(wait);
    close_losers(wait);
    if (wait->end == WAIT_READY)
        wait_tell_ready(wait);
    wait->on_over(wait->owner, wait->end);
}

static bool make_timers(struct wait *wait, struct fault *fault)
{
    struct loop *loop = wait->run->loop;
    wait->window = timer_new(loop, on_window_over, wait, fault);
    wait->deadline = wait->window == NULL ? NULL : timer_new(loop, on_deadline, wait, fault);
    wait->courtesy = wait->deadline == NULL ? NULL : timer_new(loop, on_courtesy_over, wait, fault);
    wait->ending = wait->courtesy == NULL ? NULL : timer_new(loop, on_ending, wait, fault);
    return wait->ending != NULL;
}

static bool make_budget(struct wait *wait, struct fault *fault)
{
    const struct settings *settings = wait->run->settings;
    wait->budget = memory_alloc(sizeof *wait->budget);
    if (wait->budget == NULL)
        return fault_out_of_memory(fault);
    budget_init(wait->budget, settings->concurrency, settings->host_concurrency);
    return true;
}

static bool begin(struct wait *wait, struct fault *fault)
{
    const struct settings *settings = wait->run->settings;
    if (!make_timers(wait, fault) || !make_budget(wait, fault) || !wait_build_target(wait, fault))
        return false;
    wait_tell_started(wait);
    if (settings->timeout_ms >= 0)
        timer_start(wait->deadline, settings->timeout_ms - wait->run->waited_ms);
    wait->attempt = 1;
    wait->window_us = wait->began_us;
    timer_start(wait->window, settings->interval_ms);
    return wait_start_hosts(wait, fault);
}

struct wait *wait_start(struct run *run, const struct wait_goal *goal, void (*on_over)(void *owner, enum wait_end end),
                        void *owner, struct fault *fault)
{
    struct wait *wait = memory_alloc(sizeof *wait);
    if (wait == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *wait = (struct wait){ .run = run, .label = run->target, .goal = *goal, .on_over = on_over, .owner = owner };
    wait->began_us = clock_monotonic_us();
    if (!begin(wait, fault)) {
        wait_free(wait);
        return NULL;
    }
    return wait;
}

void wait_free(struct wait *wait)
{
    if (wait == NULL)
        return;
    wait->over = true;
    finish_hosts(wait);
    timer_free(wait->window);
    timer_free(wait->deadline);
    timer_free(wait->courtesy);
    timer_free(wait->ending);
    arena_finish(&wait->arenas[0]);
    arena_finish(&wait->arenas[1]);
    if (wait->standing == NULL && wait->budget != NULL) {
        budget_finish(wait->budget);
        memory_free(wait->budget);
    }
    memory_free(wait);
}

const struct fault *wait_fault(const struct wait *wait)
{
    return &wait->fault;
}

struct session *wait_take_session(struct wait *wait)
{
    if (wait->goal.until < RUNG_LOGIN)
        return NULL;
    struct session *session = wait->winner->session;
    wait->winner->session = NULL;
    return session;
}

void wait_take_reading(struct wait *wait, struct reading *to)
{
    reading_finish(to);
    *to = wait->winner->reading;
    wait->winner->reading = (struct reading){ .said = 0 };
}
