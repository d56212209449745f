/* header - a block's header from a node's JSON, its hash computed here.  Room: chain.
 *
 * What a node says about a block counts only when the RLP of the header's fields has the hash that
 * the block is known by: then number, time and state root are the chain's own.  All forks to Osaka
 * are known; a header of a fork with further fields is refused, because its hash cannot be
 * computed.  Source: Ethereum Yellow Paper 4.3; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685.
 */
#pragma once
#include "base/json.h"
#include "chain/view.h"

struct block_header {
    struct finalized_block id; /* number, hash and time; whether it is final is not said here */
    struct hash32 parent, state_root;
};

/* The answer of eth_getBlockByHash or eth_getBlockByNumber; members that are in no header
 * (transactions, size, ...) are not looked at.  ERR_INVALID: a field is missing or malformed;
 * ERR_VERIFY: the fields have another hash than the answer claims. */
MUST_CHECK enum err_code header_parse(const json *block, struct block_header *ret, struct err *e);
