/*
 * Which points there are: every byte, every message, in an order of chance that a seed repeats.
 */
#ifndef PGUSHER_TESTS_TORTURE_POINTS_H
#define PGUSHER_TESTS_TORTURE_POINTS_H

#include "trial.h"

/* From begin up to, and without, end. */
struct range {
    size_t begin, end;
};

/* What is struck of each story, as one stage has measured it. */
struct ranges {
    struct {
        struct range bytes, messages;
    } of[STORIES][2]; /* 0: the server's side, 1: the client's */
};

struct points {
    struct point *list;
    size_t count;
};

void ranges_measure(struct ranges *ranges, const struct stage *stage);

/* All points in the seed's order; free() the list. of_each: no more than so many of each kind; NULL: all. */
struct points points_make(const struct ranges *ranges, uint64_t seed, const size_t of_each[KINDS]);

/* Keeps one part of n, counted from 1; all parts together are the whole. */
void points_shard(struct points *points, size_t part, size_t parts);

/* Keeps one kind. */
void points_only(struct points *points, enum fault_kind kind);

/* "close/chain/client/1234/goes-on", so that a point can be told and asked for again; false when there is none of that name. */
const char *point_name(const struct point *point);
bool point_parse(struct point *point, const char *name);
const char *kind_text(enum fault_kind kind);
const char *story_text(enum story_name story);
bool kind_parse(enum fault_kind *kind, const char *name);

#endif
