/* sim_quote - a simulated TDX platform: quotes of any TD, under the throw-away root.  Room: sim.
 *
 * A platform is a PCK chain (leaf with the SGX extensions, "Platform CA", root), a quoting enclave
 * and its attestation key, all made from a seed: the same seed gives the same bytes, ready at once.
 * Quotes have the exact structure of real ones (Intel TDX DCAP quote format, versions 4 and 5, PCK
 * chain as certification data type 5 inside type 6) and repeat byte by byte too.
 *
 * Every name in the certificates that a verifier does not compare says that it is simulated.
 *
 * A platform may be made wrong in one way (enum sim_fault); everything that the fault does not
 * touch stays right and is signed again over it, so that a test sees one reason to refuse. */
#pragma once
#include "attest/identity.h"
#include "attest/report_data.h"

#define SIM_QUOTE_MAX 8192

/* A TD as current hosts make them (SEPT_VE_DISABLE, XFAM e702060000000000, module 1.5).  MRTD and
 * RTMR0 are those of the one simulated firmware, RTMR1 and RTMR2 follow from the image's name;
 * RTMR3 and the other fields are zero. */
void sim_td_of_image(const char *image, struct td_report *ret);
/* The same TD with these measurements (TEE_TDX). */
void sim_td_measured(const struct measurements *m, struct td_report *ret);

enum sim_form { SIM_V4, SIM_V5_TD10, SIM_V5_TD15 };

/* One way of being wrong.  Comments say what is wrong; nothing else is. */
#define SIM_FAULTS(X)                                                                              \
    X(SIM_OK, "none")                                                                              \
    /* Authentic quotes of a TD that policy refuses. */                                            \
    X(SIM_TD_DEBUG, "td-debug")               /* TDATTRIBUTES bit 0 */                             \
    X(SIM_TD_PROFILED, "td-profiled")         /* bit 5, of the untrusted group */                  \
    X(SIM_TD_RESERVED, "td-reserved")         /* bit 40, which means nothing yet */                \
    X(SIM_TD_MIGRATABLE, "td-migratable")     /* bit 29 */                                         \
    X(SIM_TD_NO_SEPT_VE, "td-no-sept-ve")     /* SEPT_VE_DISABLE is 0 */                           \
    X(SIM_XFAM_NO_SSE, "xfam-no-sse")         /* bit 1 must be 1 */                                \
    X(SIM_XFAM_UNKNOWN, "xfam-unknown")       /* bit 40 */                                         \
    X(SIM_SEAM_SIGNER, "seam-signer")         /* MRSIGNERSEAM is not Intel's (zero) */             \
    X(SIM_SEAM_ATTRIBUTES, "seam-attributes") /* SEAMATTRIBUTES is not zero */                     \
    X(SIM_SERVICE_TD, "service-td")           /* MRSERVICETD is not zero (TD 1.5) */               \
    /* The header and the wrappers; signed as they stand. */                                       \
    X(SIM_VERSION, "version")           /* 6 */                                                    \
    X(SIM_ATT_KEY_TYPE, "att-key-type") /* 3, P-384 */                                             \
    X(SIM_TEE_TYPE, "tee-type")         /* 0, SGX */                                               \
    X(SIM_VENDOR, "vendor")             /* not Intel's QE vendor id */                             \
    X(SIM_BODY_TYPE, "body-type")       /* 4, TD 1.5 extended (version 5 only) */                  \
    X(SIM_OUTER_TYPE, "outer-type")     /* certification data 5 where 6 belongs */                 \
    X(SIM_INNER_TYPE, "inner-type")     /* 1, a PPID where the PCK chain belongs */                \
    /* The links of the chain of trust. */                                                         \
    X(SIM_QUOTE_SIG, "quote-sig")       /* made by another attestation key */                      \
    X(SIM_QE_HASH, "qe-hash")           /* QE REPORTDATA binds another attestation key */          \
    X(SIM_QE_TAIL, "qe-tail")           /* its bytes 32..63 are not zero */                        \
    X(SIM_QE_SIG, "qe-sig")             /* QE report signed by another key than the PCK */         \
    X(SIM_QE_DEBUG, "qe-debug")         /* QE ATTRIBUTES: DEBUG */                                 \
    X(SIM_QE_SIGNER, "qe-signer")       /* another MRSIGNER than Intel's TD QE */                  \
    X(SIM_LEAF_SIG, "leaf-sig")         /* PCK certificate signed by another key than the CA */    \
    X(SIM_CA_SIG, "ca-sig")             /* CA certificate signed by another key than the root */   \
    X(SIM_ROOT_UNKNOWN, "root-unknown") /* a whole chain under another root of that name */        \
    X(SIM_LEAF_EXPIRED, "leaf-expired") /* 2020 .. 2021 */                                         \
    X(SIM_LEAF_FUTURE, "leaf-future")   /* from 2049-12-30 */                                      \
    X(SIM_CA_EXPIRED, "ca-expired")     /* 2020 .. 2021 */                                         \
    X(SIM_CA_NOT_CA, "ca-not-ca")       /* basicConstraints CA:FALSE */                            \
    X(SIM_CA_NO_CERT_SIGN, "ca-no-cert-sign") /* keyUsage cRLSign only */                          \
    X(SIM_LEAF_IS_CA, "leaf-is-ca")           /* basicConstraints CA:TRUE */                       \
    X(SIM_LEAF_NAME, "leaf-name")             /* CN "Intel SGX TCB Signing" */                     \
    X(SIM_CA_NAME, "ca-name")                 /* CN "Intel SGX PCK Other CA" */                    \
    X(SIM_LEAF_ISSUER, "leaf-issuer")         /* its issuer is not the CA's subject */             \
    X(SIM_CHAIN_ORDER, "chain-order")         /* CA, leaf, root */                                 \
    X(SIM_CHAIN_SHORT, "chain-short")         /* leaf, CA */                                       \
    X(SIM_CHAIN_LONG, "chain-long")           /* leaf, CA, root, root */                           \
    X(SIM_SGX_MISSING, "sgx-missing")         /* no SGX extension */                               \
    X(SIM_SGX_TWICE, "sgx-twice")             /* the SGX extension twice */                        \
    X(SIM_FMSPC_MISSING, "fmspc-missing")     /* no FMSPC in it */                                 \
    X(SIM_FMSPC_TWICE, "fmspc-twice")         /* two in it */                                      \
    X(SIM_TCB_SHORT, "tcb-short")             /* fifteen components in it */

#define SIM_FAULT_NAME_(id, name) id,
enum sim_fault { SIM_FAULTS(SIM_FAULT_NAME_) SIM_FAULT_COUNT };
#undef SIM_FAULT_NAME_

const char *sim_fault_name(enum sim_fault f); /* "td-debug"; never NULL */
/* ERR_INVALID names those that there are. */
MUST_CHECK enum err_code sim_fault_parse(const char *name, enum sim_fault *ret, struct err *e);

struct sim_platform_info {
    uint8_t ppid[16], cpusvn[16], tcb_components[16], pceid[2], fmspc[6], instance_id[16];
    uint16_t pcesvn;
};

typedef struct sim_platform sim_platform;

/* seed: any text; two platforms of one seed are the same machine (of one fault). */
MUST_CHECK enum err_code sim_platform_new(const char *seed, enum sim_fault fault,
                                          sim_platform **ret, struct err *e);
void sim_platform_free(sim_platform *p);
DEFINE_AUTO(sim_platform, sim_platform_free);

const struct sim_platform_info *sim_platform_info(const sim_platform *p);
/* The certificates as PEM, as they stand in the quotes: leaf, CA, root. */
struct bytes sim_platform_chain(const sim_platform *p);

/* A quote of td with this report data (td's own is not used).  Appended to ret: at most
 * SIM_QUOTE_MAX bytes.  Thread-safe on one platform. */
MUST_CHECK enum err_code sim_quote(const sim_platform *p, enum sim_form form,
                                   const struct td_report *td, const struct report_data *rd,
                                   struct buf *ret, struct err *e);
/* An SGX quote (version 3) of an enclave on that machine.  Faults of the machine that are about TDs
 * do not touch it. */
MUST_CHECK enum err_code sim_quote_sgx(const sim_platform *p, const struct sgx_report *enclave,
                                       struct buf *ret, struct err *e);
