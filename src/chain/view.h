/* view - THE chain view: every governance fact comes through it.  Room: chain.
 *
 * It answers (contract, slots[], code hash) at ONE finalized block.  A struct finalized_block is
 * made by a chain view only; who holds one knows that its view accepted it.  Facts are cached per
 * block, so a release at a known block costs no round trip.  All functions may be called from any
 * thread.  Modes are constructors: "trusted" (chain/view_trusted.h, development builds alone);
 * others fit the same seam.  Source: docs/ARCHITECTURE.md, "The chain view". */
#pragma once
#include "base/buf.h"

struct block_ref {
    uint64_t number;
    struct hash32 hash;
};

struct finalized_block {
    struct block_ref ref;
    uint64_t timestamp; /* seconds since 1970, the chain's */
};

#define CHAIN_SLOTS_MAX 64 /* in one read */

/* One log entry, as a node tells it: untrusted. */
struct chain_log {
    struct hash32 topics[4];
    size_t n_topics;
    struct buf data;
};

struct chain_view_ops {
    /* The newest accepted finalized block.  ERR_UPSTREAM/ERR_TIMEOUT: none could be had;
     * ERR_VERIFY: other chain, rewritten history, or a block older or newer than the bounds allow.
     */
    enum err_code (*finalized)(void *self, struct finalized_block *ret, struct err *e);
    /* n slots (0..CHAIN_SLOTS_MAX) and the keccak256 of the contract's code, all at block `at`.
     * ret_code_hash may be NULL.  ERR_NOT_FOUND: there is no code at this address. */
    enum err_code (*read)(void *self, const struct finalized_block *at, const struct addr *contract,
                          const struct hash32 *slots, size_t n, struct hash32 *ret_values,
                          struct hash32 *ret_code_hash, struct err *e);
    /* Is this block canonical and final in this view, and when was it?  ERR_VERIFY: it is not. */
    enum err_code (*block)(void *self, const struct block_ref *ref, struct finalized_block *ret,
                           struct err *e);
    /* Answer of a view function at that block: UNTRUSTED bytes, to be checked by the caller against
     * a hash that was read from a slot.  NULL where a view has no such thing (fakes). */
    enum err_code (*body)(void *self, const struct finalized_block *at, const struct addr *contract,
                          struct bytes calldata, struct buf *ret, struct err *e);
    /* Logs up to that block with topic0, and topic1 unless it is NULL; newest first, at most max
     * (<= 64): UNTRUSTED.  NULL where a view has no such thing (fakes). */
    enum err_code (*logs)(void *self, const struct finalized_block *at, const struct addr *contract,
                          const struct hash32 *topic0, const struct hash32 *topic1,
                          struct chain_log *ret, size_t max, size_t *ret_n, struct err *e);
    void (*free)(void *self);
};

struct chain_view {
    const struct chain_view_ops *ops;
    void *self;
    const char *mode;  /* "trusted", ...: shown in /status, logs and the attested configuration */
    uint64_t chain_id; /* pinned by configuration, checked by the view */
};

static inline void chain_log_done(struct chain_log *l)
{
    buf_done(&l->data);
}

static inline const char *chain_view_mode(const struct chain_view *v)
{
    return v->mode;
}

MUST_CHECK enum err_code chain_view_finalized(const struct chain_view *v,
                                              struct finalized_block *ret, struct err *e);
MUST_CHECK enum err_code chain_view_read(const struct chain_view *v,
                                         const struct finalized_block *at,
                                         const struct addr *contract, const struct hash32 *slots,
                                         size_t n, struct hash32 *ret_values,
                                         struct hash32 *ret_code_hash, struct err *e);
MUST_CHECK enum err_code chain_view_block(const struct chain_view *v, const struct block_ref *ref,
                                          struct finalized_block *ret, struct err *e);
MUST_CHECK enum err_code chain_view_body(const struct chain_view *v,
                                         const struct finalized_block *at,
                                         const struct addr *contract, struct bytes calldata,
                                         struct buf *ret, struct err *e);
/* ret: room for max, each to be ended with chain_log_done; left empty on failure. */
MUST_CHECK enum err_code chain_view_logs(const struct chain_view *v,
                                         const struct finalized_block *at,
                                         const struct addr *contract, const struct hash32 *topic0,
                                         const struct hash32 *topic1, struct chain_log *ret,
                                         size_t max, size_t *ret_n, struct err *e);
/* Ends the view and empties *v; fine on one that was never made. */
void chain_view_done(struct chain_view *v);

/* Refuses (ERR_VERIFY) a block whose timestamp is more than max_age before or max_ahead after
 * now; all in seconds.  Every view calls it for what it hands out. */
MUST_CHECK enum err_code chain_block_fresh(const struct finalized_block *b, int64_t now,
                                           uint64_t max_age, uint64_t max_ahead, struct err *e);
