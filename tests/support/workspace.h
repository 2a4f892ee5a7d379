/*
 * The places a test executable works in: a temporary folder of its own, which is removed when the process ends in whatever
 * way (SIGKILL included), and a folder that all test executables of one user share.
 */
#ifndef PGUSHER_SUPPORT_WORKSPACE_H
#define PGUSHER_SUPPORT_WORKSPACE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * This executable's own folder, made at the first call in $PGUSHER_TEST_FOLDER, or else in /tmp (and not in $TMPDIR: what is long
 * leaves no room for the paths of sockets). Everybody may enter it.
 */
const char *workspace_folder(void);

/* A fresh folder in it, mode 0755: "<workspace>/<hint>-3". */
const char *workspace_new_folder(const char *hint);

/* $TMPDIR/pgusher-tests-<uid>: what is worth keeping from one run to the next, and locks. Not removed. */
const char *workspace_shared_folder(void);

/* The descriptor that keeps the workspace alive: it is removed when this process and every heir of the descriptor have ended. */
int workspace_lifeline(void);

/* Who runs PostgreSQL's server programs, and pgusher where a test wants it without privileges: this user, or as root `postgres`. */
struct workspace_user {
    bool other; /* than the user of this process */
    uid_t uid;
    gid_t gid;
};
const struct workspace_user *workspace_user(void);

/* Gives a file or folder to that user. */
void workspace_give(const char *path);

#endif
