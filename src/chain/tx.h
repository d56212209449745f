/* tx - EIP-1559 transactions: encoding, signing, hash.  Room: chain.
 *
 * Type 2 only, without access list.  The chain id is a u64: a larger one is refused where it is
 * read (docs/WIRE.md, "Encodings"), so that no transaction is signed for a chain we cannot name. */
#pragma once
#include "base/buf.h"
#include "crypto/secret.h"

#define TX_GAS_MAX 16777216 /* of one transaction since Fusaka (EIP-7825) */

struct eth_tx {
    uint64_t chain_id; /* not 0 */
    uint64_t nonce;
    uint64_t max_priority_fee, max_fee; /* wei per gas; max_fee is the larger */
    uint64_t gas;
    bool create; /* to is ignored, data is init code */
    struct addr to;
    struct hash32 value; /* wei, u256 big-endian */
    struct bytes data;
};

/* keccak256(0x02 || rlp([...])): what is signed. */
MUST_CHECK enum err_code tx_signing_hash(const struct eth_tx *tx, struct hash32 *ret,
                                         struct err *e);
/* The raw transaction, appended to ret_raw, and its hash. */
MUST_CHECK enum err_code tx_sign(const struct eth_tx *tx, const secret *key, struct buf *ret_raw,
                                 struct hash32 *ret_hash, struct err *e);
/* What is signed, as text for who signs elsewhere: 0x02 || rlp([nine fields]), appended. */
MUST_CHECK enum err_code tx_unsigned(const struct eth_tx *tx, struct buf *ret, struct err *e);

struct tx_parsed {
    struct eth_tx tx; /* data borrows from the text */
    bool is_signed;
    struct addr sender; /* who signed */
    struct hash32 hash; /* of the signed transaction */
};
/* Either form; type 2, canonical, without access list, within what tx_sign would make.
 * ERR_VERIFY: a signature that nobody made. */
MUST_CHECK enum err_code tx_parse(struct bytes raw, struct tx_parsed *ret, struct err *e);
/* Where a create transaction of this sender puts its contract. */
void tx_contract_address(const struct addr *sender, uint64_t nonce, struct addr *ret);
