/* x509_chain - certificates of other people's authorities: names, and chains to pinned roots.
 * Room: crypto. */
#pragma once
#include "crypto/x509.h"

#define X509_CHAIN_MAX 8 /* certificates of a chain, leaf and root included */

/* Why a chain does not hold. */
enum x509_chain_problem {
    X509_CHAIN_HOLDS,
    X509_CHAIN_FORM,           /* not certificates one after the other */
    X509_CHAIN_ISSUER_MISSING, /* a certificate between the leaf and the roots is not there */
    X509_CHAIN_EXPIRED,        /* a certificate of the chain is not valid now */
    X509_CHAIN_PURPOSE,        /* the leaf is a CA, or not for this */
    X509_CHAIN_BROKEN,         /* everything else; the message says what */
};

/* DER certificates one after the other, leaf first; the leaf's, borrowed. */
MUST_CHECK enum err_code x509_chain_leaf(struct bytes chain, struct bytes *ret, struct err *e);
/* Does the leaf hang on one of these roots (DER, self-signed) through the others?  All by RFC 5280
 * at unix time now, signatures and keys of at least 112 bits; revocation is not looked at.  The
 * leaf is no CA and has `purpose` (an OID) among its extended key usages.  The message names the
 * issuer that is missing.  *ret_problem is always set. */
MUST_CHECK enum err_code x509_chain_verify(struct bytes chain, const struct bytes *roots,
                                           size_t n_roots, const char *purpose, int64_t now,
                                           enum x509_chain_problem *ret_problem, struct err *e);

/* The subject's one common name as UTF-8; ERR_NOT_FOUND when there is none, or more than one, or it
 * does not fit. */
MUST_CHECK enum err_code x509_common_name(const X509 *c, char *ret, size_t size, struct err *e);
/* ERR_VERIFY unless it names itself as its issuer and its own key signed it. */
MUST_CHECK enum err_code x509_check_self_signed(const X509 *c, struct err *e);
/* SHA-256 of the SPKI of each CERTIFICATE block in pem, ascending, each once; of any kind of key.
 * ERR_INVALID: there is none; ERR_TOO_LARGE: over max. */
MUST_CHECK enum err_code x509_authority_keys(struct bytes pem, struct hash32 *ret, size_t max,
                                             size_t *ret_n, struct err *e);
