/* denials - see denials.h. */
#include "chain/denials.h"

static bool same_key(const struct fact_key *a, const struct fact_key *b)
{
    return a->code == b->code && addr_eq(&a->contract, &b->contract) &&
           hash32_eq(&a->slot, &b->slot);
}

static void take_out(struct denials *d, size_t i)
{
    d->n--;
    memmove(&d->list[i], &d->list[i + 1], (d->n - i) * sizeof d->list[0]);
}

void denials_add(struct denials *d, const struct fact_key *key, const struct hash32 *word,
                 uint64_t block)
{
    unsigned others = 0;

    for (size_t i = d->n; i-- > 0;) {
        if (!same_key(&d->list[i].key, key))
            continue;
        others++;
        if (hash32_eq(&d->list[i].word, word)) {
            block = d->list[i].block > block ? d->list[i].block : block;
            take_out(d, i); /* it becomes the newest */
            others--;
        }
    }
    if (d->n == DENIALS_MAX || others == DENIALS_DEEP) {
        d->overflow = true;
        return;
    }
    d->list[d->n++] = (struct denial){*key, *word, block};
}

void denials_final(struct denials *d, uint64_t block)
{
    for (size_t i = d->n; i-- > 0;)
        if (d->list[i].block <= block)
            take_out(d, i);
    if (d->n == 0)
        d->overflow = false;
}

unsigned denials_doubts(const struct denials *d)
{
    unsigned most = 0;

    for (size_t i = 0; i < d->n; i++) {
        unsigned of_it = 0;

        for (size_t k = 0; k <= i; k++)
            of_it += same_key(&d->list[k].key, &d->list[i].key);
        most = of_it > most ? of_it : most;
    }
    return most;
}

bool denials_word(const struct denials *d, const struct fact_key *key, unsigned doubt,
                  struct hash32 *ret)
{
    bool found = false;

    for (size_t i = d->n; i-- > 0 && doubt > 0;)
        if (same_key(&d->list[i].key, key)) {
            *ret = d->list[i].word;
            found = true;
            doubt--;
        }
    return found;
}
