/*
 * Drawing lives, and judging them by hand.
 */
#include "life.h"

#include <stdio.h>
#include <string.h>

#include "../work/waiting.h"

enum { KEYSTONES = 10, LISTENS_WITHIN_MS = 300 };

/* Small and the same everywhere, so that a seed means the same on every machine (xorshift32). */
static unsigned dice;

static unsigned roll(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice % sides;
}

static bool is_good(enum stage stage)
{
    return stage == STAGE_PRIMARY || stage == STAGE_STANDBY;
}

enum stage life_end(const struct life *life)
{
    return life->stages[life->count - 1];
}

static void add(struct life *life, enum stage stage, unsigned times)
{
    for (; times > 0 && life->count < LIFE_MOST_VISITS; times--)
        life->stages[life->count++] = stage;
}

/* --- one life ---------------------------------------------------------------------------------------------------------- */

/* What comes of the servers of a scenario in the end. */
enum mood { MOOD_GOOD, MOOD_SOME_NEVER, MOOD_SOME_REFUSE, MOODS };

static enum stage draw_end(enum mood mood)
{
    bool is_odd = roll(50) == 0;
    if (mood == MOOD_SOME_NEVER && is_odd)
        return roll(2) == 0 ? STAGE_STARTING : STAGE_GONE;
    if (mood == MOOD_SOME_REFUSE && is_odd)
        return STAGE_REFUSING;
    return roll(3) == 0 ? STAGE_PRIMARY : STAGE_STANDBY;
}

/* Refused, starting up, ready, gone, ready again, a standby, promoted: some of it, in any order. */
static void draw_life(struct life *life, enum mood mood)
{
    life->listens_after_ms = roll(LISTENS_WITHIN_MS);
    for (unsigned chapters = roll(4); chapters > 0; chapters--) {
        add(life, STAGE_STARTING, roll(3));
        if (roll(2) == 0)
            add(life, roll(2) == 0 ? STAGE_PRIMARY : STAGE_STANDBY, 1);
        add(life, STAGE_GONE, roll(2));
    }
    enum stage end = draw_end(mood);
    if (end == STAGE_PRIMARY && roll(2) == 0)
        add(life, STAGE_STANDBY, 1); /* promoted */
    life->count = life->count < LIFE_MOST_VISITS ? life->count : LIFE_MOST_VISITS - 1;
    add(life, end, 1);
}

static void draw_keystone(struct life *life, enum stage end)
{
    life->is_keystone = true;
    add(life, STAGE_STARTING, roll(3));
    add(life, end, 1);
}

static void write_visits(struct life *life)
{
    static const struct fake_visit starting = STARTING_UP;
    static const struct fake_visit refusing = REFUSING("28P01", "password authentication failed for user \"u\"");
    static const struct fake_visit gone = { .manner = FAKE_CLOSE_AFTER_STARTUP };
    for (size_t i = 0; i < life->count; i++) {
        switch (life->stages[i]) {
        case STAGE_STARTING:
            life->visits[i] = starting;
            break;
        case STAGE_GONE:
            life->visits[i] = gone;
            break;
        case STAGE_PRIMARY:
            life->visits[i] = visit_primary;
            break;
        case STAGE_STANDBY:
            life->visits[i] = visit_standby;
            break;
        case STAGE_REFUSING:
            life->visits[i] = refusing;
            break;
        }
    }
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

struct tally {
    int good; /* in the end */
    int primaries;
    int standbys;
    int refusing;
    int ever_good;     /* of those that are no keystones: at one time or another */
    int ever_standbys; /* likewise */
};

static bool was_ever(const struct life *life, enum stage stage)
{
    bool was = false;
    for (size_t i = 0; i < life->count; i++)
        was |= life->stages[i] == stage;
    return was;
}

static struct tally count(const struct scenario *scenario)
{
    struct tally tally = { .good = 0 };
    for (size_t i = 0; i < LIVES; i++) {
        const struct life *life = &scenario->lives[i];
        tally.good += is_good(life_end(life));
        tally.primaries += life_end(life) == STAGE_PRIMARY;
        tally.standbys += life_end(life) == STAGE_STANDBY;
        tally.refusing += life_end(life) == STAGE_REFUSING;
        if (life->is_keystone)
            continue;
        tally.ever_good += was_ever(life, STAGE_PRIMARY) || was_ever(life, STAGE_STANDBY);
        tally.ever_standbys += was_ever(life, STAGE_STANDBY);
    }
    return tally;
}

static enum outcome_expected judge(const struct tally *tally, int least, bool is_met)
{
    if (LIVES - tally->refusing < least)
        return EXPECT_REFUSED;
    return is_met ? EXPECT_READY : EXPECT_NOT_READY;
}

/* A number that cannot be had before a keystone is there. */
static int beyond(int ever)
{
    return ever + 1 + (int) roll(KEYSTONES / 2);
}

/* False: more than there are, which is refused before anybody is asked. */
static bool draw_need(struct scenario *scenario, const struct tally *tally)
{
    int any = beyond(tally->ever_good);
    int standbys = beyond(tally->ever_standbys);
    int primaries = tally->primaries + (roll(3) == 0);
    int least = LIVES;
    bool is_met = tally->good == LIVES;
    switch (roll(4)) {
    case 0:
        snprintf(scenario->need, sizeof scenario->need, "all");
        break;
    case 1:
        snprintf(scenario->need, sizeof scenario->need, "any=%d", any);
        least = any;
        is_met = tally->good >= any;
        break;
    case 2:
        snprintf(scenario->need, sizeof scenario->need, "primary=%d,standby>=%d", primaries, standbys);
        least = primaries + standbys;
        is_met = tally->primaries == primaries && tally->standbys >= standbys;
        break;
    default:
        snprintf(scenario->need, sizeof scenario->need, "standby>=%d", standbys);
        least = standbys;
        is_met = tally->standbys >= standbys;
        break;
    }
    scenario->expected = judge(tally, least, is_met);
    return least <= LIVES;
}

void scenario_draw(struct scenario *scenario, unsigned seed)
{
    dice = seed * 2654435761U + 1;
    memset(scenario, 0, sizeof *scenario);
    enum mood mood = roll(MOODS);
    for (size_t i = 0; i < LIVES; i++) {
        if (i < KEYSTONES)
            draw_keystone(&scenario->lives[i], STAGE_STANDBY);
        else
            draw_life(&scenario->lives[i], mood);
        write_visits(&scenario->lives[i]);
    }
    struct tally tally = count(scenario);
    while (!draw_need(scenario, &tally))
        ;
}
