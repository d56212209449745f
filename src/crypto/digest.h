/* digest - SHA-256, SHA-384, Keccak-256, HMAC-SHA-256, HKDF-SHA-256.  Room: crypto.
 *
 * Keccak-256 is Ethereum's (pad 0x01), over nettle's permutation.  The one-shot functions cannot
 * fail: an OpenSSL that cannot hash ends the process. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/secret.h"

void sha256(struct bytes data, struct hash32 *ret);
/* Over the concatenation of n parts. */
void sha256_parts(const struct bytes *parts, size_t n, struct hash32 *ret);
void sha384(struct bytes data, uint8_t ret[static 48]);
void keccak256(struct bytes data, struct hash32 *ret);
void keccak256_parts(const struct bytes *parts, size_t n, struct hash32 *ret);
/* The sponge of both with its padding byte: 0x01 is Keccak-256, 0x06 is SHA3-256 (what tests it).
 */
void keccak_sponge256(const struct bytes *parts, size_t n, uint8_t pad, struct hash32 *ret);
#define SHA256_OF(ret, ...)                                                                        \
    sha256_parts((const struct bytes[]){__VA_ARGS__},                                              \
                 sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes), ret)
#define KECCAK256_OF(ret, ...)                                                                     \
    keccak256_parts((const struct bytes[]){__VA_ARGS__},                                           \
                    sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes), ret)

void hmac_sha256(struct bytes key, struct bytes data, struct hash32 *ret);

/* RFC 5869; n <= 255*32. */
MUST_CHECK enum err_code hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info,
                                     uint8_t *ret, size_t n, struct err *e);
void hkdf_sha256_extract(struct bytes salt, struct bytes ikm, struct hash32 *ret);
MUST_CHECK enum err_code hkdf_sha256_expand(const struct hash32 *prk, struct bytes info,
                                            uint8_t *ret, size_t n, struct err *e);
