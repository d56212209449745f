/* release_v1 - a release in version 1's form, on the word of a proxy.  Room: kms.
 *
 * Who asks is not attested to us: a local proxy that terminates attested TLS says in two headers
 * (attest/proxy_headers.h) what it verified.  Reached from the guarded listener alone
 * (service/kms_proxy.c), for contracts of scheme 1 alone; the answer is in the clear.  Nothing here
 * is shared with /api/v2 but the decisions of decide.h and release_steps.h.
 *
 * - Firmware: MRTD must be on the KMS contract's list (SR-05).  Azure's headers carry none: the
 *   list is asked for 48 zero bytes, so that governance has to allow "a firmware that an Azure
 *   proxy vouches for" by name.  A TD whose headers say MRTD zero is refused.
 * - Operator: version 1's signature over 32 bytes says neither application, chain nor expiry; it
 *   is not read.  A contract that wants an operator is refused.
 * - Policy: an attestation policy that a contract demands cannot be judged on headers: refused. */
#pragma once
#include "attest/provider.h"
#include "kms/audit.h"
#include "kms/decide.h"
#include "kms/release.h"

struct release_v1_ctx {
    struct kms_authority authority;
    audit *audit;
    const quote_provider *quotes; /* of this KMS, for the answer */
};

struct release_v1_request {
    struct addr app;           /* of the path */
    struct bytes type;         /* value of X-Flashbots-Attestation-Type */
    struct bytes measurements; /* value of X-Flashbots-Measurement */
    struct bytes body;         /* a CSR in PEM */
};

/* As kms_release.  ret_answer is replaced; it holds a secret: its cleanup is buf_done_wipe. */
MUST_CHECK enum err_code kms_release_v1(const struct release_v1_ctx *ctx,
                                        const struct release_v1_request *request,
                                        struct buf *ret_answer, struct release_outcome *ret_outcome,
                                        struct err *e);
