/*
 * A host's addresses: looked up in libuv's pool, again while there are none and at each new attempt, and turned into slots. It does
 * not know what the slots see.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "wait_inside.h"

enum { FIRST_REST_MS = 50, LONGEST_REST_MS = 500 };

static bool is_among(const char *address, const struct lookup_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (strcmp(answer->addresses[i], address) == 0)
            return true;
    return false;
}

static struct slot *find_slot(const struct wait_host *host, const char *address)
{
    for (size_t i = 0; i < host->slot_count; i++)
        if (strcmp(host->slots[i]->address, address) == 0)
            return host->slots[i];
    return NULL;
}

static void drop_vanished(struct wait_host *host, const struct lookup_answer *answer)
{
    size_t kept = 0;
    for (size_t i = 0; i < host->slot_count; i++) {
        if (is_among(host->slots[i]->address, answer))
            host->slots[kept++] = host->slots[i];
        else
            slot_free(host->slots[i]);
    }
    host->slot_count = kept;
}

static bool add_slot(struct wait_host *host, const char *address, struct fault *fault)
{
    if (host->slot_count == HOST_MOST_SLOTS || find_slot(host, address) != NULL)
        return true;
    struct slot *slot = slot_new(host, address, fault);
    if (slot == NULL)
        return false;
    host->slots[host->slot_count++] = slot;
    return true;
}

static void take_addresses(struct wait_host *host, const struct lookup_answer *answer)
{
    struct fault fault;
    drop_vanished(host, answer);
    for (size_t i = 0; i < answer->count; i++) {
        if (!add_slot(host, answer->addresses[i], &fault)) {
            wait_fail(host->wait, &fault);
            return;
        }
    }
}

static void note_resolved(struct wait_host *host, size_t count)
{
    struct run *run = host->wait->run;
    int64_t now_us = clock_monotonic_us();
    host->looked_up_us = now_us - host->lookup_us;
    if (host->slot_count > 0)
        return; /* it was known before */
    if (host->wait->resolved_us == 0)
        host->wait->resolved_us = now_us;
    journal_note(run->journal, EVENT_RESOLVED, host->wait->label,
                 FIELDS(TEXT(NAME, host->at->name), NUMBER(ADDRESSES, count), NUMBER(DURATION_US, now_us - host->lookup_us)),
                 "%s has %zu address%s", host->at->name, count, count == 1 ? "" : "es");
}

static void rest(struct wait_host *host)
{
    host->rest_ms = host->rest_ms == 0 ? FIRST_REST_MS : host->rest_ms * 2;
    if (host->rest_ms > LONGEST_REST_MS)
        host->rest_ms = LONGEST_REST_MS;
    timer_start(host->timer, host->rest_ms);
}

static void see_no_address(struct wait_host *host, const char *message)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s", host->at->name, message);
    if (host->sighting.seen != SEEN_NO_NAME)
        host->seen_since_us = clock_monotonic_us();
    sighting_set(&host->sighting, SEEN_NO_NAME, line);
    wait_see_no_address(host);
    if (!host->wait->over)
        rest(host);
}

static void on_heard(void *owner, const struct lookup_answer *answer)
{
    struct wait_host *host = owner;
    host->lookup = NULL;
    if (host->wait->over)
        return; /* the winner is chosen: its address must not vanish now */
    if (answer->count == 0) {
        see_no_address(host, answer->message);
        return;
    }
    note_resolved(host, answer->count);
    host->sighting.seen = SEEN_NOTHING;
    host->rest_ms = 0;
    take_addresses(host, answer);
}

/* A look-up that is running is kept. */
void host_look_up(struct wait_host *host)
{
    struct fault fault;
    if (host->lookup != NULL || host->at->is_socket || host->at->address != NULL)
        return;
    timer_stop(host->timer);
    host->lookup_us = clock_monotonic_us();
    host->lookup = lookup_start(host->wait->run->loop, host->at->name, on_heard, host, &fault);
    if (host->lookup == NULL)
        wait_fail(host->wait, &fault);
}

static void on_time(void *owner)
{
    host_look_up(owner);
}

bool host_start(struct wait_host *host, struct wait *wait, const struct target_host *at, struct fault *fault)
{
    *host = (struct wait_host){ .wait = wait, .at = at };
    host->timer = timer_new(wait->run->loop, on_time, host, fault);
    if (host->timer == NULL)
        return false;
    if (at->is_socket)
        return add_slot(host, "", fault);
    if (at->address != NULL)
        return add_slot(host, at->address, fault);
    host_look_up(host);
    return true;
}

void host_finish(struct wait_host *host)
{
    lookup_abandon(host->lookup);
    timer_free(host->timer);
    for (size_t i = 0; i < host->slot_count; i++)
        slot_free(host->slots[i]);
    *host = (struct wait_host){ .slot_count = 0 };
}
