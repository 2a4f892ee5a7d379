/*
 * Where a chain of migrations is disturbed: a cluster, a database that is put back before each trial, a proxy in front of it, and
 * what the database looks like after an undisturbed run.
 *
 * A story is a chain: from which database it starts, the folder of its disturbed run, the folder of the runs after that (a file that
 * failed is mended in it), and which part of its conversation is struck.
 */
#ifndef PGUSHER_TESTS_TORTURE_STAGE_H
#define PGUSHER_TESTS_TORTURE_STAGE_H

#include "support/run_program.h"
#include "support/wire_proxy.h"

enum story_name { STORY_FAILS, STORY_CHAIN, STORY_SCRAM, STORIES };

struct story {
    const char *name;
    const char *role;
    const char *folder;
    const char *mended;
    int exit_code; /* of the run in `folder` */
    bool only_login;
    bool begins_halfway; /* it starts from what the first story's failing run leaves; else from an empty database */
    const char *from;    /* only what comes from this text on is struck; NULL: everything */

    /* what undisturbed runs have shown */
    const char *image; /* SQL that puts the database back */
    const char *digest;
    const char *text; /* what the digest is made of */
    const char *dump;
    struct wire_measure measure;
    struct wire_extent client_begin, server_begin; /* before them nothing is struck */
    struct wire_extent client_end, server_end;
    int64_t duration_us; /* of the fastest so far */
};

struct stage;

/* Makes everything, and plays each story undisturbed. */
struct stage *stage_new(void);
void stage_free(struct stage *stage);

const struct story *stage_story(const struct stage *stage, enum story_name name);

/* An undisturbed run of that story took so long: on a machine that was busy before, the last ones are the fastest. */
void stage_note_duration(struct stage *stage, enum story_name name, int64_t duration_us);

struct wire_proxy *stage_proxy(const struct stage *stage);

/* The story's database as it was before its first run. */
void stage_put_back(struct stage *stage, const struct story *story);

/* Returns when no session but the harness's own is in the database: then nothing of a run is left. */
void stage_wait_until_left(struct stage *stage);

/* What there is now, as struct story has it of an undisturbed one. */
const char *stage_digest(struct stage *stage, const char **text);
const char *stage_dump(struct stage *stage);

/* What the digest would be after this SQL, which is rolled back. */
const char *stage_digest_after(struct stage *stage, const char *sql);

/* `pgusher up` on one of the story's folders, through the proxy or straight; words are further arguments. */
struct run *stage_run(const struct stage *stage, const struct story *story, const char *folder, bool through_proxy,
                      const char *const *words);

#endif
