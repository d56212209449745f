/* p256 - P-256 keys, ECDSA with SHA-256, ECDH.  Room: crypto.
 *
 * Keys are OpenSSL EVP_PKEYs; a private scalar crosses this interface only as a secret.  ecdsa
 * signatures are DER unless named raw (r || s, 32 bytes each, big-endian). */
#pragma once
#include <openssl/evp.h>
#include "base/buf.h"
#include "crypto/secret.h"

DEFINE_AUTO(EVP_PKEY, EVP_PKEY_free);

#define P256_POINT_LEN 65 /* 04 || X || Y */
#define P256_SPKI_LEN  91

MUST_CHECK enum err_code p256_generate(EVP_PKEY **ret, struct err *e);
/* Big-endian scalar; 0 and >= n are refused (OpenSSL alone accepts them). */
MUST_CHECK enum err_code p256_from_scalar(struct bytes scalar32, EVP_PKEY **ret, struct err *e);
/* Uncompressed point, checked to be on the curve. */
MUST_CHECK enum err_code p256_from_point(struct bytes point65, EVP_PKEY **ret, struct err *e);
/* SPKI DER: exactly a P-256 named-curve key, nothing else, nothing after it. */
MUST_CHECK enum err_code p256_from_spki(struct bytes der, EVP_PKEY **ret, struct err *e);
MUST_CHECK enum err_code p256_scalar(const EVP_PKEY *key, secret **ret, struct err *e);
MUST_CHECK enum err_code p256_point(const EVP_PKEY *key, uint8_t ret[static P256_POINT_LEN],
                                    struct err *e);
MUST_CHECK enum err_code p256_spki(const EVP_PKEY *key, uint8_t ret[static P256_SPKI_LEN],
                                   struct err *e);
bool p256_is_key(const EVP_PKEY *key); /* P-256, whatever else it holds */

/* SEC1 "EC PRIVATE KEY" DER (121 bytes, with the public key) and PEM, as the reference writes
 * them: the PEM text is hashed and fed to HKDF by v1, so it is exact.  Reading takes exactly one
 * block of that label. */
MUST_CHECK enum err_code p256_private_pem(const EVP_PKEY *key, secret **ret, struct err *e);
MUST_CHECK enum err_code p256_from_private_pem(struct bytes pem, EVP_PKEY **ret, struct err *e);
/* SPKI PEM, label PUBLIC KEY (178 bytes). */
MUST_CHECK enum err_code p256_public_pem(const EVP_PKEY *key, struct buf *ret, struct err *e);
MUST_CHECK enum err_code p256_from_public_pem(struct bytes pem, EVP_PKEY **ret, struct err *e);

MUST_CHECK enum err_code p256_sign(EVP_PKEY *key, struct bytes msg, struct buf *ret_der,
                                   struct err *e);
/* ERR_VERIFY when it does not hold. */
MUST_CHECK enum err_code p256_verify(EVP_PKEY *key, struct bytes msg, struct bytes sig_der,
                                     struct err *e);
/* RFC 6979 with SHA-256, low-s: the same bytes everywhere. */
MUST_CHECK enum err_code p256_sign_deterministic(const EVP_PKEY *key, struct bytes msg,
                                                 struct buf *ret_der, struct err *e);

/* The fast path of quote verification: a raw 64-byte public key (x || y) parsed once. */
typedef struct p256_pub p256_pub;
MUST_CHECK enum err_code p256_pub_new(struct bytes xy64, p256_pub **ret, struct err *e);
void p256_pub_free(p256_pub *k);
DEFINE_AUTO(p256_pub, p256_pub_free);
/* A table of the key's multiples: verifying with it takes half the time from then on, at the price
 * of 160 KiB and some 20 ms once.  For a key that verifies all day (a pinned root).  Before other
 * threads use the key. */
MUST_CHECK enum err_code p256_pub_precompute(p256_pub *k, struct err *e);
MUST_CHECK enum err_code p256_pub_verify_raw(const p256_pub *k, const struct hash32 *digest,
                                             struct bytes rs64, struct err *e);
/* The same with a DER signature (certificates). */
MUST_CHECK enum err_code p256_pub_verify_der(const p256_pub *k, const struct hash32 *digest,
                                             struct bytes sig_der, struct err *e);

/* Shared X coordinate, 32 bytes. */
MUST_CHECK enum err_code p256_ecdh(EVP_PKEY *own, EVP_PKEY *peer, secret **ret, struct err *e);
