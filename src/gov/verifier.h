/* verifier - what the contracts that judge evidence take, and what makes them.  Room: gov.
 *
 * Nothing here is verified: that is their work.  Source: contracts/VERIFIERS.md. */
#pragma once
#include "attest/azure_evidence.h"
#include "attest/collateral.h"
#include "attest/report_data.h"
#include "attest/tcb_status.h"
#include "chain/abi.h"
#include "chain/transactor.h"

enum gov_verifier {
    GOV_VERIFIER_COLLATERAL, /* no verifier: what TdxVerifier asks */
    GOV_VERIFIER_TDX,
    GOV_VERIFIER_AZURE,
    GOV_VERIFIER_AUTOMATA,
    GOV_VERIFIERS,
};
/* "collateral", "tdx", "azure", "automata" */
const char *gov_verifier_name(enum gov_verifier v);
/* A set of statuses as TdxVerifier numbers them. */
uint16_t gov_tdx_statuses(tcb_status_set set);
/* Its constructor's arguments, in order, whose types are those of the ABI. */
MUST_CHECK enum err_code gov_verifier_deploy(transactor *t, enum gov_verifier v,
                                             const struct abi_value *args, size_t n,
                                             struct tx_receipt *ret, struct err *e);

/* ---- evidence, appended to ret ---- */

/* TdxVerifier's: the quote up to its certification data, and the DER of the first certificate in
 * that.  ERR_INVALID: not a TDX quote with a chain. */
MUST_CHECK enum err_code gov_evidence_tdx(struct bytes quote, struct buf *ret, struct err *e);
/* MaaVerifier's: a token in its compact form, and the vTPM's quote of the same machine. */
MUST_CHECK enum err_code gov_evidence_azure(struct bytes token, const struct azure_evidence *vtpm,
                                            struct buf *ret, struct err *e);

/* What the quote of `attest` must be over: contracts/LAYOUT.md, "Evidence". */
MUST_CHECK enum err_code gov_attest_report_data(uint64_t chain_id, const struct addr *contract,
                                                const struct addr *sender,
                                                const struct hash32 *purpose,
                                                const struct hash32 *block_hash,
                                                struct report_data *ret, struct err *e);

/* ---- collateral ---- */

enum gov_statement { /* in the order in which they can be posted */
                     GOV_POST_ROOT_CRL,
                     GOV_POST_PCK_CA,
                     GOV_POST_PCK_CRL,
                     GOV_POST_TCB_INFO,
                     GOV_POST_QE_IDENTITY,
                     GOV_STATEMENTS,
};
/* "root-crl", "pck-ca", "pck-crl", "tcb-info", "qe-identity" */
const char *gov_statement_name(enum gov_statement s);
/* One statement of a bundle, as Collateral takes it.  ERR_NOT_FOUND: the bundle does not have it.
 */
MUST_CHECK enum err_code gov_post_statement(transactor *t, const struct addr *collateral,
                                            const struct collateral_bundle *b, enum gov_statement s,
                                            struct tx_receipt *ret, struct err *e);
