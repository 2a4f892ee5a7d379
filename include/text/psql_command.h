/*
 * psql's backslash commands in a file: where one ends, and which are passed over, said, or refused.
 */
#ifndef PGUSHER_TEXT_PSQL_COMMAND_H
#define PGUSHER_TEXT_PSQL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/source.h"

struct psql_command {
    size_t offset;    /* of the backslash */
    size_t name_size; /* without the backslash */
    size_t arguments_offset;
    size_t arguments_end;
    size_t end;         /* where SQL or the next command goes on: its line's end, or behind it on the same line */
    bool open_quote;    /* a quote in the arguments is not closed on the line */
    bool has_backquote; /* an argument that psql would have a shell work out */
};

enum psql_verdict {
    PSQL_SILENT,  /* \restrict, \unrestrict: nothing to say */
    PSQL_ECHO,    /* \echo, \qecho */
    PSQL_WARN,    /* \warn */
    PSQL_IGNORED, /* it only changes how psql looks or works */
    PSQL_REFUSED,
};

/* Finds the extent of the command whose backslash is at offset; it ends at limit at the latest. */
void psql_command_read(struct psql_command *command, const struct source *source, size_t offset, size_t limit);

enum psql_verdict psql_command_judge(const struct psql_command *command, const struct source *source);

/* Fills fault with the reason why a PSQL_REFUSED command is refused. Always returns false. */
bool psql_command_refuse(const struct psql_command *command, const struct source *source, struct fault *fault);

/* What \echo and its kind would print, one line; NULL when out of memory. */
char *psql_command_message(const struct psql_command *command, const struct source *source, struct arena *arena);

#endif
