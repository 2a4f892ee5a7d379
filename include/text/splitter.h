/*
 * Where statements end. The pieces of a file, one at a time, cut where psql cuts them.
 */
#ifndef PGUSHER_TEXT_SPLITTER_H
#define PGUSHER_TEXT_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "text/lexer.h"
#include "text/psql_command.h"
#include "text/source.h"

enum piece_kind {
    PIECE_END,
    PIECE_SQL,
    PIECE_COPY_FROM_STDIN,
    PIECE_COPY_TO_STDOUT,
    PIECE_COMMAND, /* a command of psql between statements */
};

struct piece {
    enum piece_kind kind;
    size_t offset;               /* of a statement's first token */
    size_t size;                 /* up to the end of its last one: no semicolon */
    bool tied;                   /* it ends in "\;": psql sends it and the next statement as one, in one transaction */
    size_t data_offset;          /* PIECE_COPY_FROM_STDIN */
    size_t data_size;            /* without the line "\." */
    struct psql_command command; /* PIECE_COMMAND */
};

struct splitter {
    const struct source *source;
    struct lexer lexer;
    bool past_head; /* something other than comments was seen */
    size_t paren_depth;
    size_t paren_offset; /* of the outermost open parenthesis */
    size_t body_depth;   /* of BEGIN ... END and CASE ... END in a routine's body */
    size_t body_offset;  /* of its BEGIN */
    size_t word_count;   /* in the statement so far, outside parentheses */
    char opening[4];     /* the first letters of those of its first words that can begin a routine's definition */
    size_t behind_data;  /* 0, or: the line being read is that of a COPY, and after it the file goes on there */
};

void splitter_init(struct splitter *splitter, const struct source *source);

/*
 * The next piece; PIECE_END at the end. Empty statements and those of comments only are left out. False (FAULT_CONFIG with the
 * place where it began) for what is not closed at the end of the file, for a psql command in the middle of a statement, and for
 * comments that show a foreign format or a directive that comes too late.
 */
bool splitter_next(struct splitter *splitter, struct piece *piece, struct fault *fault);

#endif
