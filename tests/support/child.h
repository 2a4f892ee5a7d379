/*
 * Child processes, as the harness starts them: with a clean signal mask, with no more descriptors than they should have, as
 * another user where asked, and never outliving the test. Call it from the first thread only: the kernel ends the child when
 * the thread ends that made it.
 */
#ifndef PGUSHER_SUPPORT_CHILD_H
#define PGUSHER_SUPPORT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child_spec {
    const char *program;            /* a path */
    const char *const *arguments;   /* argv[0] and on, NULL-terminated */
    const char *const *environment; /* "NAME=value", NULL-terminated; NULL: PATH and LC_ALL=C only */
    const char *folder;             /* to work in; NULL: the workspace */
    bool unprivileged;              /* as workspace_user() */
    int input, output, errors;      /* descriptors; CHILD_NULL: /dev/null; CHILD_CLOSED: none at all */
    int death_signal;               /* sent to it when this process ends; 0: SIGKILL */
    bool keeps_workspace;           /* the workspace stays as long as it and its children do */
};
enum { CHILD_NULL = -1, CHILD_CLOSED = -2 };

pid_t child_start(const struct child_spec *spec);

/* Blocks until it ended; fails the test when that takes too long. The answer is waitpid()'s status. */
int child_wait(pid_t pid, const char *what);

/* Runs it to its end and returns what it wrote; fails the test with that text unless it exits with 0. */
const char *child_output(const struct child_spec *spec);

/* A descriptor that becomes readable when the process ends. */
int child_watch(pid_t pid);

#endif
