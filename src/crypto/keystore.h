/* keystore - an Ethereum key in a file that a password opens.  Room: crypto.
 *
 * Source: "Web3 Secret Storage Definition", version 3: scrypt or PBKDF2-HMAC-SHA256, AES-128-CTR,
 * and keccak256(derived[16..31] || ciphertext) as its MAC.  What a file may ask of this machine is
 * bounded: memory, time and lengths. */
#pragma once
#include "base/buf.h"
#include "crypto/secret.h"

#define KEYSTORE_TEXT_MAX     16384
#define KEYSTORE_SALT_MAX     64
#define KEYSTORE_PASSWORD_MAX 1024

#define KEYSTORE_SCRYPT_MEMORY ((uint64_t)256 * 1024 * 1024) /* 128 * n * r */
#define KEYSTORE_SCRYPT_WORK   ((uint64_t)1 << 24)           /* n * r * p */
#define KEYSTORE_PBKDF2_MAX    10000000                      /* iterations */

struct keystore {
    bool scrypt;
    uint64_t n, r, p;    /* scrypt */
    uint64_t iterations; /* PBKDF2 */
    uint8_t salt[KEYSTORE_SALT_MAX];
    size_t salt_len;
    uint8_t iv[16], ciphertext[32], mac[32];
    bool has_address;
    struct addr address;
};
/* ERR_INVALID: not a keystore of version 3 with these algorithms.  ERR_TOO_LARGE: it asks for more
 * work than the bounds allow. */
MUST_CHECK enum err_code keystore_parse(struct bytes text, struct keystore *ret, struct err *e);
/* The key, 32 bytes.  ERR_VERIFY: the password is another, or the file was changed; or the key's
 * address is not the one that the file names. */
MUST_CHECK enum err_code keystore_open(const struct keystore *k, struct bytes password,
                                       secret **ret, struct err *e);
