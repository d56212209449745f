/* operator - an operator's signed word that one key may run as one application.  Room: kms.
 *
 * EIP-712, domain {name "teereg", version "2", chainId, verifyingContract = app};
 * Authorize(string purpose,address kms,address app,bytes32 subjectSpkiSha256,bytes32 nonce,
 * uint64 expiry).  Tools show the fields and make the digest themselves: nobody signs 32 bytes that
 * a peer sent (SR-31). */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/secp256k1.h"
#include "kms/msg.h"

#define OPERATOR_EXPIRY_MAX_S 86400 /* from now */

struct operator_authorize {
    const char *purpose; /* "secrets-request", "onboard-request" */
    uint64_t chain_id;
    struct addr kms, app;
    struct hash32 subject_spki_sha256;
    struct hash32 nonce; /* the signer's own random */
    uint64_t expiry;     /* unix seconds */
};

/* What a wallet signs: keccak256(0x1901 || domain separator || struct hash). */
void operator_digest(const struct operator_authorize *a, struct hash32 *ret);
/* For a tool with a key at hand; refuses an expiry that is past or over OPERATOR_EXPIRY_MAX_S. */
MUST_CHECK enum err_code operator_sign(const secret *key, const struct operator_authorize *a,
                                       int64_t now, struct msg_authorisation *ret, struct err *e);
/* Who signed `auth` for these fields (nonce and expiry are auth's own).  ERR_TIMEOUT: expired, or
 * good for longer than allowed; ERR_VERIFY: r, s or v out of range, high s (SR-32). */
MUST_CHECK enum err_code operator_verify(const struct msg_authorisation *auth,
                                         const struct operator_authorize *expected, int64_t now,
                                         struct addr *ret, struct err *e);
