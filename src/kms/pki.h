/* pki - the public half of an application: CA, key, their hash, the bytes of both routes.
 * Room: kms.
 *
 * Served for allowed applications only (SR-39); the evidence over it is the caller's (a quote of
 * purpose "pki" over pki_hash), since it costs a quote and is worth a cache. */
#pragma once
#include "kms/apps.h"
#include "kms/decide.h"

struct kms_pki {
    const kms_app *app; /* counted: kms_pki_done gives it back */
    struct hash32 pki_hash;
    uint64_t epoch;
    struct finalized_block at;
};
void kms_pki_done(struct kms_pki *p);
/* ERR_DENIED: not an allowed application at this block (with the reason in e); ERR_LOCKED. */
MUST_CHECK enum err_code kms_pki_get(const struct kms_authority *a, const struct addr *app,
                                     struct kms_pki *ret, struct err *e);
/* Payload of the "pki" quote: K || pki_hash. */
void kms_pki_payload(struct bytes k, const struct hash32 *pki_hash, struct buf *ret);
/* What version 1 puts into its report data: sha256(ca PEM || app pubkey PEM). */
MUST_CHECK enum err_code kms_pki_v1_hash(const struct kms_pki *p, struct hash32 *ret,
                                         struct err *e);
