/* Bytes into a file descriptor, and how many of these there may be. */
#ifndef PGUSHER_BASE_DESCRIPTOR_H
#define PGUSHER_BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits for POLLIN or POLLOUT. False with errno EINTR: a signal asks the process to stop (interrupt_signal()). */
bool descriptor_await(int fd, short events);

/* All of them, however many writes it takes and however long a reader pauses. False: errno says why; some may have been written. */
bool descriptor_write(int fd, const char *bytes, size_t size);

/* How many this process may have open at a time. */
int64_t descriptor_most(void);

#endif
