/*
 * A list of connection strings, from flags and from a file. It knows lines, blanks and comments; what a string says is libpq's.
 */
#include "plan/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/descriptor.h"
#include "plan/conninfo.h"

enum { FILE_MOST_BYTES = 64 * 1024 * 1024, READ_BYTES = 64 * 1024 };

static const char blanks[] = " \t\r\v\f";

bool targets_add(struct target_texts *targets, const char *text, const char *origin, struct fault *fault)
{
    if (!conninfo_check(text, origin, fault))
        return false;
    struct target_text *list = arena_grow(targets->arena, targets->list, targets->count, &targets->room, sizeof *list);
    if (list == NULL)
        return fault_out_of_memory(fault);
    targets->list = list;
    targets->list[targets->count++] = (struct target_text){ .text = text, .origin = origin };
    return true;
}

static bool is_blank(char c)
{
    return c != '\0' && strchr(blanks, c) != NULL;
}

static bool add_line(struct target_texts *targets, const char *line, size_t size, const char *name, size_t number,
                     struct fault *fault)
{
    size_t from = 0;
    while (from < size && is_blank(line[from]))
        from++;
    while (size > from && is_blank(line[size - 1]))
        size--;
    if (from == size || line[from] == '#')
        return true;
    const char *origin = arena_format(targets->arena, "%s:%zu:%zu", name, number, from + 1);
    const char *text = arena_copy(targets->arena, line + from, size - from);
    if (origin == NULL || text == NULL)
        return fault_out_of_memory(fault);
    if (strlen(text) != size - from)
        return fault_set(fault, FAULT_CONFIG, "%s:%zu:%zu: there is a NUL byte", name, number, from + strlen(text) + 1);
    return targets_add(targets, text, origin, fault);
}

bool targets_add_lines(struct target_texts *targets, const char *bytes, size_t size_bytes, const char *name,
                       struct fault *fault)
{
    size_t number = 0;
    for (size_t at = 0; at < size_bytes;) {
        const char *newline = memchr(bytes + at, '\n', size_bytes - at);
        size_t size = newline != NULL ? (size_t) (newline - bytes) - at : size_bytes - at;
        if (!add_line(targets, bytes + at, size, name, ++number, fault))
            return false;
        at += size + 1;
    }
    return true;
}

/* False with errno set: to EINTR where a signal asks the process to stop. */
static bool read_all(struct buf *buf, int fd)
{
    char bytes[READ_BYTES];
    for (;;) {
        if (!descriptor_await(fd, POLLIN))
            return false;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return got == 0;
        buf_add(buf, bytes, (size_t) got);
    }
}

static bool add_descriptor(struct target_texts *targets, int fd, const char *name, struct fault *fault)
{
    struct buf buf;
    buf_init(&buf, FILE_MOST_BYTES);
    bool ok = read_all(&buf, fd);
    if (!ok)
        fault_set_errno(fault, FAULT_CONFIG, errno, "cannot read the targets from %s", name);
    else if (!buf_ok(&buf))
        ok = fault_set(fault, FAULT_CONFIG, "cannot read the targets from %s: it is too large", name);
    else
        ok = targets_add_lines(targets, buf_text(&buf), buf.size, name, fault);
    buf_finish(&buf);
    return ok;
}

bool targets_add_file(struct target_texts *targets, const char *path, struct fault *fault)
{
    if (strcmp(path, "-") == 0)
        return add_descriptor(targets, STDIN_FILENO, "stdin", fault);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO's writer is waited for below, where a signal is seen */
    if (fd < 0)
        return fault_set_errno(fault, FAULT_CONFIG, errno, "cannot read the targets from %s", path);
    bool ok = add_descriptor(targets, fd, path, fault);
    close(fd);
    return ok;
}
