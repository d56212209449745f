/* view - THE chain view: every governance fact comes through it.  Room: chain.
 *
 * It answers (contract, slots[], code hash) at ONE finalized block.  A struct finalized_block is
 * made by a chain view only; who holds one knows that its view accepted it.  Facts are cached per
 * block, so a release at a known block costs no round trip.  All functions may be called from any
 * thread.  Modes are constructors: "quorum" (chain/view_quorum.h), "trusted" (chain/view_trusted.h,
 * development builds alone); others fit the same seam.  Source: docs/ARCHITECTURE.md, "The chain
 * view". */
#pragma once
#include "base/buf.h"

struct block_ref {
    uint64_t number;
    struct hash32 hash;
};

struct finalized_block {
    struct block_ref ref;
    uint64_t timestamp; /* seconds since 1970, the chain's */
    uint64_t newest;    /* time of the newest blocks; 0 where the view does not look at them */
    unsigned doubt;     /* 0, or which of its doubts this is: chain_view_doubt makes it so */
};

#define CHAIN_SLOTS_MAX 64 /* in one read */

/* How a view fares, for status and metrics. */
#define CHAIN_ENDPOINTS_MAX 16
struct chain_endpoint {
    char host[320];
    bool working;
    uint64_t quarantine_s, answers, failures, lies, answer_ns, finalized, latest;
    char fault[200]; /* the last; empty: none */
};
struct chain_health {
    struct finalized_block block; /* the newest that was accepted */
    uint64_t lag_s;               /* its age by this clock */
    uint64_t cache_age_ms;        /* since it was last confirmed */
    uint64_t latest_age_ms;       /* since the newest blocks were last seen */
    uint64_t proof_ns;            /* how long the last proofs took to get and check */
    unsigned quorum, doubts;
    uint64_t conflicts; /* endpoints that were found to lie, ever */
    size_t n_endpoints;
    struct chain_endpoint endpoint[CHAIN_ENDPOINTS_MAX];
    struct err fault; /* why nothing is handed out; ERR_OK: it is */
};

/* One log entry, as a node tells it: untrusted. */
struct chain_log {
    struct hash32 topics[4];
    size_t n_topics;
    struct buf data;
};

/* Which logs: of blocks from..until, neither after the finalized block that is asked at. */
struct chain_log_query {
    const struct addr *contract;
    const struct hash32 *topic[2]; /* the second may be NULL */
    uint64_t from, until;
    /* NULL, or whether this is one that is looked for: the others are left out, and a view of
     * several nodes asks the next where one has none, so that nobody can hide what another shows.
     */
    bool (*wanted)(void *self, const struct chain_log *log);
    void *self;
};

struct chain_view_ops {
    /* The newest accepted finalized block.  ERR_UPSTREAM/ERR_TIMEOUT: none could be had, or more
     * is in doubt than can be kept; ERR_VERIFY: other chain, rewritten history, or a block older or
     * newer than the bounds allow. */
    enum err_code (*finalized)(void *self, struct finalized_block *ret, struct err *e);
    /* n slots (0..CHAIN_SLOTS_MAX) and the keccak256 of the contract's code, all at block `at`.
     * ret_code_hash may be NULL.  ERR_NOT_FOUND: there is no code at this address.  ERR_UPSTREAM,
     * in a doubt: too much of this contract changes to know what it holds there. */
    enum err_code (*read)(void *self, const struct finalized_block *at, const struct addr *contract,
                          const struct hash32 *slots, size_t n, struct hash32 *ret_values,
                          struct hash32 *ret_code_hash, struct err *e);
    /* Is this block canonical and final in this view, and when was it?  ERR_VERIFY: it is not. */
    enum err_code (*block)(void *self, const struct block_ref *ref, struct finalized_block *ret,
                           struct err *e);
    /* Answer of a view function at that block, in a doubt at the newest one: UNTRUSTED bytes, to be
     * checked by the caller against a hash that was read from a slot.  NULL where a view has no
     * such thing (fakes). */
    enum err_code (*body)(void *self, const struct finalized_block *at, const struct addr *contract,
                          struct bytes calldata, struct buf *ret, struct err *e);
    /* Newest first, at most max (<= 64): UNTRUSTED.  NULL where a view has no such thing (fakes).
     */
    enum err_code (*logs)(void *self, const struct chain_log_query *q, struct chain_log *ret,
                          size_t max, size_t *ret_n, struct err *e);
    /* How many words of one fact the newest blocks had since the finalized one; of the fact that
     * has most; at least 1 where any is in doubt.  NULL where a view looks at finalized blocks
     * alone. */
    unsigned (*doubts)(void *self);
    /* NULL where there is nothing to tell. */
    void (*health)(void *self, struct chain_health *ret);
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
                                         const struct chain_log_query *q, struct chain_log *ret,
                                         size_t max, size_t *ret_n, struct err *e);
/* What grants must be final, what denies counts at once.  So whoever decides at a finalized block
 * asks all of it again in each doubt about it, 1 to this number, and refuses when one of the
 * answers does.  There is one, too, where only the time is another.  To be called when the
 * finalized words were read: what nobody read is in no doubt. */
unsigned chain_view_doubts(const struct chain_view *v, const struct finalized_block *at);
/* The block in that doubt: slots hold what the newest blocks have (or had, before they are final),
 * where that differs, and its time is theirs. */
struct finalized_block chain_view_doubt(const struct finalized_block *at, unsigned doubt);
/* How an error begins that such an answer gave. */
#define CHAIN_DOUBT "what the newest blocks say, though it is not final yet"
/* False where the view has nothing to tell. */
bool chain_view_health(const struct chain_view *v, struct chain_health *ret);
/* Ends the view and empties *v; fine on one that was never made. */
void chain_view_done(struct chain_view *v);

/* Refuses (ERR_VERIFY) a block whose timestamp is more than max_age before or max_ahead after
 * now; all in seconds.  Every view calls it for what it hands out. */
MUST_CHECK enum err_code chain_block_fresh(const struct finalized_block *b, int64_t now,
                                           uint64_t max_age, uint64_t max_ahead, struct err *e);
