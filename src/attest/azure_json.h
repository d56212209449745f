/* azure_json - Azure evidence in the form of the attested-TLS proxies (crate attested-tls), for
 * people who look at it: never in a request.  Room: attest.
 *
 * {"tdx_quote_base64", "hcl_report_base64": base64url, padded or not; "tpm_attestation":
 * {"ak_certificate_pem": leaf, "ak_intermediate_certificates_pem": [...] (may be missing), "quote":
 * {"message", "signature": lists of byte values, "pcrs": 24 lists of 32}, ...}, ...}; further
 * members are ignored. */
#pragma once
#include "attest/azure_evidence.h"
#include "base/json.h"

#define AZURE_JSON_MAX 262144

/* ERR_INVALID, ERR_TOO_LARGE.  What ret held is freed, on success only. */
MUST_CHECK enum err_code azure_json_decode(struct bytes text, struct azure_evidence *ret,
                                           struct err *e);
