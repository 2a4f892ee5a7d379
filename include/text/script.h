/*
 * A migration's text, understood as far as it can be without a server: its statements, where they end, which of them carry
 * COPY data, which cannot run in a transaction block, and what in it must be refused.
 */
#ifndef PGUSHER_TEXT_SCRIPT_H
#define PGUSHER_TEXT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/source.h"

enum statement_kind {
    STATEMENT_SQL,
    STATEMENT_COPY_FROM_STDIN, /* its data follows it in the file */
    STATEMENT_COPY_TO_STDOUT,  /* the server will send data, which nobody wants */
};

struct statement {
    enum statement_kind kind;
    bool alone;               /* PostgreSQL refuses it in a transaction block */
    bool repeatable;          /* alone, and harmless to run twice: VACUUM, REINDEX, ALTER SYSTEM, CLUSTER */
    bool tied;                /* it ends in "\;": for psql it and the next one are one message, here they share a unit */
    size_t offset_bytes;      /* of its first character, comments before it left out */
    size_t size_bytes;        /* up to its last one: without the semicolon, and comments before that left out */
    size_t data_offset_bytes; /* STATEMENT_COPY_FROM_STDIN: its data, without the line "\." */
    size_t data_size_bytes;
    size_t unit; /* SCRIPT_STATEMENTS: statements of one unit share a transaction; counts from 0 */
};

enum script_mode {
    SCRIPT_TRANSACTION, /* the whole file in one transaction */
    SCRIPT_STATEMENTS,  /* unit by unit, each in its own */
};

enum remark_kind {
    REMARK_ECHO,                /* \echo, \qecho: a log line */
    REMARK_WARN,                /* \warn */
    REMARK_COMMAND_IGNORED,     /* \timing, \pset, \x, \set ON_ERROR_STOP: passed over; its text is the command */
    REMARK_TRANSACTION_ABSORBED /* one BEGIN ... COMMIT pair became part of the migration's transaction */
};

struct remark {
    enum remark_kind kind;
    size_t offset_bytes;
    size_t before_statement; /* REMARK_ECHO, REMARK_WARN: said when the statements before this index are done */
    const char *text;        /* what to say; for an absorbed pair a sentence that names both lines */
};

struct script {
    const struct source *source;
    enum script_mode mode;
    const char *
        mode_reason; /* SCRIPT_STATEMENTS: why, e.g. "CREATE INDEX CONCURRENTLY (line 3) cannot run in a transaction block" */
    struct statement *statements;
    size_t statement_count;
    size_t leading_set_count;  /* SCRIPT_TRANSACTION: so many of the first statements must directly follow BEGIN, because the
                                  last of them is a SET TRANSACTION (or sets one of its parameters), and the others are SETs */
    const char *begin_options; /* SCRIPT_TRANSACTION: of an absorbed BEGIN ("ISOLATION LEVEL SERIALIZABLE"), else "" */
    bool changes_session;      /* false only if nothing in it can outlive its transaction in the session */
    int64_t lock_timeout_ms;   /* said by a directive: 0 is none, -1: not said */
    int64_t statement_timeout_ms;
    bool has_copy;          /* a COPY FROM STDIN or TO STDOUT is among the statements */
    struct remark *remarks; /* in the order of the file */
    size_t remark_count;
};

/*
 * Reads source into script; what it builds lives in arena, and source must outlive it. False with FAULT_CONFIG (and the place)
 * for what the contract refuses before anything runs.
 */
bool script_read(struct script *script, struct arena *arena, const struct source *source, struct fault *fault);

/* The first line of a statement, for people; at most size bytes with the NUL, cut with "..." */
void statement_headline(const struct script *script, size_t index, char *line, size_t size);

#endif
