/* azure_evidence - what a TDX machine of Azure shows of itself, and how that travels.  Room:
 * attest.
 *
 * A TDX quote over the paravisor's report (HCL report), which names the key of the vTPM; a vTPM
 * quote by that key over all 24 PCRs of the SHA-256 bank; the certificates of that key.  Nothing
 * here is verified.  The evidence object (attest/evidence.h) is of type "azure-vtpm" and its quote
 * member holds the encoding
 *
 *   u16be version = 1 || lp(tdx_quote) || lp(hcl_report) || lp(tpms_attest) || lp(tpm_signature) ||
 *   24 PCR values of 32 bytes || lp(ak_chain)
 *
 * The report data (64 bytes) of a request is the paravisor's user data, so that the HCL report
 * and through it the TDX quote are over it; its SHA-256 is the qualifying data (extraData) of the
 * vTPM quote. */
#pragma once
#include "base/buf.h"

#define EVIDENCE_TYPE_AZURE_VTPM "azure-vtpm"
#define AZURE_PCRS               24
#define AZURE_QUOTE_MAX          32768
#define AZURE_HCL_MAX            8192
#define AZURE_ATTEST_MAX         1024
#define AZURE_SIGNATURE_MAX      512
#define AZURE_CHAIN_MAX          16384
/* The most that a whole encoding takes. */
#define AZURE_EVIDENCE_MAX                                                                         \
    (2 + 5 * 4 + AZURE_PCRS * 32 + AZURE_QUOTE_MAX + AZURE_HCL_MAX + AZURE_ATTEST_MAX +            \
     AZURE_SIGNATURE_MAX + AZURE_CHAIN_MAX)

/* Begin with `= {0}` (to decode into) or azure_evidence_empty() (to fill), under
 * AUTO_CALL(azure_evidence_done). */
struct azure_evidence {
    struct buf tdx_quote;
    struct buf hcl_report;    /* of NV 0x01400001, without the zeros behind it */
    struct buf tpms_attest;   /* TPMS_ATTEST, big endian as the TPM signed it */
    struct buf tpm_signature; /* RSASSA-PKCS1-v1.5 alone: 256 bytes for RSA 2048 */
    uint8_t pcr[AZURE_PCRS][32];
    struct buf ak_chain; /* DER certificates one after the other, leaf first; may be empty */
};
void azure_evidence_done(struct azure_evidence *ev);
struct azure_evidence azure_evidence_empty(void); /* with the bounds above as its maxima */

/* Appended to ret; zeros behind the HCL report are left out.  ERR_INVALID when a part is missing,
 * ERR_TOO_LARGE when one is larger than its bound above. */
MUST_CHECK enum err_code azure_evidence_encode(const struct azure_evidence *ev, struct buf *ret,
                                               struct err *e);
/* Total and of one spelling: the parts are there and within their bounds, the HCL report does not
 * end with a zero, nothing follows.  What ret held is freed, on success only. */
MUST_CHECK enum err_code azure_evidence_decode(struct bytes encoded, struct azure_evidence *ret,
                                               struct err *e);
