/* Statements that PostgreSQL would take, and that a run of migrations cannot bear. */
#ifndef PGUSHER_TEXT_FORBIDDEN_H
#define PGUSHER_TEXT_FORBIDDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "text/source.h"

/*
 * False (FAULT_CONFIG with the place) for DISCARD ALL, which drops the run's lock, for turning standard_conforming_strings off,
 * after which strings end elsewhere than they were read to end, and for a client_encoding in which the file is not sent.
 */
bool forbidden_check(const struct source *source, size_t offset, size_t size, struct fault *fault);

/* Whether PostgreSQL reads that name, in quotes or not, as UTF8: it looks at letters and digits only, in any case. */
bool forbidden_encoding_is_utf8(const char *name, size_t size);

#endif
