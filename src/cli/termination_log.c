/*
 * The kubelet gives a container a file, and shows what is left in it as the reason of its end. It is filled, and never made: a file
 * of that name that nobody has put there would be litter.
 */
#include "cli/termination_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "face/fault_text.h"

enum { LINE_MOST_BYTES = 4096 }; /* the kubelet takes no more */

/* A device or a FIFO is not what the kubelet gives, and might hold us up. */
static int open_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(fd, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

void termination_log_write(const char *path, const struct fault *fault, const struct source *source)
{
    int fd = path != NULL ? open_file(path) : -1;
    if (fd < 0)
        return;
    struct buf line;
    buf_init(&line, LINE_MOST_BYTES);
    fault_line_add(&line, fault, source);
    buf_add_char(&line, '\n');
    ssize_t written = write(fd, buf_text(&line), line.size);
    (void) written; /* there is nobody to tell */
    buf_finish(&line);
    close(fd);
}
