/* steps - single steps of a verification, shared by verify and inspect.  Room: attest, private.
 *
 * Letters are those of docs/WIRE.md, "TDX quote". */
#pragma once
#include "attest/verify.h"

/* E, first half: QE report by the PCK key. */
MUST_CHECK enum err_code step_qe_signature(const struct quote *q, const p256_pub *pck,
                                           enum attest_fault *fault, struct err *e);
/* E, second half: the QE vouches for the attestation key, and for nothing else. */
MUST_CHECK enum err_code step_qe_binding(const struct quote *q, enum attest_fault *fault,
                                         struct err *e);
/* G: header and TD report by the attestation key. */
MUST_CHECK enum err_code step_quote_signature(const struct quote *q, enum attest_fault *fault,
                                              struct err *e);
/* K */
MUST_CHECK enum err_code step_td_policy(const struct td_report *td,
                                        const struct attest_policy *policy,
                                        enum attest_fault *fault, struct err *e);
/* L, in constant time. */
MUST_CHECK enum err_code step_report_data(const struct td_report *td,
                                          const struct report_data *expected,
                                          enum attest_fault *fault, struct err *e);
/* May anything be given away, in a build of this kind? */
bool step_release(enum attest_collateral collateral, const struct attest_root *root,
                  bool development_build);
