/* maa_key - is this signing key held by an enclave of Microsoft's attestation service?  Room:
 * attest.
 *
 * The service makes its keys in SGX enclaves and publishes each in a self-signed certificate with
 * the enclave's quote in an extension: u32le 1 | u32le 2 | u64le length | SGX quote, version 3. The
 * quote's report data is the SHA-256 that the kid spells, and 32 zeros.  So a key is admitted
 * offline, by the same checks as any quote, not because a TLS server showed it.  Keys of instances
 * that run in SEV-SNP containers, or whose certificates hang on public authorities, are not: a
 * person pins them.  Source: docs/WIRE.md, "MAA tokens". */
#pragma once
#include "attest/examine.h"
#include "attest/jwks.h"

/* Extension of the certificate. */
#define MAA_KEY_OID "1.3.6.1.4.1.311.105.1"

/* The SGX quote in a key's certificate, appended (at most QUOTE_MAX).  MAA_KEY. */
MUST_CHECK enum err_code maa_key_quote(const struct jwks_key *k, struct buf *ret,
                                       enum attest_fault *fault, struct err *e);

/* as: what the quote is judged with (SGX collateral; tee, quote and expected are set here).  The
 * enclave must be the service's: MRSIGNER and ISVPRODID pinned, ISVSVN at least 1, not DEBUG.
 * Faults: MAA_KEY, or those of the quote. */
MUST_CHECK enum err_code maa_key_admit(const struct jwks_key *k, const struct attest_question *as,
                                       enum attest_fault *fault, struct err *e);
