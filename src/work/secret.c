/*
 * Reading a mounted secret. It knows files of a few kilobytes; what the secret is for is the roster's.
 */
#include "work/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MOST_BYTES = 64 * 1024 };

static ssize_t read_all(int fd, char *bytes, size_t room)
{
    size_t size = 0;
    while (size < room) {
        ssize_t got = read(fd, bytes + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t) got;
    }
    return (ssize_t) size;
}

static void drop_newline(char *text)
{
    size_t size = strlen(text);
    if (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    if (size > 0 && text[size - 1] == '\r')
        text[--size] = '\0';
}

/*
 * What stands there is perhaps the secret itself, where the variable without _FILE was meant. A path from the root, or one that says
 * that it is relative, is none; a bare word may be one, and one with a '/' further on too, as base64 has it.
 */
static bool is_plainly_a_path(const char *text)
{
    return text[0] == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
}

static bool refuse_to_open(const char *path, const char *origin, int open_errno, struct fault *fault)
{
    if (is_plainly_a_path(path))
        return fault_set_errno(fault, FAULT_CONFIG, open_errno, "cannot read the file that %s names, %s", origin, path);
    fault_set_errno(fault, FAULT_CONFIG, open_errno, "cannot read the file that %s names", origin);
    fault_hint(fault, "%s takes the name of a file, and not what is in it.", origin);
    return false;
}

bool secret_read(char **text, struct arena *arena, const char *path, const char *origin, struct fault *fault)
{
    char bytes[SECRET_MOST_BYTES + 2]; /* not in the arena: thousands of targets may have one each */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse_to_open(path, origin, errno, fault);
    struct stat about;
    bool is_regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    ssize_t size = is_regular ? read_all(fd, bytes, SECRET_MOST_BYTES + 1) : 0;
    int read_errno = errno;
    close(fd);
    if (!is_regular) /* a pipe may be empty yet, and could be read only once */
        return fault_set(fault, FAULT_CONFIG, "cannot read the file that %s names, %s: %s", origin, path,
                         S_ISDIR(about.st_mode) ? strerror(EISDIR) : "it is no regular file");
    if (size < 0)
        return fault_set_errno(fault, FAULT_CONFIG, read_errno, "cannot read the file that %s names, %s", origin, path);
    if (size > SECRET_MOST_BYTES || memchr(bytes, '\0', (size_t) size) != NULL)
        return fault_set(fault, FAULT_CONFIG, "the file that %s names, %s, holds no secret: %s", origin, path,
                         size > SECRET_MOST_BYTES ? "it is over 64 kB" : "it has a NUL byte");
    bytes[size] = '\0';
    drop_newline(bytes);
    *text = arena_text(arena, bytes);
    return *text != NULL || fault_out_of_memory(fault);
}
