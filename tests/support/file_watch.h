/* Waiting for a text in a growing file, by the kernel's word and not by looking again and again. */
#ifndef PGUSHER_SUPPORT_FILE_WATCH_H
#define PGUSHER_SUPPORT_FILE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What stands in the file from offset on; lives as long as the process. */
const char *file_watch_read(const char *path, size_t offset);

/*
 * Returns true when text stands behind offset, and false when the writer, a child of this process (0: none), ended without
 * it. Fails the test with the file's text when neither happens.
 */
bool file_watch_for(const char *path, size_t offset, const char *text, pid_t writer);

#endif
