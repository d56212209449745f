#include "service/answer_cache.h"

#include <pthread.h>

struct entry {
    struct hash32 key;
    uint64_t made_ns;
    uint8_t *p; /* NULL: empty */
    size_t n;
};

struct answer_cache {
    pthread_mutex_t lock;
    uint64_t lifetime_ns;
    size_t max;
    struct entry entries[];
};

enum err_code answer_cache_new(size_t max, uint64_t lifetime_ns, answer_cache **ret, struct err *e)
{
    answer_cache *c = calloc(1, sizeof *c + max * sizeof c->entries[0]);

    if (!c)
        return err_set(e, ERR_NOMEM, "cache of answers");
    pthread_mutex_init(&c->lock, NULL);
    c->lifetime_ns = lifetime_ns;
    c->max = max;
    *ret = c;
    return ERR_OK;
}

void answer_cache_free(answer_cache *c)
{
    for (size_t i = 0; i < c->max; i++)
        free(c->entries[i].p);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static struct entry *find(answer_cache *c, const struct hash32 *key)
{
    for (size_t i = 0; i < c->max; i++)
        if (c->entries[i].p && hash32_eq(&c->entries[i].key, key))
            return &c->entries[i];
    return NULL;
}

static struct entry *oldest(answer_cache *c)
{
    struct entry *found = &c->entries[0];

    for (size_t i = 0; i < c->max && found->p; i++)
        if (!c->entries[i].p || c->entries[i].made_ns < found->made_ns)
            found = &c->entries[i];
    return found;
}

bool answer_cache_get(answer_cache *c, const struct hash32 *key, uint64_t now_ns, struct buf *ret)
{
    const struct entry *at;
    bool have;

    pthread_mutex_lock(&c->lock);
    at = find(c, key);
    have = at && now_ns - at->made_ns < c->lifetime_ns;
    if (have) {
        buf_put(ret, (struct bytes){at->p, at->n});
        have = !ret->bad;
    }
    pthread_mutex_unlock(&c->lock);
    return have;
}

void answer_cache_put(answer_cache *c, const struct hash32 *key, uint64_t now_ns,
                      struct bytes answer)
{
    uint8_t *copy = answer.n ? malloc(answer.n) : NULL;
    struct entry *at;

    if (!copy)
        return;
    memcpy(copy, answer.p, answer.n);
    pthread_mutex_lock(&c->lock);
    at = find(c, key);
    if (!at)
        at = oldest(c);
    free(at->p);
    *at = (struct entry){.key = *key, .made_ns = now_ns, .p = copy, .n = answer.n};
    pthread_mutex_unlock(&c->lock);
}
