/* ak_chain - who vouches for the key that an Azure vTPM signs with.  Room: attest.
 *
 * Its certificate hangs on one of Microsoft's roots, which are compiled in; the certificates
 * between them have to be sent along, for nothing is fetched on the way of a verification.
 * Revocation is not looked at: what counts in the end is that the TDX quote is over that same key.
 */
#pragma once
#include "attest/fault.h"
#include "crypto/rsa.h"

/* Extended key usage of a TPM's attestation key (TCG credential profile, tcg-kp-AIKCertificate). */
#define AK_PURPOSE "2.23.133.8.3"

struct ak_roots {
    const struct bytes *der;
    size_t n;
};
/* The compiled-in table; a development build has one more, whose private key anybody can compute.
 */
const struct ak_roots *ak_roots(void);

/* chain: DER certificates one after the other, leaf first.  The leaf's key.  AK_CHAIN. */
MUST_CHECK enum err_code ak_chain_key(struct bytes chain, rsa_pub **ret, enum attest_fault *fault,
                                      struct err *e);
/* AK_INTERMEDIATE_MISSING names the issuer whose certificate is wanted; AK_EXPIRED; AK_CHAIN. */
MUST_CHECK enum err_code ak_chain_verify(struct bytes chain, const struct ak_roots *roots,
                                         int64_t now, enum attest_fault *fault, struct err *e);
