/* proof - what eth_getProof answers, checked under a block's state root.  Room: chain.
 *
 * Every value is taken from the nodes (chain/mpt.h).  What the answer claims beside them (balance,
 * nonce, hashes, values) must be the same: who claims what its own proof does not show, lies. */
#pragma once
#include "base/json.h"
#include "chain/mpt.h"

#define PROOF_SLOTS_MAX 256

struct proved_slot {
    struct hash32 slot, word;
    bool present; /* false: shown to be absent, word is zero */
};

/* answer: the result of one eth_getProof.  ret_slots: room for max, in the answer's order.
 * ERR_INVALID: malformed; ERR_VERIFY: not proved; ERR_TOO_LARGE: past a bound. */
MUST_CHECK enum err_code proof_check(const json *answer, const struct hash32 *state_root,
                                     struct addr *ret_address, struct mpt_account *ret_account,
                                     struct proved_slot *ret_slots, size_t max, size_t *ret_n,
                                     struct err *e);
