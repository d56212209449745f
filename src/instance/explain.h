/* explain - why governance refuses these measurements, and what would allow them.  Room: instance.
 *
 * A KMS tells a refused caller nothing but "no" (SR-66).  The contract is public, so whoever was
 * refused looks for itself: the allowed identity whose measurements are nearest to ours
 * (gov/measured.h) names the field that differs. */
#pragma once
#include "attest/identity.h"
#include "base/clock.h"
#include "gov/registry.h"

/* What the contract says about these measurements. */
struct explained {
    bool allowed;
    struct hash32 identity; /* or principal, where the contract's list holds principals */
    char text[800];         /* a few lines, one of them a command; empty when allowed */
};
/* Errors are those of the view only. */
MUST_CHECK enum err_code explain_measurements(
    const struct chain_view *view, const struct finalized_block *at, const struct addr *app,
    const struct measurements *own, const struct hash32 *config_hash, const struct clock *clock,
    struct explained *ret, struct err *e);
/* The identity (or principal) of these measurements as the contract's settings make it. */
MUST_CHECK enum err_code explain_identity(const struct chain_view *view, const struct addr *app,
                                          const struct gov_head *head,
                                          const struct measurements *own,
                                          const struct hash32 *config_hash, struct hash32 *ret,
                                          struct err *e);
