/*
 * One folder for everything a test executable writes, and a shell at its side that removes it. The shell waits for the end of
 * a pipe whose other end only this process and its servers hold: the kernel closes it however they die.
 */
#include "support/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fork_exec.h"
#include "support/must.h"

enum { LONGEST_PATH = 60 }; /* a socket's may have 107 bytes */

static const char *own_folder;
static int lifeline = -1;
static pid_t sweeper;
static pid_t owner;

struct sweeping {
    int stdin_fd;
    const char *folder;
};

static void exec_sweeper(const void *argument)
{
    const struct sweeping *sweeping = argument;
    setsid();
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(sweeping->stdin_fd, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", "cat; chmod -R u+rwX \"$0\"; rm -rf \"$0\"", sweeping->folder, (char *) NULL);
}

static void start_sweeper(const char *folder)
{
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: %s", strerror(errno));
    sweeper = fork_exec(exec_sweeper, &(struct sweeping){ ends[0], folder });
    close(ends[0]);
    lifeline = ends[1];
}

static void wait_for_sweeper(void)
{
    if (getpid() != owner)
        return;
    close(lifeline);
    while (waitpid(sweeper, NULL, 0) < 0 && errno == EINTR)
        ;
}

const char *workspace_folder(void)
{
    if (own_folder != NULL)
        return own_folder;
    const char *above = getenv("PGUSHER_TEST_FOLDER");
    char path[LONGEST_PATH + 1];
    int length = snprintf(path, sizeof path, "%s/pgusher-test-XXXXXX", above != NULL ? above : "/tmp");
    must(length <= LONGEST_PATH, "%s is too long: the paths of sockets below it would not fit", above);
    must(mkdtemp(path) != NULL, "cannot make %s: %s", path, strerror(errno));
    must(chmod(path, 0755) == 0, "cannot open up %s: %s", path, strerror(errno));
    start_sweeper(path);
    owner = getpid();
    atexit(wait_for_sweeper);
    own_folder = must_keep(path, strlen(path));
    return own_folder;
}

const char *workspace_new_folder(const char *hint)
{
    static int count;
    const char *path = must_format("%s/%s-%d", workspace_folder(), hint, ++count);
    must(mkdir(path, 0755) == 0 && chmod(path, 0755) == 0, "cannot make %s: %s", path, strerror(errno));
    return path;
}

const char *workspace_shared_folder(void)
{
    const char *tmpdir = getenv("TMPDIR");
    const char *path = must_format("%s/pgusher-tests-%d", tmpdir != NULL ? tmpdir : "/tmp", (int) getuid());
    must(mkdir(path, 0755) == 0 || errno == EEXIST, "cannot make %s: %s", path, strerror(errno));
    struct stat found;
    must(lstat(path, &found) == 0, "cannot look at %s: %s", path, strerror(errno));
    must(S_ISDIR(found.st_mode) && found.st_uid == getuid(), "%s is not a folder of our own", path);
    must(chmod(path, 0755) == 0, "cannot open up %s: %s", path, strerror(errno));
    return path;
}

int workspace_lifeline(void)
{
    workspace_folder();
    return lifeline;
}

const struct workspace_user *workspace_user(void)
{
    static struct workspace_user user;
    static bool known;
    if (known)
        return &user;
    user = (struct workspace_user){ .uid = getuid(), .gid = getgid() };
    if (user.uid == 0) {
        const struct passwd *entry = getpwnam("postgres");
        must(entry != NULL, "tests that run as root need the user `postgres` for PostgreSQL's programs");
        user = (struct workspace_user){ .other = true, .uid = entry->pw_uid, .gid = entry->pw_gid };
    }
    known = true;
    return &user;
}

void workspace_give(const char *path)
{
    const struct workspace_user *user = workspace_user();
    if (user->other)
        must(lchown(path, user->uid, user->gid) == 0, "cannot give %s away: %s", path, strerror(errno));
}
