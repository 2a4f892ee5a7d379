/* Scripts for psql turned into text that is SQL only, so that two splitters can be held against each other on all of it. */
#ifndef PGUSHER_TESTS_ORACLE_PLAIN_TEXT_H
#define PGUSHER_TESTS_ORACLE_PLAIN_TEXT_H

#include <stddef.h>

#include "support/must.h"

/*
 * Adds text to plain by this rule, which the places where psql's own scanner sees a command decide:
 *
 * - A command reaches up to the end of its line or to the next backslash outside quotes; two backslashes part it from SQL.
 * - \g, \gx, \gset, \gexec, \gdesc and \crosstabview, which send what stands before them, become a semicolon.
 * - \copy becomes the COPY it stands for, with a semicolon; data follow it if it says so.
 * - Every other command becomes nothing. Both branches of an \if are text.
 * - "\;" and "\:" stay, and so do :variables, which psql leaves as they are when they are not set.
 * - Data follow every COPY ... FROM STDIN and are left as they are.
 */
void plain_text_add(struct bytes *plain, const char *text, size_t size);

#endif
