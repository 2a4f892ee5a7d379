/*
 * usage: bench_stopwatch COMMAND [ARGUMENT ...]
 *
 * Runs a command and writes what it cost on file descriptor 3, as one line of JSON. A small program of its own and not the
 * driver, because a child's peak memory begins with that of the process that started it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_FD = 3, NOT_RUN = 127 };

static long long now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (long long) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long long duration_us(struct timeval time)
{
    return (long long) time.tv_sec * 1000000 + time.tv_usec;
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    int status;
    struct rusage usage;
    if (argc < 2)
        return NOT_RUN;
    long long begun_us = now_us(CLOCK_MONOTONIC);
    pid_t child = fork();
    if (child == 0) {
        close(ANSWER_FD);
        execvp(argv[1], argv + 1);
        _exit(NOT_RUN);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return NOT_RUN;
    long long wall_us = now_us(CLOCK_MONOTONIC) - begun_us;
    dprintf(
        ANSWER_FD,
        "{\"exit\": %d, \"wall_us\": %lld, \"cpu_us\": %lld, \"user_us\": %lld, \"memory_kb\": %ld, \"ended_us\": %lld}\n",
        exit_code(status), wall_us, duration_us(usage.ru_utime) + duration_us(usage.ru_stime), duration_us(usage.ru_utime),
        usage.ru_maxrss, now_us(CLOCK_REALTIME));
    return 0;
}
