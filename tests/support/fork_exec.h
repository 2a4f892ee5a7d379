/*
 * fork() and what follows in the child up to its execve(). Until then a child holds everything that this process has open: a listener
 * that was closed here would still be there.
 */
#ifndef PGUSHER_SUPPORT_FORK_EXEC_H
#define PGUSHER_SUPPORT_FORK_EXEC_H

#include <sys/types.h>

/* become() runs in the child and does not return. In the parent this returns when it has called execve(), or has ended. */
pid_t fork_exec(void (*become)(const void *argument), const void *argument);

#endif
