/*
 * What psql would send of a text, told by psql's own scanner (libpgfeutils) under a main loop that does what psql's does with a
 * file: line by line, empty lines between tokens left out. Test-only; nothing of it is linked into the program.
 *
 * psql learns from the server whether data follow a COPY. Here, as for the program, they follow every COPY ... FROM STDIN.
 */
#ifndef PGUSHER_TESTS_ORACLE_PSQL_SCANNER_H
#define PGUSHER_TESTS_ORACLE_PSQL_SCANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "support/must.h"

/* Why there is no further message. */
enum oracle_end {
    ORACLE_END,
    ORACLE_INCOMPLETE,    /* a quote, a comment, a parenthesis or a routine's body is open where the text ends */
    ORACLE_COMMAND,       /* a backslash command comes: what psql would do with it is not known here */
    ORACLE_BINARY,        /* a COPY FROM STDIN in binary format */
    ORACLE_ENDLESS_DATA,  /* a COPY's data have no line "\." */
    ORACLE_BROKEN_BY_DATA /* the line of a COPY does not end what it begins, and the data stand in between */
};

/* One message to the server: a statement with its semicolon, or several that "\;" ties together. */
struct oracle_message {
    size_t offset; /* in sent */
    size_t size;
    size_t written_offset; /* in written */
    size_t written_size;
    bool has_semicolon; /* else it is what the text ends with */
    bool has_data;
    size_t data_offset; /* in the text */
    size_t data_size;
};

struct oracle {
    struct bytes sent;    /* the messages, one behind the other */
    struct bytes written; /* the same, with the empty lines that psql leaves out put back */
    struct oracle_message *messages;
    size_t count;
    size_t room;
    enum oracle_end end;
    bool in_quote; /* the text ends inside a quote or a comment */
};

/* The text may hold anything but a NUL byte. End with oracle_finish(). */
void oracle_read(struct oracle *oracle, const char *text, size_t size);
void oracle_finish(struct oracle *oracle);

/* Behind the white space and comments at that place; read without help of the scanner or the program. */
const char *oracle_skip_blank(const char *at, const char *end);

/* Only scans and keeps nothing; gives the number of messages. For the benchmark. */
size_t oracle_count(const char *text, size_t size);

/* The version of PostgreSQL that the scanner is from: 150020 for 15.20. */
int psql_scanner_version(void);

#endif
