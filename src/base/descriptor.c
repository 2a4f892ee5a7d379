/*
 * A write that is told to stop halfway goes on. It does not know what it writes to.
 */
#include "base/descriptor.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/interrupt.h"

/* What is wrong with the descriptor is for the read or write to say that follows. */
bool descriptor_await(int fd, short events)
{
    struct pollfd poller = { .fd = fd, .events = events };
    int ready;
    do {
        if (interrupt_signal() != 0) {
            errno = EINTR;
            return false;
        }
        ready = poll(&poller, 1, INTERRUPT_LOOK_MS);
    } while (ready == 0 || (ready < 0 && errno == EINTR));
    return true;
}

/* One who shares the descriptor may have made it non-blocking: then a full pipe is waited for here. */
static bool may_go_on(int fd)
{
    struct pollfd poller = { .fd = fd, .events = POLLOUT };
    return errno == EINTR || (errno == EAGAIN && (poll(&poller, 1, -1) > 0 || errno == EINTR));
}

bool descriptor_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && may_go_on(fd))
            continue;
        if (written < 0)
            return false;
        bytes += written;
        size -= (size_t) written;
    }
    return true;
}

int64_t descriptor_most(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return INT64_MAX;
    return (int64_t) limit.rlim_cur;
}
