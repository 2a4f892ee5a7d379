/*
 * inotify for the file, a pidfd for its writer, and one poll() over both. It knows text, not what the text means.
 */
#include "support/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "support/child.h"
#include "support/must.h"

static void read_from(struct bytes *text, const char *path, size_t offset)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && lseek(fd, (off_t) offset, SEEK_SET) >= 0, "cannot read %s: %s", path, strerror(errno));
    text->size = 0;
    bytes_add(text, "", 0);
    bytes_add_fd(text, fd);
    close(fd);
}

const char *file_watch_read(const char *path, size_t offset)
{
    struct bytes text = { 0 };
    read_from(&text, path, offset);
    const char *kept = must_keep(text.at, text.size);
    bytes_finish(&text);
    return kept;
}

/* A log may hold NUL bytes when a server was killed, so no strstr(). */
static bool stands_in(const char *path, size_t offset, const char *text)
{
    struct bytes all = { 0 };
    read_from(&all, path, offset);
    bool found = memmem(all.at, all.size, text, strlen(text)) != NULL;
    bytes_finish(&all);
    return found;
}

static void drain(int notify)
{
    char events[4096];
    while (read(notify, events, sizeof events) > 0)
        ;
}

bool file_watch_for(const char *path, size_t offset, const char *text, pid_t writer)
{
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    must(notify >= 0 && inotify_add_watch(notify, path, IN_MODIFY) >= 0, "cannot watch %s: %s", path, strerror(errno));
    struct pollfd watched[2] = { { .fd = notify, .events = POLLIN },
                                 { .fd = writer > 0 ? child_watch(writer) : -1, .events = POLLIN } };
    int64_t begun = patience_begin();
    bool ended = false;
    bool found = stands_in(path, offset, text);
    while (!found && !ended && patience_left_ms(begun) > 0) {
        poll(watched, 2, patience_left_ms(begun));
        ended = watched[1].revents != 0;
        drain(notify);
        found = stands_in(path, offset, text);
    }
    close(notify);
    if (watched[1].fd >= 0)
        close(watched[1].fd);
    must(found || ended, "\"%s\" does not come in %s:\n%s", text, path, file_watch_read(path, offset));
    return found;
}
