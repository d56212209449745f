/* tcb - which level of Intel's data a platform meets, and what follows from it.  Room: attest.
 *
 * Intel's rules (QVL 1.27), exactly: levels are tried from the newest down; the first whose every
 * number is reached decides.  Pure functions of parsed values: whether those are authentic, of now
 * and about this platform is settled by examine.  Source: docs/WIRE.md, "TDX quote", F and H to J.
 */
#pragma once
#include "attest/examine.h"

/* F: the QE report's fields under the identity's masks.  QE_IDENTITY_*. */
MUST_CHECK enum err_code tcb_qe_identity(const struct sgx_report *qe, const struct qe_identity *id,
                                         enum attest_fault *fault, struct err *e);
/* F: its level.  QE_NOT_SUPPORTED. */
MUST_CHECK enum err_code tcb_qe_level(const struct sgx_report *qe, const struct qe_identity *id,
                                      const struct tcb_verdict **ret, enum attest_fault *fault,
                                      struct err *e);
/* H: the module that made the TD, by the version in this TEE_TCB_SVN, its signer and attributes;
 * *ret is its level, NULL for version 0, which has none.  TDX_MODULE_MISMATCH,
 * TCB_NOT_SUPPORTED. */
MUST_CHECK enum err_code tcb_module(const struct td_report *td,
                                    const uint8_t tee_tcb_svn[static 16],
                                    const struct tcb_info *info, const struct tcb_verdict **ret,
                                    enum attest_fault *fault, struct err *e);
/* I: the platform's level; tee_tcb_svn: NULL for SGX.  TCB_NOT_SUPPORTED. */
MUST_CHECK enum err_code tcb_platform(const struct pck_tcb *pck, const uint8_t *tee_tcb_svn,
                                      const struct tcb_info *info, const struct tcb_verdict **ret,
                                      enum attest_fault *fault, struct err *e);

/* H to J of the whole for a TD report (NULL: an SGX enclave's platform), TD 1.5's second evaluation
 * included.  td15: TEE_TCB_SVN2 counts. */
MUST_CHECK enum err_code tcb_evaluate(const struct td_report *td, bool td15,
                                      const struct pck_tcb *pck, const struct tcb_info *info,
                                      const struct tcb_verdict *qe, const struct qe_identity *id,
                                      struct tcb_evaluation *ret, enum attest_fault *fault,
                                      struct err *e);
