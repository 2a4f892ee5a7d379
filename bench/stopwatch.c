/*
 * usage: bench_stopwatch FD COMMAND [ARGUMENT ...]
 *
 * Runs a command and writes what it cost on the file descriptor, as one line of JSON. A small program of its own and not the
 * driver, because a child's peak memory begins with that of the process that started it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_RUN = 127 };

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
    if (argc < 3)
        return NOT_RUN;
    int answer_fd = (int) strtol(argv[1], NULL, 10);
    long long begun_us = now_us(CLOCK_MONOTONIC);
    pid_t child = fork();
    if (child == 0) {
        close(answer_fd);
        execvp(argv[2], argv + 2);
        _exit(NOT_RUN);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return NOT_RUN;
    long long wall_us = now_us(CLOCK_MONOTONIC) - begun_us;
    dprintf(
        answer_fd,
        "{\"exit\": %d, \"wall_us\": %lld, \"cpu_us\": %lld, \"user_us\": %lld, \"memory_kb\": %ld, \"ended_us\": %lld}\n",
        exit_code(status), wall_us, duration_us(usage.ru_utime) + duration_us(usage.ru_stime), duration_us(usage.ru_utime),
        usage.ru_maxrss, now_us(CLOCK_REALTIME));
    return 0;
}
