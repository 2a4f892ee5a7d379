/*
 * What a file says about itself in its leading comments: "-- pgusher: transaction=off, lock_timeout=30s".
 */
#ifndef PGUSHER_TEXT_DIRECTIVES_H
#define PGUSHER_TEXT_DIRECTIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "text/lexer.h"
#include "text/source.h"

enum transaction_directive { TRANSACTION_UNSAID, TRANSACTION_ON, TRANSACTION_OFF };

struct directives {
    enum transaction_directive transaction;
    size_t transaction_offset; /* where it says so */
    int64_t lock_timeout_ms;   /* 0 is none, as for PostgreSQL; -1: not said */
    int64_t statement_timeout_ms;
};

/* Reads the comments before the first statement. False with FAULT_CONFIG for an unknown key or value, or two that differ. */
bool directives_read(struct directives *directives, const struct source *source, struct fault *fault);

/* True for a line comment that is meant as a directive. */
bool directives_recognise(const struct source *source, struct token comment);

#endif
