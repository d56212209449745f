/* aead - AES-256-GCM with a 12-byte nonce and a 16-byte tag behind the ciphertext.  Room: crypto.
 */
#pragma once
#include "base/buf.h"
#include "crypto/secret.h"

#define AEAD_KEY_LEN   32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN   16

/* Appends ciphertext || tag to ret. */
MUST_CHECK enum err_code aes256gcm_seal(const uint8_t key[static AEAD_KEY_LEN],
                                        const uint8_t nonce[static AEAD_NONCE_LEN],
                                        struct bytes aad, struct bytes plaintext, struct buf *ret,
                                        struct err *e);
/* ERR_VERIFY when the tag does not hold; plaintext of at most SECRET_MAX bytes. */
MUST_CHECK enum err_code aes256gcm_open(const uint8_t key[static AEAD_KEY_LEN],
                                        const uint8_t nonce[static AEAD_NONCE_LEN],
                                        struct bytes aad, struct bytes ct, secret **ret,
                                        struct err *e);
