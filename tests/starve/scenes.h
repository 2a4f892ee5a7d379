/*
 * Whole runs against a scripted fake server, one for each road that a run can take: what the folder holds, what the servers
 * answer, and how it ends when nothing fails.
 */
#ifndef PGUSHER_TESTS_STARVE_SCENES_H
#define PGUSHER_TESTS_STARVE_SCENES_H

#include <stddef.h>

#include "support/fake_server.h"
#include "support/folder.h"

struct scene {
    const char *name;
    const char *const *words;        /* the command and its options, without where the server is; NULL-terminated */
    const struct folder_file *files; /* ends with { 0 } */
    const struct fake_visit *first;  /* what the first server's visitors meet, the last of them again and again */
    size_t first_count;
    const struct fake_visit *second; /* a second host in the list; NULL: there is none */
    size_t second_count;
    int exit_code;
    unsigned commits; /* how many COMMITs the servers must have heard before it ends with 0 */
    int speed;        /* see whole_speed */
};

extern const struct scene scenes[];
extern const size_t scene_count;

#endif
