/* jws - JSON Web Signatures in their compact form, strictly.  Room: crypto.
 *
 * RFC 7515: BASE64URL(header) '.' BASE64URL(payload) '.' BASE64URL(signature), here with RS256
 * alone.  Nothing in a header chooses how or by whose key a token is verified: alg must be the one
 * we know, crit (extensions that must be understood) is refused, and jku, jwk and x5c, which would
 * bring a key along, are never looked at. */
#pragma once
#include "base/buf.h"
#include "crypto/rsa.h"

#define JWS_MAX     65536
#define JWS_KID_MAX 256

struct jws {
    struct bytes signed_part; /* header and payload as they stand, borrowed from the token */
    struct buf header, payload, signature; /* decoded */
};
/* Begin with `struct jws t AUTO_CALL(jws_done) = {0};` */
void jws_done(struct jws *t);
/* Exactly three segments, none empty, each canonical base64url without padding; at most JWS_MAX
 * bytes.  What ret held is freed, on success only. */
MUST_CHECK enum err_code jws_split(struct bytes token, struct jws *ret, struct err *e);

struct jws_header {
    char alg[16];
    char kid[JWS_KID_MAX + 1]; /* empty: none */
};
/* A JSON object without duplicates; alg is there, kid may be, crit is not, typ is "JWT" if there.
 */
MUST_CHECK enum err_code jws_header_read(struct bytes header, struct jws_header *ret,
                                         struct err *e);
/* ERR_VERIFY for any other algorithm than RS256. */
MUST_CHECK enum err_code jws_check_alg(const struct jws_header *h, struct err *e);
/* ERR_VERIFY unless this key signed it, by RS256. */
MUST_CHECK enum err_code jws_verify(const struct jws *t, const rsa_pub *key, struct err *e);
