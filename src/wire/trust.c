/*
 * The system's bundle of certificate authorities, as one file. libpq knows "system" from version 16 on, and leaves it to OpenSSL, which
 * looks where it was told to when it was built: for a program that is linked statically, that is another system. Whether a
 * certificate is any good is not judged here.
 */
#include "wire/trust.h"

#include <stdlib.h>
#include <unistd.h>

#include "wire.h"

enum { LIBPQ_KNOWS_SYSTEM = 160000 };

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Arch; our image */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, Red Hat */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* newer ones of the same */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",
};

static const char *find_bundle(void)
{
    const char *named = getenv("SSL_CERT_FILE");
    if (named != NULL && named[0] != '\0')
        return named;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}

bool trust_system(const char **file, struct fault *fault)
{
    *file = find_bundle();
    if (*file != NULL)
        return true;
    *file = "system";
    if (PQlibVersion() >= LIBPQ_KNOWS_SYSTEM)
        return true;
    fault_set(fault, FAULT_CONFIG, "sslrootcert=system: this system has no bundle of certificate authorities");
    fault_hint(fault, "Name one by SSL_CERT_FILE or sslrootcert, or install ca-certificates.");
    return false;
}
