/* sim_ak - certificates of simulated vTPMs' attestation keys, under a throw-away root.  Room: sim.
 *
 * Root and intermediate are P-256 keys that follow from constants, so that anybody can sign with
 * them; development builds alone take the root (attest/ak_chain).  The leaf is about an RSA key. */
#pragma once
#include "crypto/p256.h"

#define SIM_CN_AK_ROOT         "Simulated Virtual TPM Root"
#define SIM_CN_AK_INTERMEDIATE "Simulated Virtual TPM CA"
#define SIM_CN_AK              "simulated.ConfidentialVM.invalid"

#define SIM_AK_FAULTS(X)                                                                           \
    X(SIM_AK_OK, "none")                                                                           \
    X(SIM_AK_ROOT_UNKNOWN, "ak-root-unknown")       /* all under another root of that name */      \
    X(SIM_AK_NO_INTERMEDIATE, "ak-no-intermediate") /* the leaf alone */                           \
    X(SIM_AK_SIG, "ak-sig")         /* the leaf, signed by another key than the intermediate's */  \
    X(SIM_AK_EXPIRED, "ak-expired") /* the leaf: 2024 to 2025 */                                   \
    X(SIM_AK_PURPOSE, "ak-purpose") /* for server authentication */                                \
    X(SIM_AK_CA, "ak-ca")           /* the leaf is a CA */

#define SIM_AK_FAULT_(id, name) id,
enum sim_ak_fault { SIM_AK_FAULTS(SIM_AK_FAULT_) SIM_AK_FAULT_COUNT };
#undef SIM_AK_FAULT_

/* DER, appended. */
MUST_CHECK enum err_code sim_ak_root_certificate(struct buf *ret, struct err *e);
/* The certificate of this RSA key, and the one above it. */
MUST_CHECK enum err_code sim_ak_certificate(EVP_PKEY *ak, enum sim_ak_fault fault, struct buf *ret,
                                            struct err *e);
MUST_CHECK enum err_code sim_ak_intermediate(enum sim_ak_fault fault, struct buf *ret,
                                             struct err *e);
/* Both, one after the other. */
MUST_CHECK enum err_code sim_ak_chain(EVP_PKEY *ak, enum sim_ak_fault fault, struct buf *ret,
                                      struct err *e);
