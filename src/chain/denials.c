/* denials - see denials.h. */
#include "chain/denials.h"

static bool same_key(const struct fact_key *a, const struct fact_key *b)
{
    return a->code == b->code && addr_eq(&a->contract, &b->contract) &&
           hash32_eq(&a->slot, &b->slot);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool denials_same(const struct hash32 *a, const struct hash32 *b, const struct hash32 *counts)
{
    uint8_t differs = 0;

    for (size_t i = 0; i < sizeof a->b; i++)
        differs |= (uint8_t)((a->b[i] ^ b->b[i]) & (counts ? counts->b[i] : 0xff));
    return differs == 0;
}

static void take_word(struct denial *of, unsigned i)
{
    of->n--;
    memmove(&of->of[i], &of->of[i + 1], (of->n - i) * sizeof of->of[0]);
}

static void add_word(struct denial *to, const struct hash32 *word, const struct hash32 *counts,
                     uint64_t block)
{
    for (unsigned i = to->n; i-- > 0;)
        if (denials_same(&to->of[i].word, word, counts)) {
            block = later(block, to->of[i].block);
            take_word(to, i); /* it becomes the newest */
        }
    if (to->n == DENIALS_DEEP) {
        to->more_until = later(to->more_until, block);
        return;
    }
    to->of[to->n].word = *word;
    to->of[to->n++].block = block;
}

void denials_add(struct denials *d, const struct fact_key *key, const struct hash32 *word,
                 const struct hash32 *counts, uint64_t block)
{
    struct denial *of_contract = NULL;
    size_t others = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (same_key(&d->list[i].key, key)) {
            add_word(&d->list[i], word, counts, block);
            return;
        }
        if (addr_eq(&d->list[i].key.contract, &key->contract)) {
            of_contract = &d->list[i];
            others++;
        }
    }
    if (others >= DENIALS_OF_ONE || (d->n == DENIALS_KEYS && of_contract)) {
        of_contract->contract_until = later(of_contract->contract_until, block);
        return;
    }
    if (d->n == DENIALS_KEYS) {
        d->full_until = later(d->full_until, block);
        return;
    }
    d->list[d->n] = (struct denial){.key = *key};
    add_word(&d->list[d->n++], word, counts, block);
}

void denials_final(struct denials *d, uint64_t block)
{
    for (size_t k = d->n; k-- > 0;) {
        struct denial *of = &d->list[k];

        for (unsigned i = of->n; i-- > 0;)
            if (of->of[i].block <= block)
                take_word(of, i);
        if (of->more_until <= block)
            of->more_until = 0;
        if (of->contract_until <= block)
            of->contract_until = 0;
        if (of->n == 0 && of->more_until == 0 && of->contract_until == 0)
            *of = d->list[--d->n];
    }
    if (d->full_until <= block)
        d->full_until = 0;
}

unsigned denials_doubts(const struct denials *d)
{
    unsigned most = d->n > 0;

    for (size_t i = 0; i < d->n; i++)
        most = d->list[i].n > most ? d->list[i].n : most;
    return most;
}

enum err_code denials_word(const struct denials *d, const struct fact_key *key, unsigned doubt,
                           struct hash32 *word, struct err *e)
{
    const struct denial *of = NULL;

    for (size_t i = 0; i < d->n; i++) {
        if (!addr_eq(&d->list[i].key.contract, &key->contract))
            continue;
        if (d->list[i].contract_until > 0)
            return err_set(e, ERR_UPSTREAM,
                           "too much of this contract changes in the newest blocks to decide "
                           "before they are final");
        if (same_key(&d->list[i].key, key))
            of = &d->list[i];
    }
    if (!of)
        return ERR_OK;
    if (of->more_until > 0)
        return err_set(e, ERR_UPSTREAM,
                       "a word of this contract changes too often in the newest blocks to decide "
                       "before they are final");
    if (of->n > 0 && doubt > 0)
        *word = of->of[of->n - (doubt < of->n ? doubt : of->n)].word;
    return ERR_OK;
}
