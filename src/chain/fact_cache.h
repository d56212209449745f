/* fact_cache - the facts of the newest block and of the one before it, for those who began there.
 * Room: chain.
 *
 * Not thread-safe: the view that owns it locks. */
#pragma once
#include "chain/facts.h"

struct fact_cache {
    struct fact_generation {
        struct hash32 block;
        facts *facts; /* NULL: nothing is known yet */
    } now, before;
};
void fact_cache_done(struct fact_cache *c);

/* False where it is not known, or the block is neither of the two. */
bool fact_cache_get(struct fact_cache *c, const struct hash32 *block, const struct fact_key *key,
                    struct hash32 *ret);
/* What somebody asked for and was read for him; facts of other blocks are not kept. */
void fact_cache_put(struct fact_cache *c, const struct hash32 *block, const struct fact_key *key,
                    const struct hash32 *value);
/* See facts_wanted. */
size_t fact_cache_wanted(const struct fact_cache *c, struct fact_key *ret, size_t max);
/* See facts_all; of the newest block. */
size_t fact_cache_all(const struct fact_cache *c, struct fact_key *ret, struct hash32 *ret_values,
                      size_t max);
/* A new block, with what was read there in advance; takes it, it may be NULL. */
void fact_cache_advance(struct fact_cache *c, const struct hash32 *block, facts *next);
