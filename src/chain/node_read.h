/* node_read - blocks, slots, code and logs of one node, as typed calls.  Room: chain.
 *
 * What comes back is what ONE node says: it becomes a fact only in a chain view. */
#pragma once
#include "chain/facts.h"
#include "chain/rpc.h"
#include "chain/view.h"

/* In one request: the chain id, the node's finalized block and, when again is not NULL, the block
 * that the node has at that number today (*ret_known false: none). */
MUST_CHECK enum err_code node_read_head(rpc *node, const uint64_t *again, uint64_t *ret_chain_id,
                                        struct finalized_block *ret_finalized,
                                        struct finalized_block *ret_again, bool *ret_known,
                                        struct err *e);
/* The block at this number; ERR_VERIFY when the node has none. */
MUST_CHECK enum err_code node_read_block(rpc *node, uint64_t number, struct finalized_block *ret,
                                         struct err *e);
/* n values at the block named by hash, in one request as long as there are few.  The value of a
 * `code` key is the keccak256 of the bytes that came, computed here, and zero for no code. */
MUST_CHECK enum err_code node_read_facts(rpc *node, const struct block_ref *at,
                                         const struct fact_key *keys, size_t n,
                                         struct hash32 *ret_values, struct err *e);
#define NODE_LOGS_MAX   64
#define NODE_LOG_DATA   65536 /* bytes of one log's data, at most */
#define NODE_LOGS_RANGE 10000 /* blocks that any node should take in one question */
#define NODE_LOGS_ASKED 32    /* such questions, at most */
/* As `logs` of chain/view.h; max is at most NODE_LOGS_MAX.  A node that refuses the whole range is
 * asked from the newest block back, as far as NODE_LOGS_ASKED questions within five seconds reach:
 * with ranges of NODE_LOGS_RANGE about six weeks of Ethereum. */
MUST_CHECK enum err_code node_read_logs(rpc *node, const struct chain_log_query *q,
                                        struct chain_log *ret, size_t max, size_t *ret_n,
                                        struct err *e);
