/* pcs - Intel's Provisioning Certification Service, version 4, or a PCCS that mirrors it: a client.
 * Room: attest.
 *
 * What it brings is signed, so a wrong server can only withhold or bring old things; both are told
 * from the objects (attest/collateral_store.h).  Its certificate is checked all the same.  Plain
 * http:// is taken for the loopback network alone.  Redirects are not followed; every call has a
 * deadline; answers are bounded.  Errors name host, what was asked, and what mends it. */
#pragma once
#include "attest/collateral.h"

#define PCS_URL          "https://api.trustedservices.intel.com"
#define PCS_ROOT_CRL_URL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

struct pcs_config {
    const char *url;     /* NULL: PCS_URL.  A path of "/sgx/certification/v4" is understood */
    struct bytes ca_pem; /* of a PCCS with an authority of its own; empty: the system's */
};

enum pcs_update {
    PCS_STANDARD, /* what platforms are judged by */
    PCS_EARLY,    /* what they will be judged by later */
};
struct pcs_ask {
    enum quote_tee tee;
    uint8_t fmspc[6]; /* TCB info */
    enum pck_ca ca;   /* PCK CRL */
    enum pcs_update update;
    uint32_t evaluation_number; /* instead of update; 0: none */
};

/* For one thread at a time. */
typedef struct pcs pcs;
/* Copies what it needs.  ERR_INVALID (the URL, the certificates). */
MUST_CHECK enum err_code pcs_new(const struct pcs_config *config, pcs **ret, struct err *e);
void pcs_free(pcs *p);
DEFINE_AUTO(pcs, pcs_free);

/* One object, its issuer chain decoded, a CRL as DER.  What ret held is freed, on success only.
 * ERR_NOT_FOUND (no such platform, or an evaluation number that is not served), ERR_BUSY,
 * ERR_TIMEOUT, ERR_TOO_LARGE, ERR_UPSTREAM, ERR_INVALID. */
MUST_CHECK enum err_code pcs_get(pcs *p, enum collateral_kind kind, const struct pcs_ask *ask,
                                 unsigned ms, struct collateral_text *ret, struct err *e);
/* All four within ms in all; the first that cannot be had is the error. */
MUST_CHECK enum err_code pcs_bundle(pcs *p, const struct pcs_ask *ask, unsigned ms,
                                    struct collateral_bundle *ret, struct err *e);
/* {"tcbEvaluationDataNumbers": ...}: the newest evaluation numbers, with dates. */
MUST_CHECK enum err_code pcs_numbers(pcs *p, enum quote_tee tee, unsigned ms,
                                     struct collateral_text *ret, struct err *e);
void collateral_text_done(struct collateral_text *t);
