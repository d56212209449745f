/* hpke - RFC 9180 base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.  Room: crypto.
 *
 * Suite 0x0010/0x0001/0x0002, single shot (sequence number 0). */
#pragma once
#include "crypto/p256.h"

#define HPKE_ENC_LEN P256_POINT_LEN
#define HPKE_TAG_LEN 16

/* ret_enc and ret_ct are appended to; ret_ct gets plaintext + 16 bytes. */
MUST_CHECK enum err_code hpke_seal(struct bytes recipient_point65, struct bytes info,
                                   struct bytes aad, struct bytes plaintext,
                                   uint8_t ret_enc[static HPKE_ENC_LEN], struct buf *ret_ct,
                                   struct err *e);
/* ERR_VERIFY when it was not sealed to this key, info and aad. */
MUST_CHECK enum err_code hpke_open(EVP_PKEY *recipient, struct bytes enc, struct bytes info,
                                   struct bytes aad, struct bytes ct, secret **ret, struct err *e);
/* RFC 9180 §7.1.3 DeriveKeyPair for DHKEM(P-256). */
MUST_CHECK enum err_code hpke_derive_key(struct bytes ikm, EVP_PKEY **ret, struct err *e);
/* For vectors: encapsulation with a given ephemeral ikmE. */
MUST_CHECK enum err_code hpke_seal_with_ikm(struct bytes recipient_point65, struct bytes ikm_e,
                                            struct bytes info, struct bytes aad,
                                            struct bytes plaintext,
                                            uint8_t ret_enc[static HPKE_ENC_LEN],
                                            struct buf *ret_ct, struct err *e);
