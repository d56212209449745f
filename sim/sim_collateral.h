/* sim_collateral - what Intel would say about a simulated platform: TDX TCB info, TD QE identity,
 * revocation lists, and the certificates that sign them.  Room: sim.
 *
 * All platforms share one FMSPC ("SIM\0\0\0", 53494d000000), one PCEID (0000), one TCB and one
 * "Platform CA" under the throw-away root; their PCK certificates differ.  So one bundle serves
 * every seed, but in SIM_COLLATERAL_LEAF_REVOKED, which revokes the PCK certificate of p alone.
 *
 * The sim TD (TEE_TCB_SVN 0b 01 04, TEE_TCB_SVN2 0d 01 04) meets the first platform level and the
 * first level of module "TDX_01".  The quoting enclave (ISVSVN 7) meets the first one of its own.
 * What is told follows from the healthy platform, so that faults of the quoting enclave
 * (SIM_QE_DEBUG, SIM_QE_SIGNER) are caught by the identity. */
#pragma once
#include "sim_quote.h"

#define SIM_COLLATERAL_MAX      65536
#define SIM_COLLATERAL_DAYS_MAX 3650

/* One way of being wrong; everything else stays right and is signed over it. */
#define SIM_COLLATERAL_FAULTS(X)                                                                   \
    X(SIM_COLLATERAL_OK, "none")                                                                   \
    /* Signatures and certificates. */                                                             \
    X(SIM_COLLATERAL_TCB_INFO_SIG, "tcb-info-sig")           /* made by another key */             \
    X(SIM_COLLATERAL_QE_IDENTITY_SIG, "qe-identity-sig")     /* made by another key */             \
    X(SIM_COLLATERAL_SIGNER_OTHER_ROOT, "signer-other-root") /* both chains: a root unknown */     \
    X(SIM_COLLATERAL_SIGNER_REVOKED, "signer-revoked")       /* in the root CRL */                 \
    X(SIM_COLLATERAL_LEAF_REVOKED, "leaf-revoked")           /* p's, in the PCK CRL */             \
    X(SIM_COLLATERAL_CA_REVOKED, "ca-revoked")               /* in the root CRL */                 \
    X(SIM_COLLATERAL_ROOT_CRL_SIG, "root-crl-sig")           /* made by another key */             \
    X(SIM_COLLATERAL_PCK_CRL_SIG, "pck-crl-sig")             /* made by another key */             \
    /* Time. */                                                                                    \
    X(SIM_COLLATERAL_CRL_EXPIRED, "crl-expired")           /* PCK CRL: an hour ago */              \
    X(SIM_COLLATERAL_TCB_INFO_EXPIRED, "tcb-info-expired") /* an hour ago */                       \
    X(SIM_COLLATERAL_NOT_YET_ISSUED, "not-yet-issued")     /* TCB info: in a day */                \
    /* Authentic documents that do not accept the platform. */                                     \
    X(SIM_COLLATERAL_OTHER_FMSPC, "other-fmspc")                                                   \
    X(SIM_COLLATERAL_OTHER_PCEID, "other-pceid")                                                   \
    X(SIM_COLLATERAL_QE_SIGNER, "qe-signer")           /* identity: another MRSIGNER */            \
    X(SIM_COLLATERAL_QE_TOO_OLD, "qe-too-old")         /* its ISVSVN meets an OutOfDate level */   \
    X(SIM_COLLATERAL_QE_REVOKED, "qe-revoked")         /* its ISVSVN meets a Revoked level */      \
    X(SIM_COLLATERAL_MODULE_MISSING, "module-missing") /* only TDX_03 */                           \
    X(SIM_COLLATERAL_MODULE_REVOKED, "module-revoked") /* TDX_01 meets a Revoked level */          \
    X(SIM_COLLATERAL_NO_LEVEL, "no-level")             /* every PCESVN is above the platform's */  \
    /* Authentic documents that are malformed. */                                                  \
    X(SIM_COLLATERAL_BAD_STATUS, "bad-status")             /* of the met level: unknown word */    \
    X(SIM_COLLATERAL_DUPLICATE_MEMBER, "duplicate-member") /* TCB info: fmspc twice, the same */   \
    X(SIM_COLLATERAL_SVN_300, "svn-300")                   /* in the older level: no byte */

#define SIM_COLLATERAL_NAME_(id, name) id,
enum sim_collateral_fault {
    SIM_COLLATERAL_FAULTS(SIM_COLLATERAL_NAME_) SIM_COLLATERAL_FAULT_COUNT
};
#undef SIM_COLLATERAL_NAME_

const char *sim_collateral_fault_name(enum sim_collateral_fault f); /* never NULL */
/* ERR_INVALID names those that there are. */
MUST_CHECK enum err_code sim_collateral_fault_parse(const char *name,
                                                    enum sim_collateral_fault *ret, struct err *e);

struct sim_collateral_spec {
    int64_t now;   /* everything was issued a day before; years 1971 .. 2039 */
    unsigned days; /* from now to the next update; 0: 30; at most SIM_COLLATERAL_DAYS_MAX */
    enum sim_collateral_fault fault;
    const char *status;         /* of the platform level that is met; NULL: UpToDate */
    uint32_t evaluation_number; /* tcbEvaluationDataNumber of both documents; 0: 17 */
};

/* The bundle, appended: a JSON object of strings: tcb_info and qe_identity (the exact inner text
 * that is signed), tcb_info_signature and qe_identity_signature (hex of r || s),
 * tcb_info_issuer_chain, qe_identity_issuer_chain (PEM, signer then root), pck_crl_issuer_chain
 * (PEM, CA then root), root_ca_crl, pck_crl (hex of DER).  The same p and spec give the same
 * bytes. */
MUST_CHECK enum err_code sim_collateral(const sim_platform *p,
                                        const struct sim_collateral_spec *spec, struct buf *ret,
                                        struct err *e);
