/* steps - single steps of an examination.  Room: attest, private.
 *
 * Letters are those of docs/WIRE.md, "TDX quote". */
#pragma once
#include "attest/examine.h"

/* E, first half: QE report by the PCK key. */
MUST_CHECK enum err_code step_qe_signature(const struct quote *q, const p256_pub *pck,
                                           enum attest_fault *fault, struct err *e);
/* E, second half: the QE vouches for the attestation key, and for nothing else. */
MUST_CHECK enum err_code step_qe_binding(const struct quote *q, enum attest_fault *fault,
                                         struct err *e);
/* G: header and report by the attestation key. */
MUST_CHECK enum err_code step_quote_signature(const struct quote *q, enum attest_fault *fault,
                                              struct err *e);
/* L, in constant time. */
MUST_CHECK enum err_code step_report_data(const uint8_t found[static 64],
                                          const struct report_data *expected,
                                          enum attest_fault *fault, struct err *e);

/* K and M: one rule of policy about facts.  `now` counts for statuses alone. */
typedef enum err_code policy_step(const struct attest_policy *policy,
                                  const struct attest_facts *facts, int64_t now,
                                  enum attest_fault *fault, struct err *e);
policy_step step_td_attributes, step_td_xfam, step_td_seam, step_td_service, step_td_owner,
    step_tcb_status, step_advisories, step_evaluation_number, step_platform_allowed,
    step_paravisor; /* of Azure machines alone */
