/*
 * Lists of points. It knows how far each story goes, and nothing of what happens at a point.
 */
#include "points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"

enum { KILLS_ANY_TIME = 1000, LATEST_PERMILLE = 1100 };

void ranges_measure(struct ranges *ranges, const struct stage *stage)
{
    for (enum story_name name = 0; name < STORIES; name++) {
        const struct story *story = stage_story(stage, name);
        ranges->of[name][0].bytes = (struct range){ story->server_begin.bytes, story->server_end.bytes };
        ranges->of[name][1].bytes = (struct range){ story->client_begin.bytes, story->client_end.bytes };
        ranges->of[name][0].messages = (struct range){ story->server_begin.messages, story->server_end.messages };
        ranges->of[name][1].messages = (struct range){ story->client_begin.messages, story->client_end.messages };
    }
}

/* --- chance --- */

/* splitmix64: small, and the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static void shuffle(struct points *points, uint64_t *state)
{
    for (size_t i = points->count; i > 1; i--) {
        size_t j = draw(state) % i;
        struct point other = points->list[j];
        points->list[j] = points->list[i - 1];
        points->list[i - 1] = other;
    }
}

/* --- lists --- */

static void add(struct points *points, const struct point *point)
{
    enum { STEP = 4096 };
    if (points->count % STEP == 0) {
        points->list = realloc(points->list, (points->count + STEP) * sizeof *points->list);
        must(points->list != NULL, "the harness is out of memory");
    }
    points->list[points->count++] = *point;
}

/* A byte's neighbours are of the other sort: so both sorts stand at every place of every message that is longer than a byte. */
static void add_range(struct points *points, struct point point, struct range range)
{
    for (size_t at = range.begin; at < range.end; at++) {
        point.at = at;
        point.goes_on = (at + (point.kind == KIND_RESET)) % 2 == 0;
        add(points, &point);
    }
}

/* A runner that is killed has sent ahead: what is on its way then arrives, or is lost with it. */
static void add_kills(struct points *points, struct point point, struct range range)
{
    const int sorts = point.at_client ? 2 : 1;
    for (point.at = range.begin; point.at < range.end; point.at++)
        for (int sort = 0; sort < sorts; sort++) {
            point.goes_on = sort == 0;
            add(points, &point);
        }
}

static void add_kind(struct points *points, const struct ranges *ranges, enum fault_kind kind)
{
    bool is_cut = kind == KIND_CLOSE || kind == KIND_RESET;
    for (enum story_name story = 0; story < STORIES; story++)
        for (int side = 0; side < 2; side++) {
            struct point point = { .kind = kind, .story = story, .at_client = side == 1 };
            if (kind == KIND_KILL)
                add_kills(points, point, ranges->of[story][side].messages);
            else
                add_range(points, point, is_cut ? ranges->of[story][side].bytes : ranges->of[story][side].messages);
        }
}

static void add_any_time(struct points *points, uint64_t *state)
{
    for (int i = 0; i < KILLS_ANY_TIME; i++)
        add(points, &(struct point){ .kind = KIND_KILL_ANY_TIME,
                                     .story = i % 2 == 0 ? STORY_CHAIN : STORY_FAILS,
                                     .at = draw(state) % LATEST_PERMILLE });
}

static void thin_out(struct points *points, const size_t of_each[KINDS])
{
    size_t kept[KINDS] = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < points->count; i++)
        if (kept[points->list[i].kind]++ < of_each[points->list[i].kind])
            points->list[count++] = points->list[i];
    points->count = count;
}

struct points points_make(const struct ranges *ranges, uint64_t seed, const size_t of_each[KINDS])
{
    struct points points = { 0 };
    for (enum fault_kind kind = 0; kind < KIND_KILL_ANY_TIME; kind++)
        add_kind(&points, ranges, kind);
    add_any_time(&points, &seed);
    shuffle(&points, &seed);
    if (of_each != NULL)
        thin_out(&points, of_each);
    return points;
}

void points_shard(struct points *points, size_t part, size_t parts)
{
    size_t count = 0;
    for (size_t i = part - 1; i < points->count; i += parts)
        points->list[count++] = points->list[i];
    points->count = count;
}

void points_only(struct points *points, enum fault_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < points->count; i++)
        if (points->list[i].kind == kind)
            points->list[count++] = points->list[i];
    points->count = count;
}

/* --- names --- */

static const char *const kind_names[KINDS] = { "close", "reset", "silence", "delay", "kill", "kill-any-time" };
static const char *const story_names[STORIES] = { "fails", "chain", "scram" };

static bool find(size_t *index, const char *name, const char *const *names, size_t count)
{
    for (*index = 0; *index < count; ++*index)
        if (strcmp(name, names[*index]) == 0)
            return true;
    return false;
}

const char *kind_text(enum fault_kind kind)
{
    return kind_names[kind];
}

const char *story_text(enum story_name story)
{
    return story_names[story];
}

const char *point_name(const struct point *point)
{
    return must_format("%s/%s/%s/%zu/%s", kind_names[point->kind], story_names[point->story],
                       point->at_client ? "client" : "server", point->at, point->goes_on ? "goes-on" : "ends");
}

bool kind_parse(enum fault_kind *kind, const char *name)
{
    size_t index;
    bool known = find(&index, name, kind_names, KINDS);
    *kind = (enum fault_kind) index;
    return known;
}

bool point_parse(struct point *point, const char *name)
{
    char kind[16];
    char story[16];
    char side[16];
    char sort[16];
    size_t story_index;
    *point = (struct point){ 0 };
    if (sscanf(name, "%15[^/]/%15[^/]/%15[^/]/%zu/%15s", kind, story, side, &point->at, sort) != 5 ||
        !kind_parse(&point->kind, kind) || !find(&story_index, story, story_names, STORIES))
        return false;
    point->story = (enum story_name) story_index;
    point->at_client = strcmp(side, "client") == 0;
    point->goes_on = strcmp(sort, "goes-on") == 0;
    return true;
}
