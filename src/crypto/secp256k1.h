/* secp256k1 - Ethereum's signatures and addresses, over libsecp256k1.  Room: crypto. */
#pragma once
#include "crypto/secret.h"

struct eth_signature {
    uint8_t r[32], s[32];
    uint8_t v; /* 0 or 1 */
};

/* Low-s, RFC 6979.  key: 32 bytes, 0 < key < n. */
MUST_CHECK enum err_code secp256k1_sign(const secret *key, const struct hash32 *digest,
                                        struct eth_signature *ret, struct err *e);
/* Address of the signer; r and s in range, low-s, v in {0,1} (SR-32). */
MUST_CHECK enum err_code secp256k1_signer(const struct hash32 *digest,
                                          const struct eth_signature *sig, struct addr *ret,
                                          struct err *e);
MUST_CHECK enum err_code secp256k1_address(const secret *key, struct addr *ret, struct err *e);
