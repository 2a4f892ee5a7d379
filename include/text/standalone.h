/*
 * The statements that PostgreSQL 13 to 18 refuse to run in a transaction block.
 */
#ifndef PGUSHER_TEXT_STANDALONE_H
#define PGUSHER_TEXT_STANDALONE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/lexer.h"

enum repetition { ONCE, REPEATABLE };

struct standalone {
    const char *name;                /* for messages: "CREATE INDEX CONCURRENTLY" */
    const char *phrase;              /* how it begins, see text/phrase.h */
    const char *rule;                /* when the server refuses it, in a few words */
    bool (*condition)(struct lexer); /* the rule, of what follows the phrase; NULL: always */
    enum repetition repetition;      /* REPEATABLE: harmless to run twice */
    const char *example;             /* a statement that the rule holds for, without a semicolon */
};

extern const struct standalone standalone_table[];
extern const size_t standalone_count;

/* The entry that bytes[offset .. end) falls under, or NULL. Text alone cannot know every one: a CALL may commit inside. */
const struct standalone *standalone_find(const char *bytes, size_t offset, size_t end);

#endif
