/*
 * libcrypto's SHA-256, written as hex. It does not know whose bytes they are.
 */
#include "plan/checksum.h"

#include <openssl/evp.h>

bool checksum_make(char checksum[CHECKSUM_BYTES], const void *bytes, size_t size_bytes, struct fault *fault)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes, size_bytes, digest, &size, EVP_sha256(), NULL) != 1 || 2 * size + 1 != CHECKSUM_BYTES)
        return fault_set(fault, FAULT_INTERNAL, "libcrypto cannot compute a SHA-256");
    for (unsigned i = 0; i < size; i++) {
        checksum[2 * i] = hex[digest[i] >> 4];
        checksum[2 * i + 1] = hex[digest[i] & 0x0F];
    }
    checksum[2 * size] = '\0';
    return true;
}
