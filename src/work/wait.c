/*
 * The windows, the deadline, the grace, and who wins. It knows what was seen at each address; how that is found out is slot.c's and
 * host.c's.
 */
#include "work/wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "wait_inside.h"

enum {
    COURTESY_MS = 250, /* RFC 8305's connection attempt delay: what an earlier address is worth waiting for */
    SUMMARY_MOST_BYTES = 512,
};

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
    wait->fault = *fault;
    end(wait, WAIT_FAILED);
}

/* --- what was seen ---------------------------------------------------------------------------------------------------- */

/* What a slot shows right now: its last answer, or that it has none yet. */
static enum seen shown(const struct slot *slot)
{
    return slot->sighting.seen;
}

/* The last sighting worth telling: of the first slot in list order that saw something, or of a look-up that failed. */
static const struct sighting *worst(const struct wait *wait, int64_t *since_us, const struct slot **where)
{
    const struct sighting *found = NULL;
    for (size_t i = 0; i < wait->host_count; i++) {
        const struct wait_host *host = &wait->hosts[i];
        if (found == NULL && host->slot_count == 0 && host->sighting.seen != SEEN_NOTHING) {
            found = &host->sighting;
            *since_us = host->seen_since_us;
        }
        for (size_t j = 0; j < host->slot_count; j++) {
            const struct slot *slot = host->slots[j];
            bool telling = found == NULL || (found->seen == SEEN_REFUSED && shown(slot) != SEEN_REFUSED);
            if (shown(slot) == SEEN_NOTHING || !telling)
                continue;
            found = &slot->sighting;
            *since_us = slot->seen_since_us;
            *where = slot;
        }
    }
    return found;
}

static void add_seen(struct buf *buf, const char *name, const char *words, bool alone)
{
    if (buf->size > 0)
        buf_add_text(buf, ", ");
    if (!alone)
        buf_add_format(buf, "%s ", name);
    buf_add_text(buf, words);
}

static size_t count_addresses(const struct wait *wait)
{
    size_t count = 0;
    for (size_t i = 0; i < wait->host_count; i++)
        count += wait->hosts[i].slot_count > 0 ? wait->hosts[i].slot_count : 1;
    return count;
}

/* "connection refused", or with several addresses "127.0.0.1:5432 connection refused, [::1]:5432 no answer". */
static void summarise(const struct wait *wait, struct buf *buf)
{
    bool alone = count_addresses(wait) == 1;
    for (size_t i = 0; i < wait->host_count; i++) {
        const struct wait_host *host = &wait->hosts[i];
        if (host->slot_count == 0) {
            bool running = host->sighting.seen == SEEN_NOTHING;
            add_seen(buf, host->at->name, running ? "the name is still being looked up" : seen_words(host->sighting.seen),
                     alone);
        }
        for (size_t j = 0; j < host->slot_count; j++) {
            char name[ADDRESS_BYTES + 64];
            slot_name(host->slots[j], name, sizeof name);
            add_seen(buf, name, seen_words(shown(host->slots[j])), alone);
        }
    }
}

static void note_attempt_failed(const struct wait *wait)
{
    const struct run *run = wait->run;
    int64_t since_us = wait->window_us;
    const struct slot *where = NULL;
    const struct sighting *sighting = worst(wait, &since_us, &where);
    char name[ADDRESS_BYTES + 64] = "";
    if (where != NULL)
        slot_name(where, name, sizeof name);
    struct buf seen;
    buf_init(&seen, SUMMARY_MOST_BYTES);
    summarise(wait, &seen);
    int64_t for_ms = (clock_monotonic_us() - since_us) / 1000;
    const char *message = sighting != NULL && sighting->message[0] != '\0' ? sighting->message : buf_text(&seen);
    journal_note(run->journal, EVENT_ATTEMPT_FAILED, run->target,
                 FIELDS(NUMBER(ATTEMPT, wait->attempt), NUMBER(ATTEMPTS, run->settings->attempts),
                        TEXT(SEEN, buf_text(&seen)), NUMBER(SEEN_FOR_MS, for_ms),
                        TEXT(SQLSTATE, sighting != NULL ? sighting->sqlstate : NULL), TEXT(MESSAGE, message),
                        TEXT(ADDRESS, name)),
                 "attempt %" PRId64 " of %" PRId64 ": %s", wait->attempt, run->settings->attempts, message);
    buf_finish(&seen);
}

static void fail_not_ready(struct wait *wait, const char *bound)
{
    int64_t since_us = 0;
    const struct slot *where = NULL;
    const struct sighting *sighting = worst(wait, &since_us, &where);
    bool pending = sighting != NULL && sighting->seen == SEEN_PENDING;
    struct buf seen;
    buf_init(&seen, SUMMARY_MOST_BYTES);
    summarise(wait, &seen);
    struct fault fault;
    fault_set(&fault, pending ? FAULT_PENDING : FAULT_NOT_READY, "%s was not %s %s: %s", wait->run->target,
              wait->goal.until <= RUNG_LOGIN ? "ready" : rung_name(wait->goal.until), bound, buf_text(&seen));
    if (sighting != NULL && strcmp(sighting->message, buf_text(&seen)) != 0)
        fault_detail(&fault, "%s", sighting->message);
    if (sighting != NULL)
        fault_sqlstate(&fault, sighting->sqlstate);
    buf_finish(&seen);
    wait_fail(wait, &fault);
}

/* --- refusals and the grace ------------------------------------------------------------------------------------------- */

static const char *refusal_hint(enum seen seen)
{
    switch (seen) {
    case SEEN_NO_PASSWORD:
        return "Give it with POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE, DATABASE_URL, PGPASSWORD or a password file.";
    case SEEN_AUTHENTICATION:
        return "Check the user, the password and pg_hba.conf. The official image sets the password only when it makes its "
               "volume: a volume from before keeps the old one.";
    case SEEN_NO_DATABASE:
        return "Check the database's name. The official image makes POSTGRES_DB only when it makes its volume.";
    case SEEN_TLS_VERIFY:
        return "Check sslrootcert and that the host's name is the certificate's, or choose another sslmode.";
    case SEEN_TLS_MISSING:
        return "The server has ssl = off: switch it on, or choose sslmode=prefer.";
    default:
        return "";
    }
}

static bool is_absence(enum seen seen)
{
    return seen == SEEN_NOTHING || seen == SEEN_REFUSED || seen == SEEN_UNREACHABLE || seen == SEEN_NO_SOCKET;
}

/*
 * A host refuses when one of its addresses has done so for longer than the grace, counted from the first such answer and again when
 * the answer changes, and its others do so as well or are nobody's: localhost often has two and a server on one.
 */
static const struct sighting *find_hosts_refusal(const struct wait_host *host)
{
    const int64_t grace_us = host->wait->run->settings->grace_ms * 1000;
    const struct sighting *found = NULL;
    for (size_t i = 0; i < host->slot_count; i++) {
        const struct slot *slot = host->slots[i];
        bool refuses = seen_is_refusal(shown(slot));
        if (refuses ? clock_monotonic_us() - slot->seen_since_us < grace_us : !is_absence(shown(slot)))
            return NULL;
        if (refuses && found == NULL)
            found = &slot->sighting;
    }
    return found;
}

/* The wait is refused when every host refuses. */
static const struct sighting *find_refusal(const struct wait *wait)
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
    const struct sighting *refusal = find_refusal(wait);
    if (refusal == NULL)
        return;
    struct fault fault;
    fault_set(&fault, FAULT_REFUSED, "%s refuses: %s", wait->run->target,
              refusal->message[0] != '\0' ? refusal->message : seen_words(refusal->seen));
    fault_sqlstate(&fault, refusal->sqlstate);
    fault_hint(&fault, "%s", refusal_hint(refusal->seen));
    wait_fail(wait, &fault);
}

/* --- who wins --------------------------------------------------------------------------------------------------------- */

static bool may_still_answer(const struct slot *slot)
{
    return slot_is_in_flight(slot) || (slot->state == SLOT_RESTING && shown(slot) == SEEN_NOTHING);
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

static void on_courtesy_over(void *owner)
{
    settle_winner(owner, true);
}

void wait_see_satisfied(struct slot *slot)
{
    settle_winner(slot->wait, false);
}

void wait_see(struct slot *slot)
{
    if (slot->wait->over)
        return;
    fail_if_refused(slot->wait);
    settle_winner(slot->wait, false);
}

void wait_see_no_address(struct wait_host *host)
{
    if (!host->wait->over)
        settle_winner(host->wait, false);
}

bool wait_may_knock(const struct wait *wait)
{
    return !wait->over && wait->knocking < (size_t) wait->run->settings->concurrency;
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

static bool start_hosts(struct wait *wait, struct fault *fault)
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

static bool build_target(struct wait *wait, const struct journal *journal, struct fault *fault)
{
    int spare = 1 - wait->arena_in_use;
    struct target target;
    arena_finish(&wait->arenas[spare]);
    if (!target_build(&target, &wait->arenas[spare], wait->run->settings, journal, fault))
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
static bool refresh_target(struct wait *wait, struct fault *fault)
{
    if (!wait->target.has_files)
        return true;
    struct target before = wait->target;
    if (!build_target(wait, NULL, fault))
        return false;
    if (target_same_hosts(&before, &wait->target)) {
        point_hosts_at(wait);
        return true;
    }
    finish_hosts(wait);
    return start_hosts(wait, fault);
}

static void begin_window(struct wait *wait)
{
    struct fault fault;
    wait->attempt++;
    wait->window_us = clock_monotonic_us();
    timer_start(wait->window, wait->run->settings->interval_ms);
    if (!refresh_target(wait, &fault)) {
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
    note_attempt_failed(wait);
    if (!is_last) {
        begin_window(wait);
        return;
    }
    char bound[96];
    snprintf(bound, sizeof bound, "within %" PRId64 " attempt%s of %" PRId64 " ms", wait->attempt,
             wait->attempt == 1 ? "" : "s", wait->run->settings->interval_ms);
    fail_not_ready(wait, bound);
}

static void on_deadline(void *owner)
{
    struct wait *wait = owner;
    char bound[96];
    settle_winner(wait, true);
    if (wait->over)
        return;
    snprintf(bound, sizeof bound, "within --timeout %" PRId64 " ms", wait->run->settings->timeout_ms);
    fail_not_ready(wait, bound);
}

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

static void note_ready(const struct wait *wait, const struct slot *slot)
{
    const struct run *run = wait->run;
    bool asked = wait->goal.until >= RUNG_LOGIN;
    const struct server_state *server = &slot->reading.server;
    int64_t duration_us = clock_monotonic_us() - wait->began_us;
    char name[ADDRESS_BYTES + 64];
    slot_name(slot, name, sizeof name);
    const char *role = !asked ? NULL : server->in_recovery ? "standby" : server->read_only ? "read-only" : "primary";
    const struct field fields[] = {
        TEXT(UNTIL, rung_name(wait->goal.until)),
        TEXT(ADDRESS, name),
        TEXT(ROLE, role),
        TEXT(SERVER_VERSION, asked ? session_server_version(slot->session) : NULL),
        NUMBER_IF(asked, PID, server->pid),
        NUMBER(ATTEMPT, wait->attempt),
        NUMBER(DURATION_US, duration_us),
        { .key = FIELD_END },
    };
    journal_note(run->journal, EVENT_READY, run->target, fields, "%s is ready (%s%s%s)", name, rung_name(wait->goal.until),
                 role != NULL ? ", " : "", role != NULL ? role : "");
}

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
        note_ready(wait, wait->winner);
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

static void note_started(const struct wait *wait)
{
    const struct run *run = wait->run;
    const struct settings *settings = run->settings;
    const struct field fields[] = {
        TEXT(UNTIL, rung_name(wait->goal.until)),
        NUMBER(ATTEMPTS, settings->attempts),
        NUMBER(INTERVAL_MS, settings->interval_ms),
        NUMBER_IF(settings->timeout_ms >= 0, TIMEOUT_MS, settings->timeout_ms),
        { .key = FIELD_END },
    };
    journal_note(run->journal, EVENT_WAIT_STARTED, run->target, fields, "waiting for %s to be ready (%s)", run->target,
                 rung_name(wait->goal.until));
}

static bool begin(struct wait *wait, struct fault *fault)
{
    const struct settings *settings = wait->run->settings;
    if (!make_timers(wait, fault) || !build_target(wait, NULL, fault))
        return false;
    note_started(wait);
    if (settings->timeout_ms >= 0)
        timer_start(wait->deadline, settings->timeout_ms - wait->run->waited_ms);
    wait->attempt = 1;
    wait->window_us = wait->began_us;
    timer_start(wait->window, settings->interval_ms);
    return start_hosts(wait, fault);
}

struct wait *wait_start(struct run *run, const struct wait_goal *goal, void (*on_over)(void *owner, enum wait_end end),
                        void *owner, struct fault *fault)
{
    struct wait *wait = memory_alloc(sizeof *wait);
    if (wait == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *wait = (struct wait){ .run = run, .goal = *goal, .on_over = on_over, .owner = owner };
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
