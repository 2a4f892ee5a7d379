/* Which certificate authorities this system trusts, for sslrootcert=system. */
#ifndef PGUSHER_WIRE_TRUST_H
#define PGUSHER_WIRE_TRUST_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * What to give libpq for sslrootcert=system: the file that SSL_CERT_FILE names, else the system's bundle where systems have theirs.
 * Where none is found, "system" itself for a libpq that knows the word (16 and newer), else FAULT_CONFIG. The text lives as long as
 * the environment stays as it is.
 */
bool trust_system(const char **file, struct fault *fault);

#endif
