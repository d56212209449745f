/* sim_collateral - what the throw-away root's "Intel" says about simulated platforms.  Room: sim.
 *
 * TCB info, QE identity, revocation lists and the signer of the first two, in the form and order of
 * Intel's PCS, all signed under the throw-away root; the same moment gives the same bytes.  All
 * simulated platforms are of one FMSPC ("SIM") and one CA: one bundle serves them all.
 *
 * A bundle may be wrong in one way; the rest stays right and is signed again over it. */
#pragma once
#include "attest/collateral.h"
#include "sim_quote.h"

#define SIM_COLLATERAL_MAX 65536
#define SIM_EVALUATION     17 /* number of the standard data; the early data is the next one */

#define SIM_COLLATERAL_FAULTS(X)                                                                   \
    X(SIM_COLLATERAL_OK, "none")                                                                   \
    X(SIM_TCB_INFO_SIG, "tcb-info-sig")       /* signed by another key */                          \
    X(SIM_QE_IDENTITY_SIG, "qe-identity-sig") /* the same */                                       \
    X(SIM_SIGNER_ROOT, "signer-root") /* the signer's certificate, signed by another key */        \
    X(SIM_SIGNER_REVOKED, "signer-revoked")                                                        \
    X(SIM_LEAF_REVOKED, "leaf-revoked") /* the platform's PCK certificate */                       \
    X(SIM_CA_REVOKED, "ca-revoked")                                                                \
    X(SIM_ROOT_CRL_SIG, "root-crl-sig")                                                            \
    X(SIM_PCK_CRL_SIG, "pck-crl-sig")                                                              \
    X(SIM_CRL_EXPIRED, "crl-expired")                                                              \
    X(SIM_TCB_INFO_EXPIRED, "tcb-info-expired")                                                    \
    X(SIM_NOT_YET_ISSUED, "not-yet-issued")                                                        \
    X(SIM_OTHER_FMSPC, "other-fmspc")                                                              \
    X(SIM_OTHER_PCEID, "other-pceid")                                                              \
    X(SIM_QE_OTHER_SIGNER, "qe-other-signer") /* the identity names another MRSIGNER */            \
    X(SIM_QE_TOO_OLD, "qe-too-old")           /* every level is newer than the enclave */          \
    X(SIM_QE_REVOKED, "qe-revoked")                                                                \
    X(SIM_MODULE_MISSING, "module-missing")                                                        \
    X(SIM_MODULE_REVOKED, "module-revoked")                                                        \
    X(SIM_NO_LEVEL, "no-level")     /* every level is newer than the platform */                   \
    X(SIM_BAD_STATUS, "bad-status") /* a word that is no status */                                 \
    X(SIM_MEMBER_TWICE, "member-twice")                                                            \
    X(SIM_SVN_300, "svn-300")

#define SIM_COLLATERAL_FAULT_(id, name) id,
enum sim_collateral_fault {
    SIM_COLLATERAL_FAULTS(SIM_COLLATERAL_FAULT_) SIM_COLLATERAL_FAULT_COUNT
};
#undef SIM_COLLATERAL_FAULT_

const char *sim_collateral_fault_name(enum sim_collateral_fault f);
MUST_CHECK enum err_code sim_collateral_fault_parse(const char *name,
                                                    enum sim_collateral_fault *ret, struct err *e);

struct sim_collateral_spec {
    int64_t now;   /* issued a day before */
    unsigned days; /* good until so many days after; 0: 30 */
    enum sim_collateral_fault fault;
    const char *status;         /* of the level that simulated platforms meet; NULL: UpToDate */
    unsigned evaluation_number; /* 0: SIM_EVALUATION, or one more with early */
    bool early; /* data of the coming evaluation, in which simulated platforms are OutOfDate */
    bool sgx;   /* about enclaves on these platforms instead of TDs */
    bool processor_ca; /* the PCK CRL is of the other CA, under which no simulated platform is */
};

/* p is the platform whose certificate the faults revoke.  What ret held is freed, on success only.
 */
MUST_CHECK enum err_code sim_collateral_parts(const sim_platform *p,
                                              const struct sim_collateral_spec *spec,
                                              struct collateral_bundle *ret, struct err *e);
/* The same as JSON (attest/collateral.h), appended: at most SIM_COLLATERAL_MAX bytes. */
MUST_CHECK enum err_code sim_collateral(const sim_platform *p,
                                        const struct sim_collateral_spec *spec, struct buf *ret,
                                        struct err *e);
/* Which evaluations there are ("tcbEvaluationDataNumbers": that of spec and the one after it), as
 * the first text of a bundle. */
MUST_CHECK enum err_code sim_collateral_numbers(const struct sim_collateral_spec *spec,
                                                struct collateral_bundle *ret, struct err *e);
