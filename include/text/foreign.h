/* Files written for another tool that keeps the way up and the way down in one file. */
#ifndef PGUSHER_TEXT_FOREIGN_H
#define PGUSHER_TEXT_FOREIGN_H

#include <stdbool.h>

#include "base/fault.h"
#include "text/lexer.h"
#include "text/source.h"

/*
 * Looks at one line comment of source. False (FAULT_CONFIG with the place) when it parts such a file in its two halves: run
 * whole, the file would drop what it makes.
 */
bool foreign_check(const struct source *source, struct token comment, struct fault *fault);

#endif
