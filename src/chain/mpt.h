/* mpt - Merkle-Patricia proofs of Ethereum's state and storage tries.  Room: chain.
 *
 * Both tries are "secure": a path is the keccak256 of what is looked up, so all keys have 64
 * nibbles, no key is the beginning of another and no branch holds a value.  A proof is the list of
 * nodes from the root down; it shows that a key has a value, or that it has none.  What is accepted
 * has one reading: nodes and paths are canonical, each node is the one that its parent names by
 * hash (or holds, when it is shorter than a hash), and no node is left over.  Nodes that a parent
 * holds may be listed again after it, as some clients do.
 * Source: Ethereum Yellow Paper, appendix D and section 4.1. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

#define MPT_NODES_MAX 64   /* a node takes a nibble at least; the embedded ones count too */
#define MPT_NODE_MAX  1024 /* bytes; a full branch has 532, a leaf with an account at most 150 */

/* The root of a trie with nothing in it: keccak256 of the empty string's RLP. */
extern const struct hash32 mpt_empty_root;
/* keccak256 of nothing: the code hash of an account without code. */
extern const struct hash32 mpt_empty_code;

/* What is at `path` (64 nibbles, already hashed) under root.  *ret_value borrows from the nodes
 * and is never empty when *ret_found.  ERR_VERIFY: the nodes do not show it; ERR_TOO_LARGE: more or
 * longer nodes than may be. */
MUST_CHECK enum err_code mpt_prove(const struct hash32 *root, const struct hash32 *path,
                                   const struct bytes *nodes, size_t n, bool *ret_found,
                                   struct bytes *ret_value, struct err *e);

struct mpt_account {
    bool exists; /* else what follows is what an account that never was has */
    uint64_t nonce;
    struct hash32 balance; /* wei, big-endian */
    struct hash32 storage_root;
    struct hash32 code_hash;
};
/* The account at an address under a block's state root. */
MUST_CHECK enum err_code mpt_prove_account(const struct hash32 *state_root,
                                           const struct addr *address, const struct bytes *nodes,
                                           size_t n, struct mpt_account *ret, struct err *e);
/* The word in a slot under an account's storage root; zero, and *ret_found false, where the proof
 * shows that there is none (anvil keeps zeros that were written, Ethereum does not: the same). */
MUST_CHECK enum err_code mpt_prove_slot(const struct hash32 *storage_root,
                                        const struct hash32 *slot, const struct bytes *nodes,
                                        size_t n, bool *ret_found, struct hash32 *ret_word,
                                        struct err *e);
