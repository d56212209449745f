/* quorum - what k of n nodes agree on, and what one of them proves under that.  Room: chain.
 *
 * An answer is taken as soon as k agree; whoever is slow, silent or contradicts is not waited for
 * longer than a moment, so that n - k of any kind never stop k honest ones.  Who is shown to lie is
 * put in quarantine, where he is asked only when the others do not suffice, and what he said is
 * kept. */
#pragma once
#include <pthread.h>
#include "chain/endpoint_ask.h"

#define CONFLICTS_MAX 16

/* What an endpoint said and the others, or its own proof, contradict. */
struct quorum_conflict {
    int64_t at; /* unix */
    char endpoint[128];
    char what[ENDPOINT_FAULT_MAX];
    uint64_t block;             /* 0, with both hashes zero: not about a block's hash */
    struct hash32 said, agreed; /* hashes of that block */
};

struct quorum {
    endpoints *set; /* borrowed */
    const struct clock *clock;
    uint64_t chain_id;
    unsigned k, deadline_ms; /* of a whole question */
    pthread_mutex_t lock;    /* of the conflicts */
    size_t n_conflicts;      /* ever; the last CONFLICTS_MAX are kept */
    struct quorum_conflict conflict[CONFLICTS_MAX];
};

/* The block of the highest number that k endpoints have at or below their finalized one, with one
 * hash.  accepted: the one before, which k must confirm, or NULL; it is the answer too, while there
 * is none after it.  ERR_UPSTREAM, ERR_TIMEOUT: too few answer or agree.  ERR_VERIFY: too few are
 * left that could agree: another chain, or *ret_rewritten: so many contradict `accepted` that k
 * can no longer confirm it. */
MUST_CHECK enum err_code quorum_finalized(struct quorum *q, const struct block_header *accepted,
                                          struct block_header *ret, bool *ret_rewritten,
                                          struct err *e);
/* The block at a number as k have it; ERR_VERIFY: k agree on no such block. */
MUST_CHECK enum err_code quorum_block(struct quorum *q, uint64_t number, struct block_header *ret,
                                      struct err *e);
/* n values at a block that was agreed on, from the first proof that holds. */
MUST_CHECK enum err_code quorum_prove(struct quorum *q, const struct block_header *at,
                                      const struct fact_key *keys, size_t n,
                                      struct hash32 *ret_values, struct err *e);

/* Each value that k endpoints prove at their own newest block, which is not before `from`. */
struct quorum_latest {
    bool agreed[PROVE_MAX];
    struct hash32 value[PROVE_MAX];
    uint64_t number; /* a block that an honest one has reached; after `from` */
    uint64_t time;   /* that k of the newest blocks have reached: no fewer can push it ahead */
};
/* ERR_UPSTREAM: fewer than k prove anything. */
MUST_CHECK enum err_code quorum_latest(struct quorum *q, uint64_t from, const struct fact_key *keys,
                                       size_t n, struct quorum_latest *ret, struct err *e);
/* The answer of a view function on which k agree: still UNTRUSTED, but no single endpoint keeps it
 * from us. */
MUST_CHECK enum err_code quorum_body(struct quorum *q, const struct body_question *question,
                                     struct buf *ret, struct err *e);
