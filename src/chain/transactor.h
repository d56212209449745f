/* transactor - signs transactions and sees them into the chain.  Room: chain.
 *
 * Number (nonce): the node's pending count, or one more than the journal's last (chain/journal.h),
 * whichever is larger.  Gas estimated and raised by a fifth, at most TX_GAS_MAX; fees from
 * eth_feeHistory (chain/fees.h), under the caller's ceiling.  What stays out of blocks for too long
 * is replaced by the same with higher fees.  A receipt is believed only for hashes computed here,
 * and transactor_wait_final looks at it again until its block is final.
 *
 * A crash at any moment sends nothing twice: the journal is written before a transaction leaves,
 * and when the same call is the last thing the account has sent and nobody was told how it went,
 * transactor_send takes that one up instead of making another. */
#pragma once
#include "chain/rpc.h"
#include "chain/tx.h"
#include "crypto/secret.h"

typedef struct transactor transactor;

/* What a call becomes on its way out: one to another contract that makes it in the end. */
struct tx_route {
    enum err_code (*wrap)(void *self, const struct addr *to, struct bytes data, struct addr *ret_to,
                          struct buf *ret_data, struct err *e);
    void *self;
};

struct transactor_config {
    rpc *node;         /* borrowed, must outlive the transactor */
    uint64_t chain_id; /* another chain's node is refused */
    const secret *key; /* 32 bytes, secp256k1; borrowed, must outlive the transactor.  NULL: nothing
                          is sent, transactions are drafted (transactor_draft) */
    struct addr from;  /* without a key: who will send */
    bool batch;        /* drafts will be made in one transaction: only the first can be tried out */
    const struct clock *clock;
    unsigned wait_ms;             /* for the receipt; 0: 120 000 */
    unsigned replace_ms;          /* until a transaction is replaced; 0: 60 000 */
    uint64_t max_fee_limit;       /* wei per gas we are ready to pay; 0: FEES_LIMIT */
    const char *journal_dir;      /* NULL: nothing is remembered across processes */
    const struct tx_route *route; /* NULL: calls go where they say; borrowed */
};
MUST_CHECK enum err_code transactor_new(const struct transactor_config *config, transactor **ret,
                                        struct err *e);
void transactor_free(transactor *t);
DEFINE_AUTO(transactor, transactor_free);
/* Who signs, or will. */
const struct addr *transactor_address(const transactor *t);

struct tx_receipt {
    struct hash32 tx;
    uint64_t block;
    struct hash32 block_hash;
    uint64_t gas_used;
    struct addr contract; /* of a create, computed here; else zero */
};

/* Sends data to a contract, or creates one (to NULL), and waits for success.  ERR_DENIED: it
 * reverts, with the reason, and nothing was sent; or it was included and failed; or another
 * transaction of this account took its number.  ERR_TIMEOUT: sent (the message has the hash) but
 * not included in time; the same call again waits on.  ERR_UPSTREAM "may have been sent": the
 * same.  Any thread; one at a time.  Without a key it is drafted, and of *ret only `contract` is
 * set. */
MUST_CHECK enum err_code transactor_send(transactor *t, const struct addr *to, struct bytes data,
                                         struct tx_receipt *ret, struct err *e);
/* The same for a transaction that was signed elsewhere by `from`; it is never replaced.
 * ERR_INVALID: it is not a transaction of this chain. */
MUST_CHECK enum err_code transactor_send_signed(transactor *t, struct bytes raw,
                                                struct tx_receipt *ret, struct err *e);
/* Waits until the block of *r is final, and reads the receipt anew each time: after a
 * reorganisation *r is the new place, and what fell out is sent again.  ERR_DENIED: it is included
 * and failed.  ERR_TIMEOUT: not within wait_ms. */
MUST_CHECK enum err_code transactor_wait_final(transactor *t, struct tx_receipt *r,
                                               unsigned wait_ms, struct err *e);

/* What was drafted, in order; NULL past the end.  tx->data lives as long as the transactor. */
const struct eth_tx *transactor_draft(const transactor *t, size_t i);
#define TRANSACTOR_DRAFTS_MAX 128
