/* Whether our splitter and psql's scanner see the same statements in a text. */
#ifndef PGUSHER_TESTS_ORACLE_PARITY_H
#define PGUSHER_TESTS_ORACLE_PARITY_H

#include <stdbool.h>
#include <stddef.h>

#include "support/must.h"

struct parity {
    size_t messages; /* that psql would send */
    size_t statements;
    bool whole;              /* both went on up to the end of the text */
    struct bytes difference; /* what both sides say, for people; empty when they agree */
};

/*
 * False when they differ. The rules, all of them:
 *
 * - Ours has neither the semicolon nor the white space and comments at both ends; in between it is byte for byte the same.
 * - Statements tied by "\;" are one message of psql's and several of ours, all but the last of them marked.
 * - Messages of comments and semicolons only are none of ours.
 * - Where psql meets a command, a COPY without an end to its data, or the end of the text inside something open, both stop, ours
 *   with a refusal or the command; up to there all must be the same.
 * - Ours may refuse "\:" and "\;" where psql's scanner, too, sees them outside quotes, and comments that are directives.
 */
bool parity_holds(struct parity *parity, const char *text, size_t size);
void parity_finish(struct parity *parity);

#endif
