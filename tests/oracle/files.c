/*
 * Reading whole files.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "plain_text.h"

struct bytes read_file(const char *path)
{
    struct bytes text = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "cannot open %s: %s", path, strerror(errno));
    bytes_add(&text, "", 0);
    bytes_add_fd(&text, fd);
    close(fd);
    return text;
}

struct bytes read_plain(const char *path)
{
    struct bytes text = read_file(path);
    struct bytes plain = { 0 };
    bytes_add(&plain, "", 0);
    plain_text_add(&plain, text.at, text.size);
    bytes_finish(&text);
    return plain;
}
