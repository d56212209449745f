/* facts - see facts.h: open addressing, at most half full. */
#include <stdlib.h>
#include "chain/facts.h"
#include "crypto/random.h"

#define BUCKETS (2 * FACTS_MAX)

struct fact {
    bool full, asked;
    uint8_t idle; /* blocks since somebody asked */
    struct fact_key key;
    struct hash32 value;
};

struct facts {
    uint64_t seed[2];
    size_t n;
    struct fact list[BUCKETS];
};

enum err_code facts_new(facts **ret, struct err *e)
{
    facts *f = calloc(1, sizeof *f);

    if (!f)
        return err_set(e, ERR_NOMEM, "chain facts");
    random_bytes((uint8_t *)f->seed, sizeof f->seed);
    *ret = f;
    return ERR_OK;
}

void facts_free(facts *f)
{
    free(f);
}

/* Multiply and fold, word by word, from a seed that no stranger knows. */
static uint64_t mix(uint64_t h, uint64_t word, uint64_t seed)
{
    __extension__ unsigned __int128 wide = (unsigned __int128)(h ^ word) * (seed | 1);

    return (uint64_t)wide ^ (uint64_t)(wide >> 64) ^ seed;
}

static size_t bucket_of(const facts *f, const struct fact_key *key)
{
    uint64_t words[7] = {0}, h = f->seed[0] + (key->code ? 1 : 0);

    memcpy(words, key->contract.b, sizeof key->contract.b);
    memcpy(words + 3, key->slot.b, sizeof key->slot.b);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        h = mix(h, words[i], f->seed[1]);
    return (size_t)(h % BUCKETS);
}

static bool same(const struct fact_key *a, const struct fact_key *b)
{
    return a->code == b->code && addr_eq(&a->contract, &b->contract) &&
           hash32_eq(&a->slot, &b->slot);
}

/* Where the key is, or the free place where it would go. */
static size_t place_of(const facts *f, const struct fact_key *key)
{
    size_t i = bucket_of(f, key);

    while (f->list[i].full && !same(&f->list[i].key, key))
        i = (i + 1) % BUCKETS;
    return i;
}

bool facts_get(facts *f, const struct fact_key *key, struct hash32 *ret)
{
    struct fact *it = &f->list[place_of(f, key)];

    if (!it->full)
        return false;
    it->asked = true;
    it->idle = 0;
    *ret = it->value;
    return true;
}

void facts_put(facts *f, const struct fact_key *key, const struct hash32 *value)
{
    struct fact *it = &f->list[place_of(f, key)];

    if (!it->full) {
        if (f->n >= FACTS_MAX) { /* what is of use comes back with one read */
            memset(f->list, 0, sizeof f->list);
            f->n = 0;
            it = &f->list[place_of(f, key)];
        }
        f->n++;
    }
    *it = (struct fact){.full = true, .key = *key, .value = *value};
}

size_t facts_wanted(const facts *f, struct fact_key *ret, size_t max)
{
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < BUCKETS && n < max; i++) {
            const struct fact *it = &f->list[i];

            if (it->full && it->asked == (pass == 0) && it->idle < FACTS_IDLE_MAX)
                ret[n++] = it->key;
        }
    return n;
}

size_t facts_all(const facts *f, struct fact_key *ret, struct hash32 *ret_values, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < BUCKETS && n < max; i++)
        if (f->list[i].full) {
            ret[n] = f->list[i].key;
            ret_values[n++] = f->list[i].value;
        }
    return n;
}

void facts_age(facts *f, const facts *before)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct fact *it = &f->list[i];
        const struct fact *was;

        if (!it->full)
            continue;
        was = &before->list[place_of(before, &it->key)];
        if (was->full)
            it->idle = (uint8_t)(was->asked ? 1 : was->idle + 1);
    }
}
