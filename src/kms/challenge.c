#include "kms/challenge.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/rd.h"
#include "crypto/digest.h"
#include "crypto/random.h"

static const char domain[] = "teereg-challenge-v2"; /* with its NUL */

#define RANDOM_LEN 12
#define MAC_LEN    16
#define MAC_INPUT  (sizeof domain + 1 + CHALLENGE_PURPOSE_MAX + 20 + RANDOM_LEN + 4)

/* The set of spent nonces is cut in shards, each with its lock.  random || expiry names a nonce:
 * nobody else can make two with the same. */
#define SHARDS    16
#define FIRST_CAP 64u /* places of a shard at first; it doubles */

struct spent {
    uint8_t random[RANDOM_LEN];
    uint32_t expiry; /* 0: a free place */
};

struct shard {
    pthread_mutex_t lock;
    struct spent *place; /* open addressing, linear probing; cap is a power of two */
    size_t n, cap;
};

struct challenges {
    secret *key;
    const struct clock *clock;
    _Atomic int64_t latest; /* what the clock said at most */
    size_t max_per_shard;
    struct shard shard[SHARDS];
};

/* Never goes back: a clock that is turned back must not bring a forgotten nonce to life again. */
static int64_t now_of(challenges *c)
{
    int64_t now = clock_unix(c->clock), seen = atomic_load(&c->latest);

    while (now > seen && !atomic_compare_exchange_weak(&c->latest, &seen, now))
        ;
    return now > seen ? now : seen;
}

static enum err_code mac_of(struct bytes key, const char *purpose, const struct addr *app,
                            const uint8_t random[static RANDOM_LEN], uint32_t expiry,
                            struct hash32 *ret, struct err *e)
{
    struct buf in AUTO_CALL(buf_done) = BUF(MAC_INPUT);
    size_t n = strlen(purpose);

    if (n == 0 || n > CHALLENGE_PURPOSE_MAX)
        return err_set(e, ERR_INVALID, "a challenge's purpose has 1 to %d bytes, not %zu",
                       CHALLENGE_PURPOSE_MAX, n);
    buf_put(&in, BYTES(domain));
    buf_put_u8(&in, (uint8_t)n);
    buf_put_str(&in, purpose);
    buf_put(&in, BYTES_OF(*app));
    buf_put(&in, (struct bytes){random, RANDOM_LEN});
    buf_put_u32be(&in, expiry);
    TRY(buf_check(&in, e));
    hmac_sha256(key, buf_bytes(&in), ret);
    return ERR_OK;
}

enum err_code challenge_make_with(struct bytes key, const char *purpose, const struct addr *app,
                                  const uint8_t random[static 12], uint32_t expiry,
                                  struct hash32 *ret, struct err *e)
{
    struct hash32 mac, out;

    TRY(mac_of(key, purpose, app, random, expiry, &mac, e));
    memcpy(out.b, random, RANDOM_LEN);
    for (size_t i = 0; i < 4; i++)
        out.b[RANDOM_LEN + i] = (uint8_t)(expiry >> (24 - 8 * i));
    memcpy(out.b + RANDOM_LEN + 4, mac.b, MAC_LEN);
    *ret = out;
    return ERR_OK;
}

enum err_code challenges_new(struct bytes key, const struct clock *clock, size_t max_spent,
                             challenges **ret, struct err *e)
{
    AUTO(challenges) c = NULL;

    if (key.n != 32)
        return err_set(e, ERR_INVALID, "a challenge key has 32 bytes, not %zu", key.n);
    c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_NOMEM, "out of memory for challenges");
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&c->shard[i].lock, NULL);
    c->clock = clock;
    c->max_per_shard = ((max_spent ? max_spent : CHALLENGE_SPENT_MAX) + SHARDS - 1) / SHARDS;
    TRY(secret_copy(key, &c->key, e));
    *ret = TAKE(c);
    return ERR_OK;
}

void challenges_free(challenges *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&c->shard[i].lock);
        free(c->shard[i].place);
    }
    secret_free(c->key);
    free(c);
}

enum err_code challenge_make(challenges *c, const char *purpose, const struct addr *app,
                             struct hash32 *ret, uint32_t *ret_expires, struct err *e)
{
    uint8_t random[RANDOM_LEN];
    int64_t end = now_of(c) + CHALLENGE_LIFETIME_S;

    if (end <= 0 || end > UINT32_MAX)
        return err_set(e, ERR_INTERNAL, "the clock says %lld: no challenge can be made",
                       (long long)end - CHALLENGE_LIFETIME_S);
    random_bytes(random, sizeof random);
    TRY(challenge_make_with(secret_bytes(c->key), purpose, app, random, (uint32_t)end, ret, e));
    *ret_expires = (uint32_t)end;
    return ERR_OK;
}

static uint32_t expiry_of(const struct hash32 *nonce)
{
    struct rd r = rd_of((struct bytes){nonce->b + RANDOM_LEN, 4});

    return rd_u32be(&r);
}

static enum err_code check_time(challenges *c, uint32_t expiry, struct err *e)
{
    int64_t now = now_of(c);

    if (now > (int64_t)expiry)
        return err_set(e, ERR_TIMEOUT, "the challenge expired %lld s ago: ask for a new one",
                       (long long)(now - (int64_t)expiry));
    /* Another node's clock may be ahead; a nonce good for longer than this was not made by rule. */
    if ((int64_t)expiry - now > 2 * CHALLENGE_LIFETIME_S)
        return err_set(e, ERR_TIMEOUT, "the challenge is from %lld s ahead of this node's clock",
                       (long long)((int64_t)expiry - now - CHALLENGE_LIFETIME_S));
    return ERR_OK;
}

enum err_code challenge_check(challenges *c, const struct hash32 *nonce, const char *purpose,
                              const struct addr *app, struct err *e)
{
    struct hash32 mac;
    uint32_t expiry = expiry_of(nonce);

    TRY(mac_of(secret_bytes(c->key), purpose, app, nonce->b, expiry, &mac, e));
    if (!secret_eq((struct bytes){mac.b, MAC_LEN},
                   (struct bytes){nonce->b + RANDOM_LEN + 4, MAC_LEN}))
        return err_set(e, ERR_VERIFY,
                       "the challenge was not made here for this purpose and application");
    return check_time(c, expiry, e);
}

/* ---- the spent ones ---- */

/* random is ours and uniform: it needs no hashing. */
static size_t home_of(const uint8_t random[static RANDOM_LEN], size_t cap)
{
    uint64_t h;

    memcpy(&h, random + 4, sizeof h);
    return (size_t)h & (cap - 1);
}

/* The place that holds it, or the free one where it belongs; cap > n. */
static struct spent *place_of(const struct shard *s, const struct spent *x)
{
    size_t i = home_of(x->random, s->cap);

    while (s->place[i].expiry && (s->place[i].expiry != x->expiry ||
                                  !bytes_eq(BYTES(s->place[i].random), BYTES(x->random))))
        i = (i + 1) & (s->cap - 1);
    return &s->place[i];
}

/* Forgets what expired; doubles when still more than half full. */
static enum err_code rebuild(struct shard *s, int64_t now, struct err *e)
{
    struct shard bigger = {.cap = FIRST_CAP};
    size_t live = 0;

    for (size_t i = 0; i < s->cap; i++)
        live += s->place[i].expiry && (int64_t)s->place[i].expiry >= now;
    while (bigger.cap < 4 * live)
        bigger.cap *= 2;
    bigger.place = calloc(bigger.cap, sizeof *bigger.place);
    if (!bigger.place)
        return err_set(e, ERR_NOMEM, "out of memory for spent challenges");
    for (size_t i = 0; i < s->cap; i++)
        if (s->place[i].expiry && (int64_t)s->place[i].expiry >= now)
            *place_of(&bigger, &s->place[i]) = s->place[i];
    free(s->place);
    s->place = bigger.place;
    s->cap = bigger.cap;
    s->n = live;
    return ERR_OK;
}

static enum err_code spend_in(struct shard *s, const struct spent *x, size_t max, int64_t now,
                              struct err *e)
{
    struct spent *place;

    if (2 * (s->n + 1) > s->cap || s->n >= max)
        TRY(rebuild(s, now, e));
    place = place_of(s, x);
    if (place->expiry)
        return err_set(e, ERR_DENIED, "the challenge was used before: each is good once");
    if (s->n >= max)
        return err_set(e, ERR_BUSY, "%zu spent challenges are remembered: wait for them to expire",
                       s->n * SHARDS);
    *place = *x;
    s->n++;
    return ERR_OK;
}

enum err_code challenge_spend(challenges *c, const struct hash32 *nonce, struct err *e)
{
    struct spent x = {.expiry = expiry_of(nonce)};
    struct shard *s = &c->shard[nonce->b[0] % SHARDS];
    int64_t now = now_of(c);
    enum err_code rc;

    memcpy(x.random, nonce->b, RANDOM_LEN);
    /* Its entry may be forgotten from now on, so it must not count as new. */
    if (now > (int64_t)x.expiry || x.expiry == 0)
        return err_set(e, ERR_DENIED, "the challenge expired while it was being checked");
    pthread_mutex_lock(&s->lock);
    rc = spend_in(s, &x, c->max_per_shard, now, e);
    pthread_mutex_unlock(&s->lock);
    return rc;
}
