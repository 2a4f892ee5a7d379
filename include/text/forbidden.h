/* Statements that PostgreSQL would take, and that a run of migrations cannot bear. */
#ifndef PGUSHER_TEXT_FORBIDDEN_H
#define PGUSHER_TEXT_FORBIDDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "text/source.h"

/*
 * False (FAULT_CONFIG with the place) for DISCARD ALL, which drops the run's lock, and for turning standard_conforming_strings
 * off, after which strings end elsewhere than they were read to end.
 */
bool forbidden_check(const struct source *source, size_t offset, size_t size, struct fault *fault);

#endif
