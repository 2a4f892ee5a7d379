/*
 * A crowd in words: its events, and the faults that it ends in. It decides nothing. However many targets there are, a sentence names
 * only the first few of them and counts the rest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crowd_inside.h"

enum { SUMMARY_MOST_BYTES = 900, NAMED_MOST = 5, SEEN_KINDS = SEEN_READY + 1, PROGRESS_BYTES = 128 };

const char *stand_role(const struct stand_view *view)
{
    if (!view->was_asked)
        return NULL;
    return view->in_recovery ? "standby" : view->read_only ? "read-only" : "primary";
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

void crowd_tell_started(const struct crowd *crowd)
{
    const struct settings *settings = crowd->run->settings;
    const struct field fields[] = {
        TEXT(UNTIL, rung_name(settings->until)),
        TEXT(NEED, settings->need.text),
        NUMBER(TARGETS, crowd->member_count),
        NUMBER(ATTEMPTS, settings->attempts),
        NUMBER(INTERVAL_MS, settings->interval_ms),
        NUMBER_IF(settings->timeout_ms >= 0, TIMEOUT_MS, settings->timeout_ms),
        { .key = FIELD_END },
    };
    journal_note(crowd->run->journal, EVENT_CROWD_STARTED, NULL, fields,
                 "waiting for %zu target%s to be ready (%s), need %s", crowd->member_count,
                 plural((int64_t) crowd->member_count), rung_name(settings->until), settings->need.text);
}

static const char *words_of(const struct stand_view *view)
{
    return view->message[0] != '\0' && view->seen != SEEN_READY ? view->message : seen_words(view->seen);
}

void crowd_tell_change(const struct member *member, const struct stand_view *view, bool of_rung)
{
    const char *role = stand_role(view);
    const char *seen = seen_words(view->seen);
    bool is_ready = view->seen == SEEN_READY;
    journal_note_at(member->crowd->run->journal, of_rung ? LEVEL_INFO : LEVEL_DEBUG, EVENT_TARGET_CHANGED, member->label,
                    FIELDS(NUMBER(PLACE, member->place), TEXT(RUNG, view->has_rung ? rung_name(view->rung) : NULL),
                           TEXT(ROLE, role), TEXT(SEEN, seen), TEXT(SQLSTATE, is_ready ? NULL : view->sqlstate),
                           TEXT(MESSAGE, is_ready ? NULL : view->message), TEXT(ADDRESS, view->address)),
                    "%s: %s%s%s%s", member->label, words_of(view), is_ready && role != NULL ? " (" : "",
                    is_ready && role != NULL ? role : "", is_ready && role != NULL ? ")" : "");
}

void crowd_tell_lost(const struct member *member)
{
    const struct fault *fault = member->fault;
    journal_note(member->crowd->run->journal, EVENT_TARGET_REFUSED, member->label,
                 FIELDS(NUMBER(PLACE, member->place), TEXT(SQLSTATE, fault != NULL ? fault->sqlstate : NULL),
                        TEXT(MESSAGE, fault != NULL ? fault->what : NULL), TEXT(HINT, fault != NULL ? fault->hint : NULL)),
                 "%s", fault != NULL ? fault->what : "out of memory");
}

void crowd_tell_left(const struct member *member)
{
    journal_note(member->crowd->run->journal, EVENT_TARGET_LEFT, member->label, FIELDS(NUMBER(PLACE, member->place)),
                 "%s is no target any more", member->label);
}

static void add_comma(struct buf *buf)
{
    if (buf->size > 0)
        buf_add_text(buf, ", ");
}

/* "12 connection refused, 3 no such host name": what keeps those that are not ready. */
static void add_seen(struct buf *buf, const struct crowd *crowd)
{
    size_t counts[SEEN_KINDS] = { 0 };
    size_t lost = 0;
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        lost += member->is_lost;
        counts[member->seen] += !member->is_lost && !member->is_ready;
    }
    for (int seen = 0; seen < SEEN_KINDS; seen++) {
        if (counts[seen] == 0)
            continue;
        add_comma(buf);
        buf_add_format(buf, "%zu %s", counts[seen], seen_words((enum seen) seen));
    }
    if (lost > 0) {
        add_comma(buf);
        buf_add_format(buf, "%zu refused for good", lost);
    }
}

void crowd_tell_window(const struct crowd *crowd)
{
    const struct settings *settings = crowd->run->settings;
    struct need_counts counts;
    char progress[PROGRESS_BYTES];
    struct buf seen;
    crowd_count(crowd, &counts);
    need_progress(&settings->need, &counts, progress, sizeof progress);
    buf_init(&seen, SUMMARY_MOST_BYTES);
    add_seen(&seen, crowd);
    journal_note(crowd->run->journal, EVENT_CROWD_WAITING, NULL,
                 FIELDS(NUMBER(ATTEMPT, crowd->attempt), NUMBER(ATTEMPTS, settings->attempts),
                        TEXT(NEED, settings->need.text), NUMBER(TARGETS, counts.targets), NUMBER(READY, counts.ready),
                        NUMBER(REFUSED, counts.lost), TEXT(SEEN, buf_text(&seen))),
                 "attempt %" PRId64 " of %" PRId64 ": %s ready%s%s", crowd->attempt, settings->attempts, progress,
                 seen.size > 0 ? "; " : "", buf_text(&seen));
    buf_finish(&seen);
}

void crowd_tell_ready(const struct crowd *crowd)
{
    const struct readiness *readiness = &crowd->readiness;
    const struct need_counts *counts = &readiness->counts;
    bool has_roles = crowd->goal.until >= RUNG_LOGIN;
    char roles[PROGRESS_BYTES] = "";
    if (has_roles)
        snprintf(roles, sizeof roles, " (%" PRId64 " primar%s, %" PRId64 " standby%s)", counts->primaries,
                 counts->primaries == 1 ? "y" : "ies", counts->standbys, plural(counts->standbys));
    const struct field fields[] = {
        TEXT(UNTIL, readiness->until),
        TEXT(NEED, readiness->need),
        NUMBER(TARGETS, counts->targets),
        NUMBER(READY, counts->ready),
        NUMBER_IF(has_roles, PRIMARIES, counts->primaries),
        NUMBER_IF(has_roles, STANDBYS, counts->standbys),
        NUMBER(ATTEMPT, crowd->attempt),
        NUMBER(DURATION_US, readiness->duration_us),
        { .key = FIELD_END },
    };
    journal_note(crowd->run->journal, EVENT_CROWD_READY, NULL, fields, "%" PRId64 " of %" PRId64 " target%s ready%s",
                 counts->ready, counts->targets, counts->targets == 1 ? " is" : "s are", roles);
}

static bool is_missing(const struct member *member)
{
    return !member->is_ready;
}

void crowd_tell_missing(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        struct stand_view view;
        if (!is_missing(member))
            continue;
        stand_look(member->wait, &view);
        int64_t for_ms = clock_ms_since(view.since_us);
        journal_note(crowd->run->journal, EVENT_TARGET_MISSING, member->label,
                     FIELDS(NUMBER(PLACE, member->place), TEXT(RUNG, view.has_rung ? rung_name(view.rung) : NULL),
                            TEXT(ROLE, stand_role(&view)), TEXT(SEEN, seen_words(view.seen)), NUMBER(SEEN_FOR_MS, for_ms),
                            TEXT(SQLSTATE, view.sqlstate), TEXT(MESSAGE, view.message), TEXT(ADDRESS, view.address)),
                     "%s: %s", member->label, words_of(&view));
    }
}

/* "a:5432 connection refused, b:5432 no answer and 12 more" */
static void add_missing(struct buf *buf, const struct crowd *crowd)
{
    size_t missing = 0;
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        if (!is_missing(member) || missing++ >= NAMED_MOST)
            continue;
        add_comma(buf);
        buf_add_format(buf, "%s %s", member->label, seen_words(member->seen));
    }
    if (missing > NAMED_MOST)
        buf_add_format(buf, " and %zu more", missing - NAMED_MOST);
}

/* Were those ready that have let us in and lack migrations, there would be what is needed. */
static bool only_migrations_are_missing(const struct crowd *crowd)
{
    struct need_counts counts;
    crowd_count(crowd, &counts);
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        bool is_pending = is_missing(member) && !member->is_lost && member->seen == SEEN_PENDING;
        counts.ready += is_pending;
        counts.primaries += is_pending && !member->in_recovery;
        counts.standbys += is_pending && member->in_recovery;
    }
    return need_judge(&crowd->run->settings->need, &counts) == NEED_MET;
}

/* A target that is named twice counts twice, and that is seen here. */
static void detail_too_many(const struct crowd *crowd, bool standbys, struct fault *fault)
{
    struct buf names;
    buf_init(&names, SUMMARY_MOST_BYTES);
    for (size_t i = 0, named = 0; i < crowd->member_count && named < NAMED_MOST; i++) {
        const struct member *member = crowd->members[i];
        if (!member->is_ready || member->in_recovery != standbys)
            continue;
        add_comma(&names);
        buf_add_text(&names, member->label);
        named++;
    }
    fault_detail(fault, "too many %s: %s", standbys ? "standbys" : "primaries", buf_text(&names));
    buf_finish(&names);
}

void crowd_tell_not_ready(const struct crowd *crowd, const char *bound, struct fault *fault)
{
    const struct need *need = &crowd->run->settings->need;
    enum fault_class class = only_migrations_are_missing(crowd) ? FAULT_PENDING : FAULT_NOT_READY;
    struct need_counts counts;
    char progress[PROGRESS_BYTES];
    struct buf missing;
    crowd_count(crowd, &counts);
    need_progress(need, &counts, progress, sizeof progress);
    buf_init(&missing, SUMMARY_MOST_BYTES);
    add_missing(&missing, crowd);
    if (need->kind == NEED_ROLES)
        fault_set(fault, class, "the need %s was not met (%s) %s: %s ready%s%s", need->text, rung_name(crowd->goal.until),
                  bound, progress, missing.size > 0 ? "; " : "", buf_text(&missing));
    else
        fault_set(fault, class, "only %s target%s ready (%s, need %s) %s%s%s", progress,
                  counts.targets == 1 ? " was" : "s were", rung_name(crowd->goal.until), need->text, bound,
                  missing.size > 0 ? ": " : "", buf_text(&missing));
    buf_finish(&missing);
    if (need->kind == NEED_ROLES && counts.primaries > need->primary.most)
        detail_too_many(crowd, false, fault);
    else if (need->kind == NEED_ROLES && counts.standbys > need->standby.most)
        detail_too_many(crowd, true, fault);
}

/* The first that is lost speaks for the others, one that refuses before any other. */
static const struct member *find_lost(const struct crowd *crowd)
{
    const struct member *found = NULL;
    for (size_t i = 0; i < crowd->member_count; i++) {
        const struct member *member = crowd->members[i];
        if (member->fault == NULL)
            continue;
        if (found == NULL || (found->fault->class != FAULT_REFUSED && member->fault->class == FAULT_REFUSED))
            found = member;
    }
    return found;
}

void crowd_tell_impossible(const struct crowd *crowd, struct fault *fault)
{
    const struct need *need = &crowd->run->settings->need;
    const struct member *lost = find_lost(crowd);
    if (lost == NULL) {
        fault_out_of_memory(fault);
        return;
    }
    if (crowd->member_count == 1)
        *fault = *lost->fault;
    else
        fault_set(fault, lost->fault->class, "the need %s cannot be met any more: %s", need->text, lost->fault->what);
    fault_sqlstate(fault, lost->fault->sqlstate);
    fault_detail(fault, "%s", lost->fault->detail);
    fault_hint(fault, "%s", lost->fault->hint);
}
