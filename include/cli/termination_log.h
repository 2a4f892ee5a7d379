/* The reason of a failure, where Kubernetes looks for it. */
#ifndef PGUSHER_CLI_TERMINATION_LOG_H
#define PGUSHER_CLI_TERMINATION_LOG_H

#include "base/fault.h"
#include "text/source.h"

/*
 * Leaves one line in the file at path, in place of what it holds. Where there is no such file, or none that can be written, nothing
 * happens: it is there only when somebody wants it. source is the text that the fault points into, or NULL; a path of
 * NULL is no file.
 */
void termination_log_write(const char *path, const struct fault *fault, const struct source *source);

#endif
