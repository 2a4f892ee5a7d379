/*
 * libcrypto's SHA-256, written as hex. It does not know whose bytes they are. The algorithm and a context for it are asked for once:
 * for small texts that costs libcrypto more than the sum itself.
 */
#include "plan/checksum.h"

#include <openssl/evp.h>

/* Both go with the process. */
static const EVP_MD *algorithm;
static EVP_MD_CTX *context;

static bool is_prepared(void)
{
    if (algorithm == NULL)
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (context == NULL)
        context = EVP_MD_CTX_new();
    return algorithm != NULL && context != NULL;
}

bool checksum_make(char checksum[CHECKSUM_BYTES], const void *bytes, size_t size_bytes, struct fault *fault)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!is_prepared() || EVP_DigestInit_ex2(context, algorithm, NULL) != 1 ||
        EVP_DigestUpdate(context, bytes, size_bytes) != 1 || EVP_DigestFinal_ex(context, digest, &size) != 1 ||
        2 * size + 1 != CHECKSUM_BYTES)
        return fault_set(fault, FAULT_INTERNAL, "libcrypto cannot compute a SHA-256");
    for (unsigned i = 0; i < size; i++) {
        checksum[2 * i] = hex[digest[i] >> 4];
        checksum[2 * i + 1] = hex[digest[i] & 0x0F];
    }
    checksum[2 * size] = '\0';
    return true;
}
