/* ecies - the reference's envelope for stored secrets and shares (v1 data).  Room: crypto.
 *
 * u16be 65 || ephemeral point (65) || iv (12) || AES-256-GCM ciphertext || tag (16); the key is
 * SHA-256 of the minimal big-endian bytes of the shared X (leading zero bytes dropped, as Go's
 * big.Int does: docs/COMPAT.md). */
#pragma once
#include "crypto/p256.h"

#define ECIES_OVERHEAD 95

/* Whether bytes have the form of an envelope; to whom it is sealed, and whether it opens, only its
 * key knows. */
bool ecies_is_envelope(struct bytes b);

MUST_CHECK enum err_code ecies_seal(EVP_PKEY *recipient, struct bytes plaintext, struct buf *ret,
                                    struct err *e);
MUST_CHECK enum err_code ecies_open(EVP_PKEY *recipient, struct bytes envelope, secret **ret,
                                    struct err *e);
/* For vectors: a given ephemeral key and iv. */
MUST_CHECK enum err_code ecies_seal_with(EVP_PKEY *recipient, EVP_PKEY *ephemeral,
                                         const uint8_t iv[static 12], struct bytes plaintext,
                                         struct buf *ret, struct err *e);
