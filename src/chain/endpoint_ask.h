/* endpoint_ask - the questions of a quorum: heads, blocks at numbers, proofs, bodies.  Room: chain.
 *
 * Each is one batch to one node (chain/endpoints.h runs them side by side).  What comes back is
 * checked as far as one answer can be: headers have the hash they are known by, values are proved
 * under the state root of the header that was given. */
#pragma once
#include "chain/endpoints.h"
#include "chain/facts.h"
#include "chain/header.h"

struct heads_question {
    uint64_t chain_id; /* another one is ERR_VERIFY "chain id: found X, expected Y" */
    bool has_again;
    uint64_t again; /* a number to look up besides */
};
struct heads_answer {
    struct block_header finalized, latest, again;
    bool has_again; /* false: the node has no block there */
};
extern const struct endpoint_round_kind endpoint_heads;

struct blocks_question {
    size_t n;
    uint64_t number[ENDPOINTS_MAX];
};
struct blocks_answer {
    bool known[ENDPOINTS_MAX];
    struct block_header block[ENDPOINTS_MAX];
};
extern const struct endpoint_round_kind endpoint_blocks;

#define PROVE_MAX FACTS_MAX /* all that is kept can be read again at once */
struct prove_question {
    struct block_header at;
    size_t n;
    struct fact_key key[PROVE_MAX];
};
/* In the order of the keys; a `code` key's value is zero where there is no code. */
struct prove_answer {
    struct hash32 value[PROVE_MAX];
};
extern const struct endpoint_round_kind endpoint_prove;
/* The same at the node's own latest block: its header, then proofs under it.  at of the question
 * is not used. */
struct latest_answer {
    struct block_header at;
    struct hash32 value[PROVE_MAX];
};
extern const struct endpoint_round_kind endpoint_prove_latest;

#define BODY_CALL_MAX  1024
#define BODY_BYTES_MAX ((size_t)256 * 1024)
struct body_question {
    struct block_ref at;
    struct addr contract;
    size_t n;
    uint8_t calldata[BODY_CALL_MAX];
};
struct body_answer {
    struct buf data;
};
extern const struct endpoint_round_kind endpoint_body;
