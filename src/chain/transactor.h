/* transactor - signs transactions and sees them into the chain.  Room: chain.
 *
 * Nonce from the node's pending count and this object's own memory; gas estimated and raised by a
 * fifth, at most TX_GAS_MAX; fees from the newest block's base fee and the node's tip, under the
 * caller's ceiling (not from eth_feeHistory: its gasUsedRatio is a fraction, and our JSON has
 * none). A receipt is believed only for the hash computed here. */
#pragma once
#include "chain/rpc.h"
#include "crypto/secret.h"

typedef struct transactor transactor;

struct transactor_config {
    rpc *node;         /* borrowed, must outlive the transactor */
    uint64_t chain_id; /* another chain's node is refused */
    const secret *key; /* 32 bytes, secp256k1; borrowed, must outlive the transactor */
    const struct clock *clock;
    unsigned wait_ms;       /* for the receipt; 0: 120 000 */
    uint64_t max_fee_limit; /* wei per gas we are ready to pay; 0: 500 gwei */
};
MUST_CHECK enum err_code transactor_new(const struct transactor_config *config, transactor **ret,
                                        struct err *e);
void transactor_free(transactor *t);
DEFINE_AUTO(transactor, transactor_free);
/* Who signs. */
const struct addr *transactor_address(const transactor *t);

struct tx_receipt {
    struct hash32 tx;
    uint64_t block;
    struct hash32 block_hash;
    uint64_t gas_used;
    struct addr contract; /* of a create, computed here; else zero */
};

/* Sends data to a contract, or creates one (to NULL), and waits for success.  ERR_DENIED: it
 * reverts, with the reason, and nothing was sent; or it was included and failed.  ERR_TIMEOUT: sent
 * (the message has the hash) but not included in time.  Any thread; one at a time. */
MUST_CHECK enum err_code transactor_send(transactor *t, const struct addr *to, struct bytes data,
                                         struct tx_receipt *ret, struct err *e);
