/*
 * Files as bytes. It knows the system's calls; what the bytes mean is known elsewhere.
 */
#include "compose/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

enum { MOST_BYTES = 1024 * 1024, NEW_FILE_MODE = 0666 };

static bool refuse(const char *path, const char *verb, struct fault *fault)
{
    return fault_set_errno(fault, FAULT_CONFIG, errno, "cannot %s \"%s\"", verb, path);
}

static bool read_open(struct source *source, struct arena *arena, const char *path, int fd, struct fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return refuse(path, "read", fault);
    if (!S_ISREG(status.st_mode))
        return fault_set(fault, FAULT_CONFIG, "\"%s\" is not a regular file", path);
    if (status.st_size > MOST_BYTES)
        return fault_set(fault, FAULT_CONFIG, "\"%s\" is larger than 1 MiB", path);
    size_t room = (size_t) status.st_size;
    char *bytes = arena_alloc(arena, room + 1);
    if (bytes == NULL)
        return fault_out_of_memory(fault);
    size_t size = 0;
    while (size < room) {
        ssize_t got = read(fd, bytes + size, room - size);
        if (got < 0)
            return refuse(path, "read", fault);
        if (got == 0)
            break;
        size += (size_t) got;
    }
    bytes[size] = '\0';
    *source = (struct source){ .name = path, .bytes = bytes, .size = size };
    return true;
}

bool file_read(struct source *source, struct arena *arena, const char *path, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up before it is refused */
    if (fd < 0)
        return refuse(path, "read", fault);
    bool ok = read_open(source, arena, path, fd, fault);
    close(fd);
    return ok;
}

static mode_t default_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return NEW_FILE_MODE & ~mask;
}

/* The new file has the old one's mode and, where we may give it away, its owner. */
static bool take_over_mode(int fd, const char *path)
{
    struct stat old;
    if (stat(path, &old) != 0)
        return fchmod(fd, default_mode()) == 0;
    if (fchown(fd, old.st_uid, old.st_gid) != 0 && errno != EPERM)
        return false;
    return fchmod(fd, old.st_mode & 07777) == 0;
}

static bool fill(int fd, const char *path, const struct buf *bytes)
{
    return descriptor_write(fd, buf_text(bytes), bytes->size) && take_over_mode(fd, path) && fsync(fd) == 0;
}

bool file_replace(const char *path, const struct buf *bytes, struct fault *fault)
{
    char target[PATH_MAX];
    char fresh[PATH_MAX + sizeof ".XXXXXX"];
    if (!buf_ok(bytes))
        return fault_out_of_memory(fault);
    if (realpath(path, target) == NULL) {
        if (errno != ENOENT || strlen(path) >= sizeof target)
            return refuse(path, "write", fault);
        text_cut(target, sizeof target, path);
    }
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", target);
    int fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return refuse(path, "write", fault);
    bool filled = fill(fd, target, bytes);
    int fill_errno = errno;
    if (close(fd) == 0 && filled && rename(fresh, target) == 0)
        return true;
    errno = filled ? errno : fill_errno;
    refuse(path, "write", fault);
    unlink(fresh);
    return false;
}

bool file_is_same(const char *path, const char *other)
{
    struct stat one;
    struct stat two;
    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

const char *file_beside(struct arena *arena, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || name[0] == '/')
        return arena_text(arena, name);
    return arena_format(arena, "%.*s/%s", (int) (slash - path), path, name);
}
