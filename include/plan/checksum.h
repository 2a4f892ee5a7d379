/* The SHA-256 of a file's bytes, by which a later change of it is known. */
#ifndef PGUSHER_PLAN_CHECKSUM_H
#define PGUSHER_PLAN_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

enum { CHECKSUM_BYTES = 65 }; /* as lower-case hex, with the NUL */

/* False with FAULT_INTERNAL when libcrypto will not work. */
bool checksum_make(char checksum[CHECKSUM_BYTES], const void *bytes, size_t size_bytes, struct fault *fault);

#endif
