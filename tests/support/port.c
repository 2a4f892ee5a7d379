/*
 * Reservation by a lock on one byte of a shared file (the kernel drops it with the process) and a bind() that tells whether
 * somebody else is there.
 */
#include "support/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/must.h"
#include "support/workspace.h"

/* Behind them, up to where the kernel's clients begin, ./dev and the benches take theirs, which know nothing of the locks. */
enum { FIRST_PORT = 20000, PORTS = 8000 };

static bool lock_port(int port)
{
    static int fd = -1;
    if (fd < 0)
        fd = open(must_format("%s/ports", workspace_shared_folder()), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    must(fd >= 0, "cannot open the file of port locks: %s", strerror(errno));
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = port, .l_len = 1 };
    return fcntl(fd, F_SETLK, &lock) == 0;
}

static bool nobody_listens(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "cannot make a socket: %s", strerror(errno));
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr.s_addr = htonl(INADDR_ANY) };
    bool bound = bind(fd, (struct sockaddr *) &address, sizeof address) == 0;
    close(fd);
    return bound;
}

int port_reserve(void)
{
    static int next = -1;
    if (next < 0)
        next = getpid() * 7 % PORTS;
    for (int tries = 0; tries < PORTS; tries++) {
        int port = FIRST_PORT + next;
        next = (next + 1) % PORTS;
        if (lock_port(port) && nobody_listens(port))
            return port;
    }
    must_fail(__FILE__, __LINE__, "no free port between %d and %d", FIRST_PORT, FIRST_PORT + PORTS);
}
