/* fees - what a transaction should offer, from the newest blocks.  Room: chain.
 *
 * Source: EIP-1559; eth_feeHistory of the execution API. */
#pragma once
#include "base/json.h"

/* The call whose result fees_estimate takes: five blocks, the middle of their tips. */
#define FEES_METHOD "eth_feeHistory"
#define FEES_PARAMS "[\"0x5\",\"latest\",[50]]"

#define FEES_TIP_MIN     10000000u     /* 0.01 gwei: less is passed over by who builds blocks */
#define FEES_TIP_DEFAULT 1000000000u   /* 1 gwei: where no block paid a tip */
#define FEES_LIMIT       500000000000u /* 500 gwei: the most that is offered unless told otherwise */
#define FEES_TIP_MAX     50000000000u  /* 50 gwei: the largest tip under a limit of FEES_LIMIT */

/* FEES_TIP_MAX, or a tenth of a limit for which that is more. */
uint64_t fees_tip_max(uint64_t limit);

/* wei per gas */
struct fees {
    uint64_t max, tip; /* max holds the tip */
};

/* Twice the next block's base fee, and the median of what the blocks paid as a tip.  A base fee
 * that a node makes up costs nothing, since blocks take their own; a tip is paid as offered: it is
 * at most fees_tip_max.  ERR_UPSTREAM: not what eth_feeHistory answers.  ERR_DENIED: more than
 * limit. */
MUST_CHECK enum err_code fees_estimate(const json *history, uint64_t limit, struct fees *ret,
                                       struct err *e);
/* What must be offered to take the place of a transaction that offered `old`: an eighth more of
 * both (nodes ask a tenth), and not less than `now`.  ERR_DENIED: more than limit. */
MUST_CHECK enum err_code fees_bump(const struct fees *old, const struct fees *now, uint64_t limit,
                                   struct fees *ret, struct err *e);
