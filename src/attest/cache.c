#include "attest/cache.h"

#include <pthread.h>

#define QE_KEPT 4

/* An entry is in the table (which holds one reference) or on its way out; whoever holds another
 * reference may read its platform, which never changes.  The rest is under the cache's lock. */
struct cached_platform {
    struct hash32 key;
    pck_platform *platform;
    size_t refs;
    struct hash32 qe[QE_KEPT];
    size_t qe_count, qe_next;
    struct cached_platform *next_in_bucket;
    struct cached_platform *newer, *older; /* by last use */
};

struct platform_cache {
    pthread_mutex_t lock;
    size_t max, n, n_buckets; /* a power of two */
    struct cached_platform *newest, *oldest;
    struct platform_cache_stats stats;
    struct pck_cas cas;
    struct cached_platform *buckets[];
};

enum err_code platform_cache_new(size_t max_platforms, platform_cache **ret, struct err *e)
{
    platform_cache *c;
    size_t n = 16;

    if (max_platforms == 0 || max_platforms > (size_t)1 << 20)
        return err_set(e, ERR_INVALID, "a cache of %zu platforms, expected 1 to 1048576",
                       max_platforms);
    while (n < max_platforms)
        n *= 2;
    c = calloc(1, sizeof *c + n * sizeof(struct cached_platform *));
    if (!c)
        return err_set(e, ERR_NOMEM, "cache of platforms");
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->cas.lock, NULL);
    c->max = max_platforms;
    c->n_buckets = n;
    *ret = c;
    return ERR_OK;
}

static void unref(struct cached_platform *p)
{
    if (--p->refs > 0)
        return;
    pck_platform_free(p->platform);
    free(p);
}

/* The key is a SHA-256: any of its bytes spread well. */
static struct cached_platform **bucket_of(platform_cache *c, const struct hash32 *key)
{
    size_t i = (size_t)key->b[0] | (size_t)key->b[1] << 8 | (size_t)key->b[2] << 16;

    return &c->buckets[i & (c->n_buckets - 1)];
}

static void unlink_use(platform_cache *c, struct cached_platform *p)
{
    *(p->newer ? &p->newer->older : &c->newest) = p->older;
    *(p->older ? &p->older->newer : &c->oldest) = p->newer;
    p->newer = p->older = NULL;
}

static void link_newest(platform_cache *c, struct cached_platform *p)
{
    p->older = c->newest;
    p->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = p;
    c->newest = p;
}

static void evict(platform_cache *c, struct cached_platform *p)
{
    struct cached_platform **at = bucket_of(c, &p->key);

    while (*at != p)
        at = &(*at)->next_in_bucket;
    *at = p->next_in_bucket;
    unlink_use(c, p);
    c->n--;
    unref(p);
}

void platform_cache_free(platform_cache *c)
{
    if (!c)
        return;
    while (c->newest)
        evict(c, c->newest);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->cas.lock);
    free(c);
}

static struct cached_platform *look_up(platform_cache *c, const struct hash32 *key)
{
    struct cached_platform *p = *bucket_of(c, key);

    while (p && !hash32_eq(&p->key, key))
        p = p->next_in_bucket;
    if (p) {
        unlink_use(c, p);
        link_newest(c, p);
        p->refs++;
    }
    return p;
}

cached_platform *cache_find(platform_cache *c, const struct hash32 *chain)
{
    struct cached_platform *p;

    pthread_mutex_lock(&c->lock);
    p = look_up(c, chain);
    if (p)
        c->stats.chain_hits++;
    else
        c->stats.chain_misses++;
    pthread_mutex_unlock(&c->lock);
    return p;
}

static void insert(platform_cache *c, struct cached_platform *p)
{
    struct cached_platform **at = bucket_of(c, &p->key);

    if (c->n == c->max)
        evict(c, c->oldest);
    p->refs = 2; /* the table's and the caller's */
    p->next_in_bucket = *at;
    *at = p;
    link_newest(c, p);
    c->n++;
}

enum err_code cache_put(platform_cache *c, const struct hash32 *chain, pck_platform *platform,
                        cached_platform **ret, struct err *e)
{
    struct cached_platform *p = calloc(1, sizeof *p), *there;

    if (!p) {
        pck_platform_free(platform);
        return err_set(e, ERR_NOMEM, "cache of platforms");
    }
    p->key = *chain;
    p->platform = platform;
    pthread_mutex_lock(&c->lock);
    there = look_up(c, chain);
    if (!there)
        insert(c, p);
    pthread_mutex_unlock(&c->lock);
    if (there) {
        pck_platform_free(platform);
        free(p);
    }
    *ret = there ? there : p;
    return ERR_OK;
}

struct pck_cas *cache_cas(platform_cache *c)
{
    return &c->cas;
}

const pck_platform *cache_platform(const cached_platform *p)
{
    return p->platform;
}

static bool has_qe(const struct cached_platform *p, const struct hash32 *qe)
{
    for (size_t i = 0; i < p->qe_count; i++)
        if (hash32_eq(&p->qe[i], qe))
            return true;
    return false;
}

bool cache_has_qe(platform_cache *c, cached_platform *p, const struct hash32 *qe)
{
    bool has;

    pthread_mutex_lock(&c->lock);
    has = has_qe(p, qe);
    if (has)
        c->stats.qe_hits++;
    else
        c->stats.qe_misses++;
    pthread_mutex_unlock(&c->lock);
    return has;
}

void cache_put_qe(platform_cache *c, cached_platform *p, const struct hash32 *qe)
{
    pthread_mutex_lock(&c->lock);
    if (!has_qe(p, qe)) {
        p->qe[p->qe_next] = *qe;
        p->qe_next = (p->qe_next + 1) % QE_KEPT;
        if (p->qe_count < QE_KEPT)
            p->qe_count++;
    }
    pthread_mutex_unlock(&c->lock);
}

void cache_release(struct cache_ref *ref)
{
    if (!ref->platform)
        return;
    pthread_mutex_lock(&ref->cache->lock);
    unref(ref->platform);
    pthread_mutex_unlock(&ref->cache->lock);
    ref->platform = NULL;
}

void platform_cache_stats(platform_cache *c, struct platform_cache_stats *ret)
{
    pthread_mutex_lock(&c->lock);
    *ret = c->stats;
    pthread_mutex_unlock(&c->lock);
}
