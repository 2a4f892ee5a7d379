/*
 * A wait in words: its events, and the faults that it ends in. It decides nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wait_inside.h"

enum { SUMMARY_MOST_BYTES = 512 };

void wait_tell_started(const struct wait *wait)
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
    journal_note(run->journal, EVENT_WAIT_STARTED, wait->label, fields, "waiting for %s to be ready (%s)", wait->label,
                 rung_name(wait->goal.until));
}

/* What a slot shows right now: its last answer, or that it has none yet. */
static enum seen shown(const struct slot *slot)
{
    return slot->sighting.seen;
}

/*
 * The last sighting worth telling: of the first slot in list order that saw something, or of a look-up that failed. Where one lacks
 * nothing but migrations, that is all that is missing.
 */
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
            bool telling = found == NULL || (found->seen == SEEN_REFUSED && shown(slot) != SEEN_REFUSED) ||
                           (found->seen != SEEN_PENDING && shown(slot) == SEEN_PENDING);
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

void wait_tell_attempt(const struct wait *wait)
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
    int64_t for_ms = clock_ms_since(since_us);
    const char *message = sighting != NULL && sighting->message[0] != '\0' ? sighting->message : buf_text(&seen);
    journal_note(run->journal, EVENT_ATTEMPT_FAILED, wait->label,
                 FIELDS(NUMBER(ATTEMPT, wait->attempt), NUMBER(ATTEMPTS, run->settings->attempts),
                        TEXT(SEEN, buf_text(&seen)), NUMBER(SEEN_FOR_MS, for_ms),
                        TEXT(SQLSTATE, sighting != NULL ? sighting->sqlstate : NULL), TEXT(MESSAGE, message),
                        TEXT(ADDRESS, name)),
                 "attempt %" PRId64 " of %" PRId64 ": %s", wait->attempt, run->settings->attempts, message);
    buf_finish(&seen);
}

/* where is the slot that saw it, or NULL. */
static const char *hint_for(enum seen seen, const struct slot *where)
{
    switch (seen) {
    case SEEN_NO_SOCKET:
        return where == NULL || where->host->at->name == NULL
                   ? "Without a host it is the unix socket that is tried: name the server with POSTGRES_HOST, -h or "
                     "DATABASE_URL."
                   : "The server has its socket in another directory (unix_socket_directories) or for another port, or does "
                     "not run.";
    case SEEN_NO_PASSWORD:
        return "Give it with POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE, DATABASE_URL, PGPASSWORD or a password file. An "
               "empty one counts as none, and so does a password file that others may read.";
    case SEEN_AUTHENTICATION:
        return "Check the user, the password and pg_hba.conf. The official image sets the password only when it makes its "
               "volume: a volume from before keeps the old one.";
    case SEEN_NO_DATABASE:
        return "Check the database's name. The official image makes POSTGRES_DB only when it makes its volume.";
    case SEEN_TLS_VERIFY:
        return "Check sslrootcert and that the host's name is the certificate's, or choose another sslmode.";
    case SEEN_TLS_MISSING:
        return "The server has ssl = off: switch it on, or choose sslmode=prefer.";
    case SEEN_PENDING:
        return "pgusher status shows which, and pgusher up applies them.";
    default:
        return "";
    }
}

static void advise(const struct wait *wait, enum seen seen, const struct slot *where, struct fault *fault)
{
    fault_hint(fault, "%s", hint_for(seen, where));
    if (seen == SEEN_NOT_SERVED)
        reading_advise(wait->run->settings, fault);
}

void wait_tell_not_ready(const struct wait *wait, const char *bound, struct fault *fault)
{
    int64_t since_us = 0;
    const struct slot *where = NULL;
    const struct sighting *sighting = worst(wait, &since_us, &where);
    bool pending = sighting != NULL && sighting->seen == SEEN_PENDING;
    struct buf seen;
    buf_init(&seen, SUMMARY_MOST_BYTES);
    summarise(wait, &seen);
    fault_set(fault, pending ? FAULT_PENDING : FAULT_NOT_READY, "%s was not %s %s: %s", wait->label,
              wait->goal.until <= RUNG_LOGIN ? "ready" : rung_name(wait->goal.until), bound, buf_text(&seen));
    if (sighting != NULL && strcmp(sighting->message, buf_text(&seen)) != 0)
        fault_detail(fault, "%s", sighting->message);
    if (sighting != NULL)
        fault_sqlstate(fault, sighting->sqlstate);
    if (sighting != NULL)
        advise(wait, sighting->seen, where, fault);
    buf_finish(&seen);
}

void wait_tell_refused(const struct wait *wait, const struct sighting *refusal, struct fault *fault)
{
    fault_set(fault, FAULT_REFUSED, "%s refuses: %s", wait->label,
              refusal->message[0] != '\0' ? refusal->message : seen_words(refusal->seen));
    fault_sqlstate(fault, refusal->sqlstate);
    advise(wait, refusal->seen, NULL, fault);
}

void wait_tell_ready(const struct wait *wait)
{
    const struct slot *slot = wait->winner;
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
    journal_note(run->journal, EVENT_READY, wait->label, fields, "%s is ready (%s%s%s)", name, rung_name(wait->goal.until),
                 role != NULL ? ", " : "", role != NULL ? role : "");
}
