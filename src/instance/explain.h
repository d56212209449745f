/* explain - why governance refuses these measurements, and what would allow them.  Room: instance.
 *
 * A KMS tells a refused caller nothing but "no" (SR-66).  The contract is public, so the instance
 * looks for itself: the identity that governance has on record whose measurements are nearest to
 * ours (event IdentityMeasured; believed only if the identity computes to what is allowed). */
#pragma once
#include "attest/identity.h"
#include "gov/registry.h"

/* What the contract says about these measurements.  */
struct explained {
    bool allowed;
    struct hash32 identity;
    char text[480]; /* one line or a few; empty when allowed */
};
/* command: what would allow them, without the address and the file ("teereg gov set-config").
 * Errors are of the view only. */
MUST_CHECK enum err_code explain_refusal(const struct chain_view *view,
                                         const struct finalized_block *at, const struct addr *app,
                                         const struct measurements *own, const struct clock *clock,
                                         struct explained *ret, struct err *e);
