/* demands - the attestation policies that the words of a decision name, each by its hash.  Room:
 * kms.
 *
 * Private to decide.c, which says what asks for them; kms_decide_policies (decide.h) has them
 * judged and is in demands.c.  A policy that is set in the newest blocks counts besides the final
 * one, for only together they are no less strict than either. */
#pragma once
#include "kms/decide.h"

/* A policy word, and what was read already of its contract's hashes. */
struct demand_word {
    const char *of;
    const struct addr *contract;
    uint16_t id;
    uint16_t known_id;
    const struct hash32 *known; /* of known_id */
};
/* Adds what the word demands at that block or in that doubt; nothing where the policy is the
 * default one and the contract has none.  A hash that is on the list already is not judged twice
 * for a doubt.  Errors of the view; ERR_DENIED: more than fit. */
MUST_CHECK enum err_code demands_add(const struct kms_authority *a,
                                     const struct finalized_block *at,
                                     const struct demand_word *word, struct kms_demands *d,
                                     struct err *e);
MUST_CHECK enum err_code demands_add_all(const struct kms_demands *more, struct kms_demands *d,
                                         struct err *e);
/* ERR_DENIED: one is named that its contract does not have. */
MUST_CHECK enum err_code demands_check(const struct kms_demands *d, struct err *e);
