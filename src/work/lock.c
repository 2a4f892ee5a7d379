/*
 * Asking for the lock, telling who has it, and asking again. What is done under it is not known here.
 */
#include "work/lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "plan/checksum.h"
#include "say.h"
#include "statements.h"

enum { FIRST_REST_MS = 20, LONGEST_REST_MS = 500, TELL_EVERY_MS = 10000, KEY_TEXT_BYTES = 24, HOLDER_BYTES = 160 };

/* A poll that has taken so long is blocked: somebody has locked what it reads. One of a busy server may take as long as --lock-wait 0s. */
enum { BLOCKED_MS = 1000 };

struct holder {
    bool known;
    bool is_us;
    char pid[16];
    char application[64];
    char address[64];
    char since[40];
    char query[256];
};

/*
 * The order of one poll. The check of the client has its own Sync, because it may fail; so has the try, because a reading in the same
 * segment could be older than the lock.
 */
enum turn { TURN_CHECK, TURN_CHECK_SYNC, TURN_TRY, TURN_TRY_SYNC, TURN_HOLDER, TURN_READING, TURN_SYNC, TURN_OVER };

struct lock {
    struct run *run;
    struct session *session;
    char key[KEY_TEXT_BYTES];
    const char *params[1];
    bool (*is_needless)(void *owner, struct reading *reading, struct fault *fault);
    void (*on_over)(void *owner, enum lock_end end);
    void *owner;
    struct timer *timer;
    struct reading reading;
    enum turn turn;
    bool polls; /* a conversation is going on */
    bool takes_none;
    bool got_it;
    struct holder holder;
    int64_t began_us;
    int64_t told_us; /* when it was last told that and why it waits; 0: not yet */
    int64_t rest_ms;
    struct fault fault;
};

static void begin_talk(struct lock *lock, enum turn first);

static void end(struct lock *lock, enum lock_end how)
{
    timer_stop(lock->timer);
    lock->run->outcome.phase_us[PHASE_LOCK] += clock_monotonic_us() - lock->began_us;
    lock->on_over(lock->owner, how);
}

/* --- the conversation ------------------------------------------------------------------------------------------------- */

static void say_sql(struct lock *lock, struct act *act, enum say what, const char *sql)
{
    act->tag.what = what;
    act->sql = sql;
    act->sql_bytes = strlen(sql);
    act->params = lock->params;
    act->param_count = 1;
}

static enum next say_next(void *owner, struct act *act)
{
    struct lock *lock = owner;
    if (lock->turn == TURN_READING && reading_say(&lock->reading, act))
        return NEXT_ACT;
    if (lock->turn == TURN_READING)
        lock->turn = TURN_SYNC;
    switch (lock->turn++) {
    case TURN_CHECK:
        say_sql(lock, act, SAY_CHECK_CLIENT, sql_check_client);
        act->param_count = 0;
        return NEXT_ACT;
    case TURN_TRY:
        say_sql(lock, act, SAY_TRY_LOCK, sql_try_lock);
        return NEXT_ACT;
    case TURN_HOLDER:
        say_sql(lock, act, SAY_HOLDER, sql_lock_holder);
        return NEXT_ACT;
    case TURN_CHECK_SYNC:
    case TURN_TRY_SYNC:
    case TURN_SYNC:
        act->kind = ACT_SYNC;
        act->tag.what = SAY_SYNC;
        return NEXT_ACT;
    default:
        return NEXT_END;
    }
}

static void keep(char *to, size_t size, const char *text)
{
    text_cut(to, size, text != NULL ? text : "");
}

static bool is_true(const char *text)
{
    return text != NULL && text[0] == 't';
}

static void hear_holder(struct lock *lock, const struct row *row)
{
    struct holder *holder = &lock->holder;
    holder->is_us = is_true(row_text(row, 0));
    keep(holder->pid, sizeof holder->pid, row_text(row, 1));
    holder->known = holder->pid[0] != '\0';
    keep(holder->application, sizeof holder->application, row_text(row, 2));
    keep(holder->address, sizeof holder->address, row_text(row, 3));
    keep(holder->since, sizeof holder->since, row_text(row, 4));
    keep(holder->query, sizeof holder->query, row_text(row, 5));
}

static void hear_try(struct lock *lock, const struct row *row)
{
    lock->got_it = is_true(row_text(row, 0));
    lock->reading.server.may_notify = is_true(row_text(row, 1));
    lock->reading.server.has_timeouts = is_true(row_text(row, 2));
}

static void hear_row(void *owner, struct act_tag tag, const struct row *row)
{
    struct lock *lock = owner;
    if (tag.what == SAY_TRY_LOCK)
        hear_try(lock, row);
    else if (tag.what == SAY_HOLDER)
        hear_holder(lock, row);
    else if (tag.what != SAY_CHECK_CLIENT)
        reading_hear_row(&lock->reading, tag, row);
}

static void hear_done(void *owner, struct act_tag tag, const char *command_tag)
{
    struct lock *lock = owner;
    (void) command_tag;
    if (tag.what == SAY_CHECK_CLIENT)
        lock->reading.server.checks_client = true;
}

/* What the reading hears of, it may ask again in another way; for these two there is no other way. */
static void keep_error(struct lock *lock, struct act_tag tag, const struct fault *error)
{
    if (fault_is_set(&lock->fault))
        return;
    lock->fault = *error;
    lock->fault.context[0] = '\0';
    lock->fault.class = reading_error_class(error);
    if (strcmp(error->sqlstate, "42501") == 0)
        fault_hint(&lock->fault, "The runners' lock needs %s for this role.",
                   tag.what == SAY_TRY_LOCK ? "EXECUTE on pg_catalog.pg_try_advisory_lock(bigint)"
                                            : "SELECT on pg_catalog.pg_locks and pg_catalog.pg_stat_activity");
}

static void hear_error(void *owner, struct act_tag tag, const struct server_message *error)
{
    struct lock *lock = owner;
    if (tag.what == SAY_TRY_LOCK || tag.what == SAY_HOLDER)
        keep_error(lock, tag, &error->fault);
    else if (tag.what != SAY_CHECK_CLIENT) /* which not every server's system can do */
        reading_hear_error(&lock->reading, tag, error);
}

/* --- what follows ----------------------------------------------------------------------------------------------------- */

/* Earlier waits of this run count: the connection may have been lost in between. */
static int64_t waited_ms(const struct lock *lock)
{
    return (clock_monotonic_us() - lock->began_us + lock->run->outcome.phase_us[PHASE_LOCK]) / 1000;
}

/* "process 7, deploy from 10.0.0.1": as much of it as this role may see. */
static void describe(const struct holder *holder, char *words, size_t size)
{
    bool named = holder->application[0] != '\0';
    bool placed = holder->address[0] != '\0';
    snprintf(words, size, "process %s%s%s%s%s", holder->pid, named ? ", " : "", holder->application, placed ? " from " : "",
             holder->address);
}

/* Of a holder or of a ledger that is locked, and no more often for both. The timer may ring a millisecond early. */
static bool may_tell(struct lock *lock)
{
    bool may = lock->told_us == 0 || clock_ms_since(lock->told_us) + 1 >= TELL_EVERY_MS;
    if (may)
        lock->told_us = clock_monotonic_us();
    return may;
}

static void tell_holder(struct lock *lock)
{
    const struct holder *holder = &lock->holder;
    if (!may_tell(lock))
        return;
    const struct field fields[] = {
        NUMBER_IF(holder->known, HOLDER_PID, strtoll(holder->pid, NULL, 10)),
        TEXT(HOLDER_APPLICATION, holder->application),
        TEXT(HOLDER_ADDRESS, holder->address),
        TEXT(HOLDER_SINCE, holder->since),
        TEXT(HOLDER_QUERY, holder->query),
        NUMBER(WAITED_MS, waited_ms(lock)),
        { .key = FIELD_END },
    };
    char words[HOLDER_BYTES];
    describe(holder, words, sizeof words);
    journal_note(lock->run->journal, EVENT_LOCK_WAITING, lock->run->target, fields,
                 "another runner is at work%s%s%s; waiting for it", holder->known ? " (" : "", holder->known ? words : "",
                 holder->known ? ")" : "");
}

static void tell_who(struct fault *fault, const struct holder *holder)
{
    char words[HOLDER_BYTES];
    describe(holder, words, sizeof words);
    bool is_dated = holder->since[0] != '\0';
    fault_detail(fault, "It is %s%s%s%s%s", words, is_dated ? ", connected since " : "", holder->since,
                 holder->query[0] != '\0' ? ": " : "", holder->query);
    fault_hint(fault, "If it is stuck, SELECT pg_terminate_backend(%s) frees the lock.", holder->pid);
}

static void give_up(struct lock *lock)
{
    const struct holder *holder = &lock->holder;
    char lock_wait[DURATION_WORD_BYTES];
    duration_write(lock_wait, lock->run->settings->lock_wait_ms);
    fault_set(&lock->fault, FAULT_LOCKED, "another runner held the lock for longer than --lock-wait %s", lock_wait);
    if (holder->known)
        tell_who(&lock->fault, holder);
    end(lock, LOCK_FAILED);
}

static void rest(struct lock *lock)
{
    int64_t bound_ms = lock->run->settings->lock_wait_ms;
    if (bound_ms >= 0 && waited_ms(lock) >= bound_ms) {
        give_up(lock);
        return;
    }
    tell_holder(lock);
    lock->rest_ms = lock->rest_ms == 0 ? FIRST_REST_MS : lock->rest_ms * 3 / 2;
    if (lock->rest_ms > LONGEST_REST_MS)
        lock->rest_ms = LONGEST_REST_MS;
    int64_t delay_ms = lock->rest_ms - lock->rest_ms * (random() % 256) / 512;
    if (bound_ms >= 0 && waited_ms(lock) + delay_ms > bound_ms)
        delay_ms = bound_ms - waited_ms(lock);
    timer_start(lock->timer, delay_ms);
}

static void take(struct lock *lock)
{
    if (!lock->holder.known || !lock->holder.is_us) {
        fault_set(&lock->fault, FAULT_INTERNAL, "the server granted the lock, but pg_locks does not show it as held by us");
        end(lock, LOCK_FAILED);
        return;
    }
    int64_t duration_us = clock_monotonic_us() - lock->began_us;
    journal_note(lock->run->journal, EVENT_LOCK_ACQUIRED, lock->run->target, FIELDS(NUMBER(DURATION_US, duration_us)),
                 "the runners' lock is ours");
    end(lock, LOCK_OURS);
}

/* --- a poll that is blocked ------------------------------------------------------------------------------------------- */

static void give_up_blocked(struct lock *lock)
{
    char lock_wait[DURATION_WORD_BYTES];
    duration_write(lock_wait, lock->run->settings->lock_wait_ms);
    fault_set(&lock->fault, FAULT_LOCKED, "the ledger could not be read within --lock-wait %s", lock_wait);
    fault_hint(&lock->fault,
               "Another session may hold a lock on it: while it is waited for, pg_blocking_pids() says which one.");
    end(lock, LOCK_FAILED);
}

static void tell_blocked(struct lock *lock)
{
    journal_note(lock->run->journal, EVENT_LOCK_WAITING, lock->run->target, FIELDS(NUMBER(WAITED_MS, waited_ms(lock))),
                 "the ledger cannot be read yet: another session may hold a lock on it; waiting for it");
}

static void look_at_blocked(struct lock *lock)
{
    int64_t bound_ms = lock->run->settings->lock_wait_ms;
    int64_t left_ms = bound_ms - waited_ms(lock);
    if (bound_ms >= 0 && left_ms <= 0) {
        give_up_blocked(lock);
        return;
    }
    if (may_tell(lock))
        tell_blocked(lock);
    timer_start(lock->timer, bound_ms >= 0 && left_ms < TELL_EVERY_MS ? left_ms : TELL_EVERY_MS);
}

/* --- the end of a poll ------------------------------------------------------------------------------------------------ */

static void leave(struct lock *lock)
{
    int64_t duration_us = clock_monotonic_us() - lock->began_us;
    journal_note(lock->run->journal, EVENT_LOCK_NOT_NEEDED, lock->run->target,
                 FIELDS(TEXT(REASON, "another runner has applied everything"), NUMBER(DURATION_US, duration_us)),
                 "another runner has applied everything: there is nothing left to do");
    end(lock, LOCK_NOT_NEEDED);
}

static void hear_end(void *owner)
{
    struct lock *lock = owner;
    lock->polls = false;
    if (fault_is_set(&lock->fault)) {
        end(lock, LOCK_FAILED);
    } else if (reading_goes_on(&lock->reading)) {
        begin_talk(lock, TURN_READING);
    } else if (!reading_conclude(&lock->reading, &lock->fault)) {
        end(lock, LOCK_FAILED);
    } else if (lock->takes_none) {
        end(lock, LOCK_OURS);
    } else if (lock->got_it) {
        take(lock);
    } else {
        bool needless = lock->is_needless(lock->owner, &lock->reading, &lock->fault);
        if (fault_is_set(&lock->fault))
            end(lock, LOCK_FAILED);
        else if (needless)
            leave(lock);
        else
            rest(lock);
    }
}

static void hear_lost(void *owner, const struct fault *fault)
{
    struct lock *lock = owner;
    lock->fault = *fault;
    end(lock, LOCK_FAILED);
}

/* A conversation that begins with this turn. */
static void begin_talk(struct lock *lock, enum turn first)
{
    static const struct talker talker = {
        .say_next = say_next,
        .hear_row = hear_row,
        .hear_done = hear_done,
        .hear_error = hear_error,
        .hear_end = hear_end,
        .hear_lost = hear_lost,
    };
    lock->turn = first;
    lock->polls = true;
    talk_begin(lock->session, &talker, lock);
}

static void poll(struct lock *lock)
{
    lock->got_it = false;
    lock->holder = (struct holder){ .known = false };
    reading_init(&lock->reading, lock->run->settings, READ_LEDGER);
    lock->reading.server.may_notify = lock->takes_none; /* nobody asks then: whoever may not finds out */
    lock->reading.server.has_timeouts = lock->takes_none;
    timer_start(lock->timer, BLOCKED_MS);
    begin_talk(lock, lock->takes_none ? TURN_READING : TURN_CHECK);
}

static void on_time(void *owner)
{
    struct lock *lock = owner;
    if (lock->polls)
        look_at_blocked(lock);
    else
        poll(lock);
}

struct lock *lock_start(struct run *run, struct session *session, const int64_t *key,
                        bool (*is_needless)(void *owner, struct reading *reading, struct fault *fault),
                        void (*on_over)(void *owner, enum lock_end end), void *owner, struct fault *fault)
{
    struct lock *lock = memory_alloc(sizeof *lock);
    if (lock == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *lock = (struct lock){ .run = run, .session = session, .is_needless = is_needless, .on_over = on_over, .owner = owner };
    lock->takes_none = key == NULL;
    snprintf(lock->key, sizeof lock->key, "%" PRId64, key != NULL ? *key : 0);
    lock->params[0] = lock->key;
    lock->began_us = clock_monotonic_us();
    lock->timer = timer_new(run->loop, on_time, lock, fault);
    if (lock->timer == NULL) {
        memory_free(lock);
        return NULL;
    }
    timer_start(lock->timer, 0);
    return lock;
}

void lock_free(struct lock *lock)
{
    if (lock == NULL)
        return;
    timer_free(lock->timer);
    reading_finish(&lock->reading);
    memory_free(lock);
}

const struct fault *lock_fault(const struct lock *lock)
{
    return &lock->fault;
}

void lock_take_reading(struct lock *lock, struct reading *to)
{
    reading_finish(to);
    *to = lock->reading;
    lock->reading = (struct reading){ .said = 0 };
}

bool lock_key(int64_t *key, const struct ledger *ledger, struct fault *fault)
{
    char checksum[CHECKSUM_BYTES];
    if (!checksum_make(checksum, ledger->identifier, strlen(ledger->identifier), fault))
        return false;
    checksum[16] = '\0';
    *key = (int64_t) strtoull(checksum, NULL, 16);
    return true;
}
