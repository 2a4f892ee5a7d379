/*
 * The windows, the deadline, and the verdict over all members. It knows how many are ready, and of which role; what a member sees, and
 * how that is put into words, is known elsewhere.
 */
#include "work/crowd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/duration.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "crowd_inside.h"

enum { FIRST_ROOM = 16, PACE_US = 200, KEPT_OPEN_MOST = 64 };

/* --- members ---------------------------------------------------------------------------------------------------------- */

static bool make_room(struct crowd *crowd, struct fault *fault)
{
    if (crowd->member_count < crowd->member_room)
        return true;
    size_t room = crowd->member_room > 0 ? 2 * crowd->member_room : FIRST_ROOM;
    struct member **members = memory_realloc(crowd->members, room * sizeof(struct member *));
    if (members == NULL)
        return fault_out_of_memory(fault);
    crowd->members = members;
    crowd->member_room = room;
    return true;
}

bool crowd_add(struct crowd *crowd, const struct target_spec *spec, const struct seat *seat, struct member **added,
               struct fault *fault)
{
    struct member *member = make_room(crowd, fault) ? member_new(crowd, spec, seat, fault) : NULL;
    if (member == NULL)
        return false;
    crowd->members[crowd->member_count++] = member;
    if (added != NULL)
        *added = member;
    return true;
}

void crowd_drop(struct crowd *crowd, struct member *member)
{
    size_t at = 0;
    while (crowd->members[at] != member)
        at++;
    memmove(&crowd->members[at], &crowd->members[at + 1], (crowd->member_count - at - 1) * sizeof(struct member *));
    crowd->member_count--;
    member_free(member);
}

/* --- the verdict ------------------------------------------------------------------------------------------------------ */

/* Of the ready ones only those whose last answer is not older than that. */
static void count(const struct crowd *crowd, struct need_counts *counts, int64_t answered_since_us)
{
    *counts = (struct need_counts){ .targets = (int64_t) crowd->member_count, .is_open = crowd->seats != NULL };
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        bool stands_in = member->seat != NULL && member->seat->placeholder == member; /* for targets that nobody knows yet */
        bool counts_as_ready = member->is_ready && !stands_in && member->answered_us >= answered_since_us;
        counts->ready += counts_as_ready;
        counts->primaries += counts_as_ready && member->was_asked && !member->in_recovery;
        counts->standbys += counts_as_ready && member->was_asked && member->in_recovery;
        counts->lost += member->is_lost;
        counts->unasked += member->seen == SEEN_NOTHING && !member->is_lost;
    }
}

void crowd_count(const struct crowd *crowd, struct need_counts *counts)
{
    count(crowd, counts, 0);
}

void crowd_end(struct crowd *crowd, const struct fault *fault)
{
    if (crowd->over)
        return;
    crowd->over = true;
    if (fault != NULL)
        crowd->run->outcome.fault = *fault;
    timer_stop(crowd->window);
    timer_stop(crowd->deadline);
    timer_stop(crowd->verdict);
    timer_start(crowd->ending, 0);
}

/*
 * What was ready a while ago may be gone. That is asked of each, or, when no time is left to ask, taken for granted. Where a role must
 * not be there more often than that, whoever was left out might have it by now.
 */
static bool confirm(struct crowd *crowd, bool is_last_chance)
{
    if (crowd->confirm_us == 0)
        crowd->confirm_us = clock_monotonic_us();
    int64_t since_us = crowd->confirm_us - crowd->run->settings->interval_ms * 1000;
    const struct need *need = &crowd->run->settings->need;
    struct need_counts all;
    struct need_counts fresh;
    crowd_count(crowd, &all);
    count(crowd, &fresh, since_us);
    if (need_judge(need, &fresh) == NEED_MET && (fresh.ready == all.ready || !need_has_upper_bound(need)))
        return true;
    for (size_t i = 0; i < crowd->member_count; i++)
        if (crowd->members[i]->is_ready && crowd->members[i]->answered_us < since_us)
            (is_last_chance ? stand_doubt : stand_look_again)(crowd->members[i]->wait);
    return false;
}

/* Many that wait are paced, so that all of them together do not knock more often than one each PACE_US. */
static void pace(struct crowd *crowd, const struct need_counts *counts)
{
    crowd->budget.rest_least_ms = (counts->targets - counts->ready - counts->lost) * PACE_US / 1000;
}

static void judge(struct crowd *crowd, bool is_last_chance)
{
    struct need_counts counts;
    struct fault fault;
    if (crowd->over)
        return;
    crowd_count(crowd, &counts);
    pace(crowd, &counts);
    switch (need_judge(&crowd->run->settings->need, &counts)) {
    case NEED_MET:
        if (confirm(crowd, is_last_chance))
            crowd_end(crowd, NULL);
        break;
    case NEED_OPEN:
        crowd->confirm_us = 0;
        break;
    case NEED_IMPOSSIBLE:
        crowd_tell_impossible(crowd, &fault);
        crowd_end(crowd, &fault);
        break;
    }
}

static void on_verdict(void *owner)
{
    judge(owner, false);
}

void crowd_reconsider(struct crowd *crowd)
{
    if (!crowd->over)
        timer_start(crowd->verdict, 0);
}

/* --- windows ---------------------------------------------------------------------------------------------------------- */

static void fail_not_ready(struct crowd *crowd, const char *bound)
{
    struct fault fault;
    crowd_tell_missing(crowd);
    crowd_tell_not_ready(crowd, bound, &fault);
    crowd_end(crowd, &fault);
}

static void begin_window(struct crowd *crowd)
{
    crowd->attempt++;
    timer_start(crowd->window, crowd->run->settings->interval_ms);
    for (size_t i = 0; i < crowd->member_count; i++)
        stand_begin_window(crowd->members[i]->wait);
    for (struct seat *seat = crowd->seats; seat != NULL; seat = seat->next)
        seat_look_up(seat);
}

static void on_window_over(void *owner)
{
    struct crowd *crowd = owner;
    const struct settings *settings = crowd->run->settings;
    bool is_last = crowd->attempt >= settings->attempts;
    for (size_t i = 0; i < crowd->member_count; i++)
        stand_end_window(crowd->members[i]->wait);
    judge(crowd, is_last);
    if (crowd->over)
        return;
    crowd_tell_window(crowd);
    if (!is_last) {
        begin_window(crowd);
        return;
    }
    char bound[96];
    char interval[DURATION_WORD_BYTES];
    duration_write(interval, settings->interval_ms);
    snprintf(bound, sizeof bound, "within %" PRId64 " attempt%s of %s", crowd->attempt, crowd->attempt == 1 ? "" : "s",
             interval);
    fail_not_ready(crowd, bound);
}

static void on_deadline(void *owner)
{
    struct crowd *crowd = owner;
    char bound[96];
    char timeout[DURATION_WORD_BYTES];
    judge(crowd, true);
    if (crowd->over)
        return;
    duration_write(timeout, crowd->run->settings->timeout_ms);
    snprintf(bound, sizeof bound, "within --timeout %s", timeout);
    fail_not_ready(crowd, bound);
}

/* --- beginning -------------------------------------------------------------------------------------------------------- */

/* A host that is a target of its own, or the name of several. */
static bool add_host(struct crowd *crowd, const struct target_spec *spec, const struct target_host *host,
                     struct fault *fault)
{
    bool is_name = host->name != NULL && host->address == NULL && !host->is_socket;
    if (!is_name || !crowd->run->settings->each_address)
        return crowd_add(crowd, spec, NULL, NULL, fault);
    return seat_start(crowd, spec, host->name, fault);
}

/* At most so many: a comma may be of something else. */
static size_t count_names(const char *text)
{
    size_t count = 1;
    for (const char *comma = strchr(text, ','); comma != NULL; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

static bool add_hosts(struct crowd *crowd, struct target_spec spec, const struct target *target, struct fault *fault)
{
    bool ok = true;
    spec.is_narrow = true;
    for (size_t i = 0; ok && i < target->host_count; i++) {
        spec.host = i;
        ok = add_host(crowd, &spec, &target->hosts[i], fault);
    }
    return ok;
}

static bool add_target(struct crowd *crowd, const struct target_spec *spec, struct fault *fault)
{
    const struct settings *settings = crowd->run->settings;
    bool by_host = settings->has_need || settings->each_address || settings->until == RUNG_REPLICATED;
    bool is_listed = spec->text != NULL; /* with others, whose names are all expected by now */
    if (!by_host && is_listed)
        return crowd_add(crowd, spec, NULL, NULL, fault);
    struct arena scratch;
    struct target target;
    arena_init(&scratch);
    bool ok = target_build_one(&target, &scratch, settings, spec, fault);
    lookup_expect(ok ? target.host_count : 0);
    if (ok)
        ok = by_host ? add_hosts(crowd, *spec, &target, fault) : crowd_add(crowd, spec, NULL, NULL, fault);
    arena_finish(&scratch);
    return ok;
}

static void tell_stopping(const struct crowd *crowd, int signal_number, struct fault *fault)
{
    const char *name = signal_name(signal_number);
    fault_set(fault, FAULT_SIGNAL, "stopped by %s", name);
    fault->signal_number = signal_number;
    journal_note(crowd->run->journal, EVENT_STOPPING, NULL, FIELDS(TEXT(SIGNAL, name)), "%s: stopping", name);
}

/* The loop does not turn meanwhile. */
static bool read_list(const struct crowd *crowd, struct target_texts *texts, struct fault *fault)
{
    if (targets_add_file(texts, crowd->run->settings->targets_file, fault))
        return true;
    if (interrupt_signal() != 0)
        tell_stopping(crowd, interrupt_signal(), fault);
    return false;
}

/* Without a list it is the main configuration's hosts. */
static bool add_targets(struct crowd *crowd, struct fault *fault)
{
    const struct settings *settings = crowd->run->settings;
    struct target_texts texts = { .arena = &crowd->arena };
    bool ok = settings->targets_file == NULL || read_list(crowd, &texts, fault);
    if (ok && settings->target_count + texts.count == 0 && settings->targets_file != NULL)
        ok = fault_set(fault, FAULT_CONFIG, "there is no target in %s",
                       strcmp(settings->targets_file, "-") == 0 ? "stdin" : settings->targets_file);
    else if (ok && settings->target_count + texts.count == 0)
        return add_target(crowd, &(struct target_spec){ .text = NULL }, fault);
    size_t names = 0;
    for (size_t i = 0; i < settings->target_count; i++)
        names += count_names(settings->targets[i].text);
    for (size_t i = 0; i < texts.count; i++)
        names += count_names(texts.list[i].text);
    lookup_expect(names);
    for (size_t i = 0; ok && i < settings->target_count + texts.count; i++) {
        const struct target_text *text =
            i < settings->target_count ? &settings->targets[i] : &texts.list[i - settings->target_count];
        ok = add_target(crowd, &(struct target_spec){ .text = text->text, .origin = text->origin }, fault);
    }
    return ok;
}

static void on_ending(void *owner)
{
    struct crowd *crowd = owner;
    struct run *run = crowd->run;
    run->outcome.phase_us[PHASE_WAIT] += clock_monotonic_us() - crowd->began_us;
    crowd->has_readiness = crowd_report(crowd);
    if (!fault_is_set(&run->outcome.fault))
        crowd_tell_ready(crowd);
    while (crowd->member_count > 0)
        crowd_drop(crowd, crowd->members[crowd->member_count - 1]);
    for (struct seat *seat = crowd->seats; seat != NULL; seat = seat->next)
        seat_stop(seat);
    crowd->on_over(crowd->owner);
}

static bool make_timers(struct crowd *crowd, struct fault *fault)
{
    struct loop *loop = crowd->run->loop;
    crowd->window = timer_new(loop, on_window_over, crowd, fault);
    crowd->deadline = crowd->window == NULL ? NULL : timer_new(loop, on_deadline, crowd, fault);
    crowd->verdict = crowd->deadline == NULL ? NULL : timer_new(loop, on_verdict, crowd, fault);
    crowd->ending = crowd->verdict == NULL ? NULL : timer_new(loop, on_ending, crowd, fault);
    return crowd->ending != NULL;
}

static void start_clocks(struct crowd *crowd)
{
    const struct settings *settings = crowd->run->settings;
    int64_t begun_ms = clock_ms_since(crowd->began_us);
    if (settings->timeout_ms >= 0)
        timer_start(crowd->deadline, settings->timeout_ms - crowd->run->waited_ms - begun_ms);
    timer_start(crowd->window, settings->interval_ms);
}

static bool begin(struct crowd *crowd, struct fault *fault)
{
    const struct settings *settings = crowd->run->settings;
    if (!make_timers(crowd, fault) || !add_targets(crowd, fault))
        return false;
    if (crowd->seats == NULL && !need_fits(&settings->need, (int64_t) crowd->member_count, fault))
        return false;
    crowd->budget.keeps_open = crowd->member_count <= KEPT_OPEN_MOST;
    crowd->attempt = 1;
    crowd_tell_started(crowd);
    if (!crowd->over) /* it may be already, by a name that cannot be looked up */
        start_clocks(crowd);
    return true;
}

/* A connection is a descriptor, and there are others: the log, the loop's own, those of look-ups. */
static int64_t most_connections(const struct settings *settings)
{
    enum { OTHERS = 24 };
    int64_t room = descriptor_most() - OTHERS;
    if (room < 1)
        return 1;
    return room < settings->concurrency ? room : settings->concurrency;
}

struct crowd *crowd_start(struct run *run, struct shelf *shelf, void (*on_over)(void *owner), void *owner,
                          struct fault *fault)
{
    struct crowd *crowd = memory_alloc(sizeof *crowd);
    if (crowd == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    const struct settings *settings = run->settings;
    bool for_migrations = settings->until >= RUNG_MIGRATED;
    *crowd = (struct crowd){
        .run = run,
        .shelf = shelf,
        .on_over = on_over,
        .owner = owner,
        .goal = { .until = settings->until,
                  .with_ledger = for_migrations,
                  .is_met = for_migrations ? member_is_migrated : NULL },
        .standing = { .budget = &crowd->budget,
                      .labels = &crowd->arena,
                      .on_answer = member_on_answer,
                      .on_lost = member_on_lost },
        .began_us = clock_monotonic_us(),
    };
    arena_init(&crowd->arena);
    budget_init(&crowd->budget, most_connections(settings), settings->host_concurrency);
    if (begin(crowd, fault))
        return crowd;
    crowd_free(crowd);
    return NULL;
}

/* --- end -------------------------------------------------------------------------------------------------------------- */

void crowd_stop(struct crowd *crowd, int signal_number)
{
    struct fault fault;
    if (crowd->over)
        return;
    tell_stopping(crowd, signal_number, &fault);
    crowd_end(crowd, &fault);
}

void crowd_free(struct crowd *crowd)
{
    if (crowd == NULL)
        return;
    crowd->over = true;
    while (crowd->member_count > 0)
        crowd_drop(crowd, crowd->members[crowd->member_count - 1]);
    while (crowd->seats != NULL) {
        struct seat *seat = crowd->seats;
        crowd->seats = seat->next;
        seat_free(seat);
    }
    memory_free(crowd->members);
    timer_free(crowd->window);
    timer_free(crowd->deadline);
    timer_free(crowd->verdict);
    timer_free(crowd->ending);
    budget_finish(&crowd->budget);
    arena_finish(&crowd->arena);
    memory_free(crowd);
}

const struct readiness *crowd_readiness(const struct crowd *crowd)
{
    return crowd->has_readiness ? &crowd->readiness : NULL;
}
