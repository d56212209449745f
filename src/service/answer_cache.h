/* answer_cache - finished answers, kept for a while under a key of 32 bytes.  Room: service.
 *
 * Bounded: a new answer pushes the oldest one out.  Any thread. */
#pragma once
#include "base/buf.h"

typedef struct answer_cache answer_cache;
MUST_CHECK enum err_code answer_cache_new(size_t max, uint64_t lifetime_ns, answer_cache **ret,
                                          struct err *e);
void answer_cache_free(answer_cache *c);
DEFINE_AUTO(answer_cache, answer_cache_free);

/* Appends the answer to ret; false: there is none that is young enough, or ret has no room. */
bool answer_cache_get(answer_cache *c, const struct hash32 *key, uint64_t now_ns, struct buf *ret);
/* Copies; without memory nothing is kept. */
void answer_cache_put(answer_cache *c, const struct hash32 *key, uint64_t now_ns,
                      struct bytes answer);
