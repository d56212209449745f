/* rsa - RSA public keys of attestation services and vTPMs, for one kind of signature.  Room:
 * crypto.
 *
 * RSASSA-PKCS1-v1.5 with SHA-256 (RFC 8017, 8.2), by OpenSSL.  Keys: modulus of 2048 to 4096 bits,
 * exponent 65537.  A signature has exactly the modulus's length and is less than it, so that each
 * has one spelling.  A key that is only read is safe in several threads. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

#define RSA_PUB_BYTES_MIN 256
#define RSA_PUB_BYTES_MAX 512

typedef struct rsa_pub rsa_pub;
void rsa_pub_free(rsa_pub *k);
DEFINE_AUTO(rsa_pub, rsa_pub_free);

/* Big-endian, without leading zeros.  ERR_INVALID: malformed; ERR_VERIFY: not such a key as above.
 */
MUST_CHECK enum err_code rsa_pub_of_numbers(struct bytes n, struct bytes exponent, rsa_pub **ret,
                                            struct err *e);
/* The key of a certificate in DER; nothing else of it is judged. */
MUST_CHECK enum err_code rsa_pub_of_certificate(struct bytes der, rsa_pub **ret, struct err *e);

/* Big-endian, as long as signatures are; borrowed. */
struct bytes rsa_pub_modulus(const rsa_pub *k);
bool rsa_pub_eq(const rsa_pub *a, const rsa_pub *b);
/* SHA-256 of the key as people name it: PEM of its SubjectPublicKeyInfo, followed by `tail`. */
MUST_CHECK enum err_code rsa_pub_pem_hash(const rsa_pub *k, struct bytes tail, struct hash32 *ret,
                                          struct err *e);

/* ERR_VERIFY unless the signature over that digest holds. */
MUST_CHECK enum err_code rsa_pub_verify(const rsa_pub *k, const struct hash32 *digest,
                                        struct bytes signature, struct err *e);
