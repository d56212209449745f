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
/* Refuses like a release does, as far as the application goes; *ret_why and e tell precisely. */
MUST_CHECK enum err_code kms_pki_get(const struct kms_authority *a, const struct addr *app,
                                     struct kms_pki *ret, enum kms_reason *ret_why, struct err *e);
/* Payload of the "pki" quote: K || pki_hash. */
void kms_pki_payload(struct bytes k, const struct hash32 *pki_hash, struct buf *ret);
/* CA and key as PEM, as the version 1 route shows and its report data (attest/report_data.h)
 * covers them. */
MUST_CHECK enum err_code kms_pki_v1_pem(const struct kms_pki *p, struct buf *ret_ca,
                                        struct buf *ret_key, struct err *e);
