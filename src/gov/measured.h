/* measured - what allowed identities are made of, to name what differs in a refusal.  Room: gov.
 *
 * From the contract's events IdentityMeasured.  A node could hide or invent them: an entry counts
 * only when the identity, computed here from its measurements, is the one the event names. */
#pragma once
#include "attest/identity.h"
#include "gov/contract.h"

#define GOV_MEASURED_MAX 64 /* newest ones that are looked at */

struct gov_measured {
    struct hash32 identity;
    struct measurements m;
    /* The identity's word at the block; GOV_NONE where the contract's list holds principals. */
    struct gov_policy policy;
};

/* The rules of this contract's identities. */
struct identity_rules gov_identity_rules(const struct chain_view *v, const struct addr *contract,
                                         const struct gov_head *head);

/* Newest first, each identity once; ret has room for GOV_MEASURED_MAX. */
MUST_CHECK enum err_code gov_measured_list(const struct chain_view *v,
                                           const struct finalized_block *at,
                                           const struct addr *contract, const struct gov_head *head,
                                           struct gov_measured *ret, size_t *ret_n, struct err *e);
/* Of those that are allowed (all, where the list holds principals) the one that differs from found
 * in the fewest fields (measurements_diff tells which).  ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err_code gov_measured_nearest(const struct chain_view *v,
                                              const struct finalized_block *at,
                                              const struct addr *contract,
                                              const struct gov_head *head,
                                              const struct measurements *found,
                                              struct gov_measured *ret, struct err *e);
