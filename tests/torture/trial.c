/*
 * What befalls a run, what it may answer, and what has to be true in the end. It knows nothing of other points.
 */
#include "trial.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "points.h"
#include "support/must.h"

enum { REFUSED = 4, TERMINATED = 128 + SIGTERM, DELAY_MS = 30 };

/* Two seconds are promised, and the longest stop is printed; this is for a machine with a hundred other things to do. */
enum { STOPPED_WITHIN_US = 20 * 1000 * 1000 };

/* --- the disturbed run --- */

static bool is_cut(enum fault_kind kind)
{
    return kind == KIND_CLOSE || kind == KIND_RESET;
}

/* A connection on which nothing comes is given up at the end of an attempt; later nothing but a signal ends a silence. */
static bool falls_within_wait(const struct story *story, const struct point *point)
{
    const struct wire_measure *measure = &story->measure;
    if (story->from != NULL)
        return false;
    if (point->at_client)
        return point->at <= measure->client_at_text.messages;
    return point->at < measure->server_at_text.messages;
}

static struct wire_strike strike_of(const struct story *story, const struct point *point)
{
    static const enum wire_blow blows[KINDS] = {
        [KIND_CLOSE] = WIRE_CLOSE, [KIND_RESET] = WIRE_RESET, [KIND_SILENCE] = WIRE_SILENCE,
        [KIND_DELAY] = WIRE_DELAY, [KIND_KILL] = WIRE_SIGNAL,
    };
    struct wire_strike strike = { .blow = blows[point->kind],
                                  .at_client = point->at_client,
                                  .in_messages = !is_cut(point->kind),
                                  .at = point->at,
                                  .delay_ms = DELAY_MS,
                                  .refuses_behind = is_cut(point->kind) && !point->goes_on };
    if (point->kind == KIND_KILL && !point->goes_on)
        strike.blow = WIRE_SILENCE;
    if (point->kind == KIND_KILL)
        strike.signal_number = SIGKILL;
    else if (point->kind == KIND_SILENCE && !falls_within_wait(story, point))
        strike.signal_number = SIGTERM;
    return strike;
}

/* What a run may end with, in words; NULL when it did. */
static const char *judge_end(const struct story *story, const struct point *point, const struct wire_strike *strike,
                             const struct run_result *result)
{
    bool as_usual = result->exit_code == story->exit_code;
    bool as_struck = (strike->refuses_behind && result->exit_code == REFUSED) ||
                     (strike->signal_number == SIGKILL && result->signal == SIGKILL) ||
                     (strike->signal_number == SIGTERM && result->exit_code == TERMINATED);
    if (as_usual || as_struck)
        return NULL;
    return must_format("%s: it ended with %d (signal %d)\n%s%s", point_name(point), result->exit_code, result->signal,
                       result->output, result->errors);
}

static void disturb(struct stage *stage, const struct story *story, const struct point *point, struct verdict *verdict)
{
    struct wire_proxy *proxy = stage_proxy(stage);
    struct wire_strike strike = strike_of(story, point);
    static const char *const patient[] = { "--interval", "200ms", "--attempts", "300", NULL };
    static const char *const impatient[] = { "--grace", "0", NULL };
    wire_proxy_strike(proxy, &strike);
    struct run *run = stage_run(stage, story, story->folder, true, strike.refuses_behind ? impatient : patient);
    wire_proxy_set_victim(proxy, run_pid(run));
    struct run_result result = run_end(run);
    int64_t ended_us = (int64_t) uv_hrtime() / 1000;
    wire_proxy_set_victim(proxy, 0);
    int64_t struck_us = wire_proxy_end_strike(proxy);
    verdict->struck = struck_us > 0;
    verdict->complaint = judge_end(story, point, &strike, &result);
    if (verdict->struck && strike.signal_number == SIGTERM)
        verdict->stopped_in_us = ended_us - struck_us;
    if (verdict->complaint == NULL && verdict->stopped_in_us > STOPPED_WITHIN_US)
        verdict->complaint =
            must_format("%s: it took SIGTERM %lld ms", point_name(point), (long long) verdict->stopped_in_us / 1000);
}

/* The point in time is all that matters here, and nothing tells of it. */
static void sleep_us(int64_t duration_us)
{
    struct timespec left = { .tv_sec = duration_us / 1000000, .tv_nsec = duration_us % 1000000 * 1000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static void kill_some_time(struct stage *stage, const struct story *story, const struct point *point,
                           struct verdict *verdict)
{
    const struct wire_strike strike = { .signal_number = SIGKILL };
    struct run *run = stage_run(stage, story, story->folder, false, NULL);
    sleep_us(story->duration_us * (int64_t) point->at / 1000);
    run_signal(run, SIGKILL);
    struct run_result result = run_end(run);
    verdict->struck = result.signal == SIGKILL;
    if (!verdict->struck)
        stage_note_duration(stage, point->story, result.duration_us);
    verdict->complaint = judge_end(story, point, &strike, &result);
}

/* --- afterwards --- */

static const char *run_again(struct stage *stage, const struct story *story, const struct point *point)
{
    struct run_result result = run_end(stage_run(stage, story, story->mended, false, NULL));
    if (result.exit_code == 0)
        return NULL;
    return must_format("%s: run again, it ended with %d (signal %d)\n%s%s", point_name(point), result.exit_code,
                       result.signal, result.output, result.errors);
}

static const char *judge_database(struct stage *stage, const struct story *story, const struct point *point, bool with_dump)
{
    const char *text;
    stage_wait_until_left(stage);
    if (strcmp(stage_digest(stage, &text), story->digest) != 0)
        return must_format("%s: another database\n--- undisturbed ---\n%s\n--- now ---\n%s", point_name(point), story->text,
                           text);
    if (with_dump && strcmp(stage_dump(stage), story->dump) != 0)
        return must_format("%s: pg_dump sees another database", point_name(point));
    return NULL;
}

struct verdict trial_hold(struct stage *stage, const struct point *point, bool with_dump)
{
    struct verdict verdict = { .dump_was_compared = with_dump };
    const struct story *story = stage_story(stage, point->story);
    stage_put_back(stage, story);
    if (point->kind == KIND_KILL_ANY_TIME)
        kill_some_time(stage, story, point, &verdict);
    else
        disturb(stage, story, point, &verdict);
    if (point->kind == KIND_SILENCE)
        stage_wait_until_left(stage); /* by itself, before another runner looks */
    if (verdict.complaint == NULL)
        verdict.complaint = run_again(stage, story, point);
    if (verdict.complaint == NULL)
        verdict.complaint = judge_database(stage, story, point, with_dump);
    return verdict;
}
