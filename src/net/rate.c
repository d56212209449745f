#include "net/rate.h"

#include <pthread.h>
#include "crypto/random.h"

#define KEY_MAX 32 /* longer keys share the bucket of their first 32 bytes and length */
#define NONE    UINT32_MAX
#define LOOK    64 /* buckets that one newcomer looks at for a full one */

struct bucket {
    uint8_t key[KEY_MAX];
    uint32_t key_n;
    uint32_t next; /* of the same slot */
    double tokens;
    uint64_t at_ns; /* when tokens was right */
};

struct rate {
    pthread_mutex_t lock;
    double per_second, burst;
    size_t max, used, hand, n_slots;
    uint64_t seed; /* so that nobody can choose keys for one slot */
    struct bucket overflow;
    uint32_t *slots;
    struct bucket *buckets;
};

enum err_code rate_new(double per_second, double burst, size_t keys_max, rate **ret, struct err *e)
{
    AUTO(rate) r = NULL;

    if (!(per_second > 0) || !(burst >= 1) || keys_max < 1 || keys_max >= NONE / 4)
        return err_set(e, ERR_INVALID, "rate limit of %g per second, burst %g, %zu keys",
                       per_second, burst, keys_max);
    r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "rate limit");
    pthread_mutex_init(&r->lock, NULL);
    r->per_second = per_second;
    r->burst = burst;
    r->max = keys_max;
    for (r->n_slots = 1; r->n_slots < keys_max; r->n_slots *= 2)
        ;
    r->overflow.tokens = burst;
    random_bytes((uint8_t *)&r->seed, sizeof r->seed);
    r->slots = malloc(r->n_slots * sizeof *r->slots);
    r->buckets = calloc(keys_max, sizeof *r->buckets);
    if (!r->slots || !r->buckets)
        return err_set(e, ERR_NOMEM, "rate limit of %zu keys", keys_max);
    memset(r->slots, 0xff, r->n_slots * sizeof *r->slots); /* NONE */
    *ret = TAKE(r);
    return ERR_OK;
}

void rate_free(rate *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->slots);
    free(r->buckets);
    free(r);
}

static uint32_t *slot_of(rate *r, const uint8_t *key, size_t n)
{
    uint64_t h = r->seed ^ n;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ key[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return &r->slots[h & (r->n_slots - 1)];
}

static double tokens_at(const rate *r, const struct bucket *b, uint64_t now_ns)
{
    double since = now_ns > b->at_ns ? (double)(now_ns - b->at_ns) / 1e9 : 0;
    double tokens = b->tokens + since * r->per_second;

    return tokens < r->burst ? tokens : r->burst;
}

static void unlink_bucket(rate *r, uint32_t index)
{
    uint32_t *at = slot_of(r, r->buckets[index].key, r->buckets[index].key_n);

    while (*at != index)
        at = &r->buckets[*at].next;
    *at = r->buckets[index].next;
}

/* A bucket that nobody needs: never used, or full again, which is what a newcomer gets anyway. */
static uint32_t find_free(rate *r, uint64_t now_ns)
{
    if (r->used < r->max)
        return (uint32_t)r->used++;
    for (size_t i = 0; i < LOOK && i < r->max; i++) {
        uint32_t at = (uint32_t)r->hand;

        r->hand = (r->hand + 1) % r->max;
        if (tokens_at(r, &r->buckets[at], now_ns) >= r->burst) {
            unlink_bucket(r, at);
            return at;
        }
    }
    return NONE;
}

static struct bucket *bucket_of(rate *r, struct bytes key, uint64_t now_ns)
{
    size_t n = key.n < KEY_MAX ? key.n : KEY_MAX;
    uint32_t *slot = slot_of(r, key.p, n), at;
    struct bucket *b;

    for (at = *slot; at != NONE; at = b->next) {
        b = &r->buckets[at];
        if (bytes_eq((struct bytes){b->key, b->key_n}, (struct bytes){key.p, n}))
            return b;
    }
    at = find_free(r, now_ns);
    if (at == NONE)
        return &r->overflow;
    b = &r->buckets[at];
    memset(b, 0, sizeof *b);
    if (n)
        memcpy(b->key, key.p, n);
    b->key_n = (uint32_t)n;
    b->tokens = r->burst;
    b->at_ns = now_ns;
    b->next = *slot;
    *slot = at;
    return b;
}

bool rate_take(rate *r, struct bytes key, uint64_t now_ns, unsigned *ret_retry_s)
{
    struct bucket *b;
    double wait;
    bool taken;

    pthread_mutex_lock(&r->lock);
    b = bucket_of(r, key, now_ns);
    b->tokens = tokens_at(r, b, now_ns);
    b->at_ns = now_ns;
    taken = b->tokens >= 1;
    if (taken)
        b->tokens -= 1;
    wait = (1 - b->tokens) / r->per_second;
    pthread_mutex_unlock(&r->lock);
    if (!taken)
        *ret_retry_s = wait < 1 ? 1 : wait > 86400 ? 86400 : (unsigned)wait + 1;
    return taken;
}
