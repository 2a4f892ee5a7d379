/*
 * libpq's scram_SaltedPassword() for a libpq that is linked statically. RFC 5802 calls what it computes Hi(), and says itself that it
 * is PBKDF2 with HMAC: libcrypto has that as one function, which sets the HMAC key up once. libpq's own loop does so in each of its
 * 4,096 rounds, which is two thirds of the instructions of a whole run.
 */
#include "postgres_fe.h"

#include "common/scram-common.h"

#include <openssl/evp.h>

#if PG_VERSION_NUM >= 160000
int scram_SaltedPassword(const char *password, pg_cryptohash_type hash_type, int key_length, const char *salt, int saltlen,
                         int iterations, uint8 *result, const char **errstr)
#else
int scram_SaltedPassword(const char *password, const char *salt, int saltlen, int iterations, uint8 *result,
                         const char **errstr)
#endif
{
#if PG_VERSION_NUM >= 160000
    if (hash_type != PG_SHA256) {
        *errstr = "SCRAM is known with SHA-256 only";
        return -1;
    }
#else
    const int key_length = SCRAM_KEY_LEN;
#endif
    if (PKCS5_PBKDF2_HMAC(password, (int) strlen(password), (const unsigned char *) salt, saltlen, iterations, EVP_sha256(),
                          key_length, result) == 1)
        return 0;
    *errstr = "libcrypto could not compute PBKDF2";
    return -1;
}
