/* cache - platforms whose chain was verified, by content hash.  Room: attest, private.
 *
 * Key of a platform: SHA-256 of the chain's PEM text.  Each platform also keeps the last few QE
 * reports that its PCK key was seen to have signed, by SHA-256 of report and signature. */
#pragma once
#include "attest/examine.h"

typedef struct cached_platform cached_platform;

/* A reference to be given back with cache_release; NULL: not known. */
cached_platform *cache_find(platform_cache *c, const struct hash32 *chain);
/* Takes the platform over, also on failure.  If somebody else put the same one meanwhile, that one
 * is answered. */
MUST_CHECK enum err_code cache_put(platform_cache *c, const struct hash32 *chain,
                                   pck_platform *platform, cached_platform **ret, struct err *e);
struct pck_cas *cache_cas(platform_cache *c);
const pck_platform *cache_platform(const cached_platform *p);
bool cache_has_qe(platform_cache *c, cached_platform *p, const struct hash32 *qe);
void cache_put_qe(platform_cache *c, cached_platform *p, const struct hash32 *qe);

struct cache_ref {
    platform_cache *cache;
    cached_platform *platform;
};
/* `struct cache_ref ref AUTO_CALL(cache_release) = {cache, NULL};` */
void cache_release(struct cache_ref *ref);
