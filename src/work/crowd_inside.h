/*
 * A crowd from the inside: crowd.c keeps the windows and decides, member.c is one target, seat.c turns a name into as many members as it
 * has addresses, crowd_tell.c tells, and crowd_report.c writes down how everybody stood.
 */
#ifndef PGUSHER_WORK_CROWD_INSIDE_H
#define PGUSHER_WORK_CROWD_INSIDE_H

#include "stand.h"
#include "work/crowd.h"

struct seat;

/*
 * One target. Its last answer is kept in a few words of its own, so that counting all of them is quick.
 *
 *     wait is NULL only while it is being made, and after member_free()
 *     is_lost and is_ready are never both true
 */
struct member {
    struct crowd *crowd;
    struct target_spec spec;
    const char *label;
    int64_t place;           /* counts from 1, in the order in which they came */
    const struct seat *seat; /* its name's; NULL: it was named itself */
    struct wait *wait;
    bool is_ready;
    bool is_lost;
    struct fault *fault; /* why it is lost */
    bool in_recovery;    /* when it is ready, and was asked */
    bool was_asked;
    enum seen seen; /* SEEN_NOTHING: not one answer yet */
    bool has_rung;
    enum rung rung;
    int64_t answered_us;
    int64_t ready_us; /* since when it is ready */
};

/* A host name of which each address is a target. */
struct seat {
    struct seat *next;
    struct crowd *crowd;
    struct target_spec spec; /* of one host */
    const char *name;
    struct lookup *lookup; /* running */
    struct timer *timer;   /* until the next one, after one that found nothing */
    int64_t rest_ms;
    int64_t lookup_us;          /* when the running one began */
    int64_t looked_up_us;       /* how long the last good one took */
    struct member *placeholder; /* speaks for the name as long as it has no address */
};

struct crowd {
    struct run *run;
    struct shelf *shelf;
    void (*on_over)(void *owner);
    void *owner;
    struct wait_goal goal;
    struct standing standing;
    struct budget budget;
    struct arena arena; /* texts of members and of the report */
    struct member **members;
    size_t member_count;
    size_t member_room;
    int64_t places;     /* that were given away */
    struct seat *seats; /* NULL: each target was named itself */
    struct timer *window;
    struct timer *deadline;
    struct timer *verdict; /* rings at once: many answers of one turn of the loop are judged together */
    struct timer *ending;  /* likewise: on_over is never called from under a member's callback */
    int64_t attempt;       /* counts from 1 */
    int64_t began_us;
    int64_t confirm_us; /* since when all looks well and is being confirmed; 0: it does not */
    bool over;
    struct readiness readiness;
    bool has_readiness;
};

/* crowd.c */
void crowd_reconsider(struct crowd *crowd); /* something changed */
void crowd_end(struct crowd *crowd, const struct fault *fault);
void crowd_count(const struct crowd *crowd, struct need_counts *counts);
bool crowd_add(struct crowd *crowd, const struct target_spec *spec, const struct seat *seat, struct member **added,
               struct fault *fault);
void crowd_drop(struct crowd *crowd, struct member *member);

/* member.c */
struct member *member_new(struct crowd *crowd, const struct target_spec *spec, const struct seat *seat, struct fault *fault);
void member_free(struct member *member);
void member_on_answer(void *owner);
void member_on_lost(void *owner, const struct fault *fault);
bool member_is_migrated(void *owner, struct reading *reading, struct fault *fault);

/* seat.c */
bool seat_start(struct crowd *crowd, const struct target_spec *spec, const char *name, struct fault *fault);
void seat_look_up(struct seat *seat); /* unless it does already */
void seat_stop(struct seat *seat);    /* it looks up nothing any more */
void seat_free(struct seat *seat);

/* crowd_tell.c: events, and faults */
void crowd_tell_started(const struct crowd *crowd);
void crowd_tell_change(const struct member *member, const struct stand_view *view, bool of_rung);
void crowd_tell_lost(const struct member *member);
void crowd_tell_left(const struct member *member);
void crowd_tell_window(const struct crowd *crowd);
void crowd_tell_ready(const struct crowd *crowd);
void crowd_tell_missing(const struct crowd *crowd);
void crowd_tell_not_ready(const struct crowd *crowd, const char *bound, struct fault *fault);
void crowd_tell_impossible(const struct crowd *crowd, struct fault *fault);
const char *stand_role(const struct stand_view *view);

/* crowd_report.c: false without memory */
bool crowd_report(struct crowd *crowd);

#endif
