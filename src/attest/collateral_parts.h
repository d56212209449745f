/* collateral_parts - a bundle as files in a folder, each as a PCS serves it.  Room: attest.
 *
 *   tcb_info.json, qe_identity.json              {"tcbInfo": ..., "signature": ...}
 *   tcb_info_issuer_chain.pem, qe_identity_issuer_chain.pem, pck_crl_issuer_chain.pem
 *   root_ca_crl.der, pck_crl.der                 DER, PEM or hex
 * Chains may also be percent-encoded, as they stand in headers. */
#pragma once
#include "attest/collateral.h"

/* Those that are there; ERR_NOT_FOUND when none is.  What ret held is freed, on success only. */
MUST_CHECK enum err_code collateral_parts_read(const char *folder, struct collateral_bundle *ret,
                                               struct err *e);
/* folder is made when it is missing; files there are replaced. */
MUST_CHECK enum err_code collateral_parts_write(const char *folder,
                                                const struct collateral_bundle *b, struct err *e);
/* Is it the name of one of them? */
bool collateral_parts_has(const char *name);
