/*
 * What a file's own BEGIN and COMMIT mean for the transaction it is run in.
 */
#ifndef PGUSHER_TEXT_TRANSACTION_H
#define PGUSHER_TEXT_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "text/script.h"

enum transaction_verb {
    TRANSACTION_NONE, /* none of these; SAVEPOINT, RELEASE, ROLLBACK TO and ... PREPARED are none */
    TRANSACTION_BEGIN,
    TRANSACTION_COMMIT,
    TRANSACTION_COMMIT_AND_CHAIN,
    TRANSACTION_ROLLBACK, /* also ABORT, and with AND CHAIN */
    TRANSACTION_PREPARE,
};

/* options_offset: of what follows BEGIN [WORK | TRANSACTION] or START TRANSACTION; the end if nothing does. */
enum transaction_verb transaction_verb(const char *bytes, size_t offset, size_t end, size_t *options_offset);

/*
 * For a file run as one transaction: takes its BEGIN and COMMIT out of script's statements, keeps BEGIN's options and adds a
 * remark, for which script's remarks must have room. False with FAULT_CONFIG for all else that would end the transaction.
 */
bool transaction_absorb(struct script *script, struct arena *arena, struct fault *fault);

/*
 * For a file run statement by statement: numbers the units. A BEGIN ... COMMIT is one and loses both words when allow_blocks,
 * and is refused otherwise. False with FAULT_CONFIG.
 */
bool transaction_number_units(struct script *script, bool allow_blocks, struct fault *fault);

/* How many of the first statements must directly follow BEGIN, see struct script. */
size_t transaction_leading_sets(const struct script *script);

#endif
