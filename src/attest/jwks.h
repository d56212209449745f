/* jwks - the signing keys of an attestation service (MAA), as it publishes them.  Room: attest.
 *
 * {"keys": [{"kid", "kty": "RSA", "x5c": [standard base64 of DER, ...] and/or "n", "e"}, ...]}.
 * Whether they are the service's is not judged here: a person pinned the file, or the certificate
 * of a key proves that an enclave of the service holds it (attest/maa_key.h). */
#pragma once
#include "base/buf.h"
#include "crypto/rsa.h"

#define JWKS_MAX        262144
#define JWKS_KEYS_MAX   64
#define JWKS_ISSUER_MAX 255

struct jwks_key {
    char kid[257];
    rsa_pub *key; /* NULL: of no use here, see why */
    char why[160];
    struct buf certificate;           /* x5c[0] in DER; empty: none */
    char issuer[JWKS_ISSUER_MAX + 1]; /* the certificate's CN when it is an https URL; else "" */
};

/* Begin with `struct jwks set AUTO_CALL(jwks_done) = {0};` */
struct jwks {
    size_t n;
    struct jwks_key *key;
};
void jwks_done(struct jwks *set);
/* Of keys that are malformed, weak, not RSA or not for RS256 signatures only the name is kept, and
 * of two of one name; keys without a name are left out, and a set of no others is refused.
 * ERR_INVALID, ERR_TOO_LARGE.  What ret held is freed, on success only. */
MUST_CHECK enum err_code jwks_parse(struct bytes text, struct jwks *ret, struct err *e);
/* A name like "https://INSTANCE.REGION.attest.azure.net"? */
bool jwks_is_issuer(const char *text);
/* NULL: none of that name. */
const struct jwks_key *jwks_find(const struct jwks *set, const char *kid);
/* The issuer of a set whose certificates all name one; NULL: none is named, or (*ret_several) more
 * than one is. */
const char *jwks_issuer(const struct jwks *set, bool *ret_several);

/* A key as an element of "keys" that jwks_parse reads to the same; it must be of use. */
void jwks_put(const struct jwks_key *k, struct buf *out);
/* ERR_VERIFY when a name of both sets means another key in each. */
MUST_CHECK enum err_code jwks_check_pinned(const struct jwks *pinned, const struct jwks *shown,
                                           struct err *e);

/* kid names the key: base64(SHA-256(PEM of its SubjectPublicKeyInfo || 0x00)).  That SHA-256. */
MUST_CHECK enum err_code jwks_kid_hash(const struct jwks_key *k, struct hash32 *ret, struct err *e);
