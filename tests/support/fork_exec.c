/*
 * A pipe whose other end the child closes by its execve() is all that is needed.
 */
#include "support/fork_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "support/must.h"

pid_t fork_exec(void (*become)(const void *argument), const void *argument)
{
    int ends[2];
    char byte;
    must(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    must(pid >= 0, "cannot fork: %s", strerror(errno));
    if (pid == 0) {
        become(argument);
        _exit(127);
    }
    close(ends[1]);
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
        ;
    close(ends[0]);
    return pid;
}
