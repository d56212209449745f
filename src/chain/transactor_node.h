/* transactor_node - what a transactor asks its node, as typed calls.  Room: chain.
 *
 * Private to the transactor: none of this is a fact, it is what one node says. */
#pragma once
#include "chain/fees.h"
#include "chain/rpc.h"
#include "chain/transactor.h"

struct node_call {
    const struct addr *from, *to; /* to NULL: a create */
    struct bytes data;
};

/* In one request: all that a transaction needs. */
struct node_terms {
    struct hash32 genesis;
    uint64_t pending;  /* transactions of the account, those that wait included */
    uint64_t included; /* in blocks */
    uint64_t final;    /* in final blocks; 0 where the node knows none */
    struct fees fees;
    struct rpc_fault refused; /* why the call would fail; code ERR_OK: it would not */
    uint64_t gas;             /* estimated, raised by a fifth */
};
/* ERR_VERIFY: another chain.  ERR_DENIED: fees over the limit, gas over TX_GAS_MAX. */
MUST_CHECK enum err_code node_ask_terms(rpc *node, uint64_t chain_id, const struct node_call *call,
                                        uint64_t fee_limit, struct node_terms *ret, struct err *e);

/* Fees alone, for a replacement; and how many transactions of the account are in final blocks. */
MUST_CHECK enum err_code node_ask_fees(rpc *node, uint64_t fee_limit, struct fees *ret,
                                       struct err *e);

enum node_sent {
    NODE_TOOK_IT,
    NODE_REFUSED_IT, /* e says why, and the node does not know it */
    NODE_IS_SILENT,  /* e: whether it has it is not known */
};
/* Hands over a signed transaction; the hash that the node names must be the one computed here. */
enum node_sent node_send_raw(rpc *node, struct bytes raw, const struct hash32 *hash, struct err *e);

/* The receipt of any of these hashes (n at most JOURNAL_RAWS_MAX), and how many of the account's
 * transactions are in final blocks.  ERR_NOT_FOUND: none is included. */
MUST_CHECK enum err_code node_ask_receipt(rpc *node, const struct addr *account,
                                          const struct hash32 *hashes, size_t n,
                                          struct tx_receipt *ret, uint64_t *ret_status,
                                          uint64_t *ret_final, struct err *e);
/* Why an included call failed: tried again on the state of that block's end.  Text for a message,
 * empty when it does not fail any more. */
void node_ask_reason(rpc *node, const struct node_call *call, const struct hash32 *block, char *ret,
                     size_t size);
