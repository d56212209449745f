/* release - THE decision: from a request to a sealed answer, or to a refusal.  Room: kms.
 *
 * release.c reads top to bottom as the story of a release.  Nothing leaves before the audit record
 * is durable; failure at any step releases nothing (SR-38). */
#pragma once
#include "attest/verify.h"
#include "kms/audit.h"
#include "kms/challenge.h"
#include "kms/decide.h"

struct release_ctx {
    struct kms_authority authority;
    challenges *challenges;
    struct attest_judge judge;
    audit *audit;
    EVP_PKEY *tls_key; /* the attested key of this start: signs answers */
};

/* For logs, metrics and the audit; filled as far as the request came, also on refusal. */
struct release_outcome {
    enum kms_reason why;
    struct hash32 identity;
    struct addr operator_; /* zero: none */
    struct finalized_block at;
    struct audit_receipt receipt; /* of a granted release */
};

/* body: the exact bytes of the request; app: of its path.  ret_answer gets the answer's JSON and is
 * written only on ERR_OK.  e holds the precise story (for the log); callers get
 * kms_reason_public(ret_outcome->why).  Any thread. */
MUST_CHECK enum err_code kms_release(const struct release_ctx *ctx, const struct addr *app,
                                     struct bytes body, struct buf *ret_answer,
                                     struct release_outcome *ret_outcome, struct err *e);
