/*
 * fork and exec with everything in between that a test wants settled. Between the two nothing allocates, because other threads
 * may hold the heap's lock.
 */
#include "support/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fork_exec.h"
#include "support/must.h"
#include "support/workspace.h"

struct plan {
    const struct child_spec *spec;
    const char *folder;
    const struct workspace_user *user;
    int program_fd; /* for a program whose folder the other user may not enter */
    int lifeline;
    pid_t parent;
};

static const char *const plain_environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };

static void give_up(const char *what)
{
    int error = errno;
    const char *word = strerrordesc_np(error);
    dprintf(2, "cannot %s: %s\n", what, word != NULL ? word : "?");
    _exit(127);
}

static void settle_signals(const struct plan *plan)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
    int wanted = plan->spec->death_signal;
    prctl(PR_SET_PDEATHSIG, wanted != 0 ? wanted : SIGKILL);
    if (getppid() != plan->parent)
        _exit(127);
}

static void become(const struct workspace_user *user)
{
    if (user->other && (setgroups(1, &user->gid) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0))
        give_up("become the other user");
}

/* Two steps, since a source may itself be one of 0 to 2. */
static void settle_descriptors(const struct plan *plan)
{
    int from[3] = { plan->spec->input, plan->spec->output, plan->spec->errors };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        from[i] = from[i] == CHILD_CLOSED ? -1 : fcntl(from[i] == CHILD_NULL ? null : from[i], F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < 3; i++)
        if (from[i] < 0)
            close(i);
        else if (dup2(from[i], i) < 0)
            give_up("set up a descriptor");
    syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */); /* an old kernel cannot; then more is inherited */
    if (plan->spec->keeps_workspace)
        fcntl(plan->lifeline, F_SETFD, 0);
}

static void become_child(const void *argument)
{
    const struct plan *plan = argument;
    const struct child_spec *spec = plan->spec;
    const char *const *environment = spec->environment != NULL ? spec->environment : plain_environment;
    char **arguments_out = NULL;
    char **environment_out = NULL;
    memcpy(&arguments_out, &spec->arguments, sizeof arguments_out); /* execve takes no const and changes nothing */
    memcpy(&environment_out, &environment, sizeof environment_out);
    if (chdir(plan->folder) != 0)
        give_up("enter the folder");
    if (spec->unprivileged)
        become(plan->user);
    settle_signals(plan); /* after the change of user, which forgets the death signal */
    settle_descriptors(plan);
    execve(spec->program, arguments_out, environment_out);
    if (errno == EACCES)
        fexecve(plan->program_fd, arguments_out, environment_out);
    give_up(spec->program);
}

pid_t child_start(const struct child_spec *spec)
{
    struct plan plan = {
        .spec = spec,
        .folder = spec->folder != NULL ? spec->folder : workspace_folder(),
        .user = workspace_user(),
        .program_fd = open(spec->program, O_PATH | O_CLOEXEC),
        .lifeline = workspace_lifeline(),
        .parent = getpid(),
    };
    must(plan.program_fd >= 0, "no program %s: %s", spec->program, strerror(errno));
    pid_t pid = fork_exec(become_child, &plan);
    close(plan.program_fd);
    return pid;
}

struct vigil {
    pid_t pid;
    int fd; /* its close is the news */
};

static void *keep_vigil(void *argument)
{
    struct vigil *vigil = argument;
    siginfo_t ended;
    while (waitid(P_PID, (id_t) vigil->pid, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    close(vigil->fd);
    free(vigil);
    return NULL;
}

/* For kernels, and for valgrind, that have no pidfd: a thread waits and closes a pipe. */
static int watch_by_thread(pid_t pid)
{
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: %s", strerror(errno));
    struct vigil *vigil = must_alloc(sizeof *vigil);
    *vigil = (struct vigil){ .pid = pid, .fd = ends[1] };
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    must(pthread_create(&thread, NULL, keep_vigil, vigil) == 0, "cannot start a thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_detach(thread);
    return ends[0];
}

int child_watch(pid_t pid)
{
    int fd = (int) syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0 && errno == ENOSYS)
        return watch_by_thread(pid);
    must(fd >= 0, "cannot watch process %d: %s", (int) pid, strerror(errno));
    return fd;
}

int child_wait(pid_t pid, const char *what)
{
    struct pollfd watch = { .fd = child_watch(pid), .events = POLLIN };
    int64_t begun = patience_begin();
    while (poll(&watch, 1, patience_left_ms(begun)) < 0 && errno == EINTR)
        ;
    close(watch.fd);
    if (watch.revents == 0)
        kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        must(errno == EINTR, "cannot wait for %s: %s", what, strerror(errno));
    must(watch.revents != 0, "%s did not end", what);
    return status;
}

const char *child_output(const struct child_spec *spec)
{
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: %s", strerror(errno));
    struct child_spec piped = *spec;
    piped.output = ends[1];
    piped.errors = ends[1];
    pid_t pid = child_start(&piped);
    close(ends[1]);
    struct bytes text = { 0 };
    bytes_add(&text, "", 0);
    bytes_add_fd(&text, ends[0]);
    close(ends[0]);
    int status = child_wait(pid, spec->program);
    const char *output = must_keep(text.at, text.size);
    bytes_finish(&text);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed: %s", spec->program, output);
    return output;
}
