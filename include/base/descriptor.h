/* Bytes into a file descriptor. */
#ifndef PGUSHER_BASE_DESCRIPTOR_H
#define PGUSHER_BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/* All of them, however many writes it takes. False: errno says why; some may have been written. */
bool descriptor_write(int fd, const char *bytes, size_t size);

#endif
