/*
 * A write that is told to stop halfway goes on. It does not know what it writes to.
 */
#include "base/descriptor.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

bool descriptor_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
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
