/* view_trusted - the chain view that believes one node.  Room: chain.  Development builds alone.
 *
 * eth_getStorageAt and eth_getCode at a block named by hash (EIP-1898), in one batch per cold read.
 * The code's hash is computed here from eth_getCode, not taken from eth_getProof: it then holds for
 * the bytes we saw, and works with nodes that keep no proofs (reth's default window is zero).
 * Pinned and checked at start and at every refresh: the chain id, and that the block accepted
 * before is still in the history. */
#pragma once
#include "base/clock.h"
#include "chain/rpc.h"
#include "chain/view.h"

struct view_trusted_config {
    rpc *node; /* borrowed, must outlive the view */
    uint64_t chain_id;
    const struct clock *clock;
    uint64_t max_age_s;   /* of the finalized block; 0: 3600 */
    uint64_t max_ahead_s; /* its timestamp before our clock; 0: 60 */
    unsigned slot_ms;     /* least time between two refreshes; 0: 12 000 */
    bool background;      /* a thread refreshes each slot time; else the call that needs it does */
};

#ifdef TEEREG_DEV_ROOTS
/* Asks the node once: ERR_VERIFY "chain id: found X, expected Y" for another chain. */
MUST_CHECK enum err_code view_trusted_new(const struct view_trusted_config *config,
                                          struct chain_view *ret, struct err *e);
#endif
