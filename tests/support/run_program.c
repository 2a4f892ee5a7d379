/*
 * One program at a time or several: two pipes and a pidfd each, read by poll() while somebody waits. It knows text and exit
 * statuses, not what pgusher means by them.
 */
#include "support/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "support/child.h"
#include "support/must.h"
#include "support/workspace.h"

enum { OUTPUT, ERRORS, END, WATCHED };

enum { PIPE_BYTES = 1 << 20, MOST_VARIABLES = 64, MOST_ARGUMENTS = 64 };

struct run {
    struct run *next;
    const char *program;
    pid_t pid;
    struct pollfd watched[WATCHED]; /* the fd of what has ended is -1 */
    struct bytes text[2];           /* OUTPUT and ERRORS */
    int64_t begun_us;
};

static struct run *all_runs;

const char *run_pgusher(void)
{
    const char *wanted = getenv("PGUSHER_PROGRAM");
    return wanted != NULL ? wanted : PGUSHER_PROGRAM;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- starting --- */

static void fill_environment(const char **environment, const struct run_spec *spec)
{
    static const char *const passed_on[] = { "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", NULL };
    const char *asan_options = getenv("ASAN_OPTIONS");
    size_t count = 0;
    environment[count++] = "PATH=/usr/local/bin:/usr/bin:/bin";
    environment[count++] = must_format("HOME=%s", workspace_folder());
    environment[count++] = must_format("ASAN_OPTIONS=%s:verify_asan_link_order=0", asan_options != NULL ? asan_options : "");
    for (size_t i = 0; passed_on[i] != NULL; i++)
        if (getenv(passed_on[i]) != NULL)
            environment[count++] = must_format("%s=%s", passed_on[i], getenv(passed_on[i]));
    if (spec->hosts != NULL) {
        environment[count++] = "LD_PRELOAD=" PGUSHER_FAKE_RESOLVER;
        environment[count++] = must_format("FAKE_RESOLVER_HOSTS=%s", spec->hosts);
    }
    for (const char *const *more = spec->environment; more != NULL && *more != NULL; more++) {
        must(count < MOST_VARIABLES, "too many variables for one program");
        environment[count++] = *more;
    }
    environment[count] = NULL;
}

static void fill_arguments(const char **arguments, const char *program, const char *const *more)
{
    size_t count = 0;
    arguments[count++] = program;
    for (; more != NULL && *more != NULL; more++) {
        must(count < MOST_ARGUMENTS, "too many arguments for one program");
        arguments[count++] = *more;
    }
    arguments[count] = NULL;
}

static void make_pipe(int *read_end, int *write_end)
{
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: %s", strerror(errno));
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* so that it seldom waits while nobody reads; less will do */
    *read_end = ends[0];
    *write_end = ends[1];
}

static void make_terminal(int *read_end, int *write_end)
{
    struct termios raw = { 0 };
    struct winsize size = { .ws_row = 30, .ws_col = 100 };
    cfmakeraw(&raw);
    must(openpty(read_end, write_end, NULL, &raw, &size) == 0, "cannot make a terminal: %s", strerror(errno));
    fcntl(*read_end, F_SETFD, FD_CLOEXEC);
    fcntl(*write_end, F_SETFD, FD_CLOEXEC);
}

static int make_input(const char *text)
{
    if (text == NULL)
        return CHILD_NULL;
    int read_end = -1;
    int write_end = -1;
    make_pipe(&read_end, &write_end);
    fcntl(write_end, F_SETFL, O_NONBLOCK);
    ssize_t written = write(write_end, text, strlen(text));
    must(written == (ssize_t) strlen(text), "the input of a program is too long for a pipe");
    close(write_end);
    return read_end;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void start(struct run *run, const struct run_spec *spec)
{
    const char *environment[MOST_VARIABLES + 1];
    const char *arguments[MOST_ARGUMENTS + 1];
    fill_environment(environment, spec);
    fill_arguments(arguments, run->program, spec->arguments);
    struct child_spec child = { .program = run->program,
                                .arguments = arguments,
                                .environment = environment,
                                .folder = spec->folder != NULL ? spec->folder : workspace_new_folder("empty"),
                                .unprivileged = spec->unprivileged,
                                .input = make_input(spec->input),
                                .output = CHILD_CLOSED };
    if (spec->terminal)
        make_terminal(&run->watched[OUTPUT].fd, &child.output);
    else if (!spec->output_closed)
        make_pipe(&run->watched[OUTPUT].fd, &child.output);
    make_pipe(&run->watched[ERRORS].fd, &child.errors);
    run->begun_us = now_us();
    run->pid = child_start(&child);
    close_fd(&child.input);
    close_fd(&child.output);
    close_fd(&child.errors);
}

struct run *run_begin(const struct run_spec *spec)
{
    struct run *run = must_alloc(sizeof *run);
    run->program = spec->program != NULL ? spec->program : run_pgusher();
    for (int i = 0; i < WATCHED; i++)
        run->watched[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
    bytes_add(&run->text[OUTPUT], "", 0);
    bytes_add(&run->text[ERRORS], "", 0);
    start(run, spec);
    run->watched[END].fd = child_watch(run->pid);
    run->next = all_runs;
    all_runs = run;
    return run;
}

/* --- watching --- */

static void read_some(struct run *run, int which)
{
    char chunk[65536];
    ssize_t got = read(run->watched[which].fd, chunk, sizeof chunk);
    if (got > 0)
        bytes_add(&run->text[which], chunk, (size_t) got);
    else if (got == 0 || errno == EIO) /* EIO: the other side of a terminal was closed */
        close_fd(&run->watched[which].fd);
}

static void forget(struct run *run)
{
    struct run **link = &all_runs;
    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    for (int i = 0; i < WATCHED; i++)
        close_fd(&run->watched[i].fd);
    bytes_finish(&run->text[OUTPUT]);
    bytes_finish(&run->text[ERRORS]);
    free(run);
}

static void kill_run(struct run *run)
{
    kill(run->pid, SIGKILL);
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    forget(run);
}

void run_end_all(void)
{
    while (all_runs != NULL)
        kill_run(all_runs);
}

static void fail_run(struct run *run, const char *why) __attribute__((noreturn));

static void fail_run(struct run *run, const char *why)
{
    const char *message = must_format("%s %s\n--- stdout ---\n%s\n--- stderr ---\n%s", run->program, why,
                                      run->text[OUTPUT].at, run->text[ERRORS].at);
    kill_run(run);
    must_fail(__FILE__, __LINE__, "%s", message);
}

static bool is_over(const struct run *run)
{
    return run->watched[OUTPUT].fd < 0 && run->watched[ERRORS].fd < 0 && run->watched[END].fd < 0;
}

static void watch_once(struct run *run, int64_t begun)
{
    int ready = poll(run->watched, WATCHED, patience_left_ms(begun));
    if (ready == 0)
        fail_run(run, "is not done");
    if (ready < 0)
        return;
    for (int which = OUTPUT; which <= ERRORS; which++)
        if (run->watched[which].fd >= 0 && run->watched[which].revents != 0)
            read_some(run, which);
    if (run->watched[END].fd >= 0 && run->watched[END].revents != 0)
        close_fd(&run->watched[END].fd);
}

static bool has_come(const struct run *run, int which, const char *text, int times)
{
    const char *from = run->text[which].at;
    const char *end = from + run->text[which].size;
    for (int i = 0; i < times; i++) {
        const char *found = memmem(from, (size_t) (end - from), text, strlen(text));
        if (found == NULL)
            return false;
        from = found + strlen(text);
    }
    return true;
}

static void wait_for(struct run *run, int which, const char *text, int times)
{
    int64_t begun = patience_begin();
    while (!has_come(run, which, text, times) && !is_over(run))
        watch_once(run, begun);
    if (!has_come(run, which, text, times))
        fail_run(run, must_format("ended without \"%s\"", text));
}

void run_wait_for(struct run *run, const char *text)
{
    wait_for(run, OUTPUT, text, 1);
}

void run_wait_for_times(struct run *run, int times, const char *text)
{
    wait_for(run, OUTPUT, text, times);
}

void run_wait_for_error(struct run *run, const char *text)
{
    wait_for(run, ERRORS, text, 1);
}

void run_signal(struct run *run, int signal_number)
{
    must(kill(run->pid, signal_number) == 0, "cannot signal %s: %s", run->program, strerror(errno));
}

pid_t run_pid(const struct run *run)
{
    return run->pid;
}

const char *run_output(const struct run *run)
{
    return must_keep(run->text[OUTPUT].at, run->text[OUTPUT].size);
}

struct run_result run_end(struct run *run)
{
    int64_t begun = patience_begin();
    while (!is_over(run))
        watch_once(run, begun);
    int64_t duration_us = now_us() - run->begun_us;
    int status = 0;
    struct rusage usage = { 0 };
    while (wait4(run->pid, &status, 0, &usage) < 0)
        must(errno == EINTR, "cannot wait for %s: %s", run->program, strerror(errno));
    struct run_result result = {
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .output = must_keep(run->text[OUTPUT].at, run->text[OUTPUT].size),
        .output_size = run->text[OUTPUT].size,
        .errors = must_keep(run->text[ERRORS].at, run->text[ERRORS].size),
        .duration_us = duration_us,
        .most_memory_kb = usage.ru_maxrss,
    };
    forget(run);
    return result;
}

struct run_result run_program(const struct run_spec *spec)
{
    return run_end(run_begin(spec));
}
