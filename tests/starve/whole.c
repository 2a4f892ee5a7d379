/*
 * pgusher's main() as a function, with its two streams in a file without a name. It knows nothing of what a run should do.
 */
#include "whole.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/must.h"
#include "wire/loop.h"

int pgusher_main(int argc, char **argv);

int whole_speed = 1;

/* --- what the linker puts in between ---------------------------------------------------------------------------------- */

void __real_timer_start(struct timer *timer, int64_t delay_ms);
void __wrap_timer_start(struct timer *timer, int64_t delay_ms);
bool __wrap_loop_has_stragglers(const struct loop *loop);

void __wrap_timer_start(struct timer *timer, int64_t delay_ms)
{
    __real_timer_start(timer, delay_ms / whole_speed);
}

bool __wrap_loop_has_stragglers(const struct loop *loop)
{
    (void) loop;
    return false;
}

void __real_loop_free(struct loop *loop);
void __wrap_loop_free(struct loop *loop);

static void hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* One that is too late for the run finds nobody who would hear it. */
static void drop_held_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    while (sigtimedwait(&set, NULL, &(struct timespec){ 0 }) > 0)
        ;
}

void __wrap_loop_free(struct loop *loop)
{
    hold_signals();
    __real_loop_free(loop);
}

void __wrap_loop_end_at_signals(void);

void __wrap_loop_end_at_signals(void)
{
    hold_signals();
}

static pthread_t runner;

void whole_signal(int signal_number)
{
    pthread_kill(runner, signal_number);
}

/* --- last words ------------------------------------------------------------------------------------------------------- */

enum { MOST_OUTPUT_BYTES = 1024 * 1024 };

static int saved[2] = { -1, -1 };
static int output = -1;
static const char *running;
static const char *mapped; /* the output's bytes: there is no reading in a signal handler */

static size_t output_size(void)
{
    struct stat about;
    return fstat(output, &about) == 0 && about.st_size < MOST_OUTPUT_BYTES ? (size_t) about.st_size : 0;
}

static void say(const char *words, size_t size)
{
    while (size > 0) {
        ssize_t written = write(saved[1], words, size);
        if (written <= 0)
            return;
        words += written;
        size -= (size_t) written;
    }
}

static void on_last_signal(int signal_number)
{
    const char *what = signal_number == SIGALRM ? " does not end; it wrote:\n" : " crashed; it wrote:\n";
    say(running, strlen(running));
    say(what, strlen(what));
    say(mapped, output_size());
    signal(SIGABRT, SIG_DFL);
    signal(signal_number, SIG_DFL);
    raise(signal_number == SIGALRM ? SIGABRT : signal_number);
}

static void watch_over(const char *label)
{
    enum { HANGS_AFTER_S = 100 };
    running = label;
    signal(SIGALRM, on_last_signal);
    signal(SIGABRT, on_last_signal);
#if !defined(__SANITIZE_ADDRESS__) /* which says more itself */
    signal(SIGSEGV, on_last_signal);
#endif
    alarm(HANGS_AFTER_S);
}

static void leave_alone(void)
{
    alarm(0);
    signal(SIGALRM, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
#if !defined(__SANITIZE_ADDRESS__)
    signal(SIGSEGV, SIG_DFL);
#endif
}

/* --- the streams ------------------------------------------------------------------------------------------------------ */

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_report_fd(void *fd);
#endif

static void open_output(void)
{
    if (output >= 0)
        return;
    output = memfd_create("output", MFD_CLOEXEC);
    saved[0] = dup(STDOUT_FILENO);
    saved[1] = dup(STDERR_FILENO);
    mapped = mmap(NULL, MOST_OUTPUT_BYTES, PROT_READ, MAP_SHARED, output, 0);
    must(output >= 0 && mapped != MAP_FAILED && saved[0] >= 0 && saved[1] >= 0, "cannot set the streams aside");
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_report_fd((void *) (intptr_t) saved[1]);
#endif
}

static void turn_away(void)
{
    fflush(NULL);
    must(ftruncate(output, 0) == 0 && lseek(output, 0, SEEK_SET) == 0, "cannot empty the output");
    must(dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0, "cannot turn the streams away");
}

static bool is_on;

bool whole_is_on(void)
{
    return is_on;
}

static void turn_back(void)
{
    fflush(NULL);
    must(dup2(saved[0], STDOUT_FILENO) >= 0 && dup2(saved[1], STDERR_FILENO) >= 0, "cannot turn the streams back");
}

struct whole_end whole_run(const char *label, const char *const *words)
{
    static char path[] = "PATH=/usr/bin:/bin";
    static char *environment[] = { path, NULL };
    char **before = environ;
    int count = 0;
    while (words[count] != NULL)
        count++;
    open_output();
    watch_over(label);
    runner = pthread_self();
    hold_signals();
    drop_held_signals();
    turn_away();
    environ = environment;
    is_on = true;
    int code = pgusher_main(count, (char **) (uintptr_t) words);
    is_on = false;
    environ = before;
    turn_back();
    leave_alone();
    static struct bytes text;
    bytes_drop(&text, text.size);
    bytes_add(&text, mapped, output_size());
    return (struct whole_end){ code, text.at };
}
