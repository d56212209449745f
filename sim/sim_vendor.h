/* sim_vendor - the simulated vendor while it makes one set of collateral: keys, certificates,
 * dates. Room: sim, private. */
#pragma once
#include "sim_collateral.h"

#define SIM_DAY_S 86400

struct sim_vendor {
    const struct sim_collateral_spec *spec;
    EVP_PKEY *root, *ca, *signer, *other;
    struct buf root_der, ca_der, signer_der;
    struct buf leaf_der; /* the platform's; the CA's own where no platform is under it */
    int64_t issued, until;
};
struct sim_vendor sim_vendor_empty(const struct sim_collateral_spec *spec);
void sim_vendor_done(struct sim_vendor *v);
unsigned sim_vendor_number(const struct sim_vendor *v); /* tcbEvaluationDataNumber */

/* Revocation lists as DER, appended. */
MUST_CHECK enum err_code sim_root_crl(const struct sim_vendor *v, struct buf *ret, struct err *e);
MUST_CHECK enum err_code sim_pck_crl(const struct sim_vendor *v, struct buf *ret, struct err *e);

/* The inner JSON objects, compact, members in Intel's order, appended. */
void sim_tcb_info(const struct sim_vendor *v, const struct sim_platform_info *info,
                  struct buf *out);
void sim_qe_identity(const struct sim_vendor *v, struct buf *out);
void sim_evaluation_numbers(const struct sim_vendor *v, struct buf *out);
