/* Which COPY a statement is, and where the data that follows it ends. */
#ifndef PGUSHER_TEXT_COPY_H
#define PGUSHER_TEXT_COPY_H

#include <stdbool.h>
#include <stddef.h>

enum copy_kind {
    COPY_NONE,       /* no COPY, or one with a file or a program */
    COPY_FROM_STDIN, /* also FROM STDOUT, which the server takes for the same */
    COPY_FROM_STDIN_BINARY,
    COPY_TO_STDOUT,
};

/* The statement is bytes[offset .. end). */
enum copy_kind copy_classify(const char *bytes, size_t offset, size_t end);

/*
 * Looks for the line that is exactly "\.", from the start of a line at offset. False when there is none up to end. data_size is
 * without that line; behind is the start of the line after it.
 */
bool copy_find_end(const char *bytes, size_t offset, size_t end, size_t *data_size, size_t *behind);

/*
 * The line of its data, counted from 1, that a server's CONTEXT names for the COPY bytes[offset .. end); 0 when it names none. The
 * server may speak any language.
 */
size_t copy_line_in_context(const char *context, const char *bytes, size_t offset, size_t end);

#endif
